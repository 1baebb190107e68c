// All experiments: search, filter, sort, act on several; live.
import { html, useEffect, useState } from "../lib/html.js";
import { ask } from "../lib/api.js";
import { choose, query } from "../lib/router.js";
import { age, number, tame } from "../lib/format.js";
import { listen } from "../lib/live.js";
import { calm, Skeleton, Sparkline, Status, Trouble, useAnswer } from "../lib/parts.js";

/** @typedef {import("../api.js").ExperimentRow} Row */
const columns = [["name", "Name"], ["namespace", "Namespace"], ["status", "Status"], ["algorithm", "Algorithm"], ["progress", "Trials"], ["best", "Best"], ["created", "Age"]];

export default function Experiments() {
  const asked = new URLSearchParams(query.value);
  const key = asked.toString();
  const { data, error, again } = useAnswer(() => ask(`/api/v1/experiments?${key}`), key);
  const [chosen, pick] = useState(/** @type {string[]} */ ([]));
  const [said, say] = useState("");
  const [sure, confirm] = useState(false);
  useEffect(() => {
    if (!data) return undefined;
    const soon = calm(again, 150);
    return listen("experiments", data.at, { experiments: soon, "experiments-gone": soon, reset: soon });
  }, [Boolean(data), key]);
  document.title = "Experiments · Qalam";
  /** @param {string} action */
  const act = async (action) => {
    const items = chosen.map((/** @type {string} */ it) => { const [namespace, name] = it.split("/"); return { namespace, name }; });
    try {
      const { results } = await ask("/api/v1/experiments/bulk", { method: "POST", body: { action, items } });
      say(results.map((/** @type {any} */ it) => it.message).join(" "));
      pick([]); confirm(false); again();
    } catch (failure) { say(/** @type {Error} */ (failure).message); }
  };
  if (error) return html`<${Trouble} error=${error} />`;
  const sort = asked.get("sort") ?? "created";
  const order = asked.get("order") ?? "desc";
  return html`<div class="row"><h1>Experiments</h1><span class="grow"></span>
    <input type="search" placeholder="Search" aria-label="Search experiments" value=${asked.get("q") ?? ""} onInput=${(/** @type {any} */ e) => choose({ q: e.target.value, offset: null })} />
    <select aria-label="Status" value=${asked.get("status") ?? ""} onChange=${(/** @type {any} */ e) => choose({ status: e.target.value, offset: null })}>
      <option value="">Any status</option>${Object.entries(data?.statuses ?? {}).map(([it, n]) => html`<option value=${it}>${it} (${n})</option>`)}</select>
    <a class="button main" href="/new">New experiment</a></div>
    ${chosen.length > 0 && html`<div class="row actions"><span>${chosen.length} chosen</span>${["pause", "resume", "stop"].map((it) => html`<button onClick=${() => act(it)}>${it}</button>`)}
      ${sure ? html`<button class="danger" onClick=${() => act("delete")}>Really delete ${chosen.length}</button><button onClick=${() => confirm(false)}>Keep</button>` : html`<button class="danger" onClick=${() => confirm(true)}>delete…</button>`}</div>`}
    <div role="status">${said && html`<div class="note">${tame(said, 1000)}</div>`}</div>
    ${!data ? html`<${Skeleton} />` : data.items.length === 0 ? html`<${Empty} found=${Boolean(key)} />` : html`<div class="scroll"><table><thead><tr><th><span class="soft">✓</span></th>
      ${columns.map(([id, text]) => html`<th aria-sort=${sort === id ? (order === "asc" ? "ascending" : "descending") : undefined}><button onClick=${() => choose({ sort: id, order: sort === id && order === "desc" ? "asc" : "desc" })}>${text}${sort === id ? (order === "asc" ? " ↑" : " ↓") : ""}</button></th>`)}</tr></thead>
      <tbody>${data.items.map((/** @type {Row} */ it) => html`<${Line} row=${it} chosen=${chosen} pick=${pick} />`)}</tbody></table></div>
      <div class="row soft"><span>${data.offset + 1}–${data.offset + data.items.length} of ${data.total}</span>
      ${data.offset > 0 && html`<button onClick=${() => choose({ offset: String(Math.max(0, data.offset - 50)) })}>Previous</button>`}
      ${data.offset + data.items.length < data.total && html`<button onClick=${() => choose({ offset: String(data.offset + data.items.length) })}>Next</button>`}</div>`}`;
}

/** @param {{row: Row, chosen: string[], pick: (to: string[]) => void}} props */
function Line({ row, chosen, pick }) {
  const id = `${row.namespace}/${row.name}`;
  const on = chosen.includes(id);
  return html`<tr><td><input type="checkbox" aria-label=${`Choose ${row.name}`} checked=${on} onChange=${() => pick(on ? chosen.filter((it) => it !== id) : [...chosen, id])} /></td>
    <td><a href=${`/experiments/${encodeURIComponent(row.namespace)}/${encodeURIComponent(row.name)}`}>${tame(row.name)}</a></td><td>${row.namespace}</td>
    <td><${Status} text=${row.status} /></td><td>${tame(row.algorithm, 60)}</td>
    <td>${row.progress !== null && html`<progress value=${row.progress} aria-label="Progress"></progress>`} ${row.counts.total}${row.maxTrials ? `/${row.maxTrials}` : ""}</td>
    <td><${Sparkline} values=${row.sparkline} /> ${row.best ? number(row.best.value) : "–"}</td><td>${age(row.created, Date.now())}</td></tr>`;
}

/** @param {{found: boolean}} props */
function Empty({ found }) {
  if (found) return html`<div class="card">Nothing matches. <button onClick=${() => choose({ q: null, status: null, offset: null, namespace: null })}>Show all</button></div>`;
  return html`<div class="card"><h2>Nothing has been tuned here yet</h2><p>Tune a command from a terminal:</p>
    <pre>qalam tune --maximize accuracy --param lr=log:1e-5..1e-1 -- python train.py --lr {lr}</pre><p>or write a manifest: <a href="/new">New experiment</a>.</p></div>`;
}
