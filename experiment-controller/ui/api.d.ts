// The JSON API of the dashboard, version 1: every request and every answer.
// Generated from the server's types: `UPDATE=1 cargo test generated` writes it anew.
//
// All paths begin with /api/v1. Everything is JSON in UTF-8, but for files to save, reports
// (text/html), logs (text/plain) and the stream (text/event-stream). Rules that hold everywhere:
//
// - Session: the link that `qalam` prints (`http://127.0.0.1:PORT/PATH?token=TOKEN`) sets a cookie
//   (HttpOnly, SameSite=Strict) and redirects to the same PATH without the token. A token works
//   once. Without a session every call answers 401; the page then shows how to get a link, and a
//   field for one (POST /api/v1/session).
// - Every request that is not GET or HEAD carries the header `X-Qalam: 1`, else it answers 403. A
//   read-only session answers 403 to it as well (but for DELETE /session and POST /validate).
// - An answer that is no success is a `Problem`.
// - Times are milliseconds since 1970 (`Millis`). Numbers are finite, or null: never NaN or
//   Infinity. A metric that is no number has its text beside it.
// - Names, messages, log lines and values come from other people's programs: text, never HTML.
// - Namespaces and names are percent-encoded in paths.
// - Large answers are compressed where the browser takes gzip.
// - Any other path that names no file (/, /new, /experiments/NS/NAME, /trials/NS/NAME, /compare,
//   /cluster) answers index.html, so that refreshing any page works.

/** Any JSON value. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

/** Every call, by method and path. */
export interface Routes {
  /** Who asks. */
  "GET /api/v1/session": { answer: Session };
  /** Opens a session with a link's token. */
  "POST /api/v1/session": { body: TokenRequest; answer: Session };
  /** Ends this session. */
  "DELETE /api/v1/session": { answer: Done };
  /** All sessions and unused links; only for sessions that may write, and see all. */
  "GET /api/v1/links": { answer: LinkList };
  /** Makes a link to hand on: read-only, or bound to namespaces, or both. */
  "POST /api/v1/links": { body: LinkRequest; answer: Link };
  /** Ends a session, or takes back a link. */
  "DELETE /api/v1/links/{id}": { answer: Done };
  /** Those that may be seen. */
  "GET /api/v1/namespaces": { answer: NamespaceList };
  /** Search algorithms. */
  "GET /api/v1/algorithms": { answer: AlgorithmList };
  /** Early-stopping rules. */
  "GET /api/v1/early-stopping": { answer: AlgorithmList };
  /** The JSON schema of an Experiment, descriptions included. */
  "GET /api/v1/schema/experiment": { answer: JsonValue };
  /** Reads, completes and checks a manifest (YAML or JSON); creates nothing. Always 200. */
  "POST /api/v1/validate": { body: ManifestRequest; answer: Validation };
  /** This API as an OpenAPI document. */
  "GET /api/v1/openapi.json": { answer: JsonValue };
  /** Experiments, page by page. */
  "GET /api/v1/experiments": { query: ExperimentQuery; answer: ExperimentPage };
  /** Creates an experiment from its manifest; 422 with faults where it is refused. */
  "POST /api/v1/experiments": { body: ManifestRequest; answer: Created };
  /** One action on several. */
  "POST /api/v1/experiments/bulk": { body: BulkRequest; answer: BulkAnswer };
  /** One experiment. */
  "GET /api/v1/experiments/{namespace}/{name}": { answer: ExperimentDetail };
  /** Deletes it, with its trials. */
  "DELETE /api/v1/experiments/{namespace}/{name}": { answer: Done };
  /** Starts nothing new. */
  "POST /api/v1/experiments/{namespace}/{name}/pause": { answer: Done };
  /** Goes on after a pause, a stop, or the end of the budget (then with a larger one). */
  "POST /api/v1/experiments/{namespace}/{name}/resume": { body: BudgetRequest; answer: Done };
  /** Ends it and keeps what it found. */
  "POST /api/v1/experiments/{namespace}/{name}/stop": { answer: Done };
  /** Changes its budget. */
  "POST /api/v1/experiments/{namespace}/{name}/budget": { body: BudgetRequest; answer: Done };
  /** Asks for a trial at this point next. Every parameter must have a value. */
  "POST /api/v1/experiments/{namespace}/{name}/enqueue": { body: EnqueueRequest; answer: Done };
  /** A manifest of a new experiment like this one; creates nothing. */
  "GET /api/v1/experiments/{namespace}/{name}/clone": { answer: ManifestText };
  /** Its trials, page by page. */
  "GET /api/v1/experiments/{namespace}/{name}/trials": { query: TrialQuery; answer: TrialPage };
  /** Its trials column by column, for plots. */
  "GET /api/v1/experiments/{namespace}/{name}/columns": { query: ColumnsQuery; answer: Columns };
  /** Curves of some of its trials. */
  "GET /api/v1/experiments/{namespace}/{name}/curves": { query: CurvesQuery; answer: Curves };
  /** How much each parameter matters. */
  "GET /api/v1/experiments/{namespace}/{name}/importance": { query: ImportanceQuery; answer: Importance };
  /** How parameters and metrics rise and fall together. */
  "GET /api/v1/experiments/{namespace}/{name}/correlation": { answer: Correlation };
  /** The trials that no other beats, and how their hypervolume grew. */
  "GET /api/v1/experiments/{namespace}/{name}/pareto": { answer: Pareto };
  /** Its events and those of its trials. */
  "GET /api/v1/experiments/{namespace}/{name}/events": { answer: EventList };
  /** It as YAML. */
  "GET /api/v1/experiments/{namespace}/{name}/manifest": { query: ManifestQuery; answer: ManifestText };
  /** All trials as a file, to save. */
  "GET /api/v1/experiments/{namespace}/{name}/export": { query: ExportQuery; answer: string };
  /** A self-contained HTML page, to save and to send. */
  "GET /api/v1/experiments/{namespace}/{name}/report": { answer: string };
  /** One trial. */
  "GET /api/v1/trials/{namespace}/{name}": { answer: TrialDetail };
  /** Ends a running trial. */
  "POST /api/v1/trials/{namespace}/{name}/stop": { answer: Done };
  /** All metrics of one trial. */
  "GET /api/v1/trials/{namespace}/{name}/curves": { query: TrialCurvesQuery; answer: TrialCurves };
  /** Its events, and those of its workload and pods. */
  "GET /api/v1/trials/{namespace}/{name}/events": { answer: EventList };
  /** It as YAML. */
  "GET /api/v1/trials/{namespace}/{name}/manifest": { query: ManifestQuery; answer: ManifestText };
  /** Its log; with follow=true a stream of text that ends with the container. */
  "GET /api/v1/trials/{namespace}/{name}/logs": { query: LogQuery; answer: string };
  /** Its network; 404 where the experiment searches no architectures. */
  "GET /api/v1/trials/{namespace}/{name}/architecture": { answer: Architecture };
  /** Pods, slots and the queue. */
  "GET /api/v1/cluster": { query: NamespaceQuery; answer: Cluster };
  /** Server-sent events; see StreamQuery and StreamEvents. */
  "GET /api/v1/stream": { query: StreamQuery; answer: string };
}

/** One of them, with what can be set. */
export interface AlgorithmInfo {
  about: string;
  name: string;
  settings: SettingInfo[];
}

/** Algorithms, or early-stopping rules. */
export interface AlgorithmList {
  items: AlgorithmInfo[];
}

/** What a trial's network looks like, in the order of the layers; `input` first, `output` last. */
export interface Architecture {
  edges: GraphEdge[];
  nodes: GraphNode[];
}

/** The best trial. */
export interface BestTrial {
  /** `--lr=0.01 --depth=3`, ready for a shell. */
  arguments: string;
  /** The command that the trial ran, ready for a shell; empty when it has none. */
  command: string;
  metrics: MetricValue[];
  parameters: NameValue[];
  trial: string;
}

/** The best trial in one number. */
export interface BestValue {
  /** The same as it was reported. */
  text: string;
  trial: string;
  /** Value of the first objective. */
  value: number | null;
}

/** A new budget; null or absent: as it is. */
export interface BudgetRequest {
  maxFailedTrials?: number | null;
  maxTrials?: number | null;
  parallel?: number | null;
}

/** What may be done to several experiments at once. */
export type BulkAction = "delete" | "pause" | "resume" | "stop";

/** What became of each. */
export interface BulkAnswer {
  results: BulkResult[];
}

/** One action on several experiments. */
export interface BulkRequest {
  action: BulkAction;
  items: ObjectName[];
}

/** What became of one. */
export interface BulkResult {
  message: string;
  name: string;
  namespace: string;
  ok: boolean;
}

/** What runs, and on what. */
export interface Cluster {
  at: string;
  /** How many have ended and are still there. */
  finished: number;
  home: HomeKind;
  /** Of running pods and those that wait, newest first; at most 1000. */
  pods: PodInfo[];
  /** Those that wait, oldest first, each with why. */
  queue: PodInfo[];
  /** How many pods run. */
  running: number;
  slots: Slot[];
  version: string;
  /** How many wait. */
  waiting: number;
}

/** Trials column by column, for plots: the i-th entry of each list is the same trial. In the order of completion, unfinished ones last. */
export interface Columns {
  at: string;
  /** Place in these lists of the best trial; null without one. */
  best: number | null;
  /** Best feasible value of the first objective among the trials completed so far (all trials, also those left out); null before there is one. */
  bestSoFar: (number | null)[];
  completion: (number | null)[];
  ended: (Millis | null)[];
  /** False where a constraint is broken. */
  feasible: boolean[];
  indexes: (number | null)[];
  metrics: MetricColumn[];
  names: string[];
  /** How many trials may run at once. */
  parallel: number;
  parameters: ParameterColumn[];
  /** Fewer trials than there are. */
  sampled: boolean;
  started: (Millis | null)[];
  /** Places in `statuses`. */
  status: number[];
  statuses: TrialStatus[];
  total: number;
}

/** How many trials. */
export interface ColumnsQuery {
  /** At most so many trials; default 10000. Beyond it they are sampled (best, newest, extremes always among them). 0 for all. */
  limit?: number | null;
}

/** A parameter of this trial, and of the best. */
export interface ComparedValue {
  /** The best trial's; null without one. */
  best: string | null;
  name: string;
  value: string;
}

/** On which side of its bound a metric must be. */
export type Comparison = "less" | "greater";

/** A fact about an object, with its reason. */
export interface Condition {
  message: string;
  reason: string;
  status: string;
  /** When it last changed. */
  time: Millis | null;
  type: string;
}

/** A bound on a metric. */
export interface ConstraintInfo {
  comparison: Comparison;
  metric: string;
  value: number | null;
}

/** A container of a pod. */
export interface ContainerInfo {
  exitCode: number | null;
  image: string;
  init: boolean;
  /** In words, such as `exited with 1 (Error)`. */
  message: string;
  name: string;
  ready: boolean;
  restarts: number;
  state: ContainerState;
}

/** How a container stands. */
export type ContainerState = "waiting" | "running" | "terminated";

/** How parameters and metrics rise and fall together. */
export interface Correlation {
  about: string;
  method: CorrelationMethod;
  metrics: string[];
  note: string;
  parameters: string[];
  trials: number;
  /** One row for each parameter, one entry for each metric, -1 … 1; null where it has no meaning (categories without order, constant values). */
  values: ((number | null)[])[];
}

/** How correlation is measured. */
export type CorrelationMethod = "spearman";

/** How many trials stand how. */
export interface Counts {
  earlyStopped: number;
  failed: number;
  killed: number;
  metricsUnavailable: number;
  pending: number;
  running: number;
  succeeded: number;
  total: number;
}

/** An experiment was created. */
export interface Created {
  name: string;
  namespace: string;
  warnings: string[];
}

/** One metric of one trial. */
export interface Curve {
  metric: string;
  status: TrialStatus;
  /** Stopped by an early-stopping rule: mark the last point. */
  stopped: boolean;
  /** When each was reported; null when nobody knows. */
  time: (Millis | null)[];
  /** Points before down-sampling. */
  total: number;
  trial: string;
  x: number[];
  y: (number | null)[];
}

/** Curves of one metric of several trials. */
export interface Curves {
  at: string;
  metric: string;
  series: Curve[];
  /** Trials of the experiment. */
  total: number;
  /** What x is: the step that the program tells, else the ordinal of the report from 1. */
  x: XAxis;
}

/** Which curves, and how fine. */
export interface CurvesQuery {
  /** Default 50, at most 500 trials. */
  limit?: number | null;
  /** Default the first objective's. */
  metric?: string | null;
  /** Which, when none are named: those that run and the best (default), the newest, or all by index. */
  pick?: Pick | null;
  /** At most so many points of each curve, extremes kept; default 200, at most 10000. */
  points?: number | null;
  /** Names, separated by commas; these only. */
  trials?: string | null;
}

/** Something was done. */
export interface Done {
  /** A sentence for people. */
  message: string;
}

/** A point to be tried next. */
export interface EnqueueRequest {
  parameters: NameValue[];
}

/** The events of an object, newest first. */
export interface EventList {
  items: EventRow[];
}

/** One event. */
export interface EventRow {
  count: number;
  first: Millis | null;
  last: Millis | null;
  message: string;
  /** Such as Trial/quickstart-abc. */
  object: string;
  reason: string;
  source: string;
  type: EventType;
}

/** Whether an event wants attention. */
export type EventType = "Normal" | "Warning";

/** One experiment. */
export interface ExperimentDetail {
  /** Which actions make sense now: pause, resume, stop, budget, enqueue, delete, clone. */
  actions: string[];
  /** Metrics that are recorded beside objectives and constraints. */
  additionalMetrics: string[];
  algorithmSettings: NameValue[];
  annotations: NameValue[];
  at: string;
  /** The best trial; null before one has succeeded. */
  best: BestTrial | null;
  conditions: Condition[];
  constraints: ConstraintInfo[];
  earlyStoppingSettings: NameValue[];
  labels: NameValue[];
  maxFailedTrials: number | null;
  parameters: ParameterInfo[];
  resumePolicy: string;
  row: ExperimentRow;
  /** Kind of workload, such as Job. */
  workload: string;
}

/** Some of the experiments that a query finds. */
export interface ExperimentPage {
  /** Where the stream is: open it with `from` to miss nothing. */
  at: string;
  /** False while the server still reads what there is (for a moment after its start). */
  complete: boolean;
  items: ExperimentRow[];
  offset: number;
  /** How many experiments of the namespace(s) stand how, whatever the search. */
  statuses: Record<string, number>;
  /** Matches of the query, of which `items` is a part. */
  total: number;
}

/** Which experiments, in which order. */
export interface ExperimentQuery {
  /** Default 50, at most 500. */
  limit?: number | null;
  /** Of this namespace; all that the session may see when absent. */
  namespace?: string | null;
  /** Default 0. */
  offset?: number | null;
  /** Default desc. */
  order?: Order | null;
  /** Words that name, algorithm or objective contain; all must. */
  q?: string | null;
  /** Default created. */
  sort?: ExperimentSort | null;
  /** One or more of ExperimentStatus, separated by commas. */
  status?: string | null;
}

/** An experiment in a list. */
export interface ExperimentRow {
  algorithm: string;
  best: BestValue | null;
  counts: Counts;
  created: Millis;
  /** Name of the early-stopping rule; null without one. */
  earlyStopping: string | null;
  ended: Millis | null;
  /** `hp`: hyperparameters; `nas`: architectures. */
  kind: SearchKind;
  /** How many trials may complete; null without bound. */
  maxTrials: number | null;
  /** Why, in words; often empty. */
  message: string;
  name: string;
  namespace: string;
  objectives: ObjectiveInfo[];
  parallel: number;
  /** 0 … 1, completed of maxTrials; null without bound. */
  progress: number | null;
  /** Best so far of the first objective in equal steps of completion; at most 32 values. */
  sparkline: (number | null)[];
  started: Millis | null;
  status: ExperimentStatus;
  uid: string;
}

/** What experiments are ordered by. */
export type ExperimentSort = "name" | "namespace" | "status" | "algorithm" | "created" | "progress" | "best" | "trials";

/** How an experiment stands. `Paused`: it keeps what it has and starts nothing new. */
export type ExperimentStatus = "Created" | "Running" | "Restarting" | "Paused" | "Succeeded" | "Failed" | "Deleting";

/** In which form all trials are saved. */
export type ExportFormat = "csv" | "json";

/** In which form all trials are saved. */
export interface ExportQuery {
  format?: ExportFormat | null;
}

/** One thing that is wrong with a manifest. */
export interface Fault {
  /** Column, from 1. */
  column: number | null;
  /** Last line that it concerns. */
  endLine: number | null;
  /** Line of the text, from 1; null when it cannot be told. */
  line: number | null;
  /** What is wrong and what to do. */
  message: string;
  /** Such as `spec.parameters[2].feasibleSpace.min`; empty for the whole text. */
  path: string;
  /** `error` refuses the manifest; `warning` does not. */
  severity: Severity;
}

/** What this server can do. */
export interface Features {
  enqueue: boolean;
  logs: boolean;
  pause: boolean;
}

/** Who feeds whom. */
export interface GraphEdge {
  from: string;
  /** Not from the layer right before it. */
  skip: boolean;
  to: string;
}

/** A layer. */
export interface GraphNode {
  details: NameValue[];
  id: string;
  kind: NodeKind;
  /** Such as `convolution`. */
  label: string;
}

/** Where the experiments run. */
export type HomeKind = "home" | "cluster";

/** How much each parameter matters. */
export interface Importance {
  /** Its name and reference, to be shown. */
  about: string;
  method: ImportanceMethod;
  metric: string;
  /** Why there is none yet (too few trials, all values equal); else empty. */
  note: string;
  /** Largest first; they sum to 1 (or are all 0). */
  parameters: ImportanceOf[];
  /** On how many completed trials. */
  trials: number;
}

/** How importance is measured. */
export type ImportanceMethod = "fanova" | "ped-anova";

/** How much one parameter matters. */
export interface ImportanceOf {
  importance: number;
  name: string;
}

/** How importance is measured, and of what. */
export interface ImportanceQuery {
  /** Default fanova. */
  method?: ImportanceMethod | null;
  /** Metric to explain; default the first objective's. */
  metric?: string | null;
}

/** A link that opens one session. */
export interface Link {
  /** Until when it can be opened. */
  expires: Millis;
  id: string;
  url: string;
}

/** Whether a link was opened. */
export type LinkKind = "link" | "session";

/** All sessions and unused links. */
export interface LinkList {
  items: LinkRow[];
}

/** Asks for a link to hand on. */
export interface LinkRequest {
  /** How long the session that it opens lasts, in seconds; null for a day. */
  lifetimeSeconds?: number | null;
  /** Bound to these; null for all that the asking session has. */
  namespaces?: string[] | null;
  /** Page to open, such as /experiments/default/quickstart. */
  path?: string;
  readOnly?: boolean;
}

/** A session, or a link that was not opened yet. */
export interface LinkRow {
  created: Millis;
  /** It is the one that asks. */
  current: boolean;
  expires: Millis;
  id: string;
  kind: LinkKind;
  namespaces: string[] | null;
  readOnly: boolean;
}

/** Which part of a log. */
export interface LogQuery {
  /** Default the primary container. */
  container?: string | null;
  /** As a file to save. */
  download?: boolean | null;
  follow?: boolean | null;
  /** Default the newest pod that counts. */
  pod?: string | null;
  /** Of the container's run before this one. */
  previous?: boolean | null;
  /** Only so many last lines. */
  tail?: number | null;
  timestamps?: boolean | null;
}

/** In which form a manifest is answered. */
export type ManifestFormat = "json" | "yaml";

/** How an object is shown. */
export interface ManifestQuery {
  /** yaml answers text/yaml with a file name, to save; json (default) the object below. */
  format?: ManifestFormat | null;
  /** With status and what the server filled in; default true. */
  full?: boolean | null;
}

/** A manifest to be checked or created. */
export interface ManifestRequest {
  /** Where a manifest without a namespace goes. */
  namespace?: string | null;
  /** YAML or JSON. */
  text: string;
}

/** A manifest. */
export interface ManifestText {
  /** YAML. */
  text: string;
}

/** The values of one metric. */
export interface MetricColumn {
  /** Null for what is neither to be minimised nor maximised. */
  direction: Optimum | null;
  goal: number | null;
  name: string;
  role: MetricRole;
  values: (number | null)[];
}

/** What a metric is recorded for. */
export type MetricRole = "objective" | "constraint" | "additional";

/** What a trial measured of one metric. */
export interface MetricValue {
  latest: string;
  max: string;
  min: string;
  name: string;
  /** The same as it was reported. */
  text: string;
  /** The value that counts (smallest, largest or latest). */
  value: number | null;
}

/** Milliseconds since 1970-01-01 UTC. */
export type Millis = number;

/** A name and its value. */
export interface NameValue {
  name: string;
  value: string;
}

/** The namespaces that the session may see. */
export interface NamespaceList {
  items: string[];
}

/** Of one namespace, or of all that the session may see. */
export interface NamespaceQuery {
  namespace?: string | null;
}

/** What a layer is. */
export type NodeKind = "input" | "operation" | "output";

/** Where an object is. */
export interface ObjectName {
  name: string;
  namespace: string;
}

/** What its owner wants of a metric. */
export interface ObjectiveInfo {
  direction: Optimum;
  goal: number | null;
  metric: string;
}

/** Whether small or large values are wanted. */
export type Optimum = "minimize" | "maximize";

/** Smallest first, or largest first. */
export type Order = "asc" | "desc";

/** The values of one parameter. */
export interface ParameterColumn {
  categories: string[];
  info: ParameterInfo;
  /** Numbers, or places in `categories` where that is not empty; null where inactive. */
  values: (number | null)[];
}

/** A parameter and the values it may take. */
export interface ParameterInfo {
  /** Choices of discrete and categorical ones. */
  choices: string[];
  /** Only where another parameter has one of some values; in words, else null. */
  condition: string | null;
  /** Draw it on a logarithmic axis. */
  log: boolean;
  max: number | null;
  min: number | null;
  name: string;
  step: number | null;
  type: ParameterType;
}

/** Kinds of parameters. */
export type ParameterType = "double" | "int" | "discrete" | "categorical";

/** What no other trial beats, and how the front grew. */
export interface Pareto {
  about: string;
  at: string;
  /** Feasible trials that no other beats in all objectives, by the first objective. */
  front: ParetoPoint[];
  /** Hypervolume of the front over time; larger is better. Empty with one objective. */
  hypervolume: VolumePoint[];
  objectives: ObjectiveInfo[];
  /** The point that volumes are measured from, one value for each objective. */
  reference: number[];
}

/** A trial on the front. */
export interface ParetoPoint {
  parameters: NameValue[];
  trial: string;
  values: number[];
}

/** Which trials' curves. */
export type Pick = "best" | "newest" | "all";

/** A pod. */
export interface PodInfo {
  conditions: Condition[];
  containers: ContainerInfo[];
  /** What it asks for, in cores. */
  cpu: number;
  created: Millis | null;
  ended: Millis | null;
  /** Empty where it belongs to no experiment. */
  experiment: string;
  /** What it asks for, in devices. */
  gpus: number;
  /** What it asks for, in bytes. */
  memory: number;
  /** How it stands and why, in words. */
  message: string;
  name: string;
  namespace: string;
  node: string;
  phase: string;
  started: Millis | null;
  /** Empty where it belongs to no trial. */
  trial: string;
}

/** New points of one curve. */
export interface PointsAdded {
  metric: string;
  namespace: string;
  time: (Millis | null)[];
  trial: string;
  /** The step that the program tells; null where it tells none (then it is the next ordinal). */
  x: (number | null)[];
  y: (number | null)[];
}

/** What every failed call answers. */
export interface Problem {
  /** Each fault of a refused manifest or request; often empty. */
  faults: Fault[];
  /** What is wrong and what to do, in words. */
  message: string;
  /** One word: Unauthorized, Forbidden, NotFound, Invalid, Conflict, BadRequest, NotImplemented … */
  reason: string;
  /** HTTP status. */
  status: number;
}

/** What pods ask for. */
export type Resource = "cpu" | "memory" | "gpu";

/** What is searched. */
export type SearchKind = "hp" | "nas";

/** Who asks, and what they may do. */
export interface Session {
  expires: Millis;
  /** What is there; other calls answer 501. */
  features: Features;
  /** This machine, or a cluster. */
  home: HomeKind;
  /** The namespace to begin with. */
  namespace: string;
  /** The namespaces it may see; null for all. */
  namespaces: string[] | null;
  /** Changes nothing: hide the actions. */
  readOnly: boolean;
  /** Version of qalam. */
  version: string;
}

/** One setting. */
export interface SettingInfo {
  choices: string[];
  default: string;
  /** For a form: its input. */
  input: SettingInput;
  meaning: string;
  name: string;
  /** What it accepts, in words. */
  range: string;
}

/** How a setting is asked for. */
export type SettingInput = "whole" | "number" | "choice" | "text";

/** Whether a fault refuses the manifest. */
export type Severity = "error" | "warning";

/** What there is of a resource, and what running pods have of it. */
export interface Slot {
  /** cpu in cores, memory in bytes, gpu in devices. */
  resource: Resource;
  /** Null where it is not known. */
  total: number | null;
  used: number;
}

/** `event` → `data` (JSON). Every event has an `id`. Changes are gathered for up to 100 ms. */
export interface StreamEvents {
  /** The session ended: ask for nothing more. */
  bye: Done;
  /** Pods changed: ask /cluster again. */
  cluster: Done;
  /** Rows that are new or changed. */
  experiments: ExperimentRow[];
  /** Experiments that are gone. */
  "experiments-gone": ObjectName[];
  /** New points of curves. */
  points: PointsAdded[];
  /** What was missed is no longer known: ask for everything again. */
  reset: Done;
  /** Something of a watched trial changed that is not in its row (pods, workload): ask again. */
  trial: ObjectName;
  /** Trials of a watched experiment that are new or changed. */
  trials: TrialsChanged;
  /** Trials that are gone. */
  "trials-gone": TrialsGone;
}

/** What to hear of, and from where on. */
export interface StreamQuery {
  /** `at` of an answer: what came after it is told first. (EventSource sends Last-Event-ID by itself when it connects again, and that counts more.) */
  from?: string | null;
  /** What to hear of, separated by commas: `experiments` or `experiments:NS`, `experiment:NS/NAME` (its row and its trials), `trial:NS/NAME` (its row, and its points as they come), `curves:NS/NAME` (points of all running trials of an experiment, first objective), `cluster` or `cluster:NS`. At most 20. */
  watch: string;
}

/** Opens a session. */
export interface TokenRequest {
  /** A token, or a whole link with one in it. */
  token: string;
}

/** All metrics of one trial. */
export interface TrialCurves {
  at: string;
  series: Curve[];
  trial: string;
}

/** How fine. */
export interface TrialCurvesQuery {
  /** Default 2000, at most 100000. */
  points?: number | null;
}

/** One trial. */
export interface TrialDetail {
  /** Which actions make sense now: stop, enqueue (again), clone. */
  actions: string[];
  arguments: string;
  at: string;
  /** The experiment's best trial; null before one has succeeded. */
  best: BestValue | null;
  command: string;
  conditions: Condition[];
  experiment: string;
  /** Labels that the algorithm gave it. */
  labels: NameValue[];
  metrics: MetricValue[];
  namespace: string;
  objectives: ObjectiveInfo[];
  parameters: ComparedValue[];
  pods: PodInfo[];
  row: TrialRow;
  /** Rules of early stopping that hold for it, in words. */
  stoppingRules: string[];
  /** Null when it is not there (not yet, or no more). */
  workload: Workload | null;
}

/** Some of the trials that a query finds. */
export interface TrialPage {
  at: string;
  items: TrialRow[];
  /** Names in the order of `TrialRow.metrics`. */
  metrics: string[];
  offset: number;
  /** Names in the order of `TrialRow.parameters`. */
  parameters: string[];
  total: number;
}

/** Which trials, in which order. */
export interface TrialQuery {
  /** Default 100, at most 1000. */
  limit?: number | null;
  /** Default 0. */
  offset?: number | null;
  /** Default asc. */
  order?: Order | null;
  /** Text that the name contains. */
  q?: string | null;
  /** name, index, status, started, ended, duration, completion, `parameter:NAME` or `metric:NAME`. Default index. Trials without the value come last, whatever the order. */
  sort?: string | null;
  /** One or more of TrialStatus, separated by commas. */
  status?: string | null;
  /** Repeatable; all must hold: `parameter:NAME=LOW..HIGH` (either may be missing), `parameter:NAME=a|b`, `metric:NAME=LOW..HIGH`. */
  where?: string[];
}

/** A trial in a list. */
export interface TrialRow {
  /** Order of completion; null before. */
  completion: number | null;
  ended: Millis | null;
  /** Keeps every constraint. */
  feasible: boolean;
  /** Which suggestion of the experiment it is, from 0; null for one that was made by hand. */
  index: number | null;
  /** In the order of `metrics`: objectives, constraints, then additional ones. */
  metrics: (number | null)[];
  name: string;
  /** As text, in the order of the page's (or the experiment's) parameters; null where inactive. */
  parameters: (string | null)[];
  started: Millis | null;
  status: TrialStatus;
}

/** How a trial stands. */
export type TrialStatus = "Pending" | "Running" | "Succeeded" | "Failed" | "Killed" | "EarlyStopped" | "MetricsUnavailable";

/** Trials of an experiment that are new or changed. */
export interface TrialsChanged {
  experiment: string;
  namespace: string;
  rows: TrialRow[];
}

/** Trials of an experiment that are gone. */
export interface TrialsGone {
  experiment: string;
  names: string[];
  namespace: string;
}

/** What is wrong with a manifest, and what it becomes. */
export interface Validation {
  /** What the manifest becomes with all defaults, as YAML; null where it cannot be read. */
  completed: string | null;
  faults: Fault[];
  /** Its name; null where it cannot be read. */
  name: string | null;
  namespace: string | null;
  /** It would be accepted. */
  ok: boolean;
  /** How many points the space holds; null when unbounded or unreadable. */
  points: number | null;
}

/** The hypervolume after that many completions. */
export interface VolumePoint {
  completion: number;
  volume: number;
}

/** The object that a trial runs as. */
export interface Workload {
  apiVersion: string;
  conditions: Condition[];
  kind: string;
  name: string;
}

/** What x is. */
export type XAxis = "step" | "ordinal";
