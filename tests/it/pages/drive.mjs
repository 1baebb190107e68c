// Drives the dashboard in a real browser: node drive.mjs PART LINK. Prints what it saw; any fault of a
// page, any dialog and any serious fault of accessibility ends it with an error.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const [, , part, link] = process.argv;
const base = new URL(link).origin;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({
  executablePath: process.env.BROWSER,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const context = await browser.newContext({ viewport: { width: 1360, height: 900 }, colorScheme: "light" });
const page = await context.newPage();
page.setDefaultTimeout(20_000);
const faults = [];
page.on("pageerror", (error) => faults.push(error.stack));
page.on("dialog", (dialog) => { faults.push(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
page.on("console", (message) => {
  // A trial without an architecture answers 404, and a fresh page asks before it has a session.
  if (message.type() === "error" && !/status of 40[14]/.test(message.text())) faults.push(message.text());
});

/** No serious fault of accessibility on the page as it is. */
async function accessible(where) {
  // The page's own policy forbids scripts from elsewhere; the isolated world of the driver may.
  const found = await page.evaluate(`(async () => { ${axe}; return (await axe.run(document, { resultTypes: ["violations"] })).violations; })()`);
  const serious = found.filter((it) => ["serious", "critical"].includes(it.impact));
  assert.deepEqual(serious.map((it) => `${where}: ${it.id}: ${it.nodes[0].html}`), []);
}
const picture = (name) => page.screenshot({ path: `${process.env.PICTURES}/${name}.png` });
const manifest = (name, command) => `apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata: {name: ${name}}
spec:
  objective: {type: maximize, objectiveMetricName: accuracy}
  algorithm: {algorithmName: tpe}
  maxTrialCount: 30
  parallelTrialCount: 3
  parameters:
    - {name: lr, parameterType: double, feasibleSpace: {min: "0.0001", max: "1", distribution: logUniform}}
    - {name: layers, parameterType: int, feasibleSpace: {min: "1", max: "8"}}
    - {name: optimizer, parameterType: categorical, feasibleSpace: {list: [adam, sgd]}}
  trialTemplate:
    primaryContainerName: main
    trialParameters:
      - {name: lr, reference: lr}
      - {name: layers, reference: layers}
      - {name: optimizer, reference: optimizer}
    trialSpec:
      apiVersion: batch/v1
      kind: Job
      spec:
        template:
          spec:
            restartPolicy: Never
            containers:
              - name: main
                image: host
                command: [sh, -c, '${command}', "\${trialParameters.lr}", "\${trialParameters.layers}", "\${trialParameters.optimizer}"]
`;
const training = `awk "BEGIN { for (e = 1; e <= 6; e++) { a = 0.9 - 0.04 * (log($0) / 2.3 + 2) ^ 2 - 0.02 * ($1 - 5) ^ 2 - 0.5 / e; print \\"epoch=\\" e \\" accuracy=\\" a } }"`.replaceAll("'", "''");

const parts = {
  async life() {
    await page.goto(link);
    await page.getByText("No experiments yet").waitFor();
    assert.equal(new URL(page.url()).search, "", "the token does not stay in the address");
    await accessible("no experiments");

    await page.getByRole("link", { name: "New", exact: true }).click();
    const editor = page.getByLabel("manifest in YAML");
    await editor.fill(manifest("made-in-the-page", training).replace("maximize", "maximise"));
    await page.getByText("line 5:").waitFor();
    assert(await page.getByRole("button", { name: /Create/ }).isDisabled());
    await editor.fill(manifest("made-in-the-page", training));
    await page.getByText("Nothing is wrong with it.").waitFor();
    await accessible("a new experiment");
    await page.getByRole("button", { name: /Create/ }).click();

    // Live: nothing is loaded anew.
    await page.getByRole("heading", { name: "made-in-the-page" }).waitFor();
    await page.getByText("Succeeded", { exact: true }).first().waitFor({ timeout: 60_000 });
    await page.getByText("30/30").waitFor();
    await page.locator("[data-shown]", { hasText: "30 trials" }).waitFor();
    await page.locator(".plot canvas").nth(1).waitFor();
    await page.waitForTimeout(1500);
    console.log(`best ${await page.locator("[data-best]").innerText()}`);
    await accessible("an experiment");
    await picture("dashboard");

    // The upper half of the last axis, the accuracy.
    const box = await page.locator("canvas.parallel").boundingBox();
    await page.mouse.move(box.x + box.width - 56, box.y + 36);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 56, box.y + box.height / 2, { steps: 6 });
    await page.mouse.up();
    const shown = await page.locator("[data-shown]").innerText();
    const [left, all] = shown.match(/\d+/g).map(Number);
    assert(all === 30 && left > 0 && left < 30, shown);
    await page.getByRole("tab", { name: "Trials" }).click();
    await page.getByText(`${left} within the brushes`).waitFor();
    await page.reload();
    await page.getByRole("tab", { name: "Trials", selected: true }).waitFor();
    for (const tab of ["Plots", "Events", "Manifest"]) {
      await page.getByRole("tab", { name: tab }).click();
      await page.waitForTimeout(700);
      await accessible(tab);
    }
    await page.getByRole("tab", { name: "Overview" }).click();

    // One that runs on is given more, stopped and deleted.
    await page.goto(`${base}/new`);
    await editor.fill(manifest("runs-on", "echo accuracy=0.$1; sleep 300"));
    await page.getByRole("button", { name: "Create runs-on" }).click();
    await page.getByText("+3").waitFor();
    await page.getByRole("button", { name: "Budget" }).click();
    await page.getByLabel("Trials in all").fill("40");
    await page.getByRole("button", { name: "Change" }).click();
    await page.getByText("/40").waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Stop" }).click();
    await page.getByText("Failed", { exact: true }).or(page.getByText("Succeeded", { exact: true })).first().waitFor({ timeout: 40_000 });
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByRole("heading", { name: "Experiments" }).waitFor();
    await page.getByRole("link", { name: "runs-on" }).waitFor({ state: "detached" });
    console.log("deleted");
    await page.setViewportSize({ width: 390, height: 800 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert(wide <= 390, `the page is ${wide} wide on a phone`);
    await page.goto(`${base}/cluster`);
    await page.getByRole("heading", { name: "This machine" }).waitFor();
    await accessible("the machine");
  },

  async evil() {
    await page.goto(link);
    await page.getByRole("link", { name: "evil" }).click();
    await page.getByRole("tab", { name: "Trials" }).click();
    await page.getByText("<img src=x onerror=alert(1)>").first().waitFor();
    await page.locator("td a").first().click();
    await page.getByRole("tab", { name: "Log" }).click();
    await page.getByText("<script>alert(1)</script>").waitFor();
    assert.equal(await page.locator(".log .a31").first().innerText(), "red");
    await page.goto(`${base}/experiments/default/evil?tab=Plots`);
    await page.waitForTimeout(2500);
    assert.equal(await page.locator("main img, main script").count(), 0);
    const strange = await context.newPage();
    await strange.goto(`${base}/experiments/default/${encodeURIComponent("<script>alert(1)</script>")}`);
    await strange.getByRole("alert").waitFor();
    const alien = await context.request.post(`${base}/api/v1/experiments`, { data: { text: "" } });
    assert.equal(alien.status(), 403, "a change without our header is refused");
  },
};

try {
  await parts[part]();
  assert.deepEqual(faults, []);
} catch (error) {
  await page.screenshot({ path: `${process.env.PICTURES}/failed-${part}.png` }).catch(() => {});
  console.error(error, "\nfaults:", faults, "\nat:", page.url());
  process.exitCode = 1;
} finally {
  await browser.close();
}
