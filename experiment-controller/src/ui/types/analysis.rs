//! What the trials show: importance, correlation, the Pareto front.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{NameValue, Num, ObjectiveInfo};

/// How importance is measured, and of what.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImportanceQuery {
    /// Default fanova.
    pub(crate) method: Option<ImportanceMethod>,
    /// Metric to explain; default the first objective's.
    pub(crate) metric: Option<String>,
}

/// How importance is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ImportanceMethod {
    #[default]
    Fanova,
    PedAnova,
}

/// How much each parameter matters.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Importance {
    pub(crate) method: ImportanceMethod,
    /// Its name and reference, to be shown.
    pub(crate) about: String,
    pub(crate) metric: String,
    /// On how many completed trials.
    pub(crate) trials: usize,
    /// Largest first; they sum to 1 (or are all 0).
    pub(crate) parameters: Vec<ImportanceOf>,
    /// Why there is none yet (too few trials, all values equal); else empty.
    pub(crate) note: String,
}

/// How much one parameter matters.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImportanceOf {
    pub(crate) name: String,
    pub(crate) importance: f64,
}

/// How parameters and metrics rise and fall together.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Correlation {
    pub(crate) method: CorrelationMethod,
    pub(crate) about: String,
    pub(crate) trials: usize,
    pub(crate) parameters: Vec<String>,
    pub(crate) metrics: Vec<String>,
    /// One row for each parameter, one entry for each metric, -1 … 1; null where it has no meaning
    /// (categories without order, constant values).
    pub(crate) values: Vec<Vec<Num>>,
    pub(crate) note: String,
}

/// How correlation is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum CorrelationMethod {
    Spearman,
}

/// What no other trial beats, and how the front grew.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pareto {
    pub(crate) objectives: Vec<ObjectiveInfo>,
    /// Feasible trials that no other beats in all objectives, by the first objective.
    pub(crate) front: Vec<ParetoPoint>,
    /// Hypervolume of the front over time; larger is better. Empty with one objective.
    pub(crate) hypervolume: Vec<VolumePoint>,
    /// The point that volumes are measured from, one value for each objective.
    pub(crate) reference: Vec<f64>,
    pub(crate) about: String,
    pub(crate) at: String,
}

/// A trial on the front.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ParetoPoint {
    pub(crate) trial: String,
    pub(crate) values: Vec<f64>,
    pub(crate) parameters: Vec<NameValue>,
}

/// The hypervolume after that many completions.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VolumePoint {
    pub(crate) completion: usize,
    pub(crate) volume: f64,
}
