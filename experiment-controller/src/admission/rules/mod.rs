//! The rules that an experiment must keep, one family a file, in the order of the manifest.

mod budget;
mod collector;
mod metadata;
mod objective;
mod search;
mod template;
mod trial_parameters;
mod update;
mod workload;

use proto::FieldError;
use proto::kinds::ExperimentSpec;
use serde_json::Value;

use super::Lookup;

/// What the rules look at.
pub(super) struct Case<'a> {
    /// The completed experiment.
    pub(super) object: &'a Value,
    /// Its spec, without what has the wrong type.
    pub(super) spec: &'a ExperimentSpec,
    /// The stored experiment that this one replaces.
    pub(super) old: Option<&'a Value>,
    /// Reads another object: `lookup("configmaps", namespace, name)`.
    pub(super) lookup: Lookup<'a>,
}

/// One family of rules: everything that it finds wrong, with paths from the object's root.
type Rule = fn(&Case<'_>) -> Vec<FieldError>;

/// Every rule. A fault on a field hides later faults on the same field.
pub(super) const RULES: &[Rule] = &[
    metadata::check,
    update::check,
    budget::check,
    objective::check,
    search::check,
    collector::check,
    template::check,
    trial_parameters::check,
    workload::check,
];

/// What is odd, but refuses nothing.
pub(super) fn remarks(case: &Case<'_>) -> Vec<String> {
    trial_parameters::remarks(case)
}

/// Pushes a fault where a condition does not hold.
fn need(holds: bool, faults: &mut Vec<FieldError>, path: &str, message: impl FnOnce() -> String) {
    if !holds {
        faults.push(FieldError::new(path, message()));
    }
}

/// `"a", "b" or "c"`, for messages.
fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|it| format!("\"{it}\"")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}
