// Parallel coordinates on a canvas: a line for each trial, an axis for each parameter and metric.
// Dragging along an axis brushes it; what the brushes leave is told, so that other plots follow.
import { html, useEffect, useMemo, useRef } from "../html.js";
import { axes, sampled } from "../brush.js";
import { ink } from "./chart.js";

/** More lines than this are no more than a colour on any screen; the brushes count all trials. */
const LINES_MAX = 3000;
const TOP = 34;
const BOTTOM = 22;
const SIDE = 56;

/** @param {{columns: import("../api").Columns, shown: Set<number> | null, brushes: Map<string, [number, number]>, onBrush: (name: string, range: [number, number] | null) => void, onPick: (trial: string) => void}} props */
export function Parallel({ columns, shown, brushes, onBrush, onPick }) {
  const canvas = useRef(/** @type {any} */ (null));
  const drag = useRef(/** @type {any} */ (null));
  const all = useMemo(() => axes(columns), [columns]);
  const objective = columns.metrics.find((it) => it.role === "objective");
  const lines = useMemo(() => sampled(columns.names.length, LINES_MAX, columns.best === null ? [] : [columns.best]), [columns]);
  const colours = useMemo(() => ranked(objective), [columns]);

  const draw = () => {
    const it = canvas.current;
    if (!it) return;
    const [width, height] = [it.clientWidth, it.clientHeight];
    const ratio = devicePixelRatio || 1;
    if (it.width !== width * ratio) { it.width = width * ratio; it.height = height * ratio; }
    const pen = it.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const c = ink();
    const x = (/** @type {number} */ k) => SIDE + (k * (width - 2 * SIDE)) / Math.max(1, all.length - 1);
    const y = (/** @type {number} */ at) => height - BOTTOM - at * (height - TOP - BOTTOM);
    const line = (/** @type {number} */ i) => {
      pen.beginPath();
      let up = true;
      all.forEach((axis, k) => {
        const at = axis.at[i];
        if (at === null) { up = true; return; }
        if (up) pen.moveTo(x(k), y(at)); else pen.lineTo(x(k), y(at));
        up = false;
      });
      pen.stroke();
    };
    pen.lineWidth = 1;
    pen.globalAlpha = 0.12;
    pen.strokeStyle = c.soft;
    if (shown) for (const i of lines) if (!shown.has(i)) line(i);
    pen.globalAlpha = Math.max(0.18, Math.min(0.8, 120 / Math.max(1, shown ? shown.size : lines.length)));
    for (const i of lines) if (!shown || shown.has(i)) { pen.strokeStyle = colours[i]; line(i); }
    if (columns.best !== null && (!shown || shown.has(columns.best))) {
      pen.globalAlpha = 1;
      pen.lineWidth = 2.5;
      pen.strokeStyle = c.accent;
      line(columns.best);
    }
    pen.globalAlpha = 1;
    pen.lineWidth = 1;
    pen.font = "12px system-ui, sans-serif";
    pen.textAlign = "center";
    all.forEach((axis, k) => {
      pen.strokeStyle = c.soft;
      pen.strokeRect(x(k) - 0.5, y(1), 1, y(0) - y(1));
      pen.fillStyle = c.ink;
      pen.fillText(cut(pen, axis.name, (width - 2 * SIDE) / Math.max(1, all.length - 1) - 6 || 90), x(k), 12);
      pen.fillStyle = c.soft;
      pen.fillText(axis.ends[1], x(k), 27);
      pen.fillText(axis.ends[0], x(k), height - 6);
      const brush = brushes.get(axis.name);
      if (brush) {
        pen.fillStyle = c.accent;
        pen.globalAlpha = 0.25;
        pen.fillRect(x(k) - 7, y(brush[1]), 14, y(brush[0]) - y(brush[1]));
        pen.globalAlpha = 1;
      }
    });
  };

  useEffect(() => {
    draw();
    const watch = new ResizeObserver(draw);
    watch.observe(canvas.current);
    addEventListener("theme", draw);
    return () => { watch.disconnect(); removeEventListener("theme", draw); };
  });

  const where = (event) => {
    const box = canvas.current.getBoundingClientRect();
    const gap = (box.width - 2 * SIDE) / Math.max(1, all.length - 1);
    const k = Math.max(0, Math.min(all.length - 1, Math.round((event.clientX - box.left - SIDE) / gap)));
    const at = (box.height - BOTTOM - (event.clientY - box.top)) / (box.height - TOP - BOTTOM);
    return { k, at: Math.max(0, Math.min(1, at)), near: Math.abs(event.clientX - box.left - SIDE - k * gap) < 18 };
  };
  const down = (event) => {
    const it = where(event);
    if (!it.near) return;
    canvas.current.setPointerCapture(event.pointerId);
    drag.current = { k: it.k, from: it.at };
  };
  const move = (event) => {
    if (!drag.current) return;
    const { k, from } = drag.current;
    const to = where(event).at;
    if (Math.abs(to - from) > 0.01) onBrush(all[k].name, [Math.min(from, to), Math.max(from, to)]);
  };
  const up = (event) => {
    const held = drag.current;
    drag.current = null;
    if (held) {
      if (Math.abs(where(event).at - held.from) <= 0.01) onBrush(all[held.k].name, null);
      return;
    }
    const near = nearest(where(event), all, lines, shown);
    if (near !== null) onPick(columns.names[near]);
  };
  return html`<canvas class="parallel" ref=${canvas} onPointerDown=${down} onPointerMove=${move} onPointerUp=${up}
    role="img" aria-label="parallel coordinates of ${columns.names.length} trials; drag along an axis to select"></canvas>`;
}

/** A colour for each trial, by the rank of its objective: the best are dark. */
function ranked(/** @type {any} */ objective) {
  if (!objective) return [];
  const order = objective.values.map((v, i) => [v, i]).filter(([v]) => v !== null).sort((a, b) => a[0] - b[0]);
  if (objective.direction === "maximize") order.reverse();
  const colours = objective.values.map(() => "#b0b0b0");
  order.forEach(([, i], rank) => { colours[i] = `hsl(205 75% ${28 + (46 * rank) / Math.max(1, order.length - 1)}%)`; });
  return colours;
}

/** The line closest to a place on an axis. */
function nearest({ k, at }, all, lines, shown) {
  let [best, far] = [null, 0.03];
  for (const i of lines) {
    const here = all[k].at[i];
    if (here === null || (shown && !shown.has(i))) continue;
    if (Math.abs(here - at) < far) { far = Math.abs(here - at); best = i; }
  }
  return best;
}

function cut(pen, text, width) {
  if (pen.measureText(text).width <= width) return text;
  let short = text;
  while (short.length > 3 && pen.measureText(`${short}…`).width > width) short = short.slice(0, -1);
  return `${short}…`;
}
