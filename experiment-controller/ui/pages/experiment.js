// One experiment: its best trial, every plot, its trials, events and manifest, and what can be done.
import { html, useEffect, useMemo, useState } from "../html.js";
import { address, get, path } from "../calls.js";
import { go, setQuery } from "../app.js";
import { axes, taken } from "../brush.js";
import { Copy, Facts, Fault, Status, Tabs, Waiting } from "../parts/bits.js";
import { useLoaded, usePaced, useStream } from "../parts/load.js";
import { Parallel } from "../parts/parallel.js";
import { ago, number, span } from "../words.js";
import { Actions } from "./actions.js";
import { Events, Manifest } from "./texts.js";
import { Plots } from "./plots.js";
import { Progress } from "./experiments.js";
import { Trials } from "./trials.js";

const TABS = ["Overview", "Plots", "Trials", "Events", "Manifest"];

export function Experiment({ namespace, name, query, session }) {
  const base = path("experiments", namespace, name);
  const detail = useLoaded((signal) => get(base, {}, signal), [base]);
  const columns = useLoaded((signal) => get(`${base}/columns`, {}, signal), [base]);
  const soonDetail = usePaced(detail.again, 400);
  const soonColumns = usePaced(columns.again, 1000);
  const [brushes, setBrushes] = useState(/** @type {Map<string, [number, number]>} */ (new Map()));
  const live = useStream(`experiment:${namespace}/${name}`, detail.data?.at, {
    experiments: soonDetail, trials: () => { soonDetail(); soonColumns(); }, "trials-gone": soonColumns, reset: () => { soonDetail(); soonColumns(); },
  });
  const c = columns.data;
  const shown = useMemo(() => (c ? taken(axes(c), brushes) : null), [c, brushes]);
  useEffect(() => { setBrushes(new Map()); }, [base]);
  if (!detail.data) return detail.error ? html`<${Fault} error=${detail.error} />` : html`<${Waiting} />`;

  const { row } = detail.data;
  const tab = TABS.find((it) => it === query.tab) ?? "Overview";
  const pick = (/** @type {string} */ trial) => trial && go(path("trials", namespace, trial));
  const brush = (/** @type {string} */ axis, /** @type {[number, number] | null} */ range) => setBrushes((old) => {
    const next = new Map(old);
    if (range) next.set(axis, range); else next.delete(axis);
    return next;
  });
  const shared = { base, namespace, name, detail: detail.data, columns: c, shown, pick };
  return html`
    <div class="head"><span class="crumb"><a href="/">Experiments</a> / ${namespace} /</span><h1>${name}</h1>
      <${Status} of=${row.status} /><span class="live ${live ? "on" : ""}" title=${live ? "live" : "not connected"}></span><span class="grow"></span>
      ${!session.readOnly && html`<${Actions} ...${shared} again=${detail.again} />`}</div>
    ${row.message && html`<div class="note ${row.status === "Failed" ? "fault" : ""}">${row.message}</div>`}
    ${detail.error && html`<${Fault} error=${detail.error} />`}
    <${Tabs} names=${TABS} chosen=${tab} choose=${(it) => setQuery({ tab: it === "Overview" ? null : it })} />
    ${tab === "Overview" && html`<${Overview} ...${shared} brushes=${brushes} brush=${brush} error=${columns.error} />`}
    ${tab === "Plots" && (c ? html`<${Plots} ...${shared} query=${query} />` : html`<${Waiting} />`)}
    ${tab === "Trials" && html`<${Trials} ...${shared} query=${query} changed=${c} />`}
    ${tab === "Events" && html`<${Events} url="${base}/events" />`}
    ${tab === "Manifest" && html`<${Manifest} url="${base}/manifest" />`}`;
}

function Overview({ base, namespace, detail, columns, shown, brushes, brush, pick, error }) {
  const { row, best } = detail;
  const took = row.started === null ? null : (row.ended ?? Date.now()) - row.started;
  return html`<div class="cards">
    <section class="card"><h2>Best trial</h2>${best ? html`
      <div class="row"><span class="best" data-best>${number(best.metrics[0]?.value, 6)}</span><span class="soft">${best.metrics[0]?.name}</span><span class="grow"></span>
        <a href=${path("trials", namespace, best.trial)}>${best.trial}</a></div>
      <${Facts} rows=${[...best.metrics.slice(1).map((it) => [it.name, it.value === null ? it.text : number(it.value)]), ...best.parameters.map((it) => [it.name, html`<span class="mono">${it.value}</span>`])]} />
      <div class="row"><${Copy} text=${best.arguments} label="Copy arguments" />${best.command && html`<${Copy} text=${best.command} label="Copy command" />`}</div>`
      : html`<p class="soft">No trial has succeeded yet.</p>`}</section>
    <section class="card"><h2>About</h2><${Facts} rows=${[
      ["progress", html`<${Progress} row=${row} />`],
      ["objective", row.objectives.map((it) => `${it.direction} ${it.metric}${it.goal === null ? "" : `, goal ${number(it.goal)}`}`).join("; ")],
      ["algorithm", [row.algorithm, ...detail.algorithmSettings.map((it) => `${it.name}=${it.value}`)].join(" ")],
      ...(row.earlyStopping ? [["early stopping", [row.earlyStopping, ...detail.earlyStoppingSettings.map((it) => `${it.name}=${it.value}`)].join(" ")]] : []),
      ...(detail.constraints.length ? [["constraints", detail.constraints.map((it) => `${it.metric} ${it.comparison === "less" ? "≤" : "≥"} ${number(it.value)}`).join("; ")]] : []),
      ["at once", row.parallel], ["workload", detail.workload], ["age", ago(row.created)], ["ran for", span(took)],
    ]} /></section>
    ${error && html`<div class="wide"><${Fault} error=${error} /></div>`}
    ${columns ? html`
      <section class="card wide"><div class="row"><h2>Parallel coordinates</h2><span class="grow"></span>
        <span class="soft" data-shown>${shown ? `${shown.size} of ${columns.names.length} trials` : `${columns.names.length} trials${columns.sampled ? `, of ${columns.total}` : ""}`}</span>
        ${brushes.size > 0 && html`<button onClick=${() => [...brushes.keys()].forEach((it) => brush(it, null))}>Clear</button>`}</div>
        ${columns.names.length === 0 ? html`<p class="soft">No trials yet.</p>` : html`
          <${Parallel} columns=${columns} shown=${shown} brushes=${brushes} onBrush=${brush} onPick=${pick} />`}</section>
      <${Plots} base=${base} columns=${columns} shown=${shown} pick=${pick} detail=${detail} brief />` : html`<div class="wide"><${Waiting} /></div>`}
  </div>`;
}

/** The files that an experiment can be saved as. */
export const Saves = ({ base }) => html`<span class="row">
  <a href=${address(`${base}/export`, { format: "csv" })} download>CSV</a><a href=${address(`${base}/export`, { format: "json" })} download>JSON</a></span>`;
