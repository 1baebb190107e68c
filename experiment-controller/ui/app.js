// The shell: who is asking, the bar with its pages, and the page of the address.
import { html, render, useEffect, useState, signal } from "./lib/html.js";
import { ask } from "./lib/api.js";
import { follow, here } from "./lib/router.js";
import { pulse } from "./lib/live.js";
import { Skeleton, Trouble, useAnswer } from "./lib/parts.js";

/** Who is asking; null before it is known. @type {{value: import("./api.js").Session | null}} */
export const session = signal(null);

const pages = [
  { at: /^\/$/, load: () => import("./pages/experiments.js") },
  { at: /^\/new$/, load: () => import("./pages/new.js") },
  { at: /^\/experiments\/([^/]+)\/([^/]+)$/, load: () => import("./pages/experiment.js") },
  { at: /^\/trials\/([^/]+)\/([^/]+)$/, load: () => import("./pages/trial.js") },
  { at: /^\/cluster$/, load: () => import("./pages/cluster.js") },
];
// Pipelines, jobs, models and notebooks each add a line here and one above.
const bar = [["/", "Experiments"], ["/new", "New experiment"], ["/cluster", "Cluster"]];

/** Light or dark: as chosen, else as the system says. */
function theme() {
  const chosen = localStorage.getItem("theme");
  const dark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}

function turn() {
  localStorage.setItem("theme", document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  theme();
  dispatchEvent(new Event("theme"));
}

function Page() {
  const where = here.value.pathname;
  const [page, set] = useState(/** @type {any} */ (null));
  useEffect(() => {
    const found = pages.find((it) => it.at.test(where));
    if (!found) { set({ where, error: new Error("There is no such page.") }); return; }
    const [, ...parts] = found.at.exec(where)?.map((it) => decodeURIComponent(it)) ?? [];
    found.load().then((it) => set({ where, Part: it.default, parts }), (error) => set({ where, error }));
  }, [where]);
  if (page?.where !== where) return html`<${Skeleton} />`;
  if (page.error) return html`<${Trouble} error=${page.error} />`;
  return html`<${page.Part} key=${where} namespace=${page.parts[0]} name=${page.parts[1]} />`;
}

/** @param {{error: any}} props */
function SignIn({ error }) {
  const [failed, fail] = useState(/** @type {any} */ (null));
  const enter = (/** @type {any} */ event) => {
    event.preventDefault();
    ask("/api/v1/session", { method: "POST", body: { token: event.target.token.value } }).then(() => location.reload(), fail);
  };
  return html`<main id="main"><h1>Qalam</h1><p>Run <code>qalam ui</code> in a terminal and open the link that it prints, or paste it here.</p>
    <form class="row" onSubmit=${enter}><label>Link or token <input name="token" type="password" autocomplete="off" required /></label><button class="main">Open</button></form>
    ${(failed || error?.problem?.status !== 401) && html`<${Trouble} error=${failed ?? error} />`}</main>`;
}

function Shell() {
  const { data, error } = useAnswer(() => ask("/api/v1/session"), "session");
  if (error) return html`<${SignIn} error=${error} />`;
  session.value = data ?? null;
  const where = here.value.pathname;
  return html`<header onClick=${follow}><a class="brand" href="/">Qalam</a>
    <nav aria-label="Pages">${bar.map(([to, text]) => html`<a href=${to} aria-current=${to === where || (to === "/" && /^\/(experiments|trials)\//.test(where)) ? "page" : undefined}>${text}</a>`)}</nav>
    <span class="grow"></span><span class="soft"><span class=${`dot ${pulse.value}`}></span> ${pulse.value}</span>
    <button onClick=${turn} aria-label="Light or dark">◐</button></header>
    <main id="main" tabindex="-1" onClick=${follow}>${data ? html`<${Page} />` : html`<${Skeleton} />`}</main>`;
}

theme();
render(html`<${Shell} />`, /** @type {Element} */ (document.getElementById("app")));
