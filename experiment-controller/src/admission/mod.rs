//! Admission: one pure list of rules for experiments, run at three doors (the home's API,
//! `qalam validate`, and first in every reconcile).
//!
//! A manifest is read ([`manifest`]), completed ([`complete`]) and checked ([`check`]); the check
//! holds it against the schema first, takes out what has the wrong type, and runs every rule over
//! the rest, so that its owner hears all faults at once.

mod complete;
mod door;
pub mod manifest;
mod report;
mod rules;
mod schema;

use std::sync::LazyLock;

use platform::cluster::admission::Outcome;
use proto::FieldError;
use proto::kinds::ExperimentSpec;
use serde_json::Value;

pub use complete::complete;
pub use door::Door;
pub use platform::cluster::api::schema::nearest;
pub use report::{Document, Report, validate};

/// Reads another object: `lookup("configmaps", namespace, name)`. Asked for the ConfigMap of a
/// template, and for `katib-config` in `kubeflow`, which names algorithms that other servers have.
pub type Lookup<'a> = &'a dyn Fn(&str, &str, &str) -> Option<Value>;

/// Schema of the spec of Experiment, as its definition has it.
static SCHEMA: LazyLock<Value> = LazyLock::new(|| spec_schema("Experiment"));

/// Everything that is wrong with a completed experiment, at once, and what is merely odd.
///
/// `old` is the stored experiment when this one replaces it: a spec that did not change is not
/// judged again.
pub fn check(object: &Value, old: Option<&Value>, lookup: Lookup<'_>) -> Outcome {
    if is_unchanged(object, old) {
        return Outcome::default();
    }
    let (sound, found) = schema::check(&SCHEMA, &object["spec"], "spec");
    let told = found.faults.clone();
    let rules = check_rules(object, sound, &told, old, lookup);
    let mut warnings: Vec<String> = found.unknown.iter().map(ToString::to_string).collect();
    warnings.extend(unknown_at_root(object).iter().map(ToString::to_string));
    warnings.extend(rules.warnings);
    Outcome { errors: [found.faults, rules.errors].concat(), warnings }
}

/// The same for an object whose types and field names its reader has checked and told.
fn check_beyond_types(object: &Value, old: Option<&Value>, lookup: Lookup<'_>) -> Outcome {
    if is_unchanged(object, old) {
        return Outcome::default();
    }
    let (sound, found) = schema::check(&SCHEMA, &object["spec"], "spec");
    check_rules(object, sound, &found.faults, old, lookup)
}

fn is_unchanged(object: &Value, old: Option<&Value>) -> bool {
    old.is_some_and(|old| completed_spec(old) == object["spec"])
}

/// Runs every rule over the `sound` part of the spec, and leaves out what `told` tells already.
fn check_rules(
    object: &Value,
    sound: Value,
    told: &[FieldError],
    old: Option<&Value>,
    lookup: Lookup<'_>,
) -> Outcome {
    let typed: ExperimentSpec = match serde_json::from_value(sound) {
        Ok(typed) => typed,
        Err(fault) => {
            let errors = vec![FieldError::new("spec", fault.to_string())];
            return Outcome { errors, warnings: Vec::new() };
        }
    };
    let case = rules::Case { object, spec: &typed, old, lookup };
    let mut errors: Vec<FieldError> = Vec::new();
    for rule in rules::RULES {
        for fault in rule(&case) {
            if told.iter().chain(&errors).all(|told| !covers(&told.path, &fault.path)) {
                errors.push(fault);
            }
        }
    }
    Outcome { errors, warnings: rules::remarks(&case) }
}

/// Holds the spec of another kind against its schema: types, and names nobody knows.
fn check_types(object: &Value, schema: &Value) -> Outcome {
    let (_, found) = schema::check(schema, &object["spec"], "spec");
    let warnings = found.unknown.iter().map(ToString::to_string).collect();
    Outcome { errors: found.faults, warnings }
}

/// Whether a fault at `told` already tells what is wrong at `path`: the same field, or one that
/// it stands in.
fn covers(told: &str, path: &str) -> bool {
    path.strip_prefix(told).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

fn unknown_at_root(object: &Value) -> Vec<FieldError> {
    const KNOWN: [&str; 5] = ["apiVersion", "kind", "metadata", "spec", "status"];
    let fields = object.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    let unknown = fields.filter(|name| !KNOWN.contains(name));
    let hint =
        |name| nearest(name, KNOWN).map_or(String::new(), |it| format!("; did you mean \"{it}\"?"));
    unknown
        .map(|name| FieldError::new(name, format!("is not a known field{}", hint(name))))
        .collect()
}

/// The spec of a stored experiment with today's defaults, to compare with a completed one.
fn completed_spec(old: &Value) -> Value {
    let mut old = old.clone();
    complete(&mut old);
    old.get_mut("spec").map(Value::take).unwrap_or_default()
}

fn spec_schema(kind: &str) -> Value {
    let definitions = proto::kinds::definitions();
    let definition = definitions.iter().find(|it| it.spec.names.kind == kind);
    let version = definition.and_then(|it| it.spec.versions.first());
    let schema = version.and_then(|it| it.schema.as_ref()?.open_api_v3_schema.as_ref());
    let spec = schema.and_then(|it| it.properties.as_ref()?.get("spec"));
    serde_json::to_value(spec).expect("a schema is plain data")
}
