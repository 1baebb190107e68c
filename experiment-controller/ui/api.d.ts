// The JSON API of the dashboard, version 1: every request and every answer.
//
// All paths begin with /api/v1. Everything is JSON in UTF-8, but for manifests (text/yaml), reports
// (text/html), logs (text/plain) and the stream (text/event-stream). Rules that hold everywhere:
//
// - Session: the link that `qalam` prints (`http://127.0.0.1:PORT/PATH?token=TOKEN`) sets the cookie
//   `qalam_session` (HttpOnly, SameSite=Strict) and redirects to the same PATH without the token. A
//   token works once. Without a session every call answers 401; the page then shows how to get a
//   link, and a field for one (POST /api/v1/session).
// - Every request that is not GET or HEAD carries the header `X-Qalam: 1`, else it answers 403. A
//   read-only session answers 403 to it as well.
// - An answer that is no success is a `Problem`.
// - Times are milliseconds since 1970 (`Millis`). Numbers are finite, or null: never NaN or Infinity.
//   A metric that is no number has its text beside it.
// - Names, messages, log lines and values come from other people's programs: they are text, never HTML.
// - `NS` is a namespace, `NAME` an experiment's or trial's name; both are percent-encoded in paths.
// - Large answers are compressed where the browser takes gzip.
// - Any other path without a dot (/, /new, /experiments/NS/NAME, /trials/NS/NAME, /compare, /cluster)
//   answers index.html, so that refreshing any page works.

/** Milliseconds since 1970-01-01 UTC. */
export type Millis = number;

/** How a trial stands. */
export type TrialStatus =
  | "Pending" | "Running" | "Succeeded" | "Failed" | "Killed" | "EarlyStopped" | "MetricsUnavailable";

/** How an experiment stands. `Paused`: it keeps what it has and starts nothing new. */
export type ExperimentStatus =
  | "Created" | "Running" | "Restarting" | "Paused" | "Succeeded" | "Failed" | "Deleting";

/** Every call. The key is method and path; `query` is the query string, `body` the request. */
export interface Routes {
  // Session and links.
  "GET /api/v1/session": { answer: Session };
  "POST /api/v1/session": { body: TokenRequest; answer: Session };
  /** Ends this session. */
  "DELETE /api/v1/session": { answer: Done };
  /** All sessions and unused links (page Cluster, tokens). Only for sessions that may write. */
  "GET /api/v1/links": { answer: LinkList };
  /** Makes a link to hand on: read-only, or bound to namespaces, or both. */
  "POST /api/v1/links": { body: LinkRequest; answer: Link };
  /** Ends a session, or takes back a link. */
  "DELETE /api/v1/links/{id}": { answer: Done };

  // What there is to choose from.
  "GET /api/v1/namespaces": { answer: NamespaceList };
  "GET /api/v1/algorithms": { answer: AlgorithmList };
  "GET /api/v1/early-stopping": { answer: AlgorithmList };
  /** The JSON schema of an Experiment, descriptions and enumerations included. */
  "GET /api/v1/schema/experiment": { answer: JsonValue };
  /** Reads, completes and checks a manifest (YAML or JSON); creates nothing. Always 200. */
  "POST /api/v1/validate": { body: ManifestRequest; answer: Validation };
  "GET /api/v1/openapi.json": { answer: JsonValue };

  // Experiments.
  "GET /api/v1/experiments": { query: ExperimentQuery; answer: ExperimentPage };
  /** Creates an experiment from its manifest. 422 with faults where it is refused. */
  "POST /api/v1/experiments": { body: ManifestRequest; answer: Created };
  "POST /api/v1/experiments/bulk": { body: BulkRequest; answer: BulkAnswer };
  "GET /api/v1/experiments/{namespace}/{name}": { answer: ExperimentDetail };
  "DELETE /api/v1/experiments/{namespace}/{name}": { answer: Done };
  "POST /api/v1/experiments/{namespace}/{name}/pause": { answer: Done };
  /** Goes on after a pause, a stop, or the end of the budget (then with a larger budget). */
  "POST /api/v1/experiments/{namespace}/{name}/resume": { body: BudgetRequest; answer: Done };
  "POST /api/v1/experiments/{namespace}/{name}/stop": { answer: Done };
  /** Changes the budget of an experiment. */
  "POST /api/v1/experiments/{namespace}/{name}/budget": { body: BudgetRequest; answer: Done };
  /** Asks for one trial at this point next. Every parameter must have a value. */
  "POST /api/v1/experiments/{namespace}/{name}/enqueue": { body: EnqueueRequest; answer: Done };
  /** A manifest of a new experiment like this one, for the page New; creates nothing. */
  "GET /api/v1/experiments/{namespace}/{name}/clone": { answer: ManifestText };
  "GET /api/v1/experiments/{namespace}/{name}/trials": { query: TrialQuery; answer: TrialPage };
  "GET /api/v1/experiments/{namespace}/{name}/columns": { query: ColumnsQuery; answer: Columns };
  "GET /api/v1/experiments/{namespace}/{name}/curves": { query: CurvesQuery; answer: Curves };
  "GET /api/v1/experiments/{namespace}/{name}/importance": { query: ImportanceQuery; answer: Importance };
  "GET /api/v1/experiments/{namespace}/{name}/correlation": { answer: Correlation };
  "GET /api/v1/experiments/{namespace}/{name}/pareto": { answer: Pareto };
  "GET /api/v1/experiments/{namespace}/{name}/events": { answer: EventList };
  "GET /api/v1/experiments/{namespace}/{name}/manifest": { query: ManifestQuery; answer: ManifestText };
  /** All trials as a file (text/csv or application/json), to save. */
  "GET /api/v1/experiments/{namespace}/{name}/export": { query: ExportQuery; answer: string };
  /** A self-contained HTML page, to save and to send. */
  "GET /api/v1/experiments/{namespace}/{name}/report": { answer: string };

  // Trials.
  "GET /api/v1/trials/{namespace}/{name}": { answer: TrialDetail };
  /** Ends a running trial; it counts as killed. */
  "POST /api/v1/trials/{namespace}/{name}/stop": { answer: Done };
  /** All metrics of one trial. */
  "GET /api/v1/trials/{namespace}/{name}/curves": { query: TrialCurvesQuery; answer: TrialCurves };
  "GET /api/v1/trials/{namespace}/{name}/events": { answer: EventList };
  "GET /api/v1/trials/{namespace}/{name}/manifest": { query: ManifestQuery; answer: ManifestText };
  /** The log as text/plain; with follow=true a stream of text that ends with the container. */
  "GET /api/v1/trials/{namespace}/{name}/logs": { query: LogQuery; answer: string };
  /** 404 where the experiment searches no architectures. */
  "GET /api/v1/trials/{namespace}/{name}/architecture": { answer: Architecture };

  "GET /api/v1/cluster": { query: NamespaceQuery; answer: Cluster };

  /** Server-sent events; see StreamQuery and StreamEvents. */
  "GET /api/v1/stream": { query: StreamQuery; answer: string };
}

/** What every failed call answers. */
export interface Problem {
  /** HTTP status. */
  status: number;
  /** One word: Unauthorized, Forbidden, NotFound, Invalid, Conflict, BadRequest, NotImplemented, Unavailable, Internal … */
  reason: string;
  /** What is wrong and what to do, in words. */
  message: string;
  /** Each fault of a refused manifest or request; often empty. */
  faults: Fault[];
}

/** One thing that is wrong with a manifest. */
export interface Fault {
  /** `error` refuses the manifest; `warning` does not. */
  severity: "error" | "warning";
  /** Such as `spec.parameters[2].feasibleSpace.min`; empty for the whole text. */
  path: string;
  /** What is wrong and what to do. */
  message: string;
  /** Line of the text, from 1; null when it cannot be told. */
  line: number | null;
  /** Column, from 1. */
  column: number | null;
  /** Last line that it concerns. */
  endLine: number | null;
}

/** Something was done. */
export interface Done {
  /** A sentence for people. */
  message: string;
}

// ---------------------------------------------------------------------------------- session, links

export interface Session {
  /** Version of qalam. */
  version: string;
  /** Changes nothing: hide the actions. */
  readOnly: boolean;
  /** The namespaces it may see; null for all. */
  namespaces: string[] | null;
  /** The namespace to begin with. */
  namespace: string;
  /** `home` (this machine) or `cluster`. */
  home: "home" | "cluster";
  /** Whether pause/resume/enqueue are there; else these calls answer 501. */
  features: Features;
  expires: Millis;
}

export interface Features {
  pause: boolean;
  enqueue: boolean;
  logs: boolean;
}

export interface TokenRequest {
  /** A token, or a whole link with one in it. */
  token: string;
}

export interface LinkRequest {
  readOnly: boolean;
  /** Bound to these; null for all that the asking session has. */
  namespaces: string[] | null;
  /** Page to open, such as /experiments/default/quickstart. */
  path: string;
  /** How long the session that it opens lasts, in seconds; null for a day. */
  lifetimeSeconds: number | null;
}

export interface Link {
  id: string;
  url: string;
  /** Until when it can be opened. */
  expires: Millis;
}

export interface LinkList {
  items: LinkRow[];
}

export interface LinkRow {
  id: string;
  kind: "link" | "session";
  readOnly: boolean;
  namespaces: string[] | null;
  created: Millis;
  expires: Millis;
  /** It is the one that asks. */
  current: boolean;
}

export interface NamespaceList {
  /** Those that the session may see. */
  items: string[];
}

// ------------------------------------------------------------------------------------ experiments

export interface ExperimentQuery {
  /** Of this namespace; all that the session may see when absent. */
  namespace?: string;
  /** Words that name, algorithm or objective contain; all must. */
  q?: string;
  /** One or more of ExperimentStatus, separated by commas. */
  status?: string;
  /** Default created. */
  sort?: "name" | "namespace" | "status" | "algorithm" | "created" | "progress" | "best" | "trials";
  /** Default desc. */
  order?: "asc" | "desc";
  /** Default 0. */
  offset?: number;
  /** Default 50, at most 500. */
  limit?: number;
}

export interface ExperimentPage {
  items: ExperimentRow[];
  /** Matches of the query, of which `items` is a part. */
  total: number;
  offset: number;
  /** How many experiments of the namespace(s) stand how, whatever the search. */
  statuses: Record<string, number>;
  /** False while the server still reads what there is (for a moment after its start). */
  complete: boolean;
  /** Where the stream is: open it with `from` to miss nothing. */
  at: string;
}

export interface ExperimentRow {
  namespace: string;
  name: string;
  uid: string;
  status: ExperimentStatus;
  /** Why, in words; often empty. */
  message: string;
  /** `hp`: hyperparameters; `nas`: architectures. */
  kind: "hp" | "nas";
  algorithm: string;
  /** Name of the early-stopping rule; null without one. */
  earlyStopping: string | null;
  objectives: ObjectiveInfo[];
  counts: Counts;
  /** How many trials may complete; null without bound. */
  maxTrials: number | null;
  parallel: number;
  /** 0 … 1, completed of maxTrials; null without bound. */
  progress: number | null;
  best: BestValue | null;
  /** Best so far of the first objective in equal steps of completion; at most 32 values. */
  sparkline: (number | null)[];
  created: Millis;
  started: Millis | null;
  ended: Millis | null;
}

export interface ObjectiveInfo {
  metric: string;
  direction: "minimize" | "maximize";
  goal: number | null;
}

export interface Counts {
  total: number;
  pending: number;
  running: number;
  succeeded: number;
  failed: number;
  killed: number;
  earlyStopped: number;
  metricsUnavailable: number;
}

export interface BestValue {
  trial: string;
  /** Value of the first objective. */
  value: number | null;
  /** The same as it was reported. */
  text: string;
}

export interface ExperimentDetail {
  row: ExperimentRow;
  parameters: ParameterInfo[];
  constraints: ConstraintInfo[];
  /** Metrics that are recorded beside objectives and constraints. */
  additionalMetrics: string[];
  algorithmSettings: NameValue[];
  earlyStoppingSettings: NameValue[];
  resumePolicy: string;
  maxFailedTrials: number | null;
  /** Kind of workload, such as Job. */
  workload: string;
  /** The best trial; null before one has succeeded. */
  best: BestTrial | null;
  conditions: Condition[];
  labels: NameValue[];
  annotations: NameValue[];
  /** Which actions make sense now: pause, resume, stop, budget, enqueue, delete, clone. */
  actions: string[];
  at: string;
}

export interface ParameterInfo {
  name: string;
  type: "double" | "int" | "discrete" | "categorical";
  /** Draw it on a logarithmic axis. */
  log: boolean;
  min: number | null;
  max: number | null;
  step: number | null;
  /** Choices of discrete and categorical ones. */
  choices: string[];
  /** Only where another parameter has one of some values; in words, else null. */
  condition: string | null;
}

export interface ConstraintInfo {
  metric: string;
  comparison: "less" | "greater";
  value: number | null;
}

export interface NameValue {
  name: string;
  value: string;
}

export interface BestTrial {
  trial: string;
  parameters: NameValue[];
  metrics: MetricValue[];
  /** `--lr=0.01 --depth=3`, ready for a shell. */
  arguments: string;
  /** The command that the trial ran, ready for a shell; empty when it has none. */
  command: string;
}

export interface MetricValue {
  name: string;
  /** The value that counts (smallest, largest or latest). */
  value: number | null;
  /** The same as it was reported. */
  text: string;
  min: string;
  max: string;
  latest: string;
}

export interface Condition {
  type: string;
  status: string;
  reason: string;
  message: string;
  /** When it last changed. */
  time: Millis | null;
}

// ----------------------------------------------------------------------------------------- trials

export interface TrialQuery {
  offset?: number;
  /** Default 100, at most 1000. */
  limit?: number;
  /** name, index, status, started, ended, duration, completion, `parameter:NAME` or `metric:NAME`.
   *  Default index. Trials without the value come last, whatever the order. */
  sort?: string;
  /** Default asc. */
  order?: "asc" | "desc";
  /** One or more of TrialStatus, separated by commas. */
  status?: string;
  /** Text that the name contains. */
  q?: string;
  /** Repeatable; all must hold: `parameter:NAME=LOW..HIGH` (either may be missing),
   *  `parameter:NAME=a|b`, `metric:NAME=LOW..HIGH`. */
  where?: string[];
}

export interface TrialPage {
  items: TrialRow[];
  total: number;
  offset: number;
  /** Names in the order of `TrialRow.parameters` and `TrialRow.metrics`. */
  parameters: string[];
  metrics: string[];
  at: string;
}

export interface TrialRow {
  name: string;
  /** Which suggestion of the experiment it is, from 0. */
  index: number;
  status: TrialStatus;
  /** Order of completion; null before. */
  completion: number | null;
  /** As text, in the order of the page's (or the experiment's) parameters; null where inactive. */
  parameters: (string | null)[];
  /** In the order of `metrics`: objectives, constraints, then additional ones. */
  metrics: (number | null)[];
  /** Keeps every constraint. */
  feasible: boolean;
  started: Millis | null;
  ended: Millis | null;
}

export interface ColumnsQuery {
  /** At most so many trials; default 10000. Beyond it they are sampled (best, newest, extremes
   *  always among them). 0 for all. */
  limit?: number;
}

/** Trials column by column, for plots: the i-th entry of each list is the same trial. In the order
 *  of completion, unfinished ones last. */
export interface Columns {
  total: number;
  /** Fewer trials than there are. */
  sampled: boolean;
  names: string[];
  indexes: number[];
  /** Indexes into `statuses`. */
  status: number[];
  statuses: TrialStatus[];
  completion: (number | null)[];
  started: (Millis | null)[];
  ended: (Millis | null)[];
  /** False where a constraint is broken. */
  feasible: boolean[];
  parameters: ParameterColumn[];
  metrics: MetricColumn[];
  /** Best feasible value of the first objective among the trials completed so far (all trials, also
   *  those left out); null before there is one. */
  bestSoFar: (number | null)[];
  /** Index into these lists of the best trial; null without one. */
  best: number | null;
  /** How many trials may run at once. */
  parallel: number;
  at: string;
}

export interface ParameterColumn {
  info: ParameterInfo;
  /** Numbers, or indexes into `categories` where that is not empty; null where inactive. */
  values: (number | null)[];
  categories: string[];
}

export interface MetricColumn {
  name: string;
  role: "objective" | "constraint" | "additional";
  /** Null for what is neither to be minimised nor maximised. */
  direction: "minimize" | "maximize" | null;
  goal: number | null;
  values: (number | null)[];
}

// ----------------------------------------------------------------------------------------- curves

export interface CurvesQuery {
  /** Names, separated by commas; these only. */
  trials?: string;
  /** Which, when none are named: those that run and the best (default), the newest, or all by index. */
  pick?: "best" | "newest" | "all";
  /** Default 50, at most 500 trials. */
  limit?: number;
  /** Default the first objective's. */
  metric?: string;
  /** At most so many points of each curve, extremes kept; default 200, at most 10000. */
  points?: number;
}

export interface Curves {
  metric: string;
  /** What x is: the step that the program tells, else the ordinal of the report from 1. */
  x: "step" | "ordinal";
  series: Curve[];
  /** Trials of the experiment. */
  total: number;
  at: string;
}

export interface Curve {
  trial: string;
  metric: string;
  status: TrialStatus;
  /** Stopped by an early-stopping rule: mark the last point. */
  stopped: boolean;
  /** Points before down-sampling. */
  total: number;
  x: number[];
  y: (number | null)[];
  /** When each was reported; null when nobody knows. */
  time: (Millis | null)[];
}

export interface TrialCurvesQuery {
  /** Default 2000, at most 100000. */
  points?: number;
}

export interface TrialCurves {
  trial: string;
  series: Curve[];
  at: string;
}

// --------------------------------------------------------------------------------------- analysis

export interface ImportanceQuery {
  /** Default fanova. */
  method?: "fanova" | "ped-anova";
  /** Metric to explain; default the first objective's. */
  metric?: string;
}

export interface Importance {
  method: "fanova" | "ped-anova";
  /** Its name and reference, to be shown. */
  about: string;
  metric: string;
  /** On how many completed trials. */
  trials: number;
  /** Largest first; they sum to 1 (or are all 0). */
  parameters: ImportanceOf[];
  /** Why there is none yet (too few trials, all values equal); else empty. */
  note: string;
}

export interface ImportanceOf {
  name: string;
  importance: number;
}

export interface Correlation {
  method: "spearman";
  about: string;
  trials: number;
  parameters: string[];
  metrics: string[];
  /** One row for each parameter, one entry for each metric, -1 … 1; null where it has no meaning
   *  (categories without order, constant values). */
  values: (number | null)[][];
  note: string;
}

export interface Pareto {
  objectives: ObjectiveInfo[];
  /** Feasible trials that no other beats in all objectives, by the first objective. */
  front: ParetoPoint[];
  /** Hypervolume of the front over time; larger is better. Empty with one objective. */
  hypervolume: VolumePoint[];
  /** The point that volumes are measured from, one value for each objective. */
  reference: number[];
  about: string;
  at: string;
}

export interface ParetoPoint {
  trial: string;
  values: number[];
  parameters: NameValue[];
}

export interface VolumePoint {
  completion: number;
  volume: number;
}

// ------------------------------------------------------------------------------ events, manifests

export interface EventList {
  items: EventRow[];
}

export interface EventRow {
  type: "Normal" | "Warning";
  reason: string;
  message: string;
  /** Such as Trial/quickstart-abc. */
  object: string;
  source: string;
  count: number;
  first: Millis | null;
  last: Millis | null;
}

export interface ManifestQuery {
  /** With managedFields, status and what the server filled in; default true. */
  full?: boolean;
  /** yaml answers text/yaml with a file name, to save; json (default) the object below. */
  format?: "json" | "yaml";
}

export interface ManifestText {
  /** YAML. */
  text: string;
}

export interface ManifestRequest {
  /** YAML or JSON. */
  text: string;
  /** Where a manifest without a namespace goes. */
  namespace?: string;
}

export interface Validation {
  /** It would be accepted. */
  ok: boolean;
  faults: Fault[];
  /** What the manifest becomes with all defaults, as YAML; null where it cannot be read. */
  completed: string | null;
  /** Names for the page's form; null where it cannot be read. */
  name: string | null;
  namespace: string | null;
  /** How many points the space holds; null when unbounded or unreadable. */
  points: number | null;
}

export interface Created {
  namespace: string;
  name: string;
  warnings: string[];
}

export interface ExportQuery {
  format?: "csv" | "json";
}

export interface AlgorithmList {
  items: AlgorithmInfo[];
}

export interface AlgorithmInfo {
  name: string;
  about: string;
  settings: SettingInfo[];
}

export interface SettingInfo {
  name: string;
  default: string;
  /** What it accepts, in words. */
  range: string;
  meaning: string;
  /** For a form: its input. */
  input: "whole" | "number" | "choice" | "text";
  choices: string[];
}

// ---------------------------------------------------------------------------------------- actions

export interface BudgetRequest {
  /** null or absent: as it is. */
  maxTrials?: number | null;
  parallel?: number | null;
  maxFailedTrials?: number | null;
}

export interface EnqueueRequest {
  parameters: NameValue[];
}

export interface BulkRequest {
  action: "delete" | "pause" | "resume" | "stop";
  items: ObjectName[];
}

export interface ObjectName {
  namespace: string;
  name: string;
}

export interface BulkAnswer {
  results: BulkResult[];
}

export interface BulkResult {
  namespace: string;
  name: string;
  ok: boolean;
  message: string;
}

// ---------------------------------------------------------------------------------- trial, cluster

export interface TrialDetail {
  namespace: string;
  experiment: string;
  row: TrialRow;
  parameters: ComparedValue[];
  metrics: MetricValue[];
  objectives: ObjectiveInfo[];
  /** The experiment's best trial; null before one has succeeded. */
  best: BestValue | null;
  /** Labels that the algorithm gave it. */
  labels: NameValue[];
  /** Rules of early stopping that hold for it, in words. */
  stoppingRules: string[];
  conditions: Condition[];
  /** Null when it is not there (not yet, or no more). */
  workload: Workload | null;
  pods: PodInfo[];
  arguments: string;
  command: string;
  /** Which actions make sense now: stop, enqueue (again), clone. */
  actions: string[];
  at: string;
}

export interface ComparedValue {
  name: string;
  value: string;
  /** The best trial's; null without one. */
  best: string | null;
}

export interface Workload {
  apiVersion: string;
  kind: string;
  name: string;
  conditions: Condition[];
}

export interface PodInfo {
  namespace: string;
  name: string;
  /** Empty where it belongs to no trial or experiment. */
  trial: string;
  experiment: string;
  phase: string;
  /** How it stands and why, in words. */
  message: string;
  node: string;
  created: Millis;
  started: Millis | null;
  ended: Millis | null;
  containers: ContainerInfo[];
  conditions: Condition[];
  /** What it asks for. */
  cpu: number;
  memory: number;
  gpus: number;
}

export interface ContainerInfo {
  name: string;
  init: boolean;
  image: string;
  /** waiting, running, terminated. */
  state: "waiting" | "running" | "terminated";
  /** In words, such as `exited with 1 (Error)`. */
  message: string;
  exitCode: number | null;
  restarts: number;
  ready: boolean;
}

export interface LogQuery {
  /** Default the newest pod that counts. */
  pod?: string;
  /** Default the primary container. */
  container?: string;
  follow?: boolean;
  /** Only so many last lines. */
  tail?: number;
  timestamps?: boolean;
  /** Of the container's run before this one. */
  previous?: boolean;
  /** As a file to save. */
  download?: boolean;
}

export interface Architecture {
  /** In the order of the layers; `input` first, `output` last. */
  nodes: GraphNode[];
  edges: GraphEdge[];
}

export interface GraphNode {
  id: string;
  /** Such as `3×3 convolution`. */
  label: string;
  kind: "input" | "operation" | "output";
  details: NameValue[];
}

export interface GraphEdge {
  from: string;
  to: string;
  /** Not from the layer right before it. */
  skip: boolean;
}

export interface NamespaceQuery {
  namespace?: string;
}

export interface Cluster {
  home: "home" | "cluster";
  version: string;
  slots: Slot[];
  /** Of running pods and those that wait, newest first; at most 1000. */
  pods: PodInfo[];
  /** Pods that run, that wait, and that have ended. */
  running: number;
  waiting: number;
  finished: number;
  /** Those that wait, oldest first, each with why. */
  queue: PodInfo[];
  at: string;
}

/** What there is of a resource, and what running pods have of it. */
export interface Slot {
  /** cpu (cores), memory (bytes), gpu (devices). */
  resource: "cpu" | "memory" | "gpu";
  used: number;
  /** Null where it is not known. */
  total: number | null;
}

// ----------------------------------------------------------------------------------------- stream

export interface StreamQuery {
  /** What to hear of, separated by commas:
   *  `experiments` or `experiments:NS`, `experiment:NS/NAME` (its row and its trials),
   *  `trial:NS/NAME` (its row, and its points as they come), `curves:NS/NAME` (points of all running
   *  trials of an experiment, first objective), `cluster` or `cluster:NS`. At most 20. */
  watch: string;
  /** `at` of an answer: what came after it is told first. (EventSource sends Last-Event-ID by itself
   *  when it connects again, and that counts more.) */
  from?: string;
}

/** `event` → `data` (JSON). Every event has an `id`. Changes are gathered for up to 100 ms. */
export interface StreamEvents {
  /** Rows that are new or changed. */
  experiments: ExperimentRow[];
  /** Experiments that are gone. */
  "experiments-gone": ObjectName[];
  /** Trials of a watched experiment that are new or changed. */
  trials: TrialsChanged;
  /** Trials that are gone. */
  "trials-gone": TrialsGone;
  /** New points of curves. */
  points: PointsAdded[];
  /** Something of a watched trial changed that is not in its row (pods, workload): ask again. */
  trial: ObjectName;
  /** Pods changed: ask /cluster again. */
  cluster: Done;
  /** What was missed is no longer known: ask for everything again. */
  reset: Done;
  /** The session ended: ask for nothing more. */
  bye: Done;
}

export interface TrialsChanged {
  namespace: string;
  experiment: string;
  rows: TrialRow[];
}

export interface TrialsGone {
  namespace: string;
  experiment: string;
  names: string[];
}

export interface PointsAdded {
  namespace: string;
  trial: string;
  metric: string;
  x: number[];
  y: (number | null)[];
  time: (Millis | null)[];
}

/** Any JSON value. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };
