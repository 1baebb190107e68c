//! Manifests, events, and what there is to choose from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Millis};

/// The events of an object, newest first.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventList {
    pub(crate) items: Vec<EventRow>,
}

/// One event.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventRow {
    #[serde(rename = "type")]
    pub(crate) type_: EventType,
    pub(crate) reason: String,
    pub(crate) message: String,
    /// Such as Trial/quickstart-abc.
    pub(crate) object: String,
    pub(crate) source: String,
    pub(crate) count: i32,
    pub(crate) first: Option<Millis>,
    pub(crate) last: Option<Millis>,
}

/// Whether an event wants attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) enum EventType {
    Normal,
    Warning,
}

/// How an object is shown.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ManifestQuery {
    /// With status and what the server filled in; default true.
    pub(crate) full: Option<bool>,
    /// yaml answers text/yaml with a file name, to save; json (default) the object below.
    pub(crate) format: Option<ManifestFormat>,
}

/// In which form a manifest is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ManifestFormat {
    #[default]
    Json,
    Yaml,
}

/// A manifest.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ManifestText {
    /// YAML.
    pub(crate) text: String,
}

/// A manifest to be checked or created.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ManifestRequest {
    /// YAML or JSON.
    pub(crate) text: String,
    /// Where a manifest without a namespace goes.
    pub(crate) namespace: Option<String>,
}

/// What is wrong with a manifest, and what it becomes.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Validation {
    /// It would be accepted.
    pub(crate) ok: bool,
    pub(crate) faults: Vec<Fault>,
    /// What the manifest becomes with all defaults, as YAML; null where it cannot be read.
    pub(crate) completed: Option<String>,
    /// Its name; null where it cannot be read.
    pub(crate) name: Option<String>,
    pub(crate) namespace: Option<String>,
    /// How many points the space holds; null when unbounded or unreadable.
    pub(crate) points: Option<u64>,
}

/// An experiment was created.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Created {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) warnings: Vec<String>,
}

/// In which form all trials are saved.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExportQuery {
    pub(crate) format: Option<ExportFormat>,
}

/// In which form all trials are saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ExportFormat {
    #[default]
    Csv,
    Json,
}

/// Algorithms, or early-stopping rules.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AlgorithmList {
    pub(crate) items: Vec<AlgorithmInfo>,
}

/// One of them, with what can be set.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AlgorithmInfo {
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) settings: Vec<SettingInfo>,
}

/// One setting.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SettingInfo {
    pub(crate) name: String,
    pub(crate) default: String,
    /// What it accepts, in words.
    pub(crate) range: String,
    pub(crate) meaning: String,
    /// For a form: its input.
    pub(crate) input: SettingInput,
    pub(crate) choices: Vec<String>,
}

/// How a setting is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum SettingInput {
    Whole,
    Number,
    Choice,
    Text,
}
