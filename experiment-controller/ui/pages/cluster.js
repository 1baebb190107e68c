// Where trials run: what there is of each resource, the pods, the queue; and links to hand on.
import { html, useState } from "../html.js";
import { get, post, remove } from "../calls.js";
import { Copy, Fault, Waiting, toast } from "../parts/bits.js";
import { useLoaded, usePaced, useStream } from "../parts/load.js";
import { ago, bytes, number, span } from "../words.js";
import { Pod } from "./trial.js";

export function Cluster({ query, session }) {
  const { data, error, again } = useLoaded((signal) => get("/cluster", { namespace: query.namespace }, signal), [query.namespace]);
  const soon = usePaced(again, 700);
  const live = useStream("cluster", data?.at, { cluster: soon, reset: soon });
  if (!data) return error ? html`<${Fault} error=${error} />` : html`<${Waiting} />`;
  const said = (slot, value) => (slot.resource === "memory" ? bytes(value) : number(value));
  return html`
    <div class="head"><h1>${data.home === "home" ? "This machine" : "Cluster"}</h1><span class="live ${live ? "on" : ""}"></span><span class="soft">qalam ${data.version}</span></div>
    <div class="cards">
      ${data.slots.map((slot) => html`<section class="card"><h2>${slot.resource}</h2><div class="row">
        ${slot.total !== null && html`<progress max=${slot.total || 1} value=${slot.used} aria-label="${slot.resource} in use"></progress>`}<b>${said(slot, slot.used)}</b><span class="soft">of ${slot.total === null ? "?" : said(slot, slot.total)}</span></div></section>`)}
      <section class="card"><h2>Pods</h2>${data.running} run, ${data.waiting} wait, ${data.finished} have ended</section>
      <section class="card wide"><h2>Waiting</h2>${data.queue.length === 0 ? html`<p class="soft">Nothing waits.</p>` : data.queue.map((it) => html`<${Pod} of=${it} />`)}</section>
      <section class="card wide"><h2>Running</h2>${data.pods.length === 0 ? html`<p class="soft">Nothing runs.</p>` : data.pods.map((it) => html`<${Pod} of=${it} />`)}</section>
      ${!session.readOnly && html`<${Links} />`}</div>`;
}

/** Sessions, and links that others may open. */
function Links() {
  const { data, error, again } = useLoaded((signal) => get("/links", {}, signal), []);
  const [made, setMade] = useState(/** @type {any} */ (null));
  const make = () => post("/links", { readOnly: true, namespaces: null, path: "/", lifetimeSeconds: null }).then((it) => { setMade(it); again(); }, (why) => toast(why.message));
  const end = (/** @type {string} */ id) => remove(`/links/${encodeURIComponent(id)}`).then(again, (why) => toast(why.message));
  return html`<section class="card wide"><div class="row"><h2>Links and sessions</h2><span class="grow"></span><button onClick=${make}>New read-only link</button></div>
    ${error && html`<${Fault} error=${error} />`}
    ${made && html`<p class="row"><code class="wrap">${made.url}</code><${Copy} text=${made.url} /><span class="soft">opens once, within ${span(made.expires - Date.now())}</span></p>`}
    ${data && html`<div class="scroll"><table><tbody>${data.items.map((it) => html`<tr><td>${it.kind}${it.current ? " (this one)" : ""}</td><td>${it.readOnly ? "may look" : "may change"}</td>
      <td>${it.namespaces === null ? "all namespaces" : it.namespaces.join(", ")}</td><td>made ${ago(it.created)} ago</td><td>${!it.current && html`<button class="danger" onClick=${() => end(it.id)}>End</button>`}</td></tr>`)}</tbody></table></div>`}</section>`;
}
