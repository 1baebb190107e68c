// The JSON API of the dashboard, version 1: every request and every answer.
// Generated from the server's types: `UPDATE=1 cargo test generated` writes it anew.
//
// All paths begin with /api/v1. Everything is JSON in UTF-8, but for files to save, reports
// (text/html), logs (text/plain) and the stream (text/event-stream). Rules that hold everywhere:
//
// - Session: the link that `qalam` prints (`http://127.0.0.1:PORT/PATH?token=TOKEN`) sets a cookie
//   (HttpOnly, SameSite=Strict) and redirects to the same PATH without the token. A token works
//   once. Without a session every call answers 401; the page then shows how to get a link, and a
//   field for one (POST /api/v1/session).
// - Every request that is not GET or HEAD carries the header `X-Qalam: 1`, else it answers 403. A
//   read-only session answers 403 to it as well (but for DELETE /session and POST /validate).
// - An answer that is no success is a `Problem`.
// - Times are milliseconds since 1970 (`Millis`). Numbers are finite, or null: never NaN or
//   Infinity. A metric that is no number has its text beside it.
// - Names, messages, log lines and values come from other people's programs: text, never HTML.
// - Namespaces and names are percent-encoded in paths.
// - Large answers are compressed where the browser takes gzip.
// - Any other path that names no file (/, /new, /experiments/NS/NAME, /trials/NS/NAME, /compare,
//   /cluster) answers index.html, so that refreshing any page works.

/** Any JSON value. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };
