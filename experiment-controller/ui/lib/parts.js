// Small parts that several pages share: states of waiting and failing, sparklines, statuses.
import { html, useEffect, useState } from "./html.js";
import { tame } from "./format.js";

/** @param {{text: string}} props */
export function Status({ text }) {
  return html`<span class=${`status ${text}`}>● ${text}</span>`;
}

/** @param {{values: (number | null)[]}} props */
export function Sparkline({ values }) {
  const known = values.filter((it) => it !== null);
  if (known.length < 2) return null;
  const low = Math.min(...known);
  const span = Math.max(...known) - low || 1;
  const line = known.map((it, i) => `${((i / (known.length - 1)) * 88 + 1).toFixed(1)} ${(18 - ((it - low) / span) * 16).toFixed(1)}`);
  return html`<svg class="spark" viewBox="0 0 90 20" aria-hidden="true"><path d=${`M${line.join("L")}`} /></svg>`;
}

/** @param {{error: Error}} props */
export function Trouble({ error }) {
  return html`<div class="note bad" role="alert">${tame(error.message, 2000)}</div>`;
}

export function Skeleton() {
  return html`<div class="skeleton" role="status" aria-label="Loading"></div>`;
}

/** Asks when `key` changes; `again` asks anew. @param {() => Promise<any>} how @param {string} key */
export function useAnswer(how, key) {
  const [state, set] = useState(/** @type {{key: string, data?: any, error?: Error}} */ ({ key: "" }));
  const [turn, again] = useState(0);
  useEffect(() => {
    let gone = false;
    how().then((data) => { if (!gone) set({ key, data }); }, (error) => { if (!gone) set({ key, error }); });
    return () => { gone = true; };
  }, [key, turn]);
  const now = state.key === key ? state : { key };
  return { data: now.data, error: now.error, again: () => again((/** @type {number} */ it) => it + 1),
    change: (/** @type {(data: any) => any} */ f) => set((/** @type {any} */ it) => (it.data ? { ...it, data: f(it.data) } : it)) };
}

/** Calls at most once in `ms`, the last call always. @param {() => void} f @param {number} ms */
export function calm(f, ms) {
  let timer = 0;
  return () => { if (!timer) timer = setTimeout(() => { timer = 0; f(); }, ms); };
}
