//! What the live stream tells.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Done, ExperimentRow, Millis, Num, ObjectName, TrialRow};

/// What to hear of, and from where on.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StreamQuery {
    /// What to hear of, separated by commas: `experiments` or `experiments:NS`,
    /// `experiment:NS/NAME` (its row and its trials), `trial:NS/NAME` (its row, and its points as
    /// they come), `curves:NS/NAME` (points of all running trials of an experiment, first
    /// objective), `cluster` or `cluster:NS`. At most 20.
    pub(crate) watch: String,
    /// `at` of an answer: what came after it is told first. (EventSource sends Last-Event-ID by
    /// itself when it connects again, and that counts more.)
    pub(crate) from: Option<String>,
}

/// `event` → `data` (JSON). Every event has an `id`. Changes are gathered for up to 100 ms.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[allow(dead_code, reason = "a description of the stream, which is written event by event")]
pub(crate) struct StreamEvents {
    /// Rows that are new or changed.
    pub(crate) experiments: Vec<ExperimentRow>,
    /// Experiments that are gone.
    pub(crate) experiments_gone: Vec<ObjectName>,
    /// Trials of a watched experiment that are new or changed.
    pub(crate) trials: TrialsChanged,
    /// Trials that are gone.
    pub(crate) trials_gone: TrialsGone,
    /// New points of curves.
    pub(crate) points: Vec<PointsAdded>,
    /// Something of a watched trial changed that is not in its row (pods, workload): ask again.
    pub(crate) trial: ObjectName,
    /// Pods changed: ask /cluster again.
    pub(crate) cluster: Done,
    /// What was missed is no longer known: ask for everything again.
    pub(crate) reset: Done,
    /// The session ended: ask for nothing more.
    pub(crate) bye: Done,
}

/// Trials of an experiment that are new or changed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TrialsChanged {
    pub(crate) namespace: String,
    pub(crate) experiment: String,
    pub(crate) rows: Vec<TrialRow>,
}

/// Trials of an experiment that are gone.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TrialsGone {
    pub(crate) namespace: String,
    pub(crate) experiment: String,
    pub(crate) names: Vec<String>,
}

/// New points of one curve.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PointsAdded {
    pub(crate) namespace: String,
    pub(crate) trial: String,
    pub(crate) metric: String,
    /// The step that the program tells; null where it tells none (then it is the next ordinal).
    pub(crate) x: Vec<Num>,
    pub(crate) y: Vec<Num>,
    pub(crate) time: Vec<Option<Millis>>,
}
