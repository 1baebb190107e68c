// One stream of a page: what the server tells as it happens, with resume by EventSource itself.
import { signal } from "./html.js";

/** off, connecting or live: the dot in the bar. */
export const pulse = signal("off");

/** @param {string} watch @param {string} from @param {Record<string, (data: any) => void>} on @returns {() => void} */
export function listen(watch, from, on) {
  const source = new EventSource(`/api/v1/stream?${new URLSearchParams({ watch, from })}`);
  pulse.value = "connecting";
  source.onopen = () => { pulse.value = "live"; };
  source.onerror = () => { pulse.value = "connecting"; };
  for (const [name, then] of Object.entries(on)) {
    source.addEventListener(name, (event) => then(JSON.parse(/** @type {MessageEvent} */ (event).data)));
  }
  source.addEventListener("bye", () => { source.close(); pulse.value = "off"; });
  return () => { source.close(); pulse.value = "off"; };
}
