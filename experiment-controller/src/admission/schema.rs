//! Types and names of fields, held against a schema: what has the wrong type, what is missing,
//! what nobody knows.

use proto::FieldError;
use serde_json::{Map, Value, json};

use super::nearest;

/// What a walk over a value found.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Wrong types and missing fields.
    pub(super) faults: Vec<FieldError>,
    /// Fields that the schema does not know.
    pub(super) unknown: Vec<FieldError>,
}

/// Holds `value` (which stands at `path`) against the schema `root`.
///
/// Answers the value without what has the wrong type, so that its other rules can be checked, and
/// what was found.
pub(super) fn check(root: &Value, value: &Value, path: &str) -> (Value, Findings) {
    let mut walk = Walk { root, findings: Findings::default() };
    let sound = walk.value(root, value, path).unwrap_or_else(|| json!({}));
    (sound, walk.findings)
}

struct Walk<'a> {
    root: &'a Value,
    findings: Findings,
}

impl<'a> Walk<'a> {
    /// The sound part of `value`; none when its type is wrong.
    fn value(&mut self, schema: &'a Value, value: &Value, path: &str) -> Option<Value> {
        let (schema, quantity) = self.resolved(schema);
        if schema["x-kubernetes-int-or-string"] == true {
            return self.expect(value, value.is_string() || value.is_i64(), INT_OR_STRING, path);
        }
        match schema["type"].as_str() {
            Some("object") => self.object(schema, value, path),
            Some("array") => self.array(schema, value, path),
            Some("string") => {
                self.expect(value, value.is_string() || quantity && value.is_number(), STRING, path)
            }
            Some("integer") => {
                let wanted = if value.is_i64() { INTEGER_32 } else { INTEGER };
                self.expect(value, fits(schema, value), wanted, path)
            }
            Some("number") => self.expect(value, value.is_number(), NUMBER, path),
            Some("boolean") => self.expect(value, value.is_boolean(), BOOLEAN, path),
            _ => Some(value.clone()),
        }
    }

    /// The schema that a reference stands for, and whether it is a quantity: text that people
    /// write as a bare number too.
    fn resolved(&self, schema: &'a Value) -> (&'a Value, bool) {
        let Some(target) = schema["$ref"].as_str() else { return (schema, false) };
        let found = self.root.pointer(target.trim_start_matches('#')).unwrap_or(&Value::Null);
        (found, target.ends_with(".Quantity"))
    }

    fn expect(&mut self, value: &Value, fits: bool, wanted: &str, path: &str) -> Option<Value> {
        if fits {
            return Some(value.clone());
        }
        if value.is_null() {
            self.findings.faults.push(FieldError::new(path, "must be specified"));
            return None;
        }
        let way_out = match value {
            Value::Number(_) | Value::Bool(_) if wanted == STRING => {
                format!("; write it in quotes: \"{value}\"")
            }
            Value::String(text) if wanted != STRING && is_bare(text) => {
                format!("; write it without quotes: {text}")
            }
            _ => String::new(),
        };
        let message = format!("must be {wanted}, got {}{way_out}", shown(value));
        self.findings.faults.push(FieldError::new(path, message));
        None
    }

    fn array(&mut self, schema: &'a Value, value: &Value, path: &str) -> Option<Value> {
        let Some(items) = value.as_array() else { return self.expect(value, false, LIST, path) };
        let schema = &schema["items"];
        let sound = |(index, item)| {
            let found = self.value(schema, item, &format!("{path}[{index}]"));
            found.unwrap_or_else(|| self.empty(schema))
        };
        Some(items.iter().enumerate().map(sound).collect())
    }

    /// What stands for an item of the wrong type, so that the others keep their places.
    fn empty(&self, schema: &'a Value) -> Value {
        match self.resolved(schema).0["type"].as_str() {
            Some("object") => json!({}),
            Some("array") => json!([]),
            Some("integer" | "number") => json!(0),
            Some("boolean") => json!(false),
            _ => json!(""),
        }
    }

    fn object(&mut self, schema: &'a Value, value: &Value, path: &str) -> Option<Value> {
        let Some(fields) = value.as_object() else {
            return self.expect(value, false, OBJECT, path);
        };
        let known = schema["properties"].as_object();
        let mut sound = Map::new();
        // A null is a field left out, as the Kubernetes API has it.
        for (name, item) in fields.iter().filter(|(_, item)| !item.is_null()) {
            let at = format!("{path}.{name}");
            let schema = known.and_then(|it| it.get(name)).or(schema.get("additionalProperties"));
            let found = match schema {
                Some(schema) => self.value(schema, item, &at),
                None => {
                    known.into_iter().for_each(|known| self.unknown(known, name, &at));
                    Some(item.clone())
                }
            };
            sound.extend(found.map(|item| (name.clone(), item)));
        }
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if fields.get(name).is_none_or(Value::is_null) {
                let fault = FieldError::new(format!("{path}.{name}"), "must be specified");
                self.findings.faults.push(fault);
            }
        }
        Some(Value::Object(sound))
    }

    fn unknown(&mut self, known: &Map<String, Value>, name: &str, path: &str) {
        let hint = nearest(name, known.keys().map(String::as_str));
        let hint = hint.map_or(String::new(), |it| format!("; did you mean \"{it}\"?"));
        self.findings.unknown.push(FieldError::new(path, format!("is not a known field{hint}")));
    }
}

const OBJECT: &str = "an object";
const LIST: &str = "a list";
const STRING: &str = "a string";
const INTEGER: &str = "a whole number";
const INTEGER_32: &str = "a whole number between -2147483648 and 2147483647";
const NUMBER: &str = "a number";
const BOOLEAN: &str = "true or false";
const INT_OR_STRING: &str = "a whole number or a string";

/// Whether a value is a whole number that the field's width can hold.
fn fits(schema: &Value, value: &Value) -> bool {
    let narrow = schema["format"] == "int32";
    value.as_i64().is_some_and(|it| !narrow || i32::try_from(it).is_ok())
}

/// Whether a text would have been a number or a truth value without its quotes.
fn is_bare(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(f64::is_finite) || ["true", "false"].contains(&text)
}

/// A value as a message shows it: short, and with its type where that is what is wrong.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::Bool(it) => format!("{it}"),
        Value::Number(it) => format!("the number {it}"),
        Value::String(it) if it.chars().count() <= 40 => format!("the text \"{it}\""),
        Value::String(it) => format!("the text \"{}…\"", it.chars().take(40).collect::<String>()),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_one(value: &Value, want_faults: &[&str], want_sound: &Value) {
        let schema = json!({"type": "object", "required": ["name"], "properties": {
            "name": {"type": "string"}, "count": {"type": "integer", "format": "int32"},
            "list": {"type": "array", "items": {"$ref": "#/$defs/item"}},
            "cpu": {"$ref": "#/$defs/a.Quantity"},
        }, "$defs": {"item": {"type": "object", "properties": {"ok": {"type": "boolean"}}},
            "a.Quantity": {"type": "string"}}});
        let (sound, found) = check(&schema, value, "spec");
        let all = found.faults.iter().chain(&found.unknown).map(ToString::to_string);
        assert_eq!(all.collect::<Vec<_>>(), want_faults);
        assert_eq!(&sound, want_sound);
    }

    #[test]
    fn wrong_types_are_told_and_taken_out() {
        check_one(
            &json!({"name": 3, "count": 1.5, "list": [1, {"ok": true}, {"okk": 1}], "cpu": 1}),
            &[
                "spec.count: must be a whole number, got the number 1.5",
                "spec.list[0]: must be an object, got the number 1",
                "spec.name: must be a string, got the number 3; write it in quotes: \"3\"",
                "spec.list[2].okk: is not a known field; did you mean \"ok\"?",
            ],
            &json!({"list": [{}, {"ok": true}, {"okk": 1}], "cpu": 1}),
        );
        check_one(&json!([]), &["spec: must be an object, got a list"], &json!({}));
        check_one(
            &json!({"name": null, "count": 3_000_000_000_u64}),
            &[
                "spec.count: must be a whole number between -2147483648 and 2147483647, got the \
                 number 3000000000",
                "spec.name: must be specified",
            ],
            &json!({}),
        );
    }
}
