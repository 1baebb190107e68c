//! What several kinds share: parameters, objectives, algorithms, observations, conditions.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A free-form object in a schema: any fields, kept as they are.
pub(super) fn any_object(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true })
}

/// One hyperparameter and the values it may take.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ParameterSpec {
    /// Name of the parameter, unique in the experiment.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// double, int, discrete or categorical.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub parameter_type: String,
    /// The values that the parameter may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feasible_space: Option<FeasibleSpace>,
    /// Only in trials where another parameter has one of some values; always when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    /// Where its owner believes that good values lie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prior: Option<Prior>,
}

/// When a conditional parameter counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct When {
    /// Name of the parameter that decides: an int, discrete or categorical one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub parameter: String,
    /// The values of it with which this one counts.
    #[serde(rename = "in", skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// A belief about where good values of a parameter lie.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Prior {
    /// The value that is believed best.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// low, medium or high; medium when absent. What trials show outweighs it in time.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub confidence: String,
}

/// A bound that a trial must keep to count as feasible.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ConstraintSpec {
    /// Name of the metric.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub metric_name: String,
    /// less: the metric must be at most the value; greater: at least.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub comparison: String,
    /// The bound.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
}

/// Bounds or choices of a parameter; numbers are written as text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct FeasibleSpace {
    /// Largest value of a double or int parameter.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub max: String,
    /// Smallest value of a double or int parameter.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub min: String,
    /// The choices of a discrete or categorical parameter.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub list: Vec<String>,
    /// Distance between neighbouring values of a double or int parameter.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub step: String,
    /// uniform, logUniform, normal or logNormal.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub distribution: String,
}

/// What the owner wants of the metrics.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectiveSpec {
    /// minimize or maximize.
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    pub type_: String,
    /// The experiment ends once the best trial is at least this good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goal: Option<f64>,
    /// The metric to optimise.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub objective_metric_name: String,
    /// Further metrics that are recorded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub additional_metric_names: Vec<String>,
    /// Which of a metric's values stands for the trial: min, max or latest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metric_strategies: Vec<MetricStrategy>,
}

/// Which of a metric's values stands for the trial.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MetricStrategy {
    /// Name of the metric.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// min, max or latest.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
}

/// The search algorithm and its settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct AlgorithmSpec {
    /// Name of the algorithm; `qalam` lists those it has.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub algorithm_name: String,
    /// Settings of the algorithm; values are text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub algorithm_settings: Vec<Setting>,
}

/// The early-stopping rule and its settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct EarlyStoppingSpec {
    /// Name of the rule.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub algorithm_name: String,
    /// Settings of the rule; values are text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub algorithm_settings: Vec<Setting>,
}

/// A name and its value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Setting {
    /// Name of the setting.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Value of the setting, as text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
}

/// A parameter and the value it has in one trial.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ParameterAssignment {
    /// Name of the parameter.
    pub name: String,
    /// Its value, as text.
    pub value: String,
}

/// Stop a trial when a metric compares so with a value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct EarlyStoppingRule {
    /// The metric to compare.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What it is compared with.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// equal, less or greater.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub comparison: String,
    /// How many reports must have come before the rule applies.
    #[serde(skip_serializing_if = "is_zero")]
    pub start_step: i32,
}

fn is_zero(it: &i32) -> bool {
    *it == 0
}

/// Where metrics come from and how they are read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct MetricsCollectorSpec {
    /// Where the metrics are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceSpec>,
    /// Who collects them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collector: Option<CollectorSpec>,
}

/// Where the metrics are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct SourceSpec {
    /// Endpoint that is scraped (PrometheusMetric): path, port, host, scheme, httpHeaders.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "any_object")]
    pub http_get: Option<serde_json::Value>,
    /// File or folder that is read (File, TensorFlowEvent, Custom).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_system_path: Option<FileSystemPath>,
    /// Which text counts as a metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<FilterSpec>,
}

/// A file or folder with metrics.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FileSystemPath {
    /// Absolute path inside the trial's container.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// File or Directory.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// TEXT or JSON.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub format: String,
}

/// Which text counts as a metric.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct FilterSpec {
    /// Regular expressions with two groups: the metric's name, and its value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics_format: Vec<String>,
}

/// Who collects the metrics.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct CollectorSpec {
    /// StdOut, File, TensorFlowEvent, PrometheusMetric, Custom or Push.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// The container of a Custom collector.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "any_object")]
    pub custom_collector: Option<serde_json::Value>,
}

/// What a trial measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Observation {
    /// One entry for each metric, in the order of the objective.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Metric>,
}

/// A metric's values over a trial; texts as they were reported.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Metric {
    /// Name of the metric.
    pub name: String,
    /// Smallest value.
    pub min: String,
    /// Largest value.
    pub max: String,
    /// The value with the latest time.
    pub latest: String,
}

/// A fact about an object, with its reason; the newest stands last.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// What the condition is about.
    #[serde(rename = "type")]
    pub type_: String,
    /// True, False or Unknown.
    pub status: String,
    /// One word that says why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// A sentence that says why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// When the condition was last written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_update_time: Option<Time>,
    /// When the status last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<Time>,
}
