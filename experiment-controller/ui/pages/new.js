// A new experiment, from YAML: checked as it is written, with faults at their lines; a form writes the
// YAML of the usual parts.
import { html, useEffect, useRef, useState } from "../html.js";
import { get, path, post } from "../calls.js";
import { go } from "../app.js";
import { Fault, toast } from "../parts/bits.js";
import { useLoaded } from "../parts/load.js";
import { manifest } from "../draft.js";

const FIRST = `apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata:
  name: my-experiment
spec:
  objective: {type: maximize, objectiveMetricName: accuracy}
  maxTrialCount: 20
  parallelTrialCount: 2
  parameters:
    - name: lr
      parameterType: double
      feasibleSpace: {min: "0.0001", max: "0.1", distribution: logUniform}
  trialTemplate:
    primaryContainerName: main
    trialParameters:
      - {name: lr, reference: lr}
    trialSpec:
      apiVersion: batch/v1
      kind: Job
      spec:
        template:
          spec:
            restartPolicy: Never
            containers:
              - name: main
                image: python
                command: [python3, train.py, "--lr=\${trialParameters.lr}"]
`;

export function New({ query, session }) {
  const [text, setText] = useState(() => ("draft" in query && sessionStorage.getItem("draft")) || FIRST);
  const [checked, setChecked] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    sessionStorage.setItem("draft", text);
    const timer = setTimeout(() => post("/validate", { text }).then((it) => { setChecked(it); setError(null); }, setError), 350);
    return () => clearTimeout(timer);
  }, [text]);
  const create = async () => {
    setBusy(true);
    try {
      const made = await post("/experiments", { text });
      sessionStorage.removeItem("draft");
      if (made.warnings.length) toast(made.warnings.join("; "));
      go(path("experiments", made.namespace, made.name));
    } catch (why) {
      setError(why);
      setBusy(false);
    }
  };
  if (session.readOnly) return html`<div class="card empty">This link may look, and change nothing.</div>`;
  const faults = checked?.faults ?? [];
  return html`
    <div class="head"><h1>New experiment</h1><span class="grow"></span>
      <button class="main" disabled=${busy || !checked?.ok} onClick=${create}>Create ${checked?.name ?? ""}</button></div>
    <div class="cards">
      <section class="card"><h2>Manifest</h2><${Editor} text=${text} faults=${faults} onText=${setText} /></section>
      <section class="card"><h2>What is said of it</h2>
        ${error && html`<${Fault} error=${error} />`}
        ${checked && (faults.length === 0 ? html`<p class="s-good">Nothing is wrong with it.${checked.points === null ? "" : ` The space holds ${checked.points} points.`}</p>`
          : html`<ul>${faults.map((it) => html`<li class=${it.severity === "error" ? "bad" : ""}>${it.line && html`<b>line ${it.line}: </b>`}<code>${it.path}</code> ${it.message}</li>`)}</ul>`)}
        ${checked?.completed && html`<details><summary>With all defaults</summary><pre class="scroll">${checked.completed}</pre></details>`}
        <h2>Or fill in</h2><${Form} onText=${setText} /></section>
    </div>`;
}

/** A text with the numbers of its lines, those with faults marked. */
function Editor({ text, faults, onText }) {
  const gutter = useRef(/** @type {any} */ (null));
  const bad = new Set(faults.filter((it) => it.severity === "error").map((it) => it.line));
  const typed = (event) => {
    if (event.key !== "Tab" || event.shiftKey) return;
    event.preventDefault();
    event.target.setRangeText("  ", event.target.selectionStart, event.target.selectionEnd, "end");
    onText(event.target.value);
  };
  return html`<div class="editor"><div class="lines" ref=${gutter} aria-hidden="true">${text.split("\n").map((_, i) => html`<div>${bad.has(i + 1) ? html`<b>● ${i + 1}</b>` : i + 1}</div>`)}</div>
    <textarea aria-label="manifest in YAML" spellcheck="false" autocapitalize="off" value=${text} onInput=${(e) => onText(e.target.value)} onKeyDown=${typed}
      onScroll=${(e) => { gutter.current.scrollTop = e.target.scrollTop; }}></textarea></div>`;
}

const EMPTY = { name: "lr", type: "double", min: "0.0001", max: "0.1", list: "", log: true };

/** The usual parts of an experiment; a press writes them as YAML. */
function Form({ onText }) {
  const algorithms = useLoaded((signal) => get("/algorithms", {}, signal), []);
  const rules = useLoaded((signal) => get("/early-stopping", {}, signal), []);
  const [it, setIt] = useState({ name: "my-experiment", direction: "maximize", metric: "accuracy", algorithm: "auto", settings: {}, stopping: "", trials: "20", parallel: "2", command: "python3 train.py --lr={lr}" });
  const [parameters, setParameters] = useState([EMPTY]);
  const set = (/** @type {string} */ key, /** @type {any} */ value) => setIt({ ...it, [key]: value });
  const change = (/** @type {number} */ k, /** @type {object} */ more) => setParameters(parameters.map((old, i) => (i === k ? { ...old, ...more } : old)));
  const chosen = algorithms.data?.items.find((a) => a.name === it.algorithm);
  const field = (/** @type {string} */ key, /** @type {string} */ label, type = "text") => html`<label class="stack">${label}<input type=${type} value=${it[key]} onInput=${(e) => set(key, e.target.value)} /></label>`;
  return html`<div class="row">${field("name", "Name")}
      <label class="stack">Goal<select onChange=${(e) => set("direction", e.target.value)}><option>maximize</option><option selected=${it.direction === "minimize"}>minimize</option></select></label>
      ${field("metric", "Metric")}${field("trials", "Trials", "number")}${field("parallel", "At once", "number")}
      <label class="stack">Algorithm<select onChange=${(e) => setIt({ ...it, algorithm: e.target.value, settings: {} })}>${algorithms.data?.items.map((a) => html`<option selected=${a.name === it.algorithm}>${a.name}</option>`)}</select></label>
      <label class="stack">Early stopping<select onChange=${(e) => set("stopping", e.target.value)}><option value="">none</option>${rules.data?.items.filter((r) => r.name !== "none").map((r) => html`<option selected=${r.name === it.stopping}>${r.name}</option>`)}</select></label></div>
    ${chosen && html`<p class="soft">${chosen.about}</p><details><summary>Settings of ${chosen.name}</summary><div class="cards">${chosen.settings.map((s) => html`
      <label class="stack" title=${s.range}>${s.name} <span class="soft">${s.meaning}</span>${s.input === "choice"
        ? html`<select onChange=${(e) => set("settings", { ...it.settings, [s.name]: e.target.value })}><option value="">${s.default}</option>${s.choices.map((c) => html`<option>${c}</option>`)}</select>`
        : html`<input placeholder=${s.default} onInput=${(e) => set("settings", { ...it.settings, [s.name]: e.target.value })} />`}</label>`)}</div></details>`}
    ${parameters.map((p, k) => html`<div class="row">
      <label class="stack">Parameter<input value=${p.name} onInput=${(e) => change(k, { name: e.target.value })} /></label>
      <label class="stack">Type<select onChange=${(e) => change(k, { type: e.target.value })}>${["double", "int", "discrete", "categorical"].map((t) => html`<option selected=${t === p.type}>${t}</option>`)}</select></label>
      ${["double", "int"].includes(p.type) ? html`
        <label class="stack">From<input value=${p.min} onInput=${(e) => change(k, { min: e.target.value })} /></label>
        <label class="stack">To<input value=${p.max} onInput=${(e) => change(k, { max: e.target.value })} /></label>
        <label><input type="checkbox" checked=${p.log} onChange=${(e) => change(k, { log: e.target.checked })} /> logarithmic</label>`
      : html`<label class="stack">Values, with commas<input value=${p.list} onInput=${(e) => change(k, { list: e.target.value })} /></label>`}
      <button onClick=${() => setParameters(parameters.filter((_, i) => i !== k))} aria-label="remove ${p.name}">✕</button></div>`)}
    <div class="row"><button onClick=${() => setParameters([...parameters, { ...EMPTY, name: `p${parameters.length + 1}`, log: false }])}>Add a parameter</button></div>
    <label class="stack">Command; {name} is a parameter<input class="mono" value=${it.command} onInput=${(e) => set("command", e.target.value)} /></label>
    <div class="row"><button class="main" onClick=${() => onText(manifest(it, parameters))}>Write the manifest</button></div>`;
}
