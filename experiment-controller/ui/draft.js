// The manifest that the form writes. A pure function; test/draft.test.js is about it.

/** A text as YAML reads it back, whatever is in it. */
const quoted = (/** @type {string} */ text) => JSON.stringify(text);

/** The words of a command line, as a shell would split it, without what only a shell can do. */
export function words(/** @type {string} */ line) {
  const found = line.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? [];
  return found.map((it) => it.replace(/"([^"]*)"|'([^']*)'/g, (_, one, other) => one ?? other));
}

/**
 * @param {{name: string, direction: string, metric: string, algorithm: string, settings: Record<string, string>, stopping: string, trials: string, parallel: string, command: string}} it
 * @param {{name: string, type: string, min: string, max: string, list: string, log: boolean}[]} parameters
 */
export function manifest(it, parameters) {
  const space = (/** @type {typeof parameters[0]} */ p) => (["double", "int"].includes(p.type)
    ? `{min: ${quoted(p.min)}, max: ${quoted(p.max)}${p.log ? ", distribution: logUniform" : ""}}`
    : `{list: [${p.list.split(",").map((v) => quoted(v.trim())).join(", ")}]}`);
  const settings = Object.entries(it.settings).filter(([, value]) => value !== "");
  const names = new Set(parameters.map((p) => p.name));
  const filled = (/** @type {string} */ word) => word.replace(/\{(\w[\w.-]*)\}/g, (all, name) => (names.has(name) ? `\${trialParameters.${name}}` : all));
  return [
    "apiVersion: kubeflow.org/v1beta1", "kind: Experiment", `metadata: {name: ${quoted(it.name)}}`, "spec:",
    `  objective: {type: ${it.direction}, objectiveMetricName: ${quoted(it.metric)}}`,
    `  algorithm:`, `    algorithmName: ${it.algorithm}`,
    ...(settings.length ? ["    algorithmSettings:", ...settings.map(([name, value]) => `      - {name: ${name}, value: ${quoted(value)}}`)] : []),
    ...(it.stopping ? [`  earlyStopping: {algorithmName: ${it.stopping}}`] : []),
    `  maxTrialCount: ${Number(it.trials) || 1}`, `  parallelTrialCount: ${Number(it.parallel) || 1}`, "  parameters:",
    ...parameters.flatMap((p) => [`    - name: ${quoted(p.name)}`, `      parameterType: ${p.type}`, `      feasibleSpace: ${space(p)}`]),
    "  trialTemplate:", "    primaryContainerName: main", "    trialParameters:",
    ...parameters.map((p) => `      - {name: ${quoted(p.name)}, reference: ${quoted(p.name)}}`),
    "    trialSpec:", "      apiVersion: batch/v1", "      kind: Job", "      spec:", "        template:", "          spec:",
    "            restartPolicy: Never", "            containers:", "              - name: main", "                image: python",
    `                command: [${words(it.command).map((word) => quoted(filled(word))).join(", ")}]`, "",
  ].join("\n");
}
