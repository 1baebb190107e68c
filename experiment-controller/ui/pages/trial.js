// One trial: its values against the best one's, its curves as they grow, what it printed, where it ran.
import { html, useEffect, useMemo, useRef, useState } from "../html.js";
import { address, get, path, post } from "../calls.js";
import { setQuery } from "../app.js";
import { Chart } from "../parts/chart.js";
import { Copy, Facts, Fault, Status, Tabs, Waiting, toast } from "../parts/bits.js";
import { useLoaded, usePaced, useStream } from "../parts/load.js";
import { ago, ansi, bytes, number, span } from "../words.js";
import { curves as drawnCurves } from "../plots.js";
import { Events, Manifest } from "./texts.js";
import { Graph } from "../parts/graph.js";

const TABS = ["Overview", "Log", "Events", "Manifest"];

export function Trial({ namespace, name, query, session }) {
  const base = path("trials", namespace, name);
  const { data, error, again } = useLoaded((signal) => get(base, {}, signal), [base]);
  const curves = useLoaded((signal) => get(`${base}/curves`, { points: 2000 }, signal), [base]);
  const soon = usePaced(again, 400);
  const soonCurves = usePaced(curves.again, 500);
  const live = useStream(`trial:${namespace}/${name}`, data?.at, { trials: soon, trial: soon, points: soonCurves, reset: soon });
  if (!data) return error ? html`<${Fault} error=${error} />` : html`<${Waiting} />`;
  const tab = TABS.find((it) => it === query.tab) ?? "Overview";
  const stop = () => post(`${base}/stop`).then((it) => { toast(it.message); again(); }, (why) => toast(why.message));
  return html`
    <div class="head"><span class="crumb"><a href="/">Experiments</a> / ${namespace} / <a href=${path("experiments", namespace, data.experiment)}>${data.experiment}</a> /</span>
      <h1>${name}</h1><${Status} of=${data.row.status} /><span class="live ${live ? "on" : ""}" title=${live ? "live" : "not connected"}></span><span class="grow"></span>
      ${!session.readOnly && data.actions.includes("stop") && html`<button onClick=${stop}>Stop</button>`}
      <${Copy} text=${data.arguments} label="Copy arguments" />${data.command && html`<${Copy} text=${data.command} label="Copy command" />`}</div>
    ${error && html`<${Fault} error=${error} />`}
    <${Tabs} names=${TABS} chosen=${tab} choose=${(it) => setQuery({ tab: it === "Overview" ? null : it })} />
    ${tab === "Overview" && html`<${Overview} base=${base} data=${data} curves=${curves.data} />`}
    ${tab === "Log" && html`<${Log} base=${base} pods=${data.pods} query=${query} running=${data.row.status === "Running"} />`}
    ${tab === "Events" && html`<${Events} url="${base}/events" />`}
    ${tab === "Manifest" && html`<${Manifest} url="${base}/manifest" />`}`;
}

function Overview({ base, data, curves }) {
  const { row } = data;
  const last = data.conditions.find((it) => it.status === "True" && it.type === row.status) ?? data.conditions.at(-1);
  const nets = useLoaded((signal) => get(`${base}/architecture`, {}, signal).catch(() => null), [base]);
  return html`<div class="cards">
    ${last?.message && html`<div class="note wide ${["Failed", "MetricsUnavailable"].includes(row.status) ? "fault" : ""}">${last.message}</div>`}
    <section class="card"><h2>Metrics</h2><div class="scroll"><table><thead><tr><th>Metric</th><th class="num">Counts</th><th class="num">Least</th><th class="num">Most</th><th class="num">Last</th></tr></thead>
      <tbody>${data.metrics.map((it) => html`<tr><td>${it.name}</td><td class="num"><b>${it.value === null ? it.text || "–" : number(it.value)}</b></td><td class="num">${it.min}</td><td class="num">${it.max}</td><td class="num">${it.latest}</td></tr>`)}</tbody></table></div>
      ${data.best && html`<p class="soft">The best trial, <a href=${path("trials", data.namespace, data.best.trial)}>${data.best.trial}</a>, has ${data.best.text}.</p>`}
      <${Facts} rows=${[["ran for", row.started === null ? "–" : span((row.ended ?? Date.now()) - row.started)], ...data.labels.map((it) => [it.name, it.value]), ...data.stoppingRules.map((it) => ["stops if", it])]} /></section>
    <section class="card"><h2>Parameters</h2><div class="scroll"><table><thead><tr><th>Parameter</th><th class="num">Here</th><th class="num">Best trial</th></tr></thead>
      <tbody>${data.parameters.map((it) => html`<tr><td>${it.name}</td><td class="num mono">${it.value}</td><td class="num mono soft">${it.best ?? "–"}</td></tr>`)}</tbody></table></div></section>
    ${nets.data && html`<section class="card wide"><h2>Architecture</h2><${Graph} of=${nets.data} /></section>`}
    ${curves?.series.filter((it) => it.x.length > 0).map((it) => html`<section class="card" key=${it.metric}><h2>${it.metric}</h2><${Curve} of=${it} /></section>`)}
    <section class="card wide"><h2>Where it ran</h2>
      ${data.workload ? html`<p>${data.workload.kind} <span class="mono">${data.workload.name}</span> ${data.workload.conditions.map((it) => html`<span title=${it.message}>${it.type} ${it.status === "True" ? "✓" : "–"} </span>`)}</p>` : html`<p class="soft">The workload is gone; its trial stays.</p>`}
      ${data.pods.map((it) => html`<${Pod} of=${it} />`)}</section>
  </div>`;
}

const Curve = ({ of }) => {
  const option = useMemo(() => drawnCurves({ metric: of.metric, x: "step", series: [of], total: 1, at: "" }), [of]);
  return html`<${Chart} option=${option} label=${of.metric} />`;
};

/** A pod and its containers in words. */
export const Pod = ({ of }) => html`<div class="row"><span class="mono">${of.name}</span><b>${of.phase}</b><span class="wrap">${of.message}</span><span class="soft">${ago(of.created)} ago</span>
  <span class="soft">${number(of.cpu)} CPU, ${bytes(of.memory)}${of.gpus ? `, ${of.gpus} GPU` : ""}</span>
  ${of.containers.map((it) => html`<span title=${it.image}>${it.name}: ${it.message || it.state}${it.restarts ? `, started ${it.restarts + 1} times` : ""}</span>`)}</div>`;

const KEPT = 400_000;

/** What the containers printed; it follows while the trial runs. */
function Log({ base, pods, query, running }) {
  const [text, setText] = useState("");
  const [error, setError] = useState(/** @type {any} */ (null));
  const [find, setFind] = useState("");
  const box = useRef(/** @type {any} */ (null));
  const stick = useRef(true);
  const pod = pods.find((it) => it.name === query.pod) ?? pods[0];
  const container = query.container;
  useEffect(() => {
    const abort = new AbortController();
    setText("");
    setError(null);
    (async () => {
      const response = await fetch(address(`${base}/logs`, { pod: query.pod, container, follow: running, tail: 5000 }), { signal: abort.signal, headers: { "X-Qalam": "1" } });
      if (!response.ok) throw new Error((await response.json()).message);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        setText((old) => (old + value).slice(-KEPT));
      }
    })().catch((why) => { if (!abort.signal.aborted) setError(why); });
    return () => abort.abort();
  }, [base, query.pod, container, running]);
  useEffect(() => { if (stick.current && box.current) box.current.scrollTop = box.current.scrollHeight; });
  const lines = useMemo(() => text.split("\n").filter((it) => !find || it.toLowerCase().includes(find.toLowerCase())), [text, find]);
  return html`<div class="card"><div class="row">
      <label>Pod <select onChange=${(e) => setQuery({ pod: e.target.value, container: null })}>${pods.map((it) => html`<option selected=${it === pod}>${it.name}</option>`)}</select></label>
      <label>Container <select onChange=${(e) => setQuery({ container: e.target.value })}><option value="">the one that counts</option>${pod?.containers.map((it) => html`<option selected=${it.name === container}>${it.name}</option>`)}</select></label>
      <label><span class="hidden">Find</span><input type="search" placeholder="lines with …" value=${find} onInput=${(e) => setFind(e.target.value)} /></label>
      <span class="grow"></span><a href=${address(`${base}/logs`, { pod: query.pod, container, download: true })} download>Download</a></div>
    ${error && html`<${Fault} error=${error} />`}
    <pre class="log" ref=${box} tabindex="0" aria-label="log" onScroll=${(e) => { const it = e.currentTarget; stick.current = it.scrollHeight - it.scrollTop - it.clientHeight < 40; }}>${
      lines.slice(-4000).map((line) => html`${ansi(line).map((run) => html`<span class=${run.classes}>${run.text}</span>`)}${"\n"}`)}</pre></div>`;
}
