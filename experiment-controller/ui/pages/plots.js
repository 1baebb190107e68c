// The plots of an experiment; in `brief` those that say most.
import { html, useMemo } from "../html.js";
import { get } from "../calls.js";
import { setQuery } from "../app.js";
import * as plots from "../plots.js";
import { Chart } from "../parts/chart.js";
import { Fault } from "../parts/bits.js";
import { useLoaded } from "../parts/load.js";

export function Plots({ base, columns, shown, pick, detail, brief, query = {} }) {
  const done = columns.completion.filter((it) => it !== null).length;
  const method = query.method === "ped-anova" ? "ped-anova" : "fanova";
  const several = detail.row.objectives.length > 1;
  // Analyses are asked for anew at each tenth more of the trials.
  const step = Math.floor(Math.log(Math.max(1, done)) / Math.log(1.1));
  const importance = useLoaded((signal) => get(`${base}/importance`, { method }, signal), [base, method, step]);
  const curves = useLoaded((signal) => get(`${base}/curves`, { pick: "newest", limit: brief ? 20 : 60 }, signal), [base, brief, done]);
  const front = useLoaded((signal) => (several ? get(`${base}/pareto`, {}, signal) : Promise.resolve(null)), [base, several, step]);
  const ranks = useLoaded((signal) => (brief ? Promise.resolve(null) : get(`${base}/correlation`, {}, signal)), [base, brief, step]);
  const names = columns.parameters.map((it) => it.info.name);
  const index = (/** @type {string} */ name, /** @type {number} */ or) => (names.includes(name) ? names.indexOf(name) : Math.min(or, names.length - 1));
  const [a, b] = [index(query.x, 0), index(query.y, 1)];

  const drawn = useMemo(() => ({
    history: plots.history(columns, shown), timeline: plots.timeline(columns), duration: plots.duration(columns, shown),
  }), [columns, shown]);
  const sliced = useMemo(() => plots.slice(columns, a, shown), [columns, shown, a]);
  const field = useMemo(() => plots.contour(columns, a, b, shown), [columns, shown, a, b]);
  const lines = useMemo(() => curves.data && curves.data.series.some((it) => it.x.length > 1) && plots.curves(curves.data), [curves.data]);
  const weighed = useMemo(() => importance.data && importance.data.parameters.length > 0 && plots.importance(importance.data), [importance.data]);
  const fronted = useMemo(() => front.data && plots.pareto(columns, front.data), [columns, front.data]);
  const volume = useMemo(() => front.data && front.data.hypervolume.length > 0 && plots.volume(front.data), [front.data]);
  const ranked = useMemo(() => ranks.data && ranks.data.parameters.length > 0 && plots.ranks(ranks.data), [ranks.data]);

  const choose = (/** @type {string} */ label, /** @type {string} */ key, /** @type {number} */ chosen) => html`
    <label>${label} <select onChange=${(e) => setQuery({ [key]: e.target.value })}>${names.map((name, i) => html`<option selected=${i === chosen}>${name}</option>`)}</select></label>`;
  const Box = ({ title, option, note = "", children = null }) => html`<section class="card"><div class="row"><h2>${title}</h2><span class="grow"></span>${children}</div>
    ${option ? html`<${Chart} option=${option} label=${title} onPick=${pick} />` : html`<p class="soft">${note || "Nothing to show yet."}</p>`}</section>`;
  const about = importance.data?.note || importance.data?.about || "";
  return html`<div class="cards wide">
    ${Box({ title: "History", option: drawn.history })}
    ${Box({ title: "Importance", option: weighed, note: importance.error?.message ?? about, children: html`
      <span class="soft" title=${about}>${method}</span>${!brief && html`<button onClick=${() => setQuery({ method: method === "fanova" ? "ped-anova" : null })}>other method</button>`}` })}
    ${several && Box({ title: "Pareto front", option: fronted })}
    ${several && Box({ title: "Hypervolume", option: volume })}
    ${(lines || !brief) && Box({ title: "Curves", option: lines, note: curves.error?.message ?? "No trial has reported more than once." })}
    ${!brief && names.length > 0 && html`
      ${Box({ title: "Slice", option: sliced, children: choose("parameter", "x", a) })}
      ${names.length > 1 && Box({ title: "Contour", option: field, children: html`${choose("x", "x", a)}${choose("y", "y", b)}` })}
      ${Box({ title: "Timeline", option: drawn.timeline })}
      ${Box({ title: "Duration", option: drawn.duration })}
      ${Box({ title: "Rank correlation", option: ranked, note: ranks.data?.note ?? ranks.error?.message })}`}
    ${front.error && html`<${Fault} error=${front.error} />`}
  </div>`;
}
