//! The lines of JSON that a session understands.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// One request.
#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub(super) enum Request {
    /// What is searched for.
    Init(Box<Init>),
    /// So many proposals.
    Ask { n: usize },
    /// What a trial came to.
    Tell(Box<Tell>),
    /// What a running trial measured.
    Report {},
    /// Trials that were not asked for.
    Inject { items: Vec<Item> },
    /// The end.
    Close,
}

/// What is searched for.
#[derive(Debug, Deserialize)]
pub(super) struct Init {
    pub(super) space: Vec<Parameter>,
    #[serde(default = "one")]
    pub(super) n_obj: usize,
    /// How many numbers, each to be at most 0, every trial is told with.
    #[serde(default)]
    pub(super) constraints: usize,
    #[serde(default)]
    pub(super) seed: u64,
    /// How many trials there will be.
    #[serde(default)]
    pub(super) budget: Option<u64>,
    #[serde(default)]
    pub(super) algorithm: Option<String>,
    /// Settings of the algorithm; numbers or texts.
    #[serde(default)]
    pub(super) settings: BTreeMap<String, Value>,
}

fn one() -> usize {
    1
}

/// One parameter.
#[derive(Debug, Deserialize)]
pub(super) struct Parameter {
    pub(super) name: String,
    /// double, int, discrete or categorical.
    #[serde(rename = "type")]
    pub(super) type_: String,
    #[serde(default)]
    pub(super) lo: Option<f64>,
    #[serde(default)]
    pub(super) hi: Option<f64>,
    #[serde(default)]
    pub(super) log: bool,
    #[serde(default)]
    pub(super) values: Vec<Value>,
    #[serde(default)]
    pub(super) when: Option<When>,
}

/// When a conditional parameter counts.
#[derive(Debug, Deserialize)]
pub(super) struct When {
    pub(super) param: String,
    #[serde(rename = "in")]
    pub(super) values: Vec<Value>,
}

/// What a trial came to; null stands for what was not measured.
#[derive(Debug, Deserialize)]
pub(super) struct Tell {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) values: Option<Vec<Option<f64>>>,
    #[serde(default)]
    pub(super) constraints: Option<Vec<Option<f64>>>,
    #[serde(default = "ok")]
    pub(super) status: String,
    #[serde(default)]
    pub(super) intermediate: Option<Vec<(f64, Option<f64>)>>,
    #[serde(default)]
    pub(super) seconds: Option<f64>,
}

fn ok() -> String {
    "ok".into()
}

/// A trial that was not asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Item {
    pub(super) params: BTreeMap<String, Value>,
    pub(super) values: Vec<Option<f64>>,
    #[serde(default)]
    pub(super) constraints: Option<Vec<Option<f64>>>,
}
