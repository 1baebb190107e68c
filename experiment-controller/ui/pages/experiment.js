// One experiment: its best trial, how the search went, and every trial; live.
import { html, useEffect, useMemo } from "../lib/html.js";
import { ask, path } from "../lib/api.js";
import { choose, query } from "../lib/router.js";
import { listen } from "../lib/live.js";
import { age, number, tame } from "../lib/format.js";
import { calm, Skeleton, Status, Trouble, useAnswer } from "../lib/parts.js";
import { axes as axesOf, read, within, write } from "../data/brush.js";
import { history, together } from "../data/series.js";
import { Parallel } from "../plots/parallel.js";
import { Lines } from "../plots/lines.js";
import { Actions } from "./actions.js";
import { Trials } from "./table.js";
import { session } from "../app.js";

/** @param {{namespace: string, name: string}} props */
export default function Experiment({ namespace, name }) {
  const at = path("experiments", namespace, name);
  const detail = useAnswer(() => ask(at), at);
  const columns = useAnswer(() => ask(`${at}/columns`), `${at}/columns`);
  const tab = query.value.get("tab") ?? "overview";
  document.title = `${tame(name)} · Qalam`;
  useEffect(() => {
    if (!columns.data) return undefined;
    // A large experiment is fetched again less often than a small one.
    const soon = calm(() => { detail.again(); columns.again(); }, columns.data.total > 2000 ? 1000 : 50);
    return listen(`experiment:${namespace}/${name}`, columns.data.at, { experiments: soon, trials: soon, "trials-gone": soon, "experiments-gone": soon, reset: soon });
  }, [Boolean(columns.data), at]);
  if (detail.error ?? columns.error) return html`<${Trouble} error=${detail.error ?? columns.error} />`;
  if (!detail.data || !columns.data) return html`<${Skeleton} /><${Skeleton} />`;
  /** @type {import("../api.js").ExperimentDetail} */
  const it = detail.data;
  return html`<div class="row"><h1>${tame(name)}</h1><${Status} text=${it.row.status} /><span class="soft">${namespace} · ${tame(it.row.algorithm)} · ${it.row.counts.succeeded} succeeded, ${it.row.counts.running} running, ${it.row.counts.failed} failed of ${it.row.maxTrials ?? "∞"} · ${age(it.row.created, Date.now())} old</span></div>
    ${it.row.message && html`<p class="soft">${tame(it.row.message, 600)}</p>`}
    <${Actions} namespace=${namespace} name=${name} actions=${it.actions} maxTrials=${it.row.maxTrials} readOnly=${session.value?.readOnly ?? true} done=${detail.again} />
    <div class="row">${["overview", "curves", "importance", "events", "yaml"].map((id) => html`<button aria-pressed=${tab === id} class=${tab === id ? "main" : ""} onClick=${() => choose({ tab: id === "overview" ? null : id })}>${id}</button>`)}</div>
    ${tab === "curves" ? html`<${Curves} at=${at} />` : tab === "importance" ? html`<${Importance} at=${at} />` : tab === "events" ? html`<${Events} at=${at} />` : tab === "yaml" ? html`<${Manifest} at=${at} />`
      : html`<${Overview} it=${it} columns=${columns.data} namespace=${namespace} />`}`;
}

/** @param {{it: import("../api.js").ExperimentDetail, columns: import("../api.js").Columns, namespace: string}} props */
function Overview({ it, columns, namespace }) {
  const text = query.value.get("brush");
  const axes = useMemo(() => axesOf(columns), [columns]);
  const brushes = useMemo(() => read(text), [text]);
  const kept = useMemo(() => within(axes, brushes, columns.names.length), [axes, brushes]);
  const data = useMemo(() => history(columns, kept), [columns, kept]);
  const brush = (/** @type {string} */ key, /** @type {[number, number] | null} */ to) => {
    const next = read(query.value.get("brush"));
    if (to) next[key] = to; else delete next[key];
    choose({ brush: write(next) || null });
  };
  const objective = it.row.objectives[0];
  if (columns.total === 0) return html`<div class="card">No trial has started yet. The page shows them as they come.</div>`;
  return html`<div class="grid"><section class="card"><h2>Best trial</h2>${it.best ? html`<div class="big" id="best">${number(it.row.best?.value)}</div><div class="soft">${objective?.direction} ${tame(objective?.metric ?? "")}${objective?.goal !== null ? `, goal ${number(objective?.goal)}` : ""} · <a href=${`/trials/${encodeURIComponent(namespace)}/${encodeURIComponent(it.best.trial)}`}>${tame(it.best.trial)}</a></div>
      <table><tbody>${it.best.parameters.map((p) => html`<tr><th scope="row">${tame(p.name)}</th><td class="num">${tame(p.value)}</td></tr>`)}</tbody></table>
      <p class="row"><${Copy} text=${it.best.arguments} label="Copy parameters" />${it.best.command && html`<${Copy} text=${it.best.command} label="Copy command" />`}</p>` : html`<p class="soft">No trial has succeeded yet.</p>`}</section>
    <section class="card"><h2>Optimisation history</h2><${Lines} data=${data} x="completed trial" series=${[{ label: tame(objective?.metric ?? "objective", 40), dots: true }, { label: "best so far", step: true }]} label="Objective of each trial and the best so far" /></section></div>
    <section class="card"><div class="row"><h2>Parallel coordinates</h2><span class="soft">Drag along an axis to filter all that is on this page</span><span class="grow"></span>${text && html`<button onClick=${() => choose({ brush: null })}>Clear brushes</button>`}</div>
      <${Parallel} axes=${axes} kept=${kept} brushes=${brushes} best=${columns.best} onBrush=${brush} /></section>
    <section class="card"><h2>Trials</h2><${Trials} columns=${columns} kept=${kept} namespace=${namespace} /></section>`;
}

/** @param {{text: string, label: string}} props */
function Copy({ text, label }) {
  return html`<button title=${tame(text)} onClick=${(/** @type {any} */ e) => navigator.clipboard.writeText(text).then(() => { e.target.textContent = "Copied"; }, () => { e.target.textContent = tame(text, 400); })}>${label}</button>`;
}

/** @param {{at: string}} props */
function Curves({ at }) {
  const { data, error } = useAnswer(() => ask(`${at}/curves?limit=30`), `${at}/curves`);
  const drawn = useMemo(() => (data ? together(data.series) : []), [data]);
  if (error) return html`<${Trouble} error=${error} />`;
  if (!data) return html`<${Skeleton} />`;
  if (data.series.length === 0) return html`<div class="card">No trial has reported ${tame(data.metric)} more than once yet.</div>`;
  return html`<section class="card"><h2>${tame(data.metric)} of ${data.series.length} trials, ${data.series.filter((/** @type {any} */ s) => s.stopped).length} stopped early</h2>
    <${Lines} data=${drawn} x=${data.x} series=${data.series.map((/** @type {any} */ s) => ({ label: tame(s.trial, 60) + (s.stopped ? " (stopped)" : "") }))} label="Intermediate values of trials" /></section>`;
}

/** @param {{at: string}} props */
function Importance({ at }) {
  const method = query.value.get("method") ?? "fanova";
  const { data, error } = useAnswer(() => ask(`${at}/importance?method=${encodeURIComponent(method)}`), `${at}/${method}`);
  if (error) return html`<${Trouble} error=${error} />`;
  if (!data) return html`<${Skeleton} />`;
  return html`<section class="card"><div class="row"><h2>Importance</h2><select aria-label="Method" value=${method} onChange=${(/** @type {any} */ e) => choose({ method: e.target.value })}><option value="fanova">fANOVA</option><option value="ped-anova">PED-ANOVA</option></select></div>
    <p class="soft">${tame(data.about, 600)} On ${data.trials} trials.</p>${data.note && html`<p>${tame(data.note, 600)}</p>`}
    <table><tbody>${data.parameters.map((/** @type {any} */ p) => html`<tr><th scope="row">${tame(p.name)}</th><td><svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect width=${p.importance * 100} height="10" /></svg></td><td class="num">${(p.importance * 100).toFixed(1)} %</td></tr>`)}</tbody></table></section>`;
}

/** @param {{at: string}} props */
export function Events({ at }) {
  const { data, error } = useAnswer(() => ask(`${at}/events`), `${at}/events`);
  if (error) return html`<${Trouble} error=${error} />`;
  if (!data) return html`<${Skeleton} />`;
  if (data.items.length === 0) return html`<p class="soft">No events.</p>`;
  return html`<div class="scroll"><table><thead><tr><th>Type</th><th>Reason</th><th>Object</th><th>Message</th><th>Last</th></tr></thead><tbody>${data.items.map((/** @type {import("../api.js").EventRow} */ e) => html`<tr><td>${e.type}</td><td>${tame(e.reason)}</td><td>${tame(e.object)}</td><td>${tame(e.message, 600)}</td><td>${age(e.last, Date.now())}</td></tr>`)}</tbody></table></div>`;
}

/** @param {{at: string}} props */
export function Manifest({ at }) {
  const { data, error } = useAnswer(() => ask(`${at}/manifest?full=false`), `${at}/manifest`);
  if (error) return html`<${Trouble} error=${error} />`;
  return data ? html`<pre tabindex="0">${data.text}</pre>` : html`<${Skeleton} />`;
}
