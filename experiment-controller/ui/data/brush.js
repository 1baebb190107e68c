// Brushes on axes, and which trials they leave: pure, for parallel coordinates and all that follows it.

/** @typedef {{key: string, label: string, log: boolean, low: number, high: number, categories: string[], values: (number | null)[]}} Axis */
/** @typedef {Record<string, [number, number]>} Brushes  Between which places (0 … 1) of an axis. */

/** The axes of an experiment: its parameters, then what has a direction. @param {import("../api.js").Columns} columns @returns {Axis[]} */
export function axes(columns) {
  const parameters = columns.parameters.map((it) => axis(`p:${it.info.name}`, it.info.name, it.info.log, it.categories, it.values));
  const metrics = columns.metrics.filter((it) => it.role === "objective")
    .map((it) => axis(`m:${it.name}`, it.name, false, [], it.values));
  return [...parameters, ...metrics];
}

/** @param {string} key @param {string} label @param {boolean} log @param {string[]} categories @param {(number | null)[]} values @returns {Axis} */
function axis(key, label, log, categories, values) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value === null) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) { low = 0; high = 1; }
  return { key, label, log: log && low > 0, low, high, categories, values };
}

/** Where a value lies on its axis, 0 … 1; null where inactive. @param {Axis} axis @param {number | null} value */
export function place(axis, value) {
  if (value === null) return null;
  if (axis.low === axis.high) return 0.5;
  if (!axis.log) return (value - axis.low) / (axis.high - axis.low);
  return Math.log(value / axis.low) / Math.log(axis.high / axis.low);
}

/** The value at a place: the inverse of `place`. @param {Axis} axis @param {number} at */
export function valueAt(axis, at) {
  if (!axis.log) return axis.low + at * (axis.high - axis.low);
  return axis.low * (axis.high / axis.low) ** at;
}

/** Which trials lie within all brushes: 1 or 0 each. @param {Axis[]} all @param {Brushes} brushes @param {number} count */
export function within(all, brushes, count) {
  const kept = new Uint8Array(count).fill(1);
  for (const axis of all) {
    const brush = brushes[axis.key];
    if (!brush) continue;
    for (let i = 0; i < count; i += 1) {
      const at = place(axis, axis.values[i]);
      if (at === null || at < brush[0] || at > brush[1]) kept[i] = 0;
    }
  }
  return kept;
}

/** At most `most` indexes of those that are kept, evenly spread. @param {Uint8Array} kept @param {number} most */
export function sample(kept, most) {
  const all = /** @type {number[]} */ ([]);
  for (let i = 0; i < kept.length; i += 1) if (kept[i]) all.push(i);
  if (all.length <= most) return all;
  return Array.from({ length: most }, (_, i) => all[Math.floor((i * all.length) / most)]);
}

/** Brushes as text for the address. @param {Brushes} brushes */
export function write(brushes) {
  return Object.entries(brushes).map(([key, [a, b]]) => `${encodeURIComponent(key).replace(/[~!]/g, (it) => (it === "~" ? "%7E" : "%21"))}~${a.toFixed(4)}~${b.toFixed(4)}`).join("!");
}

/** @param {string | null} text @returns {Brushes} */
export function read(text) {
  const brushes = /** @type {Brushes} */ ({});
  for (const part of (text ?? "").split("!")) {
    const [key, a, b] = part.split("~");
    let name = "";
    try { name = decodeURIComponent(key ?? ""); } catch { continue; }
    if (name && Number.isFinite(Number(a)) && Number(b) > Number(a)) brushes[name] = [Number(a), Number(b)];
  }
  return brushes;
}
