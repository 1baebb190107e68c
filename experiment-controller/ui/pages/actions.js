// What can be done to an experiment: the buttons, and a question before what cannot be undone.
import { html, useRef, useState } from "../lib/html.js";
import { ask, path } from "../lib/api.js";
import { go } from "../lib/router.js";
import { tame } from "../lib/format.js";

/** @param {{namespace: string, name: string, actions: string[], maxTrials: number | null, readOnly: boolean, done: () => void}} props */
export function Actions({ namespace, name, actions, maxTrials, readOnly, done }) {
  const [said, say] = useState("");
  const [extra, more] = useState("20");
  const question = useRef(/** @type {any} */ (null));
  const at = path("experiments", namespace, name);
  /** @param {string} where @param {unknown} [body] */
  const post = (where, body) => ask(`${at}/${where}`, { method: "POST", body }).then((it) => { say(it.message); done(); }, (it) => say(it.message));
  const remove = () => ask(at, { method: "DELETE" }).then(() => go("/"), (it) => { question.current.close(); say(it.message); });
  const can = (/** @type {string} */ it) => !readOnly && actions.includes(it);
  const extend = (/** @type {Event} */ event) => { event.preventDefault(); void post("budget", { maxTrials: (maxTrials ?? 0) + Number(extra) }); };
  return html`<div class="row actions">
    ${can("pause") && html`<button onClick=${() => post("pause")}>Pause</button>`}
    ${can("resume") && html`<button onClick=${() => post("resume", {})}>Resume</button>`}
    ${can("stop") && html`<button onClick=${() => post("stop")}>Stop</button>`}
    ${can("budget") && maxTrials !== null && html`<form onSubmit=${extend}><label>Extend by <input type="number" name="extra" min="1" required size="5" value=${extra} onInput=${(/** @type {any} */ e) => more(e.target.value)} /></label> <button>Extend</button></form>`}
    ${can("clone") && html`<a class="button" href=${`/new?from=${encodeURIComponent(`${namespace}/${name}`)}`}>Clone</a>`}
    <a class="button" download href=${`${at}/export?format=csv`}>CSV</a><a class="button" download href=${`${at}/export?format=json`}>JSON</a><a class="button" download href=${`${at}/report`}>Report</a>
    ${can("delete") && html`<button class="danger" onClick=${() => question.current.showModal()}>Delete…</button>`}</div>
    <div role="status">${said && html`<div class="note">${tame(said, 1000)}</div>`}</div>
    <dialog ref=${question} aria-labelledby="sure"><h2 id="sure">Delete ${tame(name)}?</h2><p>Its trials, curves and logs go with it. This cannot be undone.</p>
    <div class="row"><button class="danger" onClick=${remove}>Delete it</button><button onClick=${() => question.current.close()}>Keep it</button></div></dialog>`;
}
