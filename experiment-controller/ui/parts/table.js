// A table of any length: only the rows that can be seen are in the page.
import { html, useRef, useState } from "../html.js";

const HEIGHT = 33;
const MORE = 8;

/**
 * @param {{columns: {name: string, label?: string, number?: boolean, sort?: boolean, cell: (row: any) => any}[], rows: any[], sort: string, order: string, onSort: (name: string) => void, id: (row: any) => string, label: string}} props
 */
export function Table({ columns, rows, sort, order, onSort, id, label }) {
  const [top, setTop] = useState(0);
  const box = useRef(/** @type {any} */ (null));
  const height = box.current?.clientHeight ?? 560;
  const from = Math.max(0, Math.floor(top / HEIGHT) - MORE);
  const to = Math.min(rows.length, Math.ceil((top + height) / HEIGHT) + MORE);
  const head = (it) => html`<th class=${it.number ? "num" : ""} scope="col" aria-sort=${it.name === sort ? (order === "asc" ? "ascending" : "descending") : undefined}>
    ${it.sort === false ? it.label ?? it.name : html`<button onClick=${() => onSort(it.name)}>${it.label ?? it.name}${it.name === sort ? (order === "asc" ? " ↑" : " ↓") : ""}</button>`}</th>`;
  const row = (it) => html`<tr key=${id(it)} style=${{ height: `${HEIGHT}px` }}>${columns.map((column) => html`<td class=${column.number ? "num" : ""}>${column.cell(it)}</td>`)}</tr>`;
  const gap = (/** @type {number} */ count) => count > 0 && html`<tr aria-hidden="true" style=${{ height: `${count * HEIGHT}px` }}></tr>`;
  return html`<div class="virtual" ref=${box} onScroll=${(event) => setTop(event.currentTarget.scrollTop)} tabindex="0" role="region" aria-label=${label}>
    <table aria-rowcount=${rows.length}><thead><tr>${columns.map(head)}</tr></thead>
      <tbody>${gap(from)}${rows.slice(from, to).map(row)}${gap(rows.length - to)}</tbody></table></div>`;
}
