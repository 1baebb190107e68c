// A new experiment from YAML: checked as it is typed, by the same rules that admit it.
import { html, useEffect, useState } from "../lib/html.js";
import { ask, path } from "../lib/api.js";
import { go, query } from "../lib/router.js";
import { tame } from "../lib/format.js";
import { session } from "../app.js";

const example = `apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata:
  name: first
spec:
  objective: {type: maximize, objectiveMetricName: Validation-accuracy}
  algorithm: {algorithmName: tpe}
  parallelTrialCount: 2
  maxTrialCount: 20
  parameters:
    - {name: lr, parameterType: double, feasibleSpace: {min: "0.0001", max: "1", distribution: logUniform}}
  trialTemplate:
    primaryContainerName: training
    trialParameters: [{name: lr, reference: lr}]
    trialSpec:
      apiVersion: batch/v1
      kind: Job
      spec:
        template:
          spec:
            restartPolicy: Never
            containers:
              - name: training
                image: qalam
                command: [qalam, digits, "--lr=\${trialParameters.lr}", --epochs=6]
`;

export default function New() {
  const from = query.value.get("from");
  const [text, set] = useState(from ? "" : example);
  const [checked, found] = useState(/** @type {import("../api.js").Validation | null} */ (null));
  const [said, say] = useState("");
  const namespace = session.value?.namespace;
  document.title = "New experiment · Qalam";
  useEffect(() => {
    const [space, name] = (from ?? "").split("/");
    if (name) ask(`${path("experiments", space, name)}/clone`).then((it) => set(it.text), (it) => say(it.message));
  }, [from]);
  useEffect(() => {
    if (!text) return undefined;
    const stop = new AbortController();
    const timer = setTimeout(() => ask("/api/v1/validate", { method: "POST", body: { text, namespace }, signal: stop.signal }).then(found, () => {}), 250);
    return () => { clearTimeout(timer); stop.abort(); };
  }, [text]);
  const create = () => ask("/api/v1/experiments", { method: "POST", body: { text, namespace } })
    .then((it) => go(path("experiments", it.namespace, it.name).replace("/api/v1", "")), (it) => say([it.message, ...(it.problem?.faults ?? []).map((/** @type {any} */ f) => f.message)].join(" ")));
  const jump = (/** @type {number} */ line) => {
    const area = /** @type {HTMLTextAreaElement} */ (document.getElementById("manifest"));
    const start = text.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    area.focus();
    area.setSelectionRange(start, start + (text.split("\n")[line - 1] ?? "").length);
  };
  return html`<div class="row"><h1>New experiment</h1><span class="grow"></span><button class="main" disabled=${!checked?.ok || session.value?.readOnly} onClick=${create}>Create</button></div>
    <div role="status">${said && html`<div class="note bad">${tame(said, 2000)}</div>`}${checked?.ok && html`<p class="soft">Valid${checked.points !== null ? `; the space holds ${checked.points} points` : ""}.</p>`}
    ${(checked?.faults ?? []).map((/** @type {import("../api.js").Fault} */ it) => html`<div class=${`note ${it.severity === "error" ? "bad" : ""}`}>${it.line !== null && html`<button onClick=${() => jump(it.line ?? 1)}>line ${it.line}</button>`} <code>${tame(it.path)}</code> ${tame(it.message, 600)}</div>`)}</div>
    <label for="manifest">Manifest (YAML)</label><textarea id="manifest" class="code" spellcheck=${false} value=${text} onInput=${(/** @type {any} */ e) => set(e.target.value)}></textarea>`;
}
