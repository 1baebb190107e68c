// The shell: which page an address shows, the bar above it, light and dark.
import { html, render, useEffect, useState } from "./html.js";
import { ApiError, get, post } from "./calls.js";
import { Fault, Toasts, Waiting } from "./parts/bits.js";
import { Experiments } from "./pages/experiments.js";
import { Experiment } from "./pages/experiment.js";
import { New } from "./pages/new.js";
import { Trial } from "./pages/trial.js";
import { Compare } from "./pages/compare.js";
import { Cluster } from "./pages/cluster.js";

/** Goes to another address of the dashboard. */
export function go(/** @type {string} */ address, replace = false) {
  history[replace ? "replaceState" : "pushState"](null, "", address);
  dispatchEvent(new PopStateEvent("popstate"));
}

/** Changes words of the address behind the question mark, and stays on the page. */
export function setQuery(/** @type {Record<string, string | null>} */ changes) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") query.delete(name); else query.set(name, value);
  }
  const text = query.toString();
  go(location.pathname + (text && `?${text}`), true);
}

/** The address, kept up to date. */
function useAddress() {
  const [address, setAddress] = useState(location.pathname + location.search);
  useEffect(() => {
    const moved = () => setAddress(location.pathname + location.search);
    const clicked = (/** @type {MouseEvent} */ event) => {
      const link = /** @type {HTMLElement} */ (event.target).closest?.("a");
      const own = link && link.origin === location.origin && !link.target && !link.hasAttribute("download");
      const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
      if (!own || !plain || link.pathname.startsWith("/api/")) return;
      event.preventDefault();
      go(link.pathname + link.search);
      scrollTo(0, 0);
    };
    addEventListener("popstate", moved);
    document.addEventListener("click", clicked);
    return () => { removeEventListener("popstate", moved); document.removeEventListener("click", clicked); };
  }, []);
  return new URL(address, location.origin);
}

const PAGES = [["/", "Experiments"], ["/new", "New"], ["/compare", "Compare"], ["/cluster", "Cluster"]];

/** The page of an address. */
function pageOf(/** @type {URL} */ url, session) {
  const query = Object.fromEntries(url.searchParams);
  const [, kind, namespace, name] = url.pathname.split("/").map(decodeURIComponent);
  const both = { namespace, name, query, session, key: url.pathname };
  if (kind === "experiments" && namespace && name) return html`<${Experiment} ...${both} />`;
  if (kind === "trials" && namespace && name) return html`<${Trial} ...${both} />`;
  if (kind === "new") return html`<${New} ...${both} />`;
  if (kind === "compare") return html`<${Compare} ...${both} />`;
  if (kind === "cluster") return html`<${Cluster} ...${both} />`;
  if (kind === "") return html`<${Experiments} ...${both} />`;
  return html`<div class="empty"><h1>There is no page here</h1><a href="/">All experiments</a></div>`;
}

function useTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const [theme, setTheme] = useState(localStorage.getItem("theme") ?? dark);
  useEffect(() => { document.documentElement.dataset.theme = theme; }, [theme]);
  const turn = () => {
    const other = theme === "dark" ? "light" : "dark";
    localStorage.setItem("theme", other);
    setTheme(other);
    dispatchEvent(new Event("theme"));
  };
  return [theme, turn];
}

function App() {
  const url = useAddress();
  const [theme, turn] = useTheme();
  const [session, setSession] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  useEffect(() => { get("/session").then(setSession, setError); }, []);
  useEffect(() => {
    const words = url.pathname.split("/").filter(Boolean).map(decodeURIComponent);
    document.title = `${words.at(-1) ?? "Experiments"} · Qalam`;
  }, [url.pathname]);
  if (error instanceof ApiError && error.problem.status === 401) return html`<${Door} onOpen=${() => location.reload()} />`;
  return html`
    <a class="skip" href="#main">To the content</a>
    <header class="bar">
      <a class="brand" href="/" aria-label="Qalam, all experiments"><img src="/icon.svg" alt="" /><span class="wide-only">Qalam</span></a>
      <nav aria-label="Pages">${PAGES.map(([href, name]) => html`
        <a href=${href} aria-current=${url.pathname === href ? "page" : undefined}>${name}</a>`)}</nav>
      <span class="grow"></span>
      ${session?.readOnly && html`<span class="soft wide-only">read only</span>`}
      <button class="plain" onClick=${turn} aria-label="switch to ${theme === "dark" ? "light" : "dark"} colours">${theme === "dark" ? "☀" : "☾"}</button>
    </header>
    <main id="main" tabindex="-1">${
      error ? html`<${Fault} error=${error} />` : session ? pageOf(url, session) : html`<${Waiting} />`}</main>
    <${Toasts} />`;
}

/** Asks for a link when there is no session. */
function Door({ onOpen }) {
  const [token, setToken] = useState("");
  const [error, setError] = useState(/** @type {any} */ (null));
  const open = (event) => {
    event.preventDefault();
    post("/session", { token }).then(onOpen, setError);
  };
  return html`<main id="main"><div class="card empty">
    <h1>A link opens this page</h1>
    <p>Run this where the home runs, and open what it prints; each link works once.</p>
    <pre>qalam ui</pre>
    <form class="row" onSubmit=${open}>
      <label><span class="hidden">Link or token</span><input value=${token} onInput=${(e) => setToken(e.target.value)} placeholder="link or token" autocomplete="off" /></label>
      <button class="main">Open</button></form>
    ${error && html`<${Fault} error=${error} />`}
  </div></main>`;
}

render(html`<${App} />`, /** @type {Element} */ (document.getElementById("app")));
