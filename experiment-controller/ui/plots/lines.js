// Curves and dots with uPlot, in the colours of the page; data changes in place.
import { html, useEffect, useRef } from "../lib/html.js";
import uPlotOf from "../vendor/uplot.js";

const uPlot = /** @type {any} */ (uPlotOf);

/** @param {string} name */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const palette = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

/** @typedef {{label: string, dots?: boolean, step?: boolean}} Series */

/** @param {{data: any, series: Series[], label: string, x: string}} props */
export function Lines({ data, series, label, x }) {
  const box = useRef(/** @type {any} */ (null));
  const plot = useRef(/** @type {any} */ (null));
  const newest = useRef(data);
  newest.current = data;
  const shape = JSON.stringify([series, x]);
  useEffect(() => {
    const make = () => {
      if (!box.current) return;
      plot.current?.destroy();
      const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
      plot.current = new uPlot({
        width: box.current.clientWidth, height: 250, legend: { show: series.length < 7 }, scales: { x: { time: false } }, axes: [{ ...axis, label: x, labelSize: 20 }, { ...axis, size: 62 }],
        series: [{ label: x }, ...series.map((it, i) => ({
          label: it.label, stroke: it.dots ? colour("--dots") : series.length === 2 ? colour("--mark") : palette[i % palette.length], width: it.dots ? 0 : 1.5, spanGaps: true,
          paths: it.dots ? () => null : it.step ? uPlot.paths.stepped({ align: 1 }) : undefined, points: it.dots ? { show: true, size: 4, fill: colour("--dots") } : { show: false },
        }))],
      }, newest.current, box.current);
    };
    make();
    const watch = new ResizeObserver(() => box.current && plot.current?.setSize({ width: box.current.clientWidth, height: 250 }));
    watch.observe(box.current);
    addEventListener("theme", make);
    return () => { watch.disconnect(); removeEventListener("theme", make); plot.current?.destroy(); plot.current = null; };
  }, [shape]);
  useEffect(() => { plot.current?.setData(data); }, [data]);
  return html`<div class="plot" ref=${box} role="img" aria-label=${label}></div>`;
}
