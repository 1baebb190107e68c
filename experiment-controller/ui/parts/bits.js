// Small parts that every page uses.
import { html, useEffect, useRef, useState } from "../html.js";
import { stated, tone } from "../words.js";

/** A state with its colour. */
export const Status = ({ of }) => html`<span class="badge ${tone(of)}">${stated(of)}</span>`;

/** A link that changes the page without loading it anew. */
export const Link = ({ href, children, ...more }) => html`<a href=${href} ...${more}>${children}</a>`;

/** Best so far, as a line. */
export function Sparkline({ values }) {
  const known = values.map((value, i) => [i, value]).filter(([, value]) => value !== null);
  if (known.length < 2) return html`<span class="soft">–</span>`;
  const ys = known.map(([, y]) => y);
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const x = (i) => (i / (values.length - 1)) * 96;
  const y = (v) => (high === low ? 12 : 22 - ((v - low) / (high - low)) * 20);
  const line = known.map(([i, v], place) => `${place ? "L" : "M"}${x(i).toFixed(1)} ${y(v).toFixed(1)}`).join("");
  return html`<svg class="spark" viewBox="0 0 96 24" role="img" aria-label="best so far"><path d=${line} /></svg>`;
}

/** A button that puts a text on the clipboard. */
export function Copy({ text, label = "Copy" }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard?.writeText(text).catch(() => {});
    setDone(true);
    setTimeout(() => setDone(false), 1500);
  };
  return html`<button onClick=${copy} aria-live="polite">${done ? "Copied" : label}</button>`;
}

/** What went wrong, in the server's words. */
export const Fault = ({ error }) =>
  error && html`<div class="note fault" role="alert">${error.message ?? String(error)}${
    error.problem?.faults?.map((it) => html`<div><code>${it.path}</code> ${it.message}</div>`)}</div>`;

/** Something is on its way. */
export const Waiting = () => html`<div class="skeleton" role="status" aria-label="loading"></div>`;

/** Tabs; the chosen one is the caller's. */
export const Tabs = ({ names, chosen, choose }) => html`
  <div class="tabs" role="tablist">${names.map((name) => html`
    <button role="tab" aria-selected=${name === chosen} onClick=${() => choose(name)}>${name}</button>`)}</div>`;

/** Names and values. */
export const Facts = ({ rows }) => html`<dl class="facts">${rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;

/** A question before something that cannot be undone, or with fields to fill in. */
export function Dialog({ title, children, confirm, danger, onClose, onConfirm }) {
  const box = useRef(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  useEffect(() => { box.current.showModal(); }, []);
  const act = async (event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await onConfirm();
      onClose();
    } catch (why) {
      setError(why);
      setBusy(false);
    }
  };
  return html`<dialog ref=${box} onClose=${onClose} aria-label=${title}>
    <form onSubmit=${act} class="cards">
      <h1 class="wide">${title}</h1><div class="wide">${children}</div>
      ${error && html`<div class="wide"><${Fault} error=${error} /></div>`}
      <div class="row wide"><span class="grow"></span><button type="button" onClick=${onClose}>Cancel</button>
        <button class=${danger ? "danger" : "main"} disabled=${busy}>${confirm}</button></div>
    </form></dialog>`;
}

let tell = (/** @type {string} */ _text) => {};
/** Says something for a moment, at the edge of the page. */
export const toast = (/** @type {string} */ text) => tell(text);

/** Where toasts appear; once on the page. */
export function Toasts() {
  const [text, setText] = useState("");
  useEffect(() => {
    let timer = 0;
    tell = (words) => {
      setText(words);
      clearTimeout(timer);
      timer = setTimeout(() => setText(""), 4000);
    };
  }, []);
  return text && html`<div class="toast" role="status">${text}</div>`;
}
