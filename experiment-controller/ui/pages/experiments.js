// All experiments: what runs, how far it is, what is best. Live.
import { html, useState } from "../html.js";
import { get, path, post } from "../calls.js";
import { setQuery } from "../app.js";
import { Dialog, Fault, Sparkline, Status, Waiting, toast } from "../parts/bits.js";
import { useLoaded, usePaced, useStream } from "../parts/load.js";
import { ago, number, stated } from "../words.js";

const LIMIT = 50;

export function Experiments({ query, session }) {
  const [chosen, setChosen] = useState(/** @type {Set<string>} */ (new Set()));
  const [asking, setAsking] = useState("");
  const asked = { namespace: query.namespace, q: query.q, status: query.status, sort: query.sort, order: query.order, offset: query.offset, limit: LIMIT };
  const { data, error, again } = useLoaded((signal) => get("/experiments", asked, signal), Object.values(asked));
  const spaces = useLoaded((signal) => get("/namespaces", {}, signal), []);
  const soon = usePaced(again, 500);
  const live = useStream("experiments", data?.at, { experiments: soon, "experiments-gone": soon, reset: soon });
  if (!data) return error ? html`<${Fault} error=${error} />` : html`<${Waiting} />`;

  const key = (row) => `${row.namespace}/${row.name}`;
  const turn = (row) => {
    const next = new Set(chosen);
    if (!next.delete(key(row))) next.add(key(row));
    setChosen(next);
  };
  const sorted = (/** @type {string} */ name) => setQuery({ sort: name, order: query.sort === name && query.order !== "asc" ? "asc" : "desc", offset: null });
  const act = async () => {
    const items = [...chosen].map((it) => ({ namespace: it.split("/")[0], name: it.split("/")[1] }));
    const { results } = await post("/experiments/bulk", { action: asking, items });
    const failed = results.filter((it) => !it.ok);
    toast(failed.length ? `${failed.length} could not be done: ${failed[0].message}` : `${results.length} done`);
    setChosen(new Set());
    again();
  };
  const offset = Number(query.offset ?? 0);
  const heads = [["name", "Name"], ["status", "Status"], ["algorithm", "Algorithm"], ["progress", "Progress"], ["best", "Best"], [null, "So far"], ["created", "Age"]];
  return html`
    <div class="head"><h1>Experiments</h1><span class="live ${live ? "on" : ""}" title=${live ? "live" : "not connected"}></span>
      <span class="soft">${data.total}${data.complete ? "" : " …"}</span><span class="grow"></span>
      ${!session.readOnly && html`<a href="/new"><button class="main" tabindex="-1">New experiment</button></a>`}</div>
    <div class="row">
      <label><span class="hidden">Search</span><input type="search" placeholder="search" value=${query.q ?? ""} onInput=${(e) => setQuery({ q: e.target.value, offset: null })} /></label>
      <label><span class="hidden">Namespace</span><select onChange=${(e) => setQuery({ namespace: e.target.value, offset: null })}>
        <option value="">all namespaces</option>${spaces.data?.items.map((it) => html`<option selected=${it === query.namespace}>${it}</option>`)}</select></label>
      ${Object.entries(data.statuses).filter(([, count]) => count > 0).map(([status, count]) => html`
        <button aria-pressed=${query.status === status} class=${query.status === status ? "main" : ""} onClick=${() => setQuery({ status: query.status === status ? null : status, offset: null })}>${stated(status)} ${count}</button>`)}
      <span class="grow"></span>
      ${chosen.size > 0 && html`<span class="soft">${chosen.size} chosen</span>${["pause", "resume", "stop", "delete"].map((it) => html`
        <button class=${it === "delete" ? "danger" : ""} onClick=${() => setAsking(it)}>${it}</button>`)}`}
    </div>
    ${error && html`<${Fault} error=${error} />`}
    ${data.items.length === 0 ? html`<${Nothing} searched=${Boolean(query.q || query.status || query.namespace)} />` : html`
      <div class="card scroll"><table>
        <thead><tr>${!session.readOnly && html`<th scope="col"><span class="hidden">choose</span></th>`}${heads.map(([name, label]) => html`
          <th scope="col">${name ? html`<button onClick=${() => sorted(name)}>${label}${query.sort === name ? (query.order === "asc" ? " ↑" : " ↓") : ""}</button>` : label}</th>`)}</tr></thead>
        <tbody>${data.items.map((row) => html`<tr key=${row.uid}>
          ${!session.readOnly && html`<td><input type="checkbox" aria-label="choose ${row.name}" checked=${chosen.has(key(row))} onChange=${() => turn(row)} /></td>`}
          <td><a href=${path("experiments", row.namespace, row.name)}>${row.name}</a> <span class="soft">${row.namespace}</span></td>
          <td title=${row.message}><${Status} of=${row.status} /></td>
          <td>${row.algorithm}</td>
          <td><${Progress} row=${row} /></td>
          <td title=${row.objectives.map((it) => `${it.direction} ${it.metric}`).join(", ")}>${row.best ? html`<b>${row.best.value === null ? row.best.text : number(row.best.value)}</b> <span class="soft">${row.objectives[0]?.metric}</span>` : "–"}</td>
          <td><${Sparkline} values=${row.sparkline} /></td>
          <td>${ago(row.created)}</td></tr>`)}</tbody></table></div>
      ${data.total > LIMIT && html`<div class="row"><button disabled=${offset === 0} onClick=${() => setQuery({ offset: String(Math.max(0, offset - LIMIT)) })}>Earlier</button>
        <span class="soft">${offset + 1}–${Math.min(data.total, offset + LIMIT)} of ${data.total}</span>
        <button disabled=${offset + LIMIT >= data.total} onClick=${() => setQuery({ offset: String(offset + LIMIT) })}>Later</button></div>`}`}
    ${asking && html`<${Dialog} title="${asking} ${chosen.size} experiments?" confirm=${asking} danger=${asking === "delete"} onClose=${() => setAsking("")} onConfirm=${act}>
      ${asking === "delete" ? "Their trials go too. The reports of metrics stay in the store." : [...chosen].join(", ")}<//>`}`;
}

/** How many trials of how many. */
export function Progress({ row }) {
  const { counts, maxTrials } = row;
  const done = counts.succeeded + counts.earlyStopped;
  const bad = counts.failed + counts.metricsUnavailable;
  return html`${row.progress !== null && html`<progress max="1" value=${row.progress} aria-label="progress"></progress> `}
    ${done}${maxTrials === null ? "" : `/${maxTrials}`}${counts.running > 0 && html` <span class="s-run">+${counts.running}</span>`}${bad > 0 && html` <span class="s-bad">${bad} failed</span>`}`;
}

const Nothing = ({ searched }) => searched
  ? html`<div class="card empty"><p>Nothing matches.</p></div>`
  : html`<div class="card empty"><h1>No experiments yet</h1><p>Tune a program of yours, with no manifest to write:</p>
      <pre>qalam tune --maximize accuracy --param lr=log:1e-5..1e-1 \\
  -- python train.py --lr {lr}</pre><p>or <a href="/new">write a manifest</a>.</p></div>`;
