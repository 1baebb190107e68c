//! Pods, and what the machine or the cluster has for them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ConditionInfo, HomeKind, Millis, Num};

/// Of one namespace, or of all that the session may see.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NamespaceQuery {
    pub(crate) namespace: Option<String>,
}

/// What runs, and on what.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Cluster {
    pub(crate) home: HomeKind,
    pub(crate) version: String,
    pub(crate) slots: Vec<Slot>,
    /// Of running pods and those that wait, newest first; at most 1000.
    pub(crate) pods: Vec<PodInfo>,
    /// How many pods run.
    pub(crate) running: usize,
    /// How many wait.
    pub(crate) waiting: usize,
    /// How many have ended and are still there.
    pub(crate) finished: usize,
    /// Those that wait, oldest first, each with why.
    pub(crate) queue: Vec<PodInfo>,
    pub(crate) at: String,
}

/// What there is of a resource, and what running pods have of it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Slot {
    /// cpu in cores, memory in bytes, gpu in devices.
    pub(crate) resource: Resource,
    pub(crate) used: f64,
    /// Null where it is not known.
    pub(crate) total: Num,
}

/// What pods ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Resource {
    Cpu,
    Memory,
    Gpu,
}

/// A pod.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PodInfo {
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// Empty where it belongs to no trial.
    pub(crate) trial: String,
    /// Empty where it belongs to no experiment.
    pub(crate) experiment: String,
    pub(crate) phase: String,
    /// How it stands and why, in words.
    pub(crate) message: String,
    pub(crate) node: String,
    pub(crate) created: Option<Millis>,
    pub(crate) started: Option<Millis>,
    pub(crate) ended: Option<Millis>,
    pub(crate) containers: Vec<ContainerInfo>,
    pub(crate) conditions: Vec<ConditionInfo>,
    /// What it asks for, in cores.
    pub(crate) cpu: f64,
    /// What it asks for, in bytes.
    pub(crate) memory: f64,
    /// What it asks for, in devices.
    pub(crate) gpus: f64,
}

/// A container of a pod.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ContainerInfo {
    pub(crate) name: String,
    pub(crate) init: bool,
    pub(crate) image: String,
    pub(crate) state: ContainerState,
    /// In words, such as `exited with 1 (Error)`.
    pub(crate) message: String,
    pub(crate) exit_code: Option<i32>,
    pub(crate) restarts: i32,
    pub(crate) ready: bool,
}

/// How a container stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ContainerState {
    Waiting,
    Running,
    Terminated,
}
