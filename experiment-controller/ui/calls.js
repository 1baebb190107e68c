// Calls of the JSON API (api.d.ts says what they take and answer), and its stream of changes.

/** A call that did not succeed; `problem` is what the server said. */
export class ApiError extends Error {
  /** @param {import("./api").Problem} problem */
  constructor(problem) {
    super(problem.message || problem.reason);
    this.problem = problem;
  }
}

/** @param {Record<string, unknown>} [query] */
function search(query) {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== "") words.append(name, String(one));
    }
  }
  const text = words.toString();
  return text && `?${text}`;
}

/** The path of an experiment or a trial, each name encoded. */
export const path = (/** @type {string} */ kind, /** @type {string[]} */ ...names) =>
  `/${kind}/${names.map(encodeURIComponent).join("/")}`;

/**
 * One call.
 * @param {string} method
 * @param {string} url below /api/v1
 * @param {{query?: Record<string, unknown>, body?: unknown, signal?: AbortSignal}} [more]
 */
async function call(method, url, { query, body, signal } = {}) {
  const headers = { "X-Qalam": "1", ...(body === undefined ? {} : { "Content-Type": "application/json" }) };
  let response;
  try {
    response = await fetch(`/api/v1${url}${search(query)}`, {
      method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError({ status: 0, reason: "Unreachable", message: "The server does not answer. Is it up? (qalam status)", faults: [] });
  }
  const isJson = response.headers.get("content-type")?.includes("json");
  const answer = isJson ? await response.json() : await response.text();
  if (response.ok) return answer;
  throw new ApiError(isJson ? answer : { status: response.status, reason: response.statusText, message: String(answer), faults: [] });
}

export const get = (/** @type {string} */ url, /** @type {Record<string, unknown>} */ query, /** @type {AbortSignal} */ signal) =>
  call("GET", url, { query, signal });
export const post = (/** @type {string} */ url, /** @type {unknown} */ body = {}) => call("POST", url, { body });
export const remove = (/** @type {string} */ url) => call("DELETE", url);
export const address = (/** @type {string} */ url, /** @type {Record<string, unknown>} */ query) => `/api/v1${url}${search(query)}`;

/**
 * Hears of changes until the answer is called.
 * @param {string} watch what to hear of
 * @param {string | undefined} from `at` of an answer
 * @param {Record<string, (data: any) => void>} hear by event; `open` and `closed` tell of the line itself
 */
export function listen(watch, from, hear) {
  const source = new EventSource(`/api/v1/stream${search({ watch, from })}`);
  source.onopen = () => hear.open?.(null);
  source.onerror = () => hear.closed?.(null);
  for (const [name, take] of Object.entries(hear)) {
    if (name !== "open" && name !== "closed") {
      source.addEventListener(name, (event) => take(JSON.parse(/** @type {MessageEvent} */ (event).data)));
    }
  }
  source.addEventListener("bye", () => source.close());
  return () => source.close();
}
