// The address holds every state: which page, and what is chosen on it.
import { signal, computed } from "./html.js";

/** Where we are. */
export const here = signal(new URL(location.href));
/** The query string of where we are. */
export const query = computed(() => here.value.searchParams);

addEventListener("popstate", () => { here.value = new URL(location.href); });

/** @param {string} to @param {boolean} [replace] */
export function go(to, replace = false) {
  const url = new URL(to, location.href);
  history[replace ? "replaceState" : "pushState"](null, "", url);
  here.value = url;
  if (!replace) scrollTo(0, 0);
}

/** Changes parts of the query; empty values leave it. @param {Record<string, string | null>} changes */
export function choose(changes) {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(changes)) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  go(url.href, true);
}

/** Follows links within the dashboard without loading the page again. @param {MouseEvent} event */
export function follow(event) {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const link = /** @type {HTMLElement} */ (event.target).closest?.("a");
  if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (link.pathname.startsWith("/api/") || link.getAttribute("href")?.startsWith("#")) return;
  event.preventDefault();
  go(link.href);
}
