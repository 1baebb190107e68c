// The trials as a table of which only the rows in sight exist; follows the brushes.
import { html, useMemo, useState } from "../lib/html.js";
import { choose, query } from "../lib/router.js";
import { duration, number, tame } from "../lib/format.js";
import { Status } from "../lib/parts.js";

const tall = 31;
const room = 24;

/** @param {{columns: import("../api.js").Columns, kept: Uint8Array, namespace: string}} props */
export function Trials({ columns, kept, namespace }) {
  const [top, scrolled] = useState(0);
  const sort = query.value.get("sort") ?? "-index";
  const all = useMemo(() => fields(columns), [columns]);
  const rows = useMemo(() => order(all, kept, sort), [all, kept, sort]);
  const first = Math.min(Math.max(0, rows.length - room), Math.max(0, Math.floor(top / tall) - 4));
  const seen = rows.slice(first, first + room);
  const head = (/** @type {any} */ it) => html`<th scope="col" class=${it.text ? "" : "num"} aria-sort=${sort === it.id ? "ascending" : sort === `-${it.id}` ? "descending" : undefined}>
    <button onClick=${() => choose({ sort: sort === it.id ? `-${it.id}` : it.id })}>${tame(it.label, 40)}${sort === it.id ? " ↑" : sort === `-${it.id}` ? " ↓" : ""}</button></th>`;
  return html`<div class="tall" tabindex="0" role="region" aria-label="Trials" onScroll=${(/** @type {any} */ e) => scrolled(e.target.scrollTop)}>
    <table aria-rowcount=${rows.length}><thead><tr>${all.map(head)}</tr></thead><tbody>
    ${first > 0 && html`<tr aria-hidden="true"><td colspan=${all.length} style=${{ height: `${first * tall}px` }}></td></tr>`}
    ${seen.map((/** @type {number} */ i) => html`<tr key=${columns.names[i]} aria-rowindex=${i + 1}>${all.map((/** @type {ReturnType<typeof fields>[number]} */ it) => html`<td class=${it.text ? "" : "num"}>${it.id === "name" ? html`<a href=${`/trials/${encodeURIComponent(namespace)}/${encodeURIComponent(columns.names[i])}`}>${tame(columns.names[i])}</a>`
      : it.id === "status" ? html`<${Status} text=${String(it.at(i))} />` : it.show(i)}</td>`)}</tr>`)}
    ${first + room < rows.length && html`<tr aria-hidden="true"><td colspan=${all.length} style=${{ height: `${(rows.length - first - seen.length) * tall}px` }}></td></tr>`}
    </tbody></table></div><p class="soft" data-rows=${rows.length}>${rows.length} of ${columns.total} trials${columns.sampled ? " (sampled)" : ""}</p>`;
}

/** @param {import("../api.js").Columns} it @returns {{id: string, label: string, text: boolean, at: (i: number) => string | number | null, show: (i: number) => string}[]} */
function fields(it) {
  const span = (/** @type {number} */ i) => { const from = it.started[i]; const to = it.ended[i]; return from === null || to === null ? null : to - from; };
  const plain = (/** @type {any} */ x) => number(x);
  return [
    { id: "index", label: "#", text: false, at: (i) => it.indexes[i], show: (i) => String(it.indexes[i]) },
    { id: "name", label: "Trial", text: true, at: (i) => it.names[i], show: (i) => it.names[i] },
    { id: "status", label: "Status", text: true, at: (i) => it.statuses[it.status[i]], show: (i) => it.statuses[it.status[i]] },
    ...it.metrics.map((m) => ({ id: `m:${m.name}`, label: m.name, text: false, at: (/** @type {number} */ i) => m.values[i], show: (/** @type {number} */ i) => plain(m.values[i]) })),
    ...it.parameters.map((p) => ({ id: `p:${p.info.name}`, label: p.info.name, text: false, at: (/** @type {number} */ i) => p.values[i],
      show: (/** @type {number} */ i) => { const v = p.values[i]; return v === null ? "–" : p.categories.length ? tame(p.categories[v] ?? "", 60) : number(v); } })),
    { id: "duration", label: "Duration", text: false, at: span, show: (i) => duration(span(i)) },
  ];
}

/** Which rows in which order; those without the value last. @param {ReturnType<typeof fields>} all @param {Uint8Array} kept @param {string} sort */
function order(all, kept, sort) {
  const down = sort.startsWith("-") ? -1 : 1;
  const by = all.find((it) => it.id === sort.replace(/^-/, "")) ?? all[0];
  const rows = [];
  for (let i = 0; i < kept.length; i += 1) if (kept[i]) rows.push(i);
  return rows.sort((a, b) => { const x = by.at(a); const y = by.at(b); return x === y ? a - b : x === null ? 1 : y === null ? -1 : x < y ? -down : down; });
}
