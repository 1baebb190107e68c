// Several experiments on the same axes: best so far against trials, and the best of each.
import { html, useMemo } from "../html.js";
import { get, path } from "../calls.js";
import { setQuery } from "../app.js";
import { Chart } from "../parts/chart.js";
import { Fault, Status, Waiting } from "../parts/bits.js";
import { useLoaded } from "../parts/load.js";
import { number } from "../words.js";

export function Compare({ query }) {
  const chosen = (query.of ?? "").split(",").filter(Boolean);
  const all = useLoaded((signal) => get("/experiments", { limit: 500 }, signal), []);
  const columns = useLoaded((signal) => Promise.all(chosen.map((it) => get(`${path("experiments", ...it.split("/"))}/columns`, {}, signal))), [query.of ?? ""]);
  const option = useMemo(() => columns.data && columns.data.length > 0 && {
    legend: {}, tooltip: {}, xAxis: { type: "value", name: "trials completed", minInterval: 1 }, yAxis: { type: "value", name: "best so far", nameGap: 42 },
    series: columns.data.map((c, k) => ({ name: chosen[k], type: "line", step: "end", showSymbol: false, data: c.completion.map((at, i) => [at, c.bestSoFar[i]]).filter(([at, best]) => at !== null && best !== null) })),
  }, [columns.data]);
  if (!all.data) return all.error ? html`<${Fault} error=${all.error} />` : html`<${Waiting} />`;
  const turn = (/** @type {string} */ name) => setQuery({ of: (chosen.includes(name) ? chosen.filter((it) => it !== name) : [...chosen, name]).join(",") });
  const rows = all.data.items;
  return html`<div class="head"><h1>Compare</h1><span class="soft">${chosen.length} chosen</span></div>
    ${columns.error && html`<${Fault} error=${columns.error} />`}
    ${option && html`<section class="card"><h2>Best so far</h2><${Chart} option=${option} label="best so far of the chosen experiments" tall /></section>`}
    ${rows.length === 0 ? html`<div class="card empty">There are no experiments to compare.</div>` : html`<div class="card scroll"><table>
      <thead><tr><th><span class="hidden">choose</span></th><th>Experiment</th><th>Status</th><th>Algorithm</th><th>Objective</th><th class="num">Best</th><th class="num">Trials</th></tr></thead>
      <tbody>${rows.map((row) => { const name = `${row.namespace}/${row.name}`; return html`<tr key=${row.uid}>
        <td><input type="checkbox" aria-label="compare ${name}" checked=${chosen.includes(name)} onChange=${() => turn(name)} /></td>
        <td><a href=${path("experiments", row.namespace, row.name)}>${row.name}</a> <span class="soft">${row.namespace}</span></td><td><${Status} of=${row.status} /></td><td>${row.algorithm}</td>
        <td>${row.objectives.map((it) => `${it.direction} ${it.metric}`).join(", ")}</td><td class="num">${number(row.best?.value)}</td><td class="num">${row.counts.total}</td></tr>`; })}</tbody></table></div>`}`;
}
