//! Suggestion: what an experiment has asked its algorithm for, and what came back.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::common::{
    AlgorithmSpec, Condition, EarlyStoppingRule, EarlyStoppingSpec, ParameterAssignment, Setting,
};

/// What an experiment asks of its search algorithm.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "kubeflow.org",
    version = "v1beta1",
    kind = "Suggestion",
    plural = "suggestions",
    singular = "suggestion",
    namespaced,
    status = "SuggestionStatus",
    derive = "Default",
    derive = "PartialEq",
    category = "all",
    category = "kubeflow",
    category = "katib",
    printcolumn = r#"{"name":"Type","type":"string","jsonPath":".status.conditions[-1:].type"}"#,
    printcolumn = r#"{"name":"Status","type":"string","jsonPath":".status.conditions[-1:].status"}"#,
    printcolumn = r#"{"name":"Requested","type":"string","jsonPath":".spec.requests"}"#,
    printcolumn = r#"{"name":"Assigned","type":"string","jsonPath":".status.suggestionCount"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase", default)]
pub struct SuggestionSpec {
    /// The search algorithm and its settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<AlgorithmSpec>,
    /// The early-stopping rule and its settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<EarlyStoppingSpec>,
    /// How many suggestions are wanted since the experiment began.
    pub requests: i32,
    /// Never, LongRunning or FromVolume.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub resume_policy: String,
}

/// What the algorithm has suggested.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct SuggestionStatus {
    /// Settings that the algorithm's service gave back; they override the spec's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub algorithm_settings: Vec<Setting>,
    /// How many suggestions were made since the experiment began.
    #[serde(skip_serializing_if = "is_zero")]
    pub suggestion_count: i32,
    /// The newest suggestions (a window; all those whose trial does not exist yet are in it).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<TrialAssignment>,
    /// When the suggestion was first seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Time>,
    /// When it ended; null until then.
    pub completion_time: Option<Time>,
    /// When the status was last written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_reconcile_time: Option<Time>,
    /// Created, DeploymentReady, Running, Succeeded, Failed; the newest stands last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The space holds nothing new. (Qalam's own field; Katib ignores it.)
    #[serde(skip_serializing_if = "is_false")]
    pub exhausted: bool,
}

fn is_zero(it: &i32) -> bool {
    *it == 0
}

fn is_false(it: &bool) -> bool {
    !*it
}

/// One suggestion: the trial's name and its values.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct TrialAssignment {
    /// The values to try.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parameter_assignments: Vec<ParameterAssignment>,
    /// Name of the trial to make.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// When to stop the trial early.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub early_stopping_rules: Vec<EarlyStoppingRule>,
    /// Labels for the trial.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}
