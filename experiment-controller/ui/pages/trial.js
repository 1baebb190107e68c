// One trial: its parameters against the best, its curves, its log, and how its pods stand.
import { html, useEffect, useMemo } from "../lib/html.js";
import { ask, path } from "../lib/api.js";
import { listen } from "../lib/live.js";
import { number, tame } from "../lib/format.js";
import { calm, Skeleton, Status, Trouble, useAnswer } from "../lib/parts.js";
import { together } from "../data/series.js";
import { Lines } from "../plots/lines.js";
import { Logs } from "./logs.js";
import { Events, Manifest } from "./experiment.js";
import { session } from "../app.js";

/** @param {{namespace: string, name: string}} props */
export default function Trial({ namespace, name }) {
  const at = path("trials", namespace, name);
  const { data, error, again } = useAnswer(() => ask(at), at);
  const curves = useAnswer(() => ask(`${at}/curves`), `${at}/curves`);
  document.title = `${tame(name)} · Qalam`;
  useEffect(() => {
    if (!data) return undefined;
    const soon = calm(() => { again(); curves.again(); }, 100);
    return listen(`trial:${namespace}/${name}`, data.at, { trials: soon, trial: soon, points: soon, reset: soon });
  }, [Boolean(data), at]);
  if (error) return html`<${Trouble} error=${error} />`;
  if (!data) return html`<${Skeleton} />`;
  /** @type {import("../api.js").TrialDetail} */
  const it = data;
  return html`<div class="row"><h1>${tame(name)}</h1><${Status} text=${it.row.status} /><a href=${`/experiments/${encodeURIComponent(namespace)}/${encodeURIComponent(it.experiment)}`}>${tame(it.experiment)}</a><span class="grow"></span>
    ${it.actions.includes("stop") && !session.value?.readOnly && html`<button onClick=${() => ask(`${at}/stop`, { method: "POST" }).then(again, again)}>Stop</button>`}</div>
    <div class="grid"><section class="card"><h2>Parameters</h2><table><thead><tr><th>Name</th><th class="num">This trial</th><th class="num">Best</th></tr></thead><tbody>${it.parameters.map((p) => html`<tr><th scope="row">${tame(p.name)}</th><td class="num">${tame(p.value)}</td><td class="num">${tame(p.best ?? "–")}</td></tr>`)}</tbody></table></section>
    <section class="card"><h2>Metrics</h2><table><thead><tr><th>Name</th><th class="num">Counts</th><th class="num">Latest</th></tr></thead><tbody>${it.metrics.map((m) => html`<tr><th scope="row">${tame(m.name)}</th><td class="num">${m.value === null ? tame(m.text, 60) : number(m.value)}</td><td class="num">${tame(m.latest, 60)}</td></tr>`)}</tbody></table></section></div>
    <div class="grid">${(curves.data?.series ?? []).map((/** @type {import("../api.js").Curve} */ c) => html`<${One} key=${c.metric} curve=${c} />`)}</div>
    <${Logs} at=${at} />
    <section class="card"><h2>Pods</h2>${it.pods.length === 0 && html`<p class="soft">None any more, or not yet.</p>`}${it.pods.map((p) => html`<p><b>${tame(p.name)}</b> ${p.phase}: ${tame(p.message, 600)}</p>`)}</section>
    <section class="card"><h2>Events</h2><${Events} at=${at} /></section>
    <details class="card"><summary>YAML</summary><${Manifest} at=${at} /></details>`;
}

/** @param {{curve: import("../api.js").Curve}} props */
function One({ curve }) {
  const data = useMemo(() => together([curve]), [curve]);
  return html`<section class="card"><h2>${tame(curve.metric)}</h2><${Lines} data=${data} x="report" series=${[{ label: tame(curve.metric, 60) }]} label=${`Curve of ${tame(curve.metric)}`} /></section>`;
}
