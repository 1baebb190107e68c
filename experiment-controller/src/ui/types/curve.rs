//! Curves: what trials reported while they ran.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Millis, Num, TrialStatus};

/// Which curves, and how fine.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CurvesQuery {
    /// Names, separated by commas; these only.
    pub(crate) trials: Option<String>,
    /// Which, when none are named: those that run and the best (default), the newest, or all by
    /// index.
    pub(crate) pick: Option<Pick>,
    /// Default 50, at most 500 trials.
    pub(crate) limit: Option<usize>,
    /// Default the first objective's.
    pub(crate) metric: Option<String>,
    /// At most so many points of each curve, extremes kept; default 200, at most 10000.
    pub(crate) points: Option<usize>,
}

/// Which trials' curves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Pick {
    #[default]
    Best,
    Newest,
    All,
}

/// Curves of one metric of several trials.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Curves {
    pub(crate) metric: String,
    /// What x is: the step that the program tells, else the ordinal of the report from 1.
    pub(crate) x: XAxis,
    pub(crate) series: Vec<Curve>,
    /// Trials of the experiment.
    pub(crate) total: usize,
    pub(crate) at: String,
}

/// What x is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum XAxis {
    Step,
    Ordinal,
}

/// One metric of one trial.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Curve {
    pub(crate) trial: String,
    pub(crate) metric: String,
    pub(crate) status: TrialStatus,
    /// Stopped by an early-stopping rule: mark the last point.
    pub(crate) stopped: bool,
    /// Points before down-sampling.
    pub(crate) total: usize,
    pub(crate) x: Vec<f64>,
    pub(crate) y: Vec<Num>,
    /// When each was reported; null when nobody knows.
    pub(crate) time: Vec<Option<Millis>>,
}

/// How fine.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TrialCurvesQuery {
    /// Default 2000, at most 100000.
    pub(crate) points: Option<usize>,
}

/// All metrics of one trial.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TrialCurves {
    pub(crate) trial: String,
    pub(crate) series: Vec<Curve>,
    pub(crate) at: String,
}
