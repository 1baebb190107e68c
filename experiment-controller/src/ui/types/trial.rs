//! Trials: as rows, as columns for plots, and one by one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    BestValue, ConditionInfo, MetricValue, Millis, NameValue, Num, ObjectiveInfo, Optimum, Order,
    ParameterInfo, PodInfo,
};
use crate::index::Class;

/// How a trial stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub(crate) enum TrialStatus {
    Pending,
    Running,
    Succeeded,
    Failed,
    Killed,
    EarlyStopped,
    MetricsUnavailable,
}

impl TrialStatus {
    /// All of them; a column's numbers are places in it.
    pub(crate) const ALL: [TrialStatus; 7] = [
        TrialStatus::Pending,
        TrialStatus::Running,
        TrialStatus::Succeeded,
        TrialStatus::Failed,
        TrialStatus::Killed,
        TrialStatus::EarlyStopped,
        TrialStatus::MetricsUnavailable,
    ];

    /// As it is written.
    pub(crate) fn word(self) -> &'static str {
        match self {
            TrialStatus::Pending => "Pending",
            TrialStatus::Running => "Running",
            TrialStatus::Succeeded => "Succeeded",
            TrialStatus::Failed => "Failed",
            TrialStatus::Killed => "Killed",
            TrialStatus::EarlyStopped => "EarlyStopped",
            TrialStatus::MetricsUnavailable => "MetricsUnavailable",
        }
    }
}

impl From<Class> for TrialStatus {
    fn from(class: Class) -> TrialStatus {
        match class {
            Class::Pending => TrialStatus::Pending,
            Class::Running => TrialStatus::Running,
            Class::Succeeded => TrialStatus::Succeeded,
            Class::Failed => TrialStatus::Failed,
            Class::Killed => TrialStatus::Killed,
            Class::EarlyStopped => TrialStatus::EarlyStopped,
            Class::MetricsUnavailable => TrialStatus::MetricsUnavailable,
        }
    }
}

/// Which trials, in which order.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TrialQuery {
    /// Default 0.
    pub(crate) offset: Option<usize>,
    /// Default 100, at most 1000.
    pub(crate) limit: Option<usize>,
    /// name, index, status, started, ended, duration, completion, `parameter:NAME` or
    /// `metric:NAME`. Default index. Trials without the value come last, whatever the order.
    pub(crate) sort: Option<String>,
    /// Default asc.
    pub(crate) order: Option<Order>,
    /// One or more of TrialStatus, separated by commas.
    pub(crate) status: Option<String>,
    /// Text that the name contains.
    pub(crate) q: Option<String>,
    /// Repeatable; all must hold: `parameter:NAME=LOW..HIGH` (either may be missing),
    /// `parameter:NAME=a|b`, `metric:NAME=LOW..HIGH`.
    #[serde(rename = "where", default)]
    pub(crate) where_: Vec<String>,
}

/// Some of the trials that a query finds.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TrialPage {
    pub(crate) items: Vec<TrialRow>,
    pub(crate) total: usize,
    pub(crate) offset: usize,
    /// Names in the order of `TrialRow.parameters`.
    pub(crate) parameters: Vec<String>,
    /// Names in the order of `TrialRow.metrics`.
    pub(crate) metrics: Vec<String>,
    pub(crate) at: String,
}

/// A trial in a list.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TrialRow {
    pub(crate) name: String,
    /// Which suggestion of the experiment it is, from 0; null for one that was made by hand.
    pub(crate) index: Option<u64>,
    pub(crate) status: TrialStatus,
    /// Order of completion; null before.
    pub(crate) completion: Option<i64>,
    /// As text, in the order of the page's (or the experiment's) parameters; null where inactive.
    pub(crate) parameters: Vec<Option<String>>,
    /// In the order of `metrics`: objectives, constraints, then additional ones.
    pub(crate) metrics: Vec<Num>,
    /// Keeps every constraint.
    pub(crate) feasible: bool,
    pub(crate) started: Option<Millis>,
    pub(crate) ended: Option<Millis>,
}

/// How many trials.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ColumnsQuery {
    /// At most so many trials; default 10000. Beyond it they are sampled (best, newest, extremes
    /// always among them). 0 for all.
    pub(crate) limit: Option<usize>,
}

/// Trials column by column, for plots: the i-th entry of each list is the same trial. In the order
/// of completion, unfinished ones last.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Columns {
    pub(crate) total: usize,
    /// Fewer trials than there are.
    pub(crate) sampled: bool,
    pub(crate) names: Vec<String>,
    pub(crate) indexes: Vec<Option<u64>>,
    /// Places in `statuses`.
    pub(crate) status: Vec<usize>,
    pub(crate) statuses: Vec<TrialStatus>,
    pub(crate) completion: Vec<Option<i64>>,
    pub(crate) started: Vec<Option<Millis>>,
    pub(crate) ended: Vec<Option<Millis>>,
    /// False where a constraint is broken.
    pub(crate) feasible: Vec<bool>,
    pub(crate) parameters: Vec<ParameterColumn>,
    pub(crate) metrics: Vec<MetricColumn>,
    /// Best feasible value of the first objective among the trials completed so far (all trials,
    /// also those left out); null before there is one.
    pub(crate) best_so_far: Vec<Num>,
    /// Place in these lists of the best trial; null without one.
    pub(crate) best: Option<usize>,
    /// How many trials may run at once.
    pub(crate) parallel: i32,
    pub(crate) at: String,
}

/// The values of one parameter.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ParameterColumn {
    pub(crate) info: ParameterInfo,
    /// Numbers, or places in `categories` where that is not empty; null where inactive.
    pub(crate) values: Vec<Num>,
    pub(crate) categories: Vec<String>,
}

/// The values of one metric.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MetricColumn {
    pub(crate) name: String,
    pub(crate) role: MetricRole,
    /// Null for what is neither to be minimised nor maximised.
    pub(crate) direction: Option<Optimum>,
    pub(crate) goal: Option<f64>,
    pub(crate) values: Vec<Num>,
}

/// What a metric is recorded for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum MetricRole {
    Objective,
    Constraint,
    Additional,
}

/// One trial.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TrialDetail {
    pub(crate) namespace: String,
    pub(crate) experiment: String,
    pub(crate) row: TrialRow,
    pub(crate) parameters: Vec<ComparedValue>,
    pub(crate) metrics: Vec<MetricValue>,
    pub(crate) objectives: Vec<ObjectiveInfo>,
    /// The experiment's best trial; null before one has succeeded.
    pub(crate) best: Option<BestValue>,
    /// Labels that the algorithm gave it.
    pub(crate) labels: Vec<NameValue>,
    /// Rules of early stopping that hold for it, in words.
    pub(crate) stopping_rules: Vec<String>,
    pub(crate) conditions: Vec<ConditionInfo>,
    /// Null when it is not there (not yet, or no more).
    pub(crate) workload: Option<WorkloadInfo>,
    pub(crate) pods: Vec<PodInfo>,
    pub(crate) arguments: String,
    pub(crate) command: String,
    /// Which actions make sense now: stop, enqueue (again), clone.
    pub(crate) actions: Vec<String>,
    pub(crate) at: String,
}

/// A parameter of this trial, and of the best.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ComparedValue {
    pub(crate) name: String,
    pub(crate) value: String,
    /// The best trial's; null without one.
    pub(crate) best: Option<String>,
}

/// The object that a trial runs as.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Workload")]
pub(crate) struct WorkloadInfo {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) conditions: Vec<ConditionInfo>,
}

/// Which part of a log.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogQuery {
    /// Default the newest pod that counts.
    pub(crate) pod: Option<String>,
    /// Default the primary container.
    pub(crate) container: Option<String>,
    pub(crate) follow: Option<bool>,
    /// Only so many last lines.
    pub(crate) tail: Option<i64>,
    pub(crate) timestamps: Option<bool>,
    /// Of the container's run before this one.
    pub(crate) previous: Option<bool>,
    /// As a file to save.
    pub(crate) download: Option<bool>,
}

/// What a trial's network looks like, in the order of the layers; `input` first, `output` last.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Architecture {
    pub(crate) nodes: Vec<GraphNode>,
    pub(crate) edges: Vec<GraphEdge>,
}

/// A layer.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GraphNode {
    pub(crate) id: String,
    /// Such as `convolution`.
    pub(crate) label: String,
    pub(crate) kind: NodeKind,
    pub(crate) details: Vec<NameValue>,
}

/// What a layer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum NodeKind {
    Input,
    Operation,
    Output,
}

/// Who feeds whom.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GraphEdge {
    pub(crate) from: String,
    pub(crate) to: String,
    /// Not from the layer right before it.
    pub(crate) skip: bool,
}
