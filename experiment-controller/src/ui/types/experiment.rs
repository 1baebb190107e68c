//! Experiments, as lists and one by one.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Millis, Num};

/// How an experiment stands. `Paused`: it keeps what it has and starts nothing new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub(crate) enum ExperimentStatus {
    Created,
    Running,
    Restarting,
    Paused,
    Succeeded,
    Failed,
    Deleting,
}

/// Which experiments, in which order.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExperimentQuery {
    /// Of this namespace; all that the session may see when absent.
    pub(crate) namespace: Option<String>,
    /// Words that name, algorithm or objective contain; all must.
    pub(crate) q: Option<String>,
    /// One or more of ExperimentStatus, separated by commas.
    pub(crate) status: Option<String>,
    /// Default created.
    pub(crate) sort: Option<ExperimentSort>,
    /// Default desc.
    pub(crate) order: Option<Order>,
    /// Default 0.
    pub(crate) offset: Option<usize>,
    /// Default 50, at most 500.
    pub(crate) limit: Option<usize>,
}

/// What experiments are ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ExperimentSort {
    Name,
    Namespace,
    Status,
    Algorithm,
    #[default]
    Created,
    Progress,
    Best,
    Trials,
}

/// Smallest first, or largest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Order {
    Asc,
    Desc,
}

/// Some of the experiments that a query finds.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExperimentPage {
    pub(crate) items: Vec<ExperimentRow>,
    /// Matches of the query, of which `items` is a part.
    pub(crate) total: usize,
    pub(crate) offset: usize,
    /// How many experiments of the namespace(s) stand how, whatever the search.
    pub(crate) statuses: BTreeMap<String, usize>,
    /// False while the server still reads what there is (for a moment after its start).
    pub(crate) complete: bool,
    /// Where the stream is: open it with `from` to miss nothing.
    pub(crate) at: String,
}

/// An experiment in a list.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExperimentRow {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) status: ExperimentStatus,
    /// Why, in words; often empty.
    pub(crate) message: String,
    /// `hp`: hyperparameters; `nas`: architectures.
    pub(crate) kind: SearchKind,
    pub(crate) algorithm: String,
    /// Name of the early-stopping rule; null without one.
    pub(crate) early_stopping: Option<String>,
    pub(crate) objectives: Vec<ObjectiveInfo>,
    pub(crate) counts: Counts,
    /// How many trials may complete; null without bound.
    pub(crate) max_trials: Option<i32>,
    pub(crate) parallel: i32,
    /// 0 … 1, completed of maxTrials; null without bound.
    pub(crate) progress: Option<f64>,
    pub(crate) best: Option<BestValue>,
    /// Best so far of the first objective in equal steps of completion; at most 32 values.
    pub(crate) sparkline: Vec<Num>,
    pub(crate) created: Millis,
    pub(crate) started: Option<Millis>,
    pub(crate) ended: Option<Millis>,
}

/// What is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum SearchKind {
    Hp,
    Nas,
}

/// What its owner wants of a metric.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ObjectiveInfo {
    pub(crate) metric: String,
    pub(crate) direction: Optimum,
    pub(crate) goal: Option<f64>,
}

/// Whether small or large values are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Optimum {
    Minimize,
    Maximize,
}

/// How many trials stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Counts {
    pub(crate) total: u32,
    pub(crate) pending: u32,
    pub(crate) running: u32,
    pub(crate) succeeded: u32,
    pub(crate) failed: u32,
    pub(crate) killed: u32,
    pub(crate) early_stopped: u32,
    pub(crate) metrics_unavailable: u32,
}

/// The best trial in one number.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BestValue {
    pub(crate) trial: String,
    /// Value of the first objective.
    pub(crate) value: Num,
    /// The same as it was reported.
    pub(crate) text: String,
}

/// One experiment.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExperimentDetail {
    pub(crate) row: ExperimentRow,
    pub(crate) parameters: Vec<ParameterInfo>,
    pub(crate) constraints: Vec<ConstraintInfo>,
    /// Metrics that are recorded beside objectives and constraints.
    pub(crate) additional_metrics: Vec<String>,
    pub(crate) algorithm_settings: Vec<NameValue>,
    pub(crate) early_stopping_settings: Vec<NameValue>,
    pub(crate) resume_policy: String,
    pub(crate) max_failed_trials: Option<i32>,
    /// Kind of workload, such as Job.
    pub(crate) workload: String,
    /// The best trial; null before one has succeeded.
    pub(crate) best: Option<BestTrial>,
    pub(crate) conditions: Vec<ConditionInfo>,
    pub(crate) labels: Vec<NameValue>,
    pub(crate) annotations: Vec<NameValue>,
    /// Which actions make sense now: pause, resume, stop, budget, enqueue, delete, clone.
    pub(crate) actions: Vec<String>,
    pub(crate) at: String,
}

/// A parameter and the values it may take.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ParameterInfo {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) type_: ParameterType,
    /// Draw it on a logarithmic axis.
    pub(crate) log: bool,
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
    pub(crate) step: Option<f64>,
    /// Choices of discrete and categorical ones.
    pub(crate) choices: Vec<String>,
    /// Only where another parameter has one of some values; in words, else null.
    pub(crate) condition: Option<String>,
}

/// Kinds of parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ParameterType {
    Double,
    Int,
    Discrete,
    Categorical,
}

/// A bound on a metric.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConstraintInfo {
    pub(crate) metric: String,
    pub(crate) comparison: Comparison,
    pub(crate) value: Num,
}

/// On which side of its bound a metric must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Comparison {
    Less,
    Greater,
}

/// A name and its value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NameValue {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl NameValue {
    pub(crate) fn new(name: impl Into<String>, value: impl Into<String>) -> NameValue {
        NameValue { name: name.into(), value: value.into() }
    }
}

/// The best trial.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BestTrial {
    pub(crate) trial: String,
    pub(crate) parameters: Vec<NameValue>,
    pub(crate) metrics: Vec<MetricValue>,
    /// `--lr=0.01 --depth=3`, ready for a shell.
    pub(crate) arguments: String,
    /// The command that the trial ran, ready for a shell; empty when it has none.
    pub(crate) command: String,
}

/// What a trial measured of one metric.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MetricValue {
    pub(crate) name: String,
    /// The value that counts (smallest, largest or latest).
    pub(crate) value: Num,
    /// The same as it was reported.
    pub(crate) text: String,
    pub(crate) min: String,
    pub(crate) max: String,
    pub(crate) latest: String,
}

/// A fact about an object, with its reason.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Condition")]
pub(crate) struct ConditionInfo {
    #[serde(rename = "type")]
    pub(crate) type_: String,
    pub(crate) status: String,
    pub(crate) reason: String,
    pub(crate) message: String,
    /// When it last changed.
    pub(crate) time: Option<Millis>,
}

/// A new budget; null or absent: as it is.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct BudgetRequest {
    pub(crate) max_trials: Option<i32>,
    pub(crate) parallel: Option<i32>,
    pub(crate) max_failed_trials: Option<i32>,
}

/// A point to be tried next.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EnqueueRequest {
    pub(crate) parameters: Vec<NameValue>,
}

/// One action on several experiments.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BulkRequest {
    pub(crate) action: BulkAction,
    pub(crate) items: Vec<ObjectName>,
}

/// What may be done to several experiments at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum BulkAction {
    Delete,
    Pause,
    Resume,
    Stop,
}

/// Where an object is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ObjectName {
    pub(crate) namespace: String,
    pub(crate) name: String,
}

/// What became of each.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BulkAnswer {
    pub(crate) results: Vec<BulkResult>,
}

/// What became of one.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BulkResult {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) ok: bool,
    pub(crate) message: String,
}
