//! Validation of an object by a structural schema: every fault, with its path and value.

use std::collections::BTreeSet;

use base64::Engine;
use proto::FieldError;
use regex::Regex;
use serde_json::{Map, Value};

use super::{Refs, join};

/// Adds to `faults` whatever `schema` says against `object`.
pub(super) fn validate<'a>(
    refs: Refs<'a>,
    schema: &'a Value,
    object: &Value,
    faults: &'a mut Vec<FieldError>,
) {
    Validation { refs, faults }.value(schema, object, "");
}

/// How much of a value a message shows.
const SHOWN_MAX: usize = 60;

struct Validation<'a> {
    refs: Refs<'a>,
    faults: &'a mut Vec<FieldError>,
}

impl<'a> Validation<'a> {
    fn value(&mut self, schema: &'a Value, value: &Value, path: &str) {
        let schema = self.refs.follow(schema);
        if value.is_null() && schema["nullable"] == true {
            return;
        }
        if let Some(wanted) = wrong_type(schema, value) {
            return self.fault(path, format!("must be {wanted}, got {}", shown(value)));
        }
        self.choice(schema, value, path);
        self.junctions(schema, value, path);
        match value {
            Value::Object(fields) => self.object(schema, fields, path),
            Value::Array(items) => self.list(schema, items, path),
            Value::String(text) => self.text(schema, text, path),
            Value::Number(number) => self.number(schema, number, path),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn object(&mut self, schema: &'a Value, fields: &Map<String, Value>, path: &str) {
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        for name in required.filter_map(Value::as_str).filter(|it| !fields.contains_key(*it)) {
            // The API fills metadata in when it stores the object.
            if !(path.is_empty() && name == "metadata") {
                self.fault(&join(path, name), "is required, and missing: add it".into());
            }
        }
        for (name, value) in fields {
            let of_field = schema.get("properties").and_then(|it| it.get(name));
            let of_others = schema.get("additionalProperties").filter(|it| it.is_object());
            if let Some(of_field) = of_field.or(of_others) {
                self.value(of_field, value, &join(path, name));
            }
        }
        self.size(schema, "Properties", fields.len(), "fields", path);
    }

    fn list(&mut self, schema: &'a Value, items: &[Value], path: &str) {
        self.size(schema, "Items", items.len(), "items", path);
        if let Some(of_item) = schema.get("items") {
            for (index, item) in items.iter().enumerate() {
                self.value(of_item, item, &format!("{path}[{index}]"));
            }
        }
        let keys: Vec<&str> = schema["x-kubernetes-list-map-keys"]
            .as_array()
            .map(|it| it.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let identity = |item: &Value| match schema["x-kubernetes-list-type"].as_str() {
            Some("map") => Some(keys.iter().map(|key| item[key].to_string()).collect()),
            Some("set") => Some(vec![item.to_string()]),
            _ if schema["uniqueItems"] == true => Some(vec![item.to_string()]),
            _ => None,
        };
        let mut seen = BTreeSet::new();
        for (index, item) in items.iter().enumerate() {
            let Some(identity) = identity(item) else { break };
            let named: Vec<String> = identity.clone();
            if !seen.insert(identity) {
                let message = format!("duplicate of an earlier item: {}", named.join(", "));
                self.fault(&format!("{path}[{index}]"), message);
            }
        }
    }

    fn text(&mut self, schema: &Value, text: &str, path: &str) {
        self.size(schema, "Length", text.chars().count(), "characters", path);
        if let Some(pattern) = schema["pattern"].as_str() {
            // A pattern that does not compile was refused with the definition.
            if Regex::new(pattern).is_ok_and(|it| !it.is_match(text)) {
                self.fault(path, format!("must match {pattern}, got {}", clipped(text)));
            }
        }
        let wanted = match schema["format"].as_str() {
            Some("date-time") if text.parse::<jiff::Timestamp>().is_err() => {
                "a time such as 2026-01-31T12:00:00Z"
            }
            Some("byte") if base64::prelude::BASE64_STANDARD.decode(text).is_err() => {
                "base64-encoded"
            }
            _ => return,
        };
        self.fault(path, format!("must be {wanted}, got {}", clipped(text)));
    }

    fn number(&mut self, schema: &Value, number: &serde_json::Number, path: &str) {
        let Some(value) = number.as_f64() else { return };
        let (least, most) = (schema["minimum"].as_f64(), schema["maximum"].as_f64());
        if let Some(least) = least {
            let open = schema["exclusiveMinimum"] == true;
            if value < least || (open && value == least) {
                let than = if open { "greater than" } else { "at least" };
                self.fault(path, format!("must be {than} {least}, got {number}"));
            }
        }
        if let Some(most) = most {
            let open = schema["exclusiveMaximum"] == true;
            if most < value || (open && value == most) {
                let than = if open { "less than" } else { "at most" };
                self.fault(path, format!("must be {than} {most}, got {number}"));
            }
        }
        if let Some(factor) = schema["multipleOf"].as_f64().filter(|it| 0.0 < *it)
            && (value / factor).fract() != 0.0
        {
            self.fault(path, format!("must be a multiple of {factor}, got {number}"));
        }
        if schema["format"] == "int32" && (value < i32::MIN.into() || f64::from(i32::MAX) < value) {
            self.fault(path, format!("must fit in 32 bits, got {number}"));
        }
    }

    /// `minLength`, `maxItems` and their kin.
    fn size(&mut self, schema: &Value, of: &str, count: usize, unit: &str, path: &str) {
        let limit = |end: &str| schema[format!("{end}{of}")].as_u64();
        let count = count as u64;
        if let Some(least) = limit("min").filter(|it| count < *it) {
            self.fault(path, format!("needs at least {least} {unit}, has {count}"));
        }
        if let Some(most) = limit("max").filter(|it| *it < count) {
            self.fault(path, format!("takes at most {most} {unit}, has {count}"));
        }
    }

    fn choice(&mut self, schema: &Value, value: &Value, path: &str) {
        let Some(choices) = schema["enum"].as_array() else { return };
        if !choices.contains(value) {
            let choices: Vec<String> = choices.iter().map(ToString::to_string).collect();
            let message = format!("must be one of {}, got {}", choices.join(", "), shown(value));
            self.fault(path, message);
        }
    }

    /// allOf, anyOf, oneOf, not.
    fn junctions(&mut self, schema: &'a Value, value: &Value, path: &str) {
        let refs = self.refs;
        let parts = |name: &str| schema.get(name).and_then(Value::as_array);
        for part in parts("allOf").into_iter().flatten() {
            self.value(part, value, path);
        }
        let fitting = |parts: &'a Vec<Value>| {
            let found: Vec<Vec<FieldError>> =
                parts.iter().map(|it| faults_of(refs, it, value, path)).collect();
            let count = found.iter().filter(|it| it.is_empty()).count();
            (count, found.into_iter().min_by_key(Vec::len).unwrap_or_default())
        };
        if let Some((0, nearest)) = parts("anyOf").map(fitting) {
            self.faults.extend(nearest);
        }
        match parts("oneOf").map(fitting) {
            Some((0, nearest)) => self.faults.extend(nearest),
            Some((count, _)) if 1 < count => {
                let message = format!("must fit exactly one of the alternatives, fits {count}");
                self.fault(path, message);
            }
            _ => {}
        }
        if let Some(not) = schema.get("not")
            && faults_of(refs, not, value, path).is_empty()
        {
            self.fault(path, format!("has a form that is not allowed: {}", shown(value)));
        }
    }

    fn fault(&mut self, path: &str, message: String) {
        self.faults.push(FieldError::new(path, message));
    }
}

fn faults_of<'a>(refs: Refs<'a>, schema: &'a Value, value: &Value, path: &str) -> Vec<FieldError> {
    let mut faults = Vec::new();
    Validation { refs, faults: &mut faults }.value(schema, value, path);
    faults
}

/// What the value should have been, if its type is wrong.
fn wrong_type(schema: &Value, value: &Value) -> Option<&'static str> {
    let whole =
        value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|it| it.fract() == 0.0);
    if schema["x-kubernetes-int-or-string"] == true {
        return (!whole && !value.is_string()).then_some("an integer or a string");
    }
    let (fits, wanted) = match schema["type"].as_str()? {
        "object" => (value.is_object(), "an object"),
        "array" => (value.is_array(), "a list"),
        "string" => (value.is_string(), "a string"),
        "boolean" => (value.is_boolean(), "true or false"),
        "number" => (value.is_number(), "a number"),
        "integer" => (whole, "an integer"),
        _ => return None,
    };
    (!fits).then_some(wanted)
}

/// The value as a message shows it.
fn shown(value: &Value) -> String {
    match value {
        Value::Object(_) => "an object".into(),
        Value::Array(_) => "a list".into(),
        Value::String(text) => clipped(text),
        other => other.to_string(),
    }
}

fn clipped(text: &str) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}
