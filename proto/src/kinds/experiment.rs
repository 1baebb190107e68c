//! Experiment: a search over hyperparameters, as its owner writes it.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::common::{
    AlgorithmSpec, Condition, ConstraintSpec, EarlyStoppingSpec, MetricsCollectorSpec,
    ObjectiveSpec, Observation, ParameterAssignment, ParameterSpec, any_object,
};

/// A search for the best hyperparameters: what to vary, what to measure, what to run, and how
/// much of it.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "kubeflow.org",
    version = "v1beta1",
    kind = "Experiment",
    plural = "experiments",
    singular = "experiment",
    namespaced,
    status = "ExperimentStatus",
    derive = "Default",
    derive = "PartialEq",
    category = "all",
    category = "kubeflow",
    category = "katib",
    printcolumn = r#"{"name":"Type","type":"string","jsonPath":".status.conditions[-1:].type"}"#,
    printcolumn = r#"{"name":"Status","type":"string","jsonPath":".status.conditions[-1:].status"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase", default)]
pub struct ExperimentSpec {
    /// The hyperparameters to search over.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<ParameterSpec>,
    /// What to optimise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub objective: Option<ObjectiveSpec>,
    /// Several things to optimise at once, in place of `objective`: the result is the trials that
    /// no other beats in all of them. The first one's reports are the trials' curves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub objectives: Vec<ObjectiveSpec>,
    /// Bounds on metrics that a trial must keep to count as feasible.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<ConstraintSpec>,
    /// Combinations of values that are never tried: parameter to value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forbidden: Vec<BTreeMap<String, String>>,
    /// What is tried first, in this order: parameter to value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub initial_points: Vec<BTreeMap<String, String>>,
    /// How to search; `auto` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<AlgorithmSpec>,
    /// When to give a trial up before its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<EarlyStoppingSpec>,
    /// What each trial runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trial_template: Option<TrialTemplate>,
    /// How many trials run at once; 3 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallel_trial_count: Option<i32>,
    /// How many trials may complete; no bound when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_trial_count: Option<i32>,
    /// How many trials may fail before the experiment does; no bound when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_failed_trial_count: Option<i32>,
    /// Pause: no new trial is made while this is true; those that run go on. May be changed at any
    /// time.
    #[serde(skip_serializing_if = "is_false")]
    pub suspend: bool,
    /// Where metrics come from; the trial's standard output when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics_collector_spec: Option<MetricsCollectorSpec>,
    /// A search over network architectures, in place of parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nas_config: Option<NasConfig>,
    /// Never (default), LongRunning or FromVolume: whether a finished experiment may go on.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub resume_policy: String,
}

/// What each trial runs: a manifest with placeholders.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct TrialTemplate {
    /// Keep the workload after the trial has completed.
    #[serde(skip_serializing_if = "is_false")]
    pub retain: bool,
    /// The workload's manifest, with `${trialParameters.name}` where values go.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "any_object")]
    pub trial_spec: Option<serde_json::Value>,
    /// A ConfigMap that holds the manifest, in place of trialSpec.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_map: Option<ConfigMapSource>,
    /// The placeholders and what fills them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trial_parameters: Option<Vec<TrialParameterSpec>>,
    /// Labels of the pod whose metrics count; every pod when absent.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub primary_pod_labels: BTreeMap<String, String>,
    /// The container whose metrics count.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub primary_container_name: String,
    /// GJSON query over the workload: it has succeeded when this finds something.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub success_condition: String,
    /// GJSON query over the workload: it has failed when this finds something.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub failure_condition: String,
}

fn is_false(it: &bool) -> bool {
    !*it
}

/// Where in which ConfigMap a trial's manifest is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ConfigMapSource {
    /// Name of the ConfigMap.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub config_map_name: String,
    /// Its namespace.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub config_map_namespace: String,
    /// The key whose value is the manifest.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub template_path: String,
}

/// A placeholder of the template and what fills it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TrialParameterSpec {
    /// The name in `${trialParameters.name}`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// A note for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// A parameter of the experiment, or `${trialSpec.Name}` and the like.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reference: String,
}

/// A search over network architectures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct NasConfig {
    /// Size of the network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub graph_config: Option<GraphConfig>,
    /// What a layer may do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<Operation>,
}

/// Size of a network.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct GraphConfig {
    /// How many layers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_layers: Option<i32>,
    /// Shape of the input.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub input_sizes: Vec<i32>,
    /// Shape of the output.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub output_sizes: Vec<i32>,
}

/// What a layer may do, and the parameters of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Operation {
    /// Kind of operation, such as convolution.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub operation_type: String,
    /// Its parameters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<ParameterSpec>,
}

/// How far the search is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ExperimentStatus {
    /// When the experiment was first seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Time>,
    /// When it ended; null until then.
    pub completion_time: Option<Time>,
    /// When the status was last written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_reconcile_time: Option<Time>,
    /// Created, Running, Restarting, Succeeded, Failed; the newest stands last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The best trial so far: the best in the first objective of those that keep every constraint.
    pub current_optimal_trial: OptimalTrial,
    /// With several objectives the feasible trials that no other beats in all of them, by the
    /// first objective (a window, those that stand most alone). (Qalam's own field; Katib ignores
    /// it.)
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub optimal_trials: Vec<OptimalTrial>,
    /// Names of running trials (a window, newest first).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub running_trial_list: Vec<String>,
    /// Names of trials that have not started (a window, newest first).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pending_trial_list: Vec<String>,
    /// Names of failed trials (a window, newest first).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed_trial_list: Vec<String>,
    /// Names of succeeded trials (a window, newest first).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub succeeded_trial_list: Vec<String>,
    /// Names of killed trials (a window, newest first).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub killed_trial_list: Vec<String>,
    /// Names of trials that were stopped early (a window, newest first).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub early_stopped_trial_list: Vec<String>,
    /// Names of trials without metrics (a window, newest first).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics_unavailable_trial_list: Vec<String>,
    /// How many trials there are.
    #[serde(skip_serializing_if = "is_zero")]
    pub trials: i32,
    /// How many succeeded.
    #[serde(skip_serializing_if = "is_zero")]
    pub trials_succeeded: i32,
    /// How many failed.
    #[serde(skip_serializing_if = "is_zero")]
    pub trials_failed: i32,
    /// How many were killed.
    #[serde(skip_serializing_if = "is_zero")]
    pub trials_killed: i32,
    /// How many have not started.
    #[serde(skip_serializing_if = "is_zero")]
    pub trials_pending: i32,
    /// How many run.
    #[serde(skip_serializing_if = "is_zero")]
    pub trials_running: i32,
    /// How many were stopped early.
    #[serde(skip_serializing_if = "is_zero")]
    pub trials_early_stopped: i32,
    /// How many ended without metrics.
    #[serde(skip_serializing_if = "is_zero")]
    pub trial_metrics_unavailable: i32,
}

fn is_zero(it: &i32) -> bool {
    *it == 0
}

/// The best trial so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct OptimalTrial {
    /// Its name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub best_trial_name: String,
    /// Its parameters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parameter_assignments: Vec<ParameterAssignment>,
    /// What it measured.
    pub observation: Observation,
}
