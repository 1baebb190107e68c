// Measures the experiment page in Chromium with many trials: `node measure.mjs LINK NS/NAME COUNT`.
// The experiment is real; its columns are replaced by COUNT made-up trials, so this times the page, not the server.
import { createRequire } from "node:module";

const [link, experiment, count] = process.argv.slice(2);
const { chromium } = createRequire(`${process.env.QALAM_NPM}/package.json`)("playwright-core");
const n = Number(count);
const list = (/** @type {(i: number) => any} */ f) => Array.from({ length: n }, (_, i) => f(i));
const random = (i, k) => ((Math.sin(i * 12.9898 + k * 78.233) * 43758.5453) % 1 + 1) % 1;
const info = (name) => ({ name, type: "double", log: false, min: 0, max: 1, step: null, choices: [], condition: null });
const score = list((i) => random(i, 9));
let best = 0;
const columns = JSON.stringify({
  total: n, sampled: false, names: list((i) => `trial-${i}`), indexes: list((i) => i), status: list(() => 0), statuses: ["Succeeded"],
  completion: list((i) => i + 1), started: list((i) => i * 1000), ended: list((i) => i * 1000 + 900), feasible: list(() => true),
  parameters: list(() => 0).slice(0, 7).map((_, k) => ({ info: info(`p${k}`), values: list((i) => random(i, k)), categories: [] })),
  metrics: [{ name: "score", role: "objective", direction: "maximize", goal: null, values: score }],
  bestSoFar: score.map((it) => (best = Math.max(best, it))), best: score.indexOf(Math.max(...score)), parallel: 2, at: "0",
});
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  await page.goto(link);
  await page.route("**/columns*", (it) => it.fulfill({ contentType: "application/json", body: columns }));
  const runs = [];
  for (let run = 0; run < 5; run += 1) {
    await page.goto(new URL(`/experiments/${experiment}`, link).href);
    await page.waitForFunction(() => document.querySelector("canvas.parallel")?.dataset.ms);
    const interactive = await page.evaluate(() => new Promise((then) => requestAnimationFrame(() => setTimeout(() => then(performance.now())))));
    const box = await page.locator("canvas.parallel").boundingBox();
    const brush = await page.evaluate(async ({ x, y }) => {
      const canvas = document.querySelector("canvas.parallel");
      canvas.setPointerCapture = () => {};
      const send = (kind, down) => canvas.dispatchEvent(new PointerEvent(kind, { clientX: x, clientY: y + down, pointerId: 1, bubbles: true }));
      send("pointerdown", 0);
      const times = [];
      for (let i = 1; i <= 10; i += 1) {
        const began = performance.now();
        send("pointermove", 20 + i * 5);
        await new Promise((then) => requestAnimationFrame(() => setTimeout(then)));
        times.push(performance.now() - began);
      }
      send("pointerup", 70);
      return times.sort((a, b) => a - b)[5];
    }, { x: box.x + 60, y: box.y - (await page.evaluate(() => 0)) + 40 });
    runs.push({ interactive, brush });
  }
  const middle = (key) => runs.map((it) => it[key]).sort((a, b) => a - b)[2].toFixed(0);
  console.log(`${n} trials: interactive ${middle("interactive")} ms, a brush with table and history ${middle("brush")} ms (medians of 5 loads)`);
} finally {
  await browser.close();
}
