//! Whether a custom resource definition is one that an API server can serve.

use proto::FieldError;
use serde_json::{Map, Value};

/// Words that a structural schema has no place for.
const FORBIDDEN: [&str; 9] = [
    "$ref",
    "$schema",
    "definitions",
    "dependencies",
    "deprecated",
    "id",
    "patternProperties",
    "readOnly",
    "writeOnly",
];
/// Types of a structural schema.
const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];

/// What is wrong with a definition: its names, versions and schemas.
pub fn faults(definition: &Value) -> Vec<FieldError> {
    let mut faults = Vec::new();
    let spec = &definition["spec"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let wanted = format!("{}.{}", text(&spec["names"]["plural"]), text(&spec["group"]));
    let name = text(&definition["metadata"]["name"]);
    if name != wanted {
        let message =
            format!("must be spec.names.plural+\".\"+spec.group, {wanted:?}, got {name:?}");
        faults.push(FieldError::new("metadata.name", message));
    }
    if !["Namespaced", "Cluster"].contains(&text(&spec["scope"]).as_str()) {
        let message = format!("must be Namespaced or Cluster, got {:?}", text(&spec["scope"]));
        faults.push(FieldError::new("spec.scope", message));
    }
    let versions = spec["versions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let stored = versions.iter().filter(|it| it["storage"] == true).count();
    if stored != 1 {
        let message =
            format!("must have exactly one version marked as storage version, has {stored}");
        faults.push(FieldError::new("spec.versions", message));
    }
    for (index, version) in versions.iter().enumerate() {
        let path = format!("spec.versions[{index}].schema.openAPIV3Schema");
        match version["schema"].get("openAPIV3Schema") {
            None => faults.push(FieldError::new(path, "is required, and missing: add it")),
            Some(schema) => {
                if schema["type"] != "object" {
                    let message = "must be object at the root";
                    faults.push(FieldError::new(format!("{path}.type"), message));
                }
                structure(schema, &path, &mut faults);
            }
        }
    }
    faults
}

/// The rules of a structural schema, at this level and below.
fn structure(schema: &Value, path: &str, faults: &mut Vec<FieldError>) {
    let Some(words) = schema.as_object() else {
        return faults.push(FieldError::new(path, format!("must be a schema, got {schema}")));
    };
    for word in FORBIDDEN.iter().filter(|it| words.contains_key(**it)) {
        let message = "is not allowed in a structural schema: write the schema out in its place";
        faults.push(FieldError::new(format!("{path}.{word}"), message));
    }
    type_of(words, path, faults);
    super::expressions::rule_faults(schema, path, faults);
    if words.contains_key("properties") && words.contains_key("additionalProperties") {
        let message = "and properties exclude each other: keep one of them";
        faults.push(FieldError::new(format!("{path}.additionalProperties"), message));
    }
    if words.get("default").is_some_and(Value::is_null)
        && words.get("nullable") != Some(&true.into())
    {
        let message = "must not be null where null is not allowed: remove it or set nullable";
        faults.push(FieldError::new(format!("{path}.default"), message));
    }
    if words.get("uniqueItems") == Some(&true.into()) {
        let message = "cannot be true: use x-kubernetes-list-type: set";
        faults.push(FieldError::new(format!("{path}.uniqueItems"), message));
    }
    if words.get("type") == Some(&"array".into()) && !words.contains_key("items") {
        let message = "is required, and missing: say what the list holds";
        faults.push(FieldError::new(format!("{path}.items"), message));
    }
    for (name, part) in words.get("properties").and_then(Value::as_object).into_iter().flatten() {
        structure(part, &format!("{path}.properties[{name}]"), faults);
    }
    for word in ["items", "additionalProperties"] {
        if let Some(part) = words.get(word).filter(|it| !it.is_boolean()) {
            structure(part, &format!("{path}.{word}"), faults);
        }
    }
    for word in ["allOf", "anyOf", "oneOf"] {
        let parts = words.get(word).and_then(Value::as_array).into_iter().flatten();
        for (index, part) in parts.enumerate() {
            junction(part, &format!("{path}.{word}[{index}]"), faults);
        }
    }
    if let Some(part) = words.get("not") {
        junction(part, &format!("{path}.not"), faults);
    }
}

fn type_of(words: &Map<String, Value>, path: &str, faults: &mut Vec<FieldError>) {
    let is_set = |word: &str| words.get(word) == Some(&true.into());
    let free =
        is_set("x-kubernetes-int-or-string") || is_set("x-kubernetes-preserve-unknown-fields");
    let message = match words.get("type") {
        None if free => return,
        Some(Value::String(name)) if TYPES.contains(&name.as_str()) => return,
        None => "is required, and missing: add it".to_owned(),
        Some(other) => format!("must be one of {}, got {other}", TYPES.join(", ")),
    };
    faults.push(FieldError::new(format!("{path}.type"), message));
}

/// Below a junction values are restricted, never described.
fn junction(schema: &Value, path: &str, faults: &mut Vec<FieldError>) {
    for word in ["description", "default", "nullable", "additionalProperties", "title"] {
        if schema.get(word).is_some() {
            let message = "must not stand below allOf, anyOf, oneOf or not: move it up";
            faults.push(FieldError::new(format!("{path}.{word}"), message));
        }
    }
    // Only `x-kubernetes-int-or-string` may state its types there.
    for (name, part) in schema["properties"].as_object().into_iter().flatten() {
        junction(part, &format!("{path}.properties[{name}]"), faults);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(schema: Value, wanted: &[&str]) {
        let definition = json!({
            "metadata": { "name": "things.x.io" },
            "spec": {
                "group": "x.io", "scope": "Namespaced", "names": { "plural": "things" },
                "versions": [{
                    "name": "v1", "served": true, "storage": true,
                    "schema": { "openAPIV3Schema": schema },
                }],
            },
        });
        let root = "spec.versions[0].schema.openAPIV3Schema.";
        let found: Vec<String> =
            faults(&definition).iter().map(|it| it.path.replace(root, "")).collect();
        assert_eq!(found, wanted, "{schema}");
    }

    fn within(part: Value) -> Value {
        json!({ "type": "object", "properties": { "a": part } })
    }

    #[test]
    fn schemas_must_be_structural() {
        check(within(json!({ "type": "string" })), &[]);
        check(within(json!({ "x-kubernetes-int-or-string": true })), &[]);
        check(within(json!({})), &["properties[a].type"]);
        check(within(json!({ "type": ["string", "null"] })), &["properties[a].type"]);
        check(within(json!({ "$ref": "#/x", "type": "object" })), &["properties[a].$ref"]);
        check(within(json!({ "type": "array" })), &["properties[a].items"]);
        check(within(json!({ "type": "string", "default": null })), &["properties[a].default"]);
        check(within(json!({ "type": "string", "default": null, "nullable": true })), &[]);
        check(
            within(json!({ "type": "string", "anyOf": [{ "nullable": true }] })),
            &["properties[a].anyOf[0].nullable"],
        );
        check(json!({ "type": "string" }), &["type"]);
    }

    #[test]
    fn names_and_versions_must_agree() {
        let faults = faults(&json!({
            "metadata": { "name": "thing" },
            "spec": { "group": "x.io", "names": { "plural": "things" }, "versions": [] },
        }));
        let paths: Vec<&str> = faults.iter().map(|it| it.path.as_str()).collect();
        assert_eq!(paths, ["metadata.name", "spec.scope", "spec.versions"]);
    }
}
