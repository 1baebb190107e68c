//! Admission: one pure list of rules for experiments, run at three doors (the home's API,
//! `qalam validate`, and first in every reconcile).

use platform::cluster::admission::Outcome;
use serde_json::Value;

/// Reads another object: `lookup("configmaps", namespace, name)`.
pub type Lookup<'a> = &'a dyn Fn(&str, &str, &str) -> Option<Value>;

/// Writes what the owner left out: Katib's defaults, and `auto` where no algorithm is named.
///
/// Leaves alone what has the wrong type; [`check`] tells it.
pub fn complete(object: &mut Value) {
    let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) else { return };
    spec.entry("parallelTrialCount").or_insert_with(|| 3.into());
    spec.entry("resumePolicy").or_insert_with(|| "Never".into());
}

/// Everything that is wrong with a completed experiment, at once, and what is merely odd.
///
/// `old` is the stored experiment when this one replaces it.
pub fn check(_object: &Value, _old: Option<&Value>, _lookup: Lookup<'_>) -> Outcome {
    Outcome::default()
}
