// What runs where: slots in use, what waits and why, and the pods.
import { html, useEffect } from "../lib/html.js";
import { ask } from "../lib/api.js";
import { listen } from "../lib/live.js";
import { age, bytes, number, tame } from "../lib/format.js";
import { calm, Skeleton, Trouble, useAnswer } from "../lib/parts.js";

/** @typedef {import("../api.js").Slot} Slot */

export default function Cluster() {
  const { data, error, again } = useAnswer(() => ask("/api/v1/cluster"), "cluster");
  document.title = "Cluster · Qalam";
  useEffect(() => {
    if (!data) return undefined;
    const soon = calm(again, 300);
    return listen("cluster", data.at, { cluster: soon, reset: soon });
  }, [Boolean(data)]);
  if (error) return html`<${Trouble} error=${error} />`;
  if (!data) return html`<${Skeleton} />`;
  const show = (/** @type {Slot} */ it, /** @type {number} */ n) => (it.resource === "memory" ? bytes(n) : number(n));
  return html`<div class="row"><h1>Cluster</h1><span class="soft">${data.home}, version ${data.version}: ${data.running} pods run, ${data.waiting} wait, ${data.finished} have ended</span></div>
    <div class="grid">${data.slots.map((/** @type {Slot} */ it) => html`<section class="card"><h2>${it.resource}</h2><div class="big">${show(it, it.used)}<span class="soft"> / ${it.total === null ? "?" : show(it, it.total)}</span></div>${it.total !== null && it.total > 0 && html`<progress value=${it.used / it.total} aria-label=${`${it.resource} in use`}></progress>`}</section>`)}</div>
    <section class="card"><h2>Waiting</h2>${data.queue.length === 0 ? html`<p class="soft">Nothing waits.</p>` : html`<${Pods} pods=${data.queue} />`}</section>
    <section class="card"><h2>Pods</h2>${data.pods.length === 0 ? html`<p class="soft">Nothing runs. Start something: <code>qalam tune …</code></p>` : html`<${Pods} pods=${data.pods} />`}</section>`;
}

/** @param {{pods: import("../api.js").PodInfo[]}} props */
function Pods({ pods }) {
  return html`<div class="scroll"><table><thead><tr><th>Pod</th><th>Namespace</th><th>Trial</th><th>Phase</th><th>How it stands</th><th>Age</th></tr></thead><tbody>${pods.map((it) => html`<tr><td>${tame(it.name)}</td><td>${tame(it.namespace)}</td>
    <td>${it.trial && html`<a href=${`/trials/${encodeURIComponent(it.namespace)}/${encodeURIComponent(it.trial)}`}>${tame(it.trial)}</a>`}</td><td>${it.phase}</td><td>${tame(it.message)}</td><td>${age(it.created, Date.now())}</td></tr>`)}</tbody></table></div>`;
}
