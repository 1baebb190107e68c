// A plot by ECharts, which is loaded when the first one is shown. Texts are drawn, never put into the
// page as HTML, so that no name of a trial can be more than a text.
import { html, useEffect, useRef } from "../html.js";

/** @type {Promise<any> | null} */
let library = null;
const loaded = () => (library ??= import("../vendor/echarts.mjs"));

/** Told apart also by who sees no red or green (Okabe and Ito, 2008). */
export const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a7a00", "#7f7f7f"];

/** The page's colours, as they are now. */
export function ink() {
  const style = getComputedStyle(document.documentElement);
  const of = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  return { ink: of("--ink"), soft: of("--soft"), line: of("--line"), card: of("--card"), accent: of("--accent"), bad: of("--bad"), warn: of("--warn"), good: of("--good"), well: of("--well") };
}

/** What all plots have in common. */
function dressed(/** @type {any} */ option) {
  const c = ink();
  const axis = (/** @type {any} */ it) => ({
    nameLocation: "middle", nameGap: 28, nameTextStyle: { color: c.soft }, axisLabel: { color: c.soft, hideOverlap: true },
    axisLine: { lineStyle: { color: c.line } }, splitLine: { lineStyle: { color: c.line } }, scale: true, ...it,
  });
  const axes = (/** @type {any} */ it) => it && (Array.isArray(it) ? it.map(axis) : axis(it));
  return {
    animation: false, color: COLOURS, textStyle: { fontFamily: "system-ui, sans-serif" },
    tooltip: { renderMode: "richText", confine: true, backgroundColor: c.card, borderColor: c.line, textStyle: { color: c.ink, fontSize: 12 }, ...option.tooltip },
    grid: { left: 56, right: 18, top: 28, bottom: 44, ...option.grid },
    legend: option.legend && { textStyle: { color: c.soft }, type: "scroll", top: 0, ...option.legend },
    ...Object.fromEntries(Object.entries(option).filter(([name]) => !["tooltip", "grid", "legend", "xAxis", "yAxis"].includes(name))),
    ...(option.xAxis && { xAxis: axes(option.xAxis) }), ...(option.yAxis && { yAxis: axes(option.yAxis) }),
  };
}

/** A plot; `option` is what ECharts draws, `onPick` hears of a click on something with a `trial`. */
export function Chart({ option, label, onPick, tall }) {
  const place = useRef(/** @type {any} */ (null));
  const chart = useRef(/** @type {any} */ (null));
  const pick = useRef(onPick);
  pick.current = onPick;
  const drawn = useRef(option);
  drawn.current = option;
  useEffect(() => {
    let gone = false;
    let watch = /** @type {ResizeObserver | null} */ (null);
    const theme = () => chart.current?.setOption(dressed(drawn.current), true);
    loaded().then((echarts) => {
      if (gone) return;
      chart.current = echarts.init(place.current, null, { renderer: "canvas" });
      chart.current.setOption(dressed(drawn.current), true);
      chart.current.on("click", (event) => pick.current?.(event.data?.trial ?? event.seriesId));
      watch = new ResizeObserver(() => chart.current?.resize());
      watch.observe(place.current);
      addEventListener("theme", theme);
    });
    return () => {
      gone = true;
      watch?.disconnect();
      removeEventListener("theme", theme);
      chart.current?.dispose();
    };
  }, []);
  useEffect(() => { chart.current?.setOption(dressed(option), true); }, [option]);
  return html`<div class="plot ${tall ? "tall" : ""}" ref=${place} role="img" aria-label=${label}></div>`;
}
