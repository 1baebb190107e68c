// The trials of an experiment as a table: sorted and filtered by the server, columns chosen here.
import { html, useState } from "../html.js";
import { get, path } from "../calls.js";
import { setQuery } from "../app.js";
import { Fault, Status, Waiting } from "../parts/bits.js";
import { useLoaded } from "../parts/load.js";
import { Table } from "../parts/table.js";
import { number, span } from "../words.js";
import { Saves } from "./experiment.js";

const PAGE = 1000;

export function Trials({ base, namespace, detail, columns, shown, query, changed }) {
  const [choosing, setChoosing] = useState(false);
  const sort = query.sort ?? "index";
  const order = query.order ?? (query.sort ? "asc" : "desc");
  const asked = { sort, order, q: query.q, status: query.status };
  const { data, error } = useLoaded(async (signal) => {
    const first = await get(`${base}/trials`, { ...asked, limit: PAGE }, signal);
    const items = first.items;
    while (items.length < first.total && items.length < 100_000) {
      const next = await get(`${base}/trials`, { ...asked, limit: PAGE, offset: items.length }, signal);
      if (next.items.length === 0) break;
      items.push(...next.items);
    }
    return { ...first, items };
  }, [base, sort, order, query.q, query.status, changed]);
  if (!data) return error ? html`<${Fault} error=${error} />` : html`<${Waiting} />`;

  const hidden = new Set((query.hide ?? "").split(",").filter(Boolean));
  const names = shown && columns ? new Set([...shown].map((i) => columns.names[i])) : null;
  const rows = names ? data.items.filter((it) => names.has(it.name)) : data.items;
  const best = detail.best?.trial;
  const all = [
    { name: "index", label: "#", number: true, cell: (it) => it.index },
    { name: "name", label: "Trial", cell: (it) => html`<a href=${path("trials", namespace, it.name)}>${it.name}</a>${it.name === best && html` <span title="best">★</span>`}` },
    { name: "status", label: "Status", cell: (it) => html`<${Status} of=${it.status} />` },
    ...data.metrics.map((name, k) => ({ name: `metric:${name}`, label: name, number: true, cell: (it) => number(it.metrics[k]) })),
    ...data.parameters.map((name, k) => ({ name: `parameter:${name}`, label: name, number: true, cell: (it) => it.parameters[k] ?? "–" })),
    { name: "duration", label: "Took", number: true, cell: (it) => (it.started === null || it.ended === null ? "–" : span(it.ended - it.started)) },
  ];
  const turn = (/** @type {string} */ name) => {
    const next = new Set(hidden);
    if (!next.delete(name)) next.add(name);
    setQuery({ hide: [...next].join(",") });
  };
  const statuses = ["Running", "Succeeded", "EarlyStopped", "Failed"];
  return html`
    <div class="row">
      <label><span class="hidden">Name</span><input type="search" placeholder="name" value=${query.q ?? ""} onInput=${(e) => setQuery({ q: e.target.value })} /></label>
      <label><span class="hidden">Status</span><select onChange=${(e) => setQuery({ status: e.target.value })}><option value="">any status</option>
        ${statuses.map((it) => html`<option value=${it} selected=${it === query.status}>${it}</option>`)}</select></label>
      <button aria-expanded=${choosing} onClick=${() => setChoosing(!choosing)}>Columns</button>
      ${names && html`<span class="soft">${rows.length} within the brushes</span>`}
      <span class="grow"></span><span class="soft">${data.total} trials</span><${Saves} base=${base} /></div>
    ${choosing && html`<div class="card row">${all.filter((it) => it.name !== "name").map((it) => html`
      <label><input type="checkbox" checked=${!hidden.has(it.name)} onChange=${() => turn(it.name)} />${it.label}</label>`)}</div>`}
    ${error && html`<${Fault} error=${error} />`}
    <div class="card"><${Table} label="trials" columns=${all.filter((it) => !hidden.has(it.name))} rows=${rows} sort=${sort} order=${order} id=${(it) => it.name}
      onSort=${(name) => setQuery({ sort: name, order: sort === name && order === "asc" ? "desc" : "asc" })} /></div>`;
}
