//! The API as TypeScript declarations, for the pages: `experiment-controller/ui/api.d.ts`.

use std::fmt::Write;

use serde_json::Value;

use super::openapi::{Call, Contract};

/// What stands above the declarations.
const HEAD: &str = include_str!("head.d.ts");

/// The whole file.
#[must_use]
pub fn declarations() -> String {
    let contract = Contract::new();
    let mut text = HEAD.to_owned();
    text += "\n/** Every call, by method and path. */\nexport interface Routes {\n";
    for call in &contract.calls {
        let answer = match &call.answer {
            Ok(schema) => form(schema),
            Err(_) => "string".into(),
        };
        comment(&mut text, "  ", call.about);
        let parts = [part("query", call.query.as_ref()), part("body", call.body.as_ref())];
        let parts: String = parts.into_iter().flatten().collect();
        let Call { method, path, .. } = call;
        // Writing into a string does not fail.
        let _ = writeln!(text, "  \"{method} {path}\": {{ {parts}answer: {answer} }};");
    }
    text += "}\n";
    for (name, schema) in &contract.types {
        text.push('\n');
        comment(&mut text, "", schema["description"].as_str().unwrap_or_default());
        declare(&mut text, name, schema);
    }
    text
}

fn part(name: &str, schema: Option<&Value>) -> Option<String> {
    Some(format!("{name}: {}; ", form(schema?)))
}

fn declare(text: &mut String, name: &str, schema: &Value) {
    let Some(fields) = schema["properties"].as_object() else {
        let _ = writeln!(text, "export type {name} = {};", form(schema));
        return;
    };
    let required = schema["required"].as_array();
    let is_required = |name: &str| required.is_some_and(|it| it.iter().any(|it| it == name));
    let _ = writeln!(text, "export interface {name} {{");
    for (field, schema) in fields {
        comment(text, "  ", schema["description"].as_str().unwrap_or_default());
        let sign = if is_required(field) { "" } else { "?" };
        let field = if field.contains('-') { format!("\"{field}\"") } else { field.clone() };
        let _ = writeln!(text, "  {field}{sign}: {};", form(schema));
    }
    text.push_str("}\n");
}

/// A schema as a type.
fn form(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str() {
        return name.rsplit('/').next().unwrap_or_default().to_owned();
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        if let Some(all) = schema[key].as_array() {
            return nullable(schema, union(all.iter().map(form)));
        }
    }
    if let Some(words) = schema["enum"].as_array() {
        return nullable(schema, union(words.iter().map(Value::to_string)));
    }
    if let Some(word) = schema.get("const") {
        return word.to_string();
    }
    let one = |name: &str| match name {
        "string" | "boolean" | "null" | "number" => name.to_owned(),
        "integer" => "number".into(),
        "array" => {
            let item = form(&schema["items"]);
            let mixed = item.contains(" | ");
            if mixed { format!("({item})[]") } else { format!("{item}[]") }
        }
        "object" => match schema.get("additionalProperties") {
            Some(value) if value.is_object() => format!("Record<string, {}>", form(value)),
            _ => "{ [key: string]: JsonValue }".into(),
        },
        _ => "JsonValue".into(),
    };
    let form = match &schema["type"] {
        Value::String(name) => one(name),
        Value::Array(names) => union(names.iter().filter_map(Value::as_str).map(one)),
        _ => "JsonValue".into(),
    };
    nullable(schema, form)
}

fn nullable(schema: &Value, form: String) -> String {
    if schema["nullable"] == true && !form.contains("null") {
        format!("{form} | null")
    } else {
        form
    }
}

fn union(forms: impl Iterator<Item = String>) -> String {
    let mut all: Vec<String> = Vec::new();
    for form in forms {
        if !all.contains(&form) {
            all.push(form);
        }
    }
    all.join(" | ")
}

fn comment(text: &mut String, indent: &str, words: &str) {
    if !words.is_empty() {
        let words = words.split_whitespace().collect::<Vec<&str>>().join(" ");
        let _ = writeln!(text, "{indent}/** {words} */");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn schemas_become_types() {
        let check = |schema: Value, want: &str| assert_eq!(form(&schema), want);
        check(json!({"type": ["number", "null"]}), "number | null");
        check(json!({"type": "array", "items": {"type": ["string", "null"]}}), "(string | null)[]");
        check(json!({"anyOf": [{"$ref": "#/a/B"}, {"type": "null"}]}), "B | null");
        check(json!({"type": "string", "enum": ["a", "b"]}), "\"a\" | \"b\"");
        check(
            json!({"type": "object", "additionalProperties": {"type": "integer"}}),
            "Record<string, number>",
        );
        check(json!({"type": "string", "nullable": true}), "string | null");
        check(json!(true), "JsonValue");
    }
}
