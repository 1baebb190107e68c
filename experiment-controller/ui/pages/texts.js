// Events and manifests, of experiments and of trials.
import { html } from "../html.js";
import { address, get } from "../calls.js";
import { Copy, Fault, Waiting } from "../parts/bits.js";
import { useLoaded } from "../parts/load.js";
import { ago } from "../words.js";

export function Events({ url }) {
  const { data, error, again } = useLoaded((signal) => get(url, {}, signal), [url]);
  if (!data) return error ? html`<${Fault} error=${error} />` : html`<${Waiting} />`;
  if (data.items.length === 0) return html`<div class="card empty">No events. They are kept for an hour.</div>`;
  return html`<div class="card scroll"><div class="row"><span class="grow"></span><button onClick=${again}>Again</button></div>
    <table><thead><tr><th>Type</th><th>Reason</th><th>Object</th><th>Message</th><th class="num">Times</th><th>Last</th></tr></thead>
    <tbody>${data.items.map((it) => html`<tr><td class=${it.type === "Warning" ? "bad" : ""}>${it.type}</td><td>${it.reason}</td><td>${it.object}</td>
      <td title=${it.message}>${it.message}</td><td class="num">${it.count}</td><td>${ago(it.last)}</td></tr>`)}</tbody></table></div>`;
}

export function Manifest({ url }) {
  const { data, error } = useLoaded((signal) => get(url, { full: false }, signal), [url]);
  if (!data) return error ? html`<${Fault} error=${error} />` : html`<${Waiting} />`;
  return html`<div class="card"><div class="row"><span class="grow"></span><${Copy} text=${data.text} /><a href=${address(url, { format: "yaml" })} download>Download</a></div>
    <pre class="scroll">${data.text}</pre></div>`;
}
