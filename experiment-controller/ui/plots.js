// What each plot shows, as ECharts' options, out of the columns of an experiment's trials. Pure
// functions; test/plots.test.js is about them. `shown` says which trials the brushes leave.
import { number, span, stated } from "./words.js";

/** @typedef {import("./api").Columns} Columns */

const DONE = new Set(["Succeeded", "EarlyStopped"]);
const COLOUR = { Succeeded: "#0072b2", EarlyStopped: "#e69f00", Running: "#56b4e9", Failed: "#d55e00", Killed: "#7f7f7f", MetricsUnavailable: "#8a7a00", Pending: "#bbbbbb" };

export const statusOf = (/** @type {Columns} */ c, /** @type {number} */ i) => c.statuses[c.status[i]];
const objective = (/** @type {Columns} */ c, k = 0) => c.metrics.filter((it) => it.role === "objective")[k];

/** The words of a tooltip about a trial. */
export function about(/** @type {Columns} */ c, /** @type {number} */ i) {
  const metrics = c.metrics.map((it) => `${it.name} ${number(it.values[i])}`);
  const parameters = c.parameters.map((it) => `${it.info.name} ${valueOf(it, i)}`);
  return [c.names[i], stated(statusOf(c, i)), ...metrics, ...parameters].join("\n");
}

/** A parameter's value as a text. */
export function valueOf(/** @type {Columns["parameters"][0]} */ column, /** @type {number} */ i) {
  const value = column.values[i];
  if (value === null) return "–";
  return column.categories.length ? column.categories[value] : number(value);
}

const tip = (/** @type {Columns} */ c) => ({ formatter: (/** @type {any} */ it) => (it.data?.i === undefined ? "" : about(c, it.data.i)) });

/** The axis of a parameter. */
function axisOf(/** @type {Columns["parameters"][0]} */ column) {
  const { info, categories } = column;
  if (categories.length) return { type: "category", data: categories, name: info.name };
  return { type: info.log ? "log" : "value", name: info.name };
}

const place = (/** @type {Columns["parameters"][0]} */ column, /** @type {number} */ i) =>
  column.categories.length ? column.categories[/** @type {number} */ (column.values[i])] : column.values[i];

/** Every trial's value in the order of completion, the best so far, and the goal. */
export function history(/** @type {Columns} */ c, /** @type {Set<number> | null} */ shown) {
  const metric = objective(c);
  if (!metric) return null;
  const points = [];
  const best = [];
  for (let i = 0; i < c.names.length; i += 1) {
    const at = c.completion[i];
    if (at === null) continue;
    if (c.bestSoFar[i] !== null) best.push([at, c.bestSoFar[i]]);
    if (metric.values[i] === null) continue;
    points.push({ value: [at, metric.values[i]], i, trial: c.names[i], itemStyle: { color: COLOUR[statusOf(c, i)], opacity: !shown || shown.has(i) ? 0.8 : 0.08 } });
  }
  const goal = metric.goal === null ? {} : { markLine: { silent: true, symbol: "none", data: [{ yAxis: metric.goal }], label: { formatter: "goal" } } };
  return {
    tooltip: tip(c), legend: {}, xAxis: { type: "value", name: "trial, in the order of completion", minInterval: 1 }, yAxis: { type: "value", name: metric.name, nameGap: 42 },
    series: [
      { name: "trial", type: "scatter", symbolSize: 7, data: points, large: points.length > 20000 },
      { name: "best so far", type: "line", step: "end", showSymbol: false, data: best, lineStyle: { width: 2 }, ...goal },
    ],
  };
}

/** How much each parameter matters. */
export function importance(/** @type {import("./api").Importance} */ it) {
  const rows = [...it.parameters].reverse();
  return {
    grid: { left: 120 }, tooltip: {}, xAxis: { type: "value", name: "share of the variance explained", min: 0, max: 1, scale: false },
    yAxis: { type: "category", data: rows.map((row) => row.name), axisLabel: { width: 100, overflow: "truncate" } },
    series: [{ type: "bar", data: rows.map((row) => Number(row.importance.toFixed(4))), label: { show: true, position: "right", formatter: (/** @type {any} */ bar) => number(bar.value, 3) } }],
  };
}

/** The objective against one parameter, coloured by when the trial came. */
export function slice(/** @type {Columns} */ c, /** @type {number} */ k, /** @type {Set<number> | null} */ shown) {
  const [metric, column] = [objective(c), c.parameters[k]];
  if (!metric || !column) return null;
  const points = [];
  for (let i = 0; i < c.names.length; i += 1) {
    if (metric.values[i] === null || column.values[i] === null || !DONE.has(statusOf(c, i))) continue;
    if (shown && !shown.has(i)) continue;
    points.push({ value: [place(column, i), metric.values[i], c.indexes[i]], i, trial: c.names[i] });
  }
  return {
    tooltip: tip(c), grid: { right: 70 }, xAxis: axisOf(column), yAxis: { type: "value", name: metric.name, nameGap: 42 },
    visualMap: { dimension: 2, min: 0, max: Math.max(1, ...c.indexes), text: ["late", "early"], right: 0, top: "middle", itemHeight: 90, inRange: { color: ["#b8d8f0", "#08306b"] } },
    series: [{ type: "scatter", symbolSize: 8, data: points }],
  };
}

/** The objective over two parameters: the mean of the trials in each field of a grid. */
export function contour(/** @type {Columns} */ c, /** @type {number} */ a, /** @type {number} */ b, /** @type {Set<number> | null} */ shown) {
  const [metric, one, other] = [objective(c), c.parameters[a], c.parameters[b]];
  if (!metric || !one || !other || a === b) return null;
  const [x, y] = [fields(one), fields(other)];
  const cells = new Map();
  for (let i = 0; i < c.names.length; i += 1) {
    const value = metric.values[i];
    if (value === null || one.values[i] === null || other.values[i] === null || (shown && !shown.has(i))) continue;
    const key = `${x.of(one.values[i])},${y.of(other.values[i])}`;
    const cell = cells.get(key) ?? { sum: 0, count: 0 };
    cell.sum += value;
    cell.count += 1;
    cells.set(key, cell);
  }
  const data = [...cells].map(([key, cell]) => [...key.split(",").map(Number), Number((cell.sum / cell.count).toPrecision(5))]);
  if (data.length === 0) return null;
  const values = data.map((it) => it[2]);
  const colours = ["#08306b", "#2b7bba", "#9ecae1", "#f2f0ea", "#fdae6b", "#d94801"];
  return {
    tooltip: { formatter: (/** @type {any} */ it) => `${one.info.name} ${x.names[it.value[0]]}\n${other.info.name} ${y.names[it.value[1]]}\n${metric.name} ${number(it.value[2])} (mean)` },
    grid: { right: 84, left: 84 }, xAxis: { type: "category", data: x.names, name: one.info.name }, yAxis: { type: "category", data: y.names, name: other.info.name, nameGap: 64 },
    visualMap: { min: Math.min(...values), max: Math.max(...values), calculable: true, right: 0, top: "middle", precision: 3, inRange: { color: metric.direction === "maximize" ? [...colours].reverse() : colours } },
    series: [{ type: "heatmap", data }],
  };
}

/** A parameter in at most twelve fields, even on its own scale. */
function fields(/** @type {Columns["parameters"][0]} */ column, count = 12) {
  if (column.categories.length) return { names: column.categories, of: (/** @type {number} */ v) => v };
  const scale = column.info.log ? Math.log : (/** @type {number} */ v) => v;
  const back = column.info.log ? Math.exp : (/** @type {number} */ v) => v;
  const known = /** @type {number[]} */ (column.values.filter((v) => v !== null)).map(scale);
  const low = known.reduce((m, v) => Math.min(m, v), Infinity);
  const width = (known.reduce((m, v) => Math.max(m, v), -Infinity) - low || 1) / count;
  const names = Array.from({ length: count }, (_, i) => number(back(low + width * (i + 0.5)), 3));
  return { names, of: (/** @type {number} */ v) => Math.min(count - 1, Math.floor((scale(v) - low) / width)) };
}

/** Reports over steps, a line for each trial; stopped ones end with a mark. */
export function curves(/** @type {import("./api").Curves} */ all) {
  const series = all.series.map((it) => ({
    id: it.trial, name: it.trial, type: "line", showSymbol: it.x.length < 2, symbolSize: 5, lineStyle: { width: it.stopped ? 1 : 1.5, type: it.stopped ? "dashed" : "solid" },
    data: it.x.map((x, i) => [x, it.y[i]]),
    ...(it.stopped && it.x.length > 0 && { markPoint: { symbol: "circle", symbolSize: 8, data: [{ coord: [it.x.at(-1), it.y.at(-1)], itemStyle: { color: "#d55e00" } }], label: { show: false } } }),
  }));
  return {
    tooltip: { trigger: "item", formatter: (/** @type {any} */ it) => (it.value ? `${it.seriesName}\n${all.x} ${it.value[0]}\n${all.metric} ${number(it.value[1])}` : it.seriesName) },
    xAxis: { type: "value", name: all.x === "step" ? "step" : "report", minInterval: 1 }, yAxis: { type: "value", name: all.metric, nameGap: 42 }, series,
  };
}

/** When each trial ran, in the slot that it had. */
export function timeline(/** @type {Columns} */ c, now = Date.now()) {
  const order = c.started.map((start, i) => ({ start, i })).filter((it) => it.start !== null).sort((a, b) => a.start - b.start);
  const free = /** @type {number[]} */ ([]);
  const data = order.map(({ start, i }) => {
    const end = c.ended[i] ?? now;
    let slot = free.findIndex((until) => until <= start);
    if (slot < 0) slot = free.length;
    free[slot] = end;
    return { value: [start, slot, end], i, trial: c.names[i], itemStyle: { color: COLOUR[statusOf(c, i)] } };
  });
  if (data.length === 0) return null;
  return {
    tooltip: { formatter: (/** @type {any} */ it) => `${about(c, it.data.i)}\ntook ${span(it.value[2] - it.value[0])}` },
    xAxis: { type: "time" }, yAxis: { type: "category", name: "slot", data: free.map((_, slot) => String(slot + 1)), splitLine: { show: false } }, dataZoom: [{ type: "inside" }],
    series: [{
      type: "custom", encode: { x: [0, 2], y: 1 }, data,
      renderItem: (/** @type {any} */ _, /** @type {any} */ api) => {
        const [from, to] = [api.coord([api.value(0), api.value(1)]), api.coord([api.value(2), api.value(1)])];
        const height = api.size([0, 1])[1] * 0.7;
        return { type: "rect", shape: { x: from[0], y: from[1] - height / 2, width: Math.max(2, to[0] - from[0]), height }, style: api.style() };
      },
    }],
  };
}

/** Two objectives against each other, and the front. */
export function pareto(/** @type {Columns} */ c, /** @type {import("./api").Pareto} */ it) {
  const [one, other] = c.metrics.filter((metric) => metric.role === "objective");
  if (!one || !other) return null;
  const points = c.names.map((trial, i) => ({ value: [one.values[i], other.values[i]], i, trial })).filter(({ value }) => value[0] !== null && value[1] !== null);
  const front = it.front.map((point) => ({ value: point.values.slice(0, 2), trial: point.trial, i: c.names.indexOf(point.trial) }));
  return {
    tooltip: tip(c), legend: {}, xAxis: { type: "value", name: one.name }, yAxis: { type: "value", name: other.name, nameGap: 42 },
    series: [{ name: "trial", type: "scatter", symbolSize: 7, itemStyle: { opacity: 0.5 }, data: points }, { name: "Pareto front", type: "scatter", symbolSize: 11, data: front }],
  };
}

/** The hypervolume over time. */
export const volume = (/** @type {import("./api").Pareto} */ it) => ({
  xAxis: { type: "value", name: "trials completed", minInterval: 1 }, yAxis: { type: "value", name: "hypervolume", nameGap: 42 },
  series: [{ type: "line", step: "end", showSymbol: false, data: it.hypervolume.map((point) => [point.completion, point.volume]) }],
});

/** How the rank of a parameter goes with the rank of a metric. */
export const ranks = (/** @type {import("./api").Correlation} */ it) => ({
  grid: { left: 120, right: 84 }, xAxis: { type: "category", data: it.metrics }, yAxis: { type: "category", data: it.parameters, axisLabel: { width: 100, overflow: "truncate" } },
  visualMap: { min: -1, max: 1, calculable: true, right: 0, top: "middle", inRange: { color: ["#0072b2", "#f2f0ea", "#d55e00"] } },
  series: [{ type: "heatmap", data: it.values.flatMap((row, y) => row.map((value, x) => [x, y, value === null ? "-" : Number(value.toFixed(3))])), label: { show: true, color: "#222" } }],
});

/** How long trials took, against what they came to. */
export function duration(/** @type {Columns} */ c, /** @type {Set<number> | null} */ shown) {
  const metric = objective(c);
  if (!metric) return null;
  const data = [];
  for (let i = 0; i < c.names.length; i += 1) {
    const [from, to, value] = [c.started[i], c.ended[i], metric.values[i]];
    if (from === null || to === null || value === null || (shown && !shown.has(i))) continue;
    data.push({ value: [(to - from) / 1000, value], i, trial: c.names[i], itemStyle: { color: COLOUR[statusOf(c, i)] } });
  }
  return { tooltip: tip(c), xAxis: { type: "value", name: "seconds" }, yAxis: { type: "value", name: metric.name, nameGap: 42 }, series: [{ type: "scatter", symbolSize: 7, data }] };
}
