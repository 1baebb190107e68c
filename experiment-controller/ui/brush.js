// Parallel axes as numbers: where each trial meets each axis, and which trials the brushes leave.
// Pure functions; test/brush.test.js is about them.

/** @typedef {import("./api").Columns} Columns */
/** @typedef {{name: string, at: (number | null)[], ends: [string, string], ticks: string[] | null}} Axis */

import { number } from "./words.js";

/**
 * The axes: parameters, then metrics. `at` is from 0 (bottom) to 1, null where a trial has no value.
 * @param {Columns} c
 * @returns {Axis[]}
 */
export function axes(c) {
  const parameters = c.parameters.map((it) => axis(it.info.name, it.values, it.info.log, it.categories));
  const metrics = c.metrics.map((it) => axis(it.name, it.values, false, []));
  return [...parameters, ...metrics];
}

/** @returns {Axis} */
function axis(/** @type {string} */ name, /** @type {(number | null)[]} */ values, /** @type {boolean} */ log, /** @type {string[]} */ categories) {
  if (categories.length) {
    const last = Math.max(1, categories.length - 1);
    return { name, at: values.map((v) => (v === null ? null : v / last)), ends: [categories[0], categories.at(-1) ?? ""], ticks: categories };
  }
  const scale = log ? Math.log : (/** @type {number} */ v) => v;
  let [low, high] = [Infinity, -Infinity];
  for (const v of values) if (v !== null) { low = Math.min(low, v); high = Math.max(high, v); }
  const width = scale(high) - scale(low) || 1;
  const at = values.map((v) => (v === null ? null : (scale(v) - scale(low)) / width));
  return { name, at, ends: [number(low, 3), number(high, 3)], ticks: null };
}

/**
 * The trials that every brush takes; null where there is none.
 * @param {Axis[]} all
 * @param {Map<string, [number, number]>} brushes from and to, by the name of the axis
 * @returns {Set<number> | null}
 */
export function taken(all, brushes) {
  const set = all.filter((it) => brushes.has(it.name));
  if (set.length === 0) return null;
  const left = new Set();
  for (let i = 0; i < set[0].at.length; i += 1) {
    const within = set.every((it) => {
      const [low, high] = /** @type {[number, number]} */ (brushes.get(it.name));
      const at = it.at[i];
      return at !== null && low <= at && at <= high;
    });
    if (within) left.add(i);
  }
  return left;
}

/** At most `most` of the numbers 0 … n - 1, evenly, and those in `always`. */
export function sampled(/** @type {number} */ n, /** @type {number} */ most, /** @type {number[]} */ always) {
  if (n <= most) return Array.from({ length: n }, (_, i) => i);
  const step = n / most;
  const some = new Set(Array.from({ length: most }, (_, k) => Math.floor(k * step)));
  for (const i of always) if (i >= 0) some.add(i);
  return [...some].sort((a, b) => a - b);
}
