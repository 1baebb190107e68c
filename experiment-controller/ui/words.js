// Numbers, times and states as people read them. Pure functions; test/words.test.js is about them.

/** A number, short: at most `digits` digits that count. */
export function number(/** @type {number | null | undefined} */ value, digits = 5) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value !== 0 && (Math.abs(value) < 1e-4 || Math.abs(value) >= 1e7)) return value.toExponential(2);
  return String(Number(value.toPrecision(digits)));
}

/** Milliseconds as the two largest units: 1h 5m. */
export function span(/** @type {number | null} */ ms) {
  if (ms === null || !Number.isFinite(ms)) return "–";
  if (ms < 1000) return `${Math.max(0, Math.round(ms))}ms`;
  const units = /** @type {[string, number][]} */ ([["d", 86400], ["h", 3600], ["m", 60], ["s", 1]]);
  let left = Math.round(ms / 1000);
  const parts = [];
  for (const [name, size] of units) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0) parts.push(`${count}${name}`);
  }
  return parts.slice(0, 2).join(" ");
}

/** How long ago. */
export const ago = (/** @type {number | null} */ then, now = Date.now()) => (then === null ? "–" : span(now - then));

/** Bytes in powers of 1024. */
export function bytes(/** @type {number | null} */ count) {
  if (count === null) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let power = 0;
  let value = count;
  while (value >= 1024 && power < units.length - 1) { value /= 1024; power += 1; }
  return `${number(value, 3)} ${units[power]}`;
}

/** The class of a state's colour. */
export function tone(/** @type {string} */ status) {
  switch (status) {
    case "Succeeded": return "s-good";
    case "Running": case "Restarting": case "Created": return "s-run";
    case "EarlyStopped": case "MetricsUnavailable": case "Paused": case "Pending": return "s-warn";
    case "Failed": return "s-bad";
    default: return "s-idle";
  }
}

/** A state in words. */
export function stated(/** @type {string} */ status) {
  return { EarlyStopped: "Stopped early", MetricsUnavailable: "No metrics" }[status] ?? status;
}

/**
 * Text with ANSI colours as runs of text and classes; every other control sequence is dropped.
 * @returns {{text: string, classes: string}[]}
 */
export function ansi(/** @type {string} */ text) {
  const runs = [];
  let classes = new Set();
  let from = 0;
  // eslint-disable-next-line no-control-regex
  for (const found of text.matchAll(/\u001b\[([0-9;?]*)([A-Za-z])/g)) {
    if (found.index > from) runs.push({ text: plain(text.slice(from, found.index)), classes: [...classes].join(" ") });
    from = found.index + found[0].length;
    if (found[2] !== "m") continue;
    for (const code of (found[1] || "0").split(";").map(Number)) {
      if (code === 0) classes = new Set();
      else if (code === 39) classes = new Set([...classes].filter((it) => !/^a(3|9)\d$/.test(it)));
      else if (code < 10 || (code >= 30 && code < 38) || (code >= 90 && code < 98)) classes.add(`a${code}`);
    }
  }
  if (from < text.length) runs.push({ text: plain(text.slice(from)), classes: [...classes].join(" ") });
  return runs;
}

/** Without control characters, other than the end of a line and the tab. */
function plain(/** @type {string} */ text) {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, "");
}
