// Drives the dashboard in real Chromium: create, watch, brush, stop, extend, delete; prints JSON.
// Usage: node pages.mjs LINK MANIFEST [SCREENSHOT_FOLDER]; NODE_PATH or QALAM_NPM names node_modules.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [link, manifest, pictures] = process.argv.slice(2);
const load = createRequire(`${process.env.QALAM_NPM}/package.json`);
const { chromium } = load("playwright-core");
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(30000);
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("console", (it) => { if (it.type() === "error" && !it.text().includes("401")) wrong.push(it.text()); });
  const shot = async (name) => { if (pictures) await page.screenshot({ path: `${pictures}/${name}.png` }); };
  const axe = async (where) => {
    await page.evaluate(readFileSync(load.resolve("axe-core/axe.min.js"), "utf8"));
    const { violations } = await page.evaluate(() => globalThis.axe.run());
    const serious = violations.filter((it) => ["serious", "critical"].includes(it.impact));
    assert.deepEqual(serious.map((it) => `${where}: ${it.id} ${it.nodes.map((n) => n.target).join(" ")}`), []);
  };

  await page.goto(link);
  await page.getByText("Nothing has been tuned here yet").waitFor();
  assert.ok(!page.url().includes("token="), "the token stays in the address");
  await axe("empty"); await shot("dashboard-empty");

  // Create: a broken manifest is refused with its line, the whole one is taken.
  await page.getByRole("link", { name: "New experiment" }).first().click();
  const editor = page.getByLabel("Manifest (YAML)");
  await editor.fill("apiVersion: kubeflow.org/v1beta1\nkind: Experiment\nmetadata: {name: x}\nspec: {}\n");
  await page.locator(".note.bad").first().waitFor();
  assert.ok(await page.getByRole("button", { name: "Create" }).isDisabled());
  await editor.fill(readFileSync(manifest, "utf8"));
  await page.getByText("Valid").waitFor();
  await axe("new");
  await page.getByRole("button", { name: "Create" }).click();

  // Watch, without a reload, until the trials are there.
  await page.waitForURL("**/experiments/**");
  await page.waitForFunction(() => Number(document.querySelector("[data-rows]")?.dataset.rows) >= 4);
  await page.locator("#best").waitFor();
  const rows = () => page.locator("[data-rows]").getAttribute("data-rows").then(Number);

  // Extend its budget while it runs, then stop it.
  await page.getByLabel("Extend by").fill("2");
  await page.getByRole("button", { name: "Extend", exact: true }).click();
  await page.getByText("of 502").waitFor();
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await page.locator("h1 + .status.Succeeded").waitFor();
  const before = await rows();

  // The numbers on the page are the API's.
  const at = new URL(page.url()).pathname;
  const told = await page.evaluate((it) => fetch(`/api/v1${it}`).then((r) => r.json()), at);
  assert.equal(Number(await page.locator("#best").textContent()), Number(told.row.best.value.toPrecision(5)));

  // Brush the last axis, the objective, to its upper half: the table follows, and the address keeps it.
  const box = await page.locator("canvas.parallel").boundingBox();
  await page.mouse.move(box.x + box.width - 50, box.y + 36);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width - 50, box.y + 90, { steps: 3 });
  await page.mouse.up();
  await page.waitForFunction((n) => Number(document.querySelector("[data-rows]").dataset.rows) < n, before);
  const brushed = await rows();
  await page.reload();
  await page.waitForFunction((n) => Number(document.querySelector("[data-rows]")?.dataset.rows) === n, brushed);
  assert.ok(page.url().includes("brush="));
  const redraw = Number(await page.locator("canvas.parallel").getAttribute("data-ms"));
  await page.getByRole("button", { name: "Clear brushes" }).click();
  await axe("experiment"); await shot("dashboard-light");
  await page.getByRole("button", { name: "Light or dark" }).click();
  await axe("dark"); await shot("dashboard-dark");
  await page.setViewportSize({ width: 390, height: 844 });
  // What is wider than a phone scrolls within itself.
  await page.waitForFunction(() => document.documentElement.scrollWidth <= innerWidth);
  await shot("dashboard-phone");
  await page.setViewportSize({ width: 1280, height: 900 });
  for (const [tab, sign] of [["curves", ".u-wrap canvas"], ["importance", "select[aria-label=Method]"], ["events", "th:text-is('Reason')"], ["yaml", "main pre"]]) {
    await page.getByRole("button", { name: tab, exact: true }).click();
    await page.locator(sign).first().waitFor();
  }

  // A trial prints tags, colours and direction marks: they are text, and nothing runs.
  await page.goto(new URL(at, link).href);
  await page.locator("#best + div a").click();
  await page.locator("#log").getByText("<script>globalThis.harmed=1</script>").first().waitFor();
  assert.equal(await page.evaluate(() => globalThis.harmed), undefined);
  await axe("trial");
  await page.getByRole("link", { name: "Cluster" }).click();
  await page.getByRole("heading", { name: "Pods" }).waitFor();
  await axe("cluster");

  await page.goto(new URL(at, link).href);
  await page.getByRole("button", { name: "Delete…" }).click();
  await page.getByRole("button", { name: "Delete it" }).click();
  await page.getByText("Nothing has been tuned here yet").waitFor();
  assert.deepEqual(wrong, []);
  console.log(JSON.stringify({ before, brushed, redraw }));
} finally {
  await browser.close();
}
