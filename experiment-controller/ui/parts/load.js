// Data of a page: loaded, kept up to date by the stream, loaded anew when that lost its place.
import { useCallback, useEffect, useRef, useState } from "../html.js";
import { listen } from "../calls.js";

/**
 * The answer of `ask`, again whenever `keys` change.
 * @template T
 * @param {(signal: AbortSignal) => Promise<T>} ask
 * @param {unknown[]} keys
 * @returns {{data: T | null, error: any, again: () => void, set: (change: (old: T | null) => T | null) => void}}
 */
export function useLoaded(ask, keys) {
  const [state, setState] = useState(/** @type {{data: any, error: any}} */ ({ data: null, error: null }));
  const [turn, setTurn] = useState(0);
  const asked = useRef(ask);
  asked.current = ask;
  useEffect(() => {
    const abort = new AbortController();
    asked.current(abort.signal).then(
      (data) => !abort.signal.aborted && setState({ data, error: null }),
      (error) => !abort.signal.aborted && setState((old) => ({ data: old.data, error })),
    );
    return () => abort.abort();
  }, [...keys, turn]);
  const again = useCallback(() => setTurn((it) => it + 1), []);
  const set = useCallback((change) => setState((old) => ({ ...old, data: change(old.data) })), []);
  return { ...state, again, set };
}

/** At most one call in `pause` milliseconds, the last one always. */
export function usePaced(/** @type {() => void} */ act, pause = 800) {
  const latest = useRef(act);
  latest.current = act;
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  return useCallback(() => {
    if (timer.current) return;
    timer.current = setTimeout(() => { timer.current = 0; latest.current(); }, pause);
  }, [pause]);
}

/** Hears of changes; answers whether the line stands. */
export function useStream(/** @type {string | null} */ watch, /** @type {string | undefined} */ from, /** @type {Record<string, (data: any) => void>} */ hear) {
  const [live, setLive] = useState(false);
  const latest = useRef(hear);
  latest.current = hear;
  useEffect(() => {
    if (!watch || from === undefined) return;
    const names = ["experiments", "experiments-gone", "trials", "trials-gone", "points", "trial", "cluster", "reset"];
    const all = Object.fromEntries(names.map((name) => [name, (data) => latest.current[name]?.(data)]));
    return listen(watch, from, { ...all, open: () => setLive(true), closed: () => setLive(false) });
  }, [watch, from === undefined]);
  return live;
}
