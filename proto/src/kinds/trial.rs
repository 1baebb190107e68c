//! Trial: one run with one assignment of values.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::common::{
    Condition, ConstraintSpec, EarlyStoppingRule, MetricsCollectorSpec, ObjectiveSpec, Observation,
    ParameterAssignment, any_object,
};

/// One run of the workload with one assignment of values.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "kubeflow.org",
    version = "v1beta1",
    kind = "Trial",
    plural = "trials",
    singular = "trial",
    namespaced,
    status = "TrialStatus",
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
pub struct TrialSpec {
    /// What is optimised, copied from the experiment. Of several objectives the first; the metrics
    /// of the others and of constraints are among its additional ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub objective: Option<ObjectiveSpec>,
    /// All objectives where there are several, copied from the experiment.
    /// (Qalam's own field; Katib ignores it.)
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub objectives: Vec<ObjectiveSpec>,
    /// The bounds that the trial must keep to count as feasible, copied from the experiment.
    /// (Qalam's own field; Katib ignores it.)
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<ConstraintSpec>,
    /// The values of this trial.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parameter_assignments: Vec<ParameterAssignment>,
    /// When to stop this trial early.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub early_stopping_rules: Vec<EarlyStoppingRule>,
    /// The workload's manifest, all placeholders filled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "any_object")]
    pub run_spec: Option<serde_json::Value>,
    /// Keep the workload after the trial has completed.
    #[serde(skip_serializing_if = "is_false")]
    pub retain_run: bool,
    /// Where metrics come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics_collector: Option<MetricsCollectorSpec>,
    /// Labels of the pod whose metrics count.
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
    /// Labels that the algorithm gave this trial.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

fn is_false(it: &bool) -> bool {
    !*it
}

/// How the trial goes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct TrialStatus {
    /// When the trial was first seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Time>,
    /// When it completed; null until then.
    pub completion_time: Option<Time>,
    /// When the status was last written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_reconcile_time: Option<Time>,
    /// Created, Running, Succeeded, Killed, Failed, MetricsUnavailable, EarlyStopped.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// What the trial measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observation: Option<Observation>,
    /// The order in which trials of one experiment completed: unique, written once, from 1.
    /// (Qalam's own field; Katib ignores it.)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion_number: Option<i64>,
}
