//! What a kind's schema says about an object: faults, defaults, unknown fields.
//!
//! Defined kinds bring their own structural schema (`openAPIV3Schema`); built-in kinds have the
//! schemas of their Rust types, and the rules of `rules.rs` that no schema can say.

mod builtin;
mod defaults;
mod definition;
mod expressions;
mod meta;
mod nearest;
mod prune;
mod rules;
mod validate;

use proto::FieldError;
use serde_json::{Map, Value};

use super::kinds::Kind;

pub use builtin::{component_name, components};
pub use definition::faults as definition_faults;
pub use nearest::{distance, nearest};

/// What the schema found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SchemaOutcome {
    /// Faults, all of them; any of them refuses the object.
    pub errors: Vec<FieldError>,
    /// One sentence for each field that the schema does not know, such as
    /// `unknown field "spec.objetive", did you mean "objective"?`.
    pub unknown: Vec<String>,
}

/// Prunes (where the schema does not keep unknown fields), defaults and validates `object` by
/// the kind's schema, in this order.
pub fn admit(kind: &Kind, object: &mut Value) -> SchemaOutcome {
    let mut outcome = SchemaOutcome::default();
    match (&kind.schema, builtin::schema(&kind.group, &kind.version, &kind.kind)) {
        (Some(schema), _) => {
            let refs = Refs::none();
            prune::prune(refs, schema, object, &mut outcome.unknown);
            defaults::fill(schema, object);
            validate::validate(refs, schema, object, &mut outcome.errors);
        }
        (None, Some((refs, schema))) => {
            let defines = kind.is(super::kinds::DEFINITIONS_GROUP, "CustomResourceDefinition");
            if !defines {
                drop_nulls(object);
            }
            prune::prune(refs, schema, object, &mut outcome.unknown);
            validate::validate(refs, schema, object, &mut outcome.errors);
            // Rules read fields as what the schema says they are.
            if outcome.errors.is_empty() {
                outcome.errors.extend(rules::faults(&kind.group, &kind.kind, object));
            }
        }
        (None, None) => {}
    }
    outcome.errors.extend(meta::faults(&kind.group, &kind.kind, object));
    outcome
}

/// What the rules of a defined kind's schema say about an object that fits the schema; `old` is
/// what is stored now.
pub fn rule_faults(kind: &Kind, object: &Value, old: Option<&Value>) -> Vec<FieldError> {
    match &kind.schema {
        Some(schema) => expressions::faults(schema, object, old),
        None => Vec::new(),
    }
}

/// What a structural schema says about an object that nobody stores: faults as they are after
/// defaulting, and fields that the schema does not know.
pub fn check(schema: &Value, object: &Value) -> SchemaOutcome {
    let mut object = object.clone();
    let mut outcome = SchemaOutcome::default();
    prune::prune(Refs::none(), schema, &mut object, &mut outcome.unknown);
    defaults::fill(schema, &mut object);
    validate::validate(Refs::none(), schema, &object, &mut outcome.errors);
    outcome
}

/// Where `$ref`s of the built-in kinds' schemas lead; defined kinds have none.
#[derive(Clone, Copy)]
struct Refs<'a>(Option<&'a Map<String, Value>>);

impl<'a> Refs<'a> {
    fn none() -> Refs<'a> {
        Refs(None)
    }

    /// The schema itself, or the one that it refers to.
    fn follow(self, schema: &'a Value) -> &'a Value {
        let Some(known) = self.0 else { return schema };
        // A reference with a description beside it stands alone in `allOf`.
        let wrapped = schema.get("allOf").and_then(|it| it.get(0)).unwrap_or(schema);
        let name = wrapped["$ref"].as_str().and_then(|it| it.rsplit('/').next());
        name.and_then(|name| known.get(name)).unwrap_or(schema)
    }
}

/// A null field of a built-in kind is an absent one.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, it| !it.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// `parent.field`, or `field` at the root.
fn join(parent: &str, field: &str) -> String {
    match (parent.is_empty(), field.contains('.')) {
        (_, true) => format!("{parent}[{field}]"),
        (true, false) => field.to_owned(),
        (false, false) => format!("{parent}.{field}"),
    }
}

/// Whether the schema is of a whole object with `apiVersion`, `kind` and `metadata` of its own.
fn is_embedded(schema: &Value) -> bool {
    schema["x-kubernetes-embedded-resource"] == true
}

fn is_preserving(schema: &Value) -> bool {
    schema["x-kubernetes-preserve-unknown-fields"] == true
}

#[cfg(test)]
mod tests;
