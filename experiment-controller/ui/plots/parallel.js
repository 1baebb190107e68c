// Parallel coordinates on a canvas: drag along an axis to brush it, click it to take the brush away.
// Lines that a screen cannot tell apart are sampled; what lies outside of the brushes is drawn once,
// into a second canvas, and only copied when a brush moves.
import { html, useEffect, useMemo, useRef } from "../lib/html.js";
import { place, sample, valueAt } from "../data/brush.js";
import { number, tame } from "../lib/format.js";

const most = 1500;
const top = 34;
const bottom = 16;

/** @typedef {import("../data/brush.js").Axis} Axis */

/** @param {number} n @param {number} width @param {number} count */
const across = (n, width, count) => (count < 2 ? width / 2 : 50 + (n * (width - 100)) / (count - 1));
/** @param {string} name */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Each trial's places on all axes, once for each set of trials. @param {Axis[]} axes @param {number} count */
export function places(axes, count) {
  const all = new Float32Array(axes.length * count);
  axes.forEach((axis, a) => { for (let i = 0; i < count; i += 1) all[i * axes.length + a] = place(axis, axis.values[i]) ?? NaN; });
  return all;
}

/** @param {CanvasRenderingContext2D} pen @param {Float32Array} where @param {number[]} which @param {number} axes @param {number} width @param {number} height */
function lines(pen, where, which, axes, width, height) {
  pen.beginPath();
  for (const i of which) {
    let up = true;
    for (let a = 0; a < axes; a += 1) {
      const at = where[i * axes + a];
      if (Number.isNaN(at)) { up = true; continue; }
      const x = across(a, width, axes);
      const y = top + (1 - at) * (height - top - bottom);
      if (up) pen.moveTo(x, y); else pen.lineTo(x, y);
      up = false;
    }
  }
  pen.stroke();
}

/** @param {{axes: Axis[], kept: Uint8Array, brushes: import("../data/brush.js").Brushes, best: number | null, onBrush: (key: string, brush: [number, number] | null) => void}} props */
export function Parallel({ axes, kept, brushes, best, onBrush }) {
  const canvas = useRef(/** @type {any} */ (null));
  const behind = useRef(/** @type {{key: unknown[], canvas: HTMLCanvasElement} | null} */ (null));
  const drag = useRef(/** @type {{axis: Axis, from: number} | null} */ (null));
  const where = useMemo(() => places(axes, kept.length), [axes]);
  const draw = () => {
    const to = canvas.current;
    if (!to) return;
    const began = performance.now();
    const { clientWidth: width, clientHeight: height } = to;
    const dense = devicePixelRatio || 1;
    const theme = document.documentElement.dataset.theme;
    const key = [axes, width, height, dense, theme];
    if (!behind.current || key.some((it, i) => it !== behind.current?.key[i])) {
      const back = document.createElement("canvas");
      back.width = width * dense; back.height = height * dense;
      const pen = /** @type {CanvasRenderingContext2D} */ (back.getContext("2d"));
      pen.scale(dense, dense);
      pen.strokeStyle = colour("--line"); pen.globalAlpha = 0.6;
      lines(pen, where, sample(new Uint8Array(kept.length).fill(1), most), axes.length, width, height);
      behind.current = { key, canvas: back };
    }
    if (to.width !== width * dense) to.width = width * dense;
    if (to.height !== height * dense) to.height = height * dense;
    const pen = to.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, to.width, to.height);
    pen.drawImage(behind.current.canvas, 0, 0);
    pen.scale(dense, dense);
    const front = sample(kept, most);
    pen.strokeStyle = colour("--dots"); pen.globalAlpha = Math.max(0.12, Math.min(0.7, 60 / (front.length + 1))); pen.lineWidth = 1;
    lines(pen, where, front, axes.length, width, height);
    pen.globalAlpha = 1;
    if (best !== null) { pen.strokeStyle = colour("--mark"); pen.lineWidth = 2; lines(pen, where, [best], axes.length, width, height); }
    frame(pen, axes, brushes, width, height);
    to.dataset.ms = (performance.now() - began).toFixed(1);
    to.dataset.kept = String(front.length);
  };
  useEffect(() => {
    draw();
    const watch = new ResizeObserver(draw);
    watch.observe(canvas.current);
    addEventListener("theme", draw);
    return () => { watch.disconnect(); removeEventListener("theme", draw); };
  }, [axes, kept, brushes, best]);
  /** @param {PointerEvent} event @returns {{axis: Axis, at: number}} */
  const point = (event) => {
    const box = canvas.current.getBoundingClientRect();
    const x = event.clientX - box.left;
    let near = 0;
    axes.forEach((_, a) => { if (Math.abs(across(a, box.width, axes.length) - x) < Math.abs(across(near, box.width, axes.length) - x)) near = a; });
    return { axis: axes[near], at: 1 - (event.clientY - box.top - top) / (box.height - top - bottom) };
  };
  const down = (/** @type {PointerEvent} */ event) => {
    const { axis, at } = point(event);
    drag.current = { axis, from: at };
    canvas.current.setPointerCapture(event.pointerId);
  };
  const move = (/** @type {PointerEvent} */ event) => {
    if (!drag.current) return;
    const { at } = point(event);
    const { axis, from } = drag.current;
    if (Math.abs(at - from) > 0.02) onBrush(axis.key, [Math.max(0, Math.min(at, from)), Math.min(1, Math.max(at, from))]);
  };
  const up = (/** @type {PointerEvent} */ event) => {
    if (drag.current && Math.abs(point(event).at - drag.current.from) <= 0.02) onBrush(drag.current.axis.key, null);
    drag.current = null;
  };
  const label = `Parallel coordinates of ${axes.map((it) => it.label).join(", ")}; ${Object.keys(brushes).length} brushed. The table below has the same numbers.`;
  return html`<canvas class="parallel" ref=${canvas} role="img" aria-label=${tame(label, 500)} onPointerDown=${down} onPointerMove=${move} onPointerUp=${up}></canvas>`;
}

/** Axes, their names and ends, and the brushes. @param {CanvasRenderingContext2D} pen @param {Axis[]} axes @param {import("../data/brush.js").Brushes} brushes @param {number} width @param {number} height */
function frame(pen, axes, brushes, width, height) {
  pen.lineWidth = 1; pen.font = "12px system-ui, sans-serif"; pen.textAlign = "center";
  axes.forEach((axis, a) => {
    const x = across(a, width, axes.length);
    const room = Math.max(60, width / axes.length - 8);
    pen.strokeStyle = colour("--soft"); pen.fillStyle = colour("--text");
    pen.beginPath(); pen.moveTo(x, top); pen.lineTo(x, height - bottom); pen.stroke();
    pen.fillText(tame(axis.label, 40), x, 12, room);
    pen.fillStyle = colour("--soft");
    const end = (/** @type {number} */ at) => (axis.categories.length ? tame(axis.categories[Math.round(valueAt(axis, at))] ?? "", 20) : number(valueAt(axis, at)));
    pen.fillText(end(1), x, 27, room); pen.fillText(end(0), x, height - 3, room);
    const brush = brushes[axis.key];
    if (!brush) return;
    const y = (/** @type {number} */ at) => top + (1 - at) * (height - top - bottom);
    pen.fillStyle = colour("--mark"); pen.globalAlpha = 0.35;
    pen.fillRect(x - 8, y(brush[1]), 16, y(brush[0]) - y(brush[1])); pen.globalAlpha = 1;
  });
}
