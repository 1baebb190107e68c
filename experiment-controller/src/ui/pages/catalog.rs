//! What there is to choose from: algorithms, early-stopping rules, and the schema of an experiment.

use axum::Json;
use earlystop::registry as rules;
use kube::CustomResourceExt;
use proto::kinds::Experiment;
use serde_json::{Value, json};
use suggestion::registry;
use suggestion::settings::{Range, SettingSpec};

use crate::ui::types::{AlgorithmInfo, AlgorithmList, SettingInfo, SettingInput};

/// Search algorithms.
pub(crate) async fn algorithms() -> Json<AlgorithmList> {
    let info = |it: &registry::Algorithm| AlgorithmInfo {
        name: it.name.into(),
        about: it.about.into(),
        settings: it.settings.iter().map(setting).collect(),
    };
    Json(AlgorithmList { items: registry::algorithms().iter().map(info).collect() })
}

fn setting(it: &SettingSpec) -> SettingInfo {
    let (input, choices) = input(&it.range);
    SettingInfo {
        name: it.name.into(),
        default: it.default.into(),
        range: it.range.to_string(),
        meaning: it.meaning.into(),
        input,
        choices,
    }
}

fn input(range: &Range) -> (SettingInput, Vec<String>) {
    match range {
        Range::Whole { .. } => (SettingInput::Whole, vec![]),
        Range::Between { .. }
        | Range::AtLeast { .. }
        | Range::UpTo { .. }
        | Range::Within { .. } => (SettingInput::Number, vec![]),
        Range::Choice { of, .. } => {
            (SettingInput::Choice, of.iter().map(ToString::to_string).collect())
        }
        // A number or a word: only a text takes both.
        Range::OrNone(_) | Range::Text(_) => (SettingInput::Text, vec![]),
    }
}

/// Early-stopping rules.
pub(crate) async fn early_stopping() -> Json<AlgorithmList> {
    let info = |it: &rules::Entry| AlgorithmInfo {
        name: it.name.into(),
        about: it.about.into(),
        settings: it.settings.iter().map(setting).collect(),
    };
    Json(AlgorithmList { items: rules::rules().iter().map(info).collect() })
}

/// The JSON schema of an Experiment.
pub(crate) async fn schema() -> Json<Value> {
    let definition = json!(Experiment::crd());
    let versions = definition["spec"]["versions"].as_array().cloned().unwrap_or_default();
    let version = versions.into_iter().next().unwrap_or_default();
    Json(version["schema"]["openAPIV3Schema"].clone())
}
