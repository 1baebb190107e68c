// What can be done with an experiment, as buttons; whatever cannot be undone is asked about first.
import { html, useState } from "../html.js";
import { address, get, post, remove } from "../calls.js";
import { go } from "../app.js";
import { Dialog, toast } from "../parts/bits.js";

export function Actions({ base, name, detail, again }) {
  const [asking, setAsking] = useState("");
  const can = (/** @type {string} */ action) => detail.actions.includes(action);
  const done = (answer) => { toast(answer.message ?? "Done"); again(); };
  const now = (/** @type {string} */ action) => post(`${base}/${action}`).then(done, (error) => toast(error.message));
  const clone = () => get(`${base}/clone`).then((it) => { sessionStorage.setItem("draft", it.text); go("/new?draft"); }, (error) => toast(error.message));
  const close = () => setAsking("");
  return html`<span class="row">
    ${can("pause") && html`<button onClick=${() => now("pause")}>Pause</button>`}
    ${can("resume") && html`<button class="main" onClick=${() => now("resume")}>Resume</button>`}
    ${can("stop") && html`<button onClick=${() => setAsking("stop")}>Stop</button>`}
    ${can("budget") && html`<button onClick=${() => setAsking("budget")}>Budget</button>`}
    ${can("enqueue") && html`<button onClick=${() => setAsking("enqueue")}>Enqueue</button>`}
    ${can("clone") && html`<button onClick=${clone}>Clone</button>`}
    <a href=${address(`${base}/report`)} download="${name}.html">Report</a>
    ${can("delete") && html`<button class="danger" onClick=${() => setAsking("delete")}>Delete</button>`}</span>
    ${asking === "stop" && html`<${Dialog} title="Stop ${name}?" confirm="Stop" onClose=${close} onConfirm=${() => post(`${base}/stop`).then(done)}>
      Running trials end; what was found stays, and it can be resumed.<//>`}
    ${asking === "delete" && html`<${Dialog} title="Delete ${name}?" confirm="Delete" danger onClose=${close}
      onConfirm=${() => remove(base).then((it) => { toast(it.message); go("/"); })}>Its trials go too. This cannot be undone.<//>`}
    ${asking === "budget" && html`<${Budget} base=${base} detail=${detail} close=${close} done=${done} />`}
    ${asking === "enqueue" && html`<${Enqueue} base=${base} detail=${detail} close=${close} done=${done} />`}`;
}

function Budget({ base, detail, close, done }) {
  const [trials, setTrials] = useState(detail.row.maxTrials ?? "");
  const [parallel, setParallel] = useState(detail.row.parallel);
  const whole = (/** @type {unknown} */ text) => (text === "" ? null : Number(text));
  const send = () => post(`${base}/budget`, { maxTrials: whole(trials), parallel: whole(parallel) }).then(done);
  return html`<${Dialog} title="Budget" confirm="Change" onClose=${close} onConfirm=${send}><div class="row">
    <label class="stack">Trials in all <input type="number" min="1" value=${trials} onInput=${(e) => setTrials(e.target.value)} /></label>
    <label class="stack">At once <input type="number" min="1" value=${parallel} onInput=${(e) => setParallel(e.target.value)} /></label></div><//>`;
}

/** The next trial, at a point of the owner's choice. */
function Enqueue({ base, detail, close, done }) {
  const start = () => new Map(detail.parameters.map((it) => [it.name, detail.best?.parameters.find((b) => b.name === it.name)?.value ?? it.choices[0] ?? String(it.min ?? "")]));
  const [point, setPoint] = useState(start);
  const set = (/** @type {string} */ name, /** @type {string} */ value) => setPoint(new Map(point).set(name, value));
  const send = () => post(`${base}/enqueue`, { parameters: [...point].map(([name, value]) => ({ name, value })) }).then(done);
  return html`<${Dialog} title="The next trial" confirm="Enqueue" onClose=${close} onConfirm=${send}><div class="cards">${detail.parameters.map((it) => html`
    <label class="stack">${it.name}${it.choices.length ? html`<select onChange=${(e) => set(it.name, e.target.value)}>${it.choices.map((choice) => html`<option selected=${choice === point.get(it.name)}>${choice}</option>`)}</select>`
      : html`<input value=${point.get(it.name)} onInput=${(e) => set(it.name, e.target.value)} />`}</label>`)}</div><//>`;
}
