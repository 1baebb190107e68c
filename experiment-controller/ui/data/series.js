// From trials and curves to what a plot wants: pure.

/** Optimisation history of the trials that are kept. @param {import("../api.js").Columns} columns @param {Uint8Array} kept */
export function history(columns, kept) {
  const values = columns.metrics.find((it) => it.role === "objective")?.values ?? [];
  const x = /** @type {number[]} */ ([]);
  const y = /** @type {(number | null)[]} */ ([]);
  const best = /** @type {(number | null)[]} */ ([]);
  for (let i = 0; i < values.length; i += 1) {
    const at = columns.completion[i];
    if (at === null) continue;
    x.push(at);
    y.push(kept[i] ? values[i] : null);
    best.push(columns.bestSoFar[i]);
  }
  return [x, y, best];
}

/** Several curves on one x; gaps are null. @param {{x: number[], y: (number | null)[]}[]} curves */
export function together(curves) {
  const x = [...new Set(curves.flatMap((it) => it.x))].sort((a, b) => a - b);
  const rank = new Map(x.map((it, i) => [it, i]));
  const rows = curves.map((curve) => {
    const row = /** @type {(number | null)[]} */ (new Array(x.length).fill(null));
    curve.x.forEach((it, i) => { row[/** @type {number} */ (rank.get(it))] = curve.y[i]; });
    return row;
  });
  return [x, ...rows];
}
