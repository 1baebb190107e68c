// Asking the server: one function for every call, whose failures are Problems.

/** A call that failed, in the server's words. */
export class Failure extends Error {
  /** @param {import("../api.js").Problem} problem */
  constructor(problem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** A path of the API; parts are percent-encoded. @param {string[]} parts */
export function path(...parts) {
  return `/api/v1/${parts.map(encodeURIComponent).join("/")}`;
}

/** @param {string} where @param {{method?: string, body?: unknown, signal?: AbortSignal}} [how] @returns {Promise<any>} */
export async function ask(where, how = {}) {
  const method = how.method ?? "GET";
  const headers = /** @type {Record<string, string>} */ ({});
  if (method !== "GET") headers["X-Qalam"] = "1";
  if (how.body !== undefined) headers["Content-Type"] = "application/json";
  const body = how.body === undefined ? undefined : JSON.stringify(how.body);
  const answer = await fetch(where, { method, headers, body, signal: how.signal });
  if (answer.ok) return answer.json();
  const problem = await answer.json().catch(() => null);
  throw new Failure(problem?.message ? problem
    : { status: answer.status, reason: "Internal", message: `The server answered ${answer.status}.`, faults: [] });
}
