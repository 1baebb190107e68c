//! Placeholders in text and in trees: finding them, filling them, and reading YAML around them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// How every placeholder of a parameter begins; it ends with `}`.
pub const PREFIX: &str = "${trialParameters.";

/// The names in `${trialParameters.name}`, in order, as often as they occur.
pub fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split(PREFIX).skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
}

/// Every text of a tree (string or key) with the path of where it stands, below `path`.
pub fn texts(value: &Value, path: &str, visit: &mut dyn FnMut(&str, &str)) {
    match value {
        Value::String(text) => visit(path, text),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                texts(item, &format!("{path}[{index}]"), visit);
            }
        }
        Value::Object(fields) => {
            for (key, item) in fields {
                let path = format!("{path}.{key}");
                visit(&path, key);
                texts(item, &path, visit);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The tree with every known placeholder replaced, in strings and in keys; each text is read
/// once, so a value that looks like a placeholder stays as it is.
pub(super) fn filled(value: &Value, values: &BTreeMap<String, String>) -> Value {
    match value {
        Value::String(text) => Value::String(filled_text(text, values)),
        Value::Array(items) => items.iter().map(|item| filled(item, values)).collect(),
        Value::Object(fields) => {
            let fill =
                |(key, item): (&String, &Value)| (filled_text(key, values), filled(item, values));
            Value::Object(fields.iter().map(fill).collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

fn filled_text(text: &str, values: &BTreeMap<String, String>) -> String {
    replaced(text, |name| values.get(name).cloned())
}

/// Replaces `${trialParameters.name}` by what `by` says of the name, and leaves the others.
fn replaced(text: &str, mut by: impl FnMut(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(PREFIX) {
        let after = &rest[start + PREFIX.len()..];
        let Some((name, tail)) = after.split_once('}') else { break };
        out.push_str(&rest[..start]);
        match by(name) {
            Some(value) => out.push_str(&value),
            None => out.push_str(&rest[start..rest.len() - tail.len()]),
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// Reads the YAML text of a template whose placeholders may stand anywhere a scalar may.
///
/// A value that YAML reads as a number or a boolean goes into the text, so that it becomes one
/// where it stands bare and stays a string where it stands in quotes. Every other placeholder is
/// kept, to be filled in the tree, where no value can change the shape of the manifest.
///
/// Errors: a sentence with the line of the fault.
pub fn parse_text(text: &str, values: &BTreeMap<String, String>) -> Result<Value, String> {
    let stand_in = stand_in(text);
    let mut kept: Vec<String> = Vec::new();
    let plain = replaced(text, |name| {
        let value = values.get(name).filter(|value| is_plain(value));
        Some(value.cloned().unwrap_or_else(|| {
            kept.push(format!("{PREFIX}{name}}}"));
            format!("{stand_in}{}x", kept.len() - 1)
        }))
    });
    let parsed: Value = serde_saphyr::from_str(&plain)
        .map_err(|fault| format!("is no YAML: {}", fault.without_snippet()))?;
    Ok(restored(parsed, &stand_in, &kept))
}

/// Whether YAML reads the text as a number or a boolean, wherever it stands.
fn is_plain(value: &str) -> bool {
    let bare = |it: u8| it.is_ascii_alphanumeric() || b"+-._".contains(&it);
    !value.is_empty()
        && value.bytes().all(bare)
        && serde_saphyr::from_str::<Value>(value).is_ok_and(|it| it.is_number() || it.is_boolean())
}

/// A word that the text does not hold, to stand where a placeholder does.
fn stand_in(text: &str) -> String {
    let mut word = String::from("placeholder");
    while text.contains(&word) {
        word.push('q');
    }
    word
}

/// The tree with placeholders again where their stand-ins are.
fn restored(value: Value, stand_in: &str, kept: &[String]) -> Value {
    let restore = |text: String| restored_text(&text, stand_in, kept);
    match value {
        Value::String(text) => Value::String(restore(text)),
        Value::Array(items) => {
            items.into_iter().map(|item| restored(item, stand_in, kept)).collect()
        }
        Value::Object(fields) => {
            let fields = fields.into_iter();
            let back = |(key, item)| (restore(key), restored(item, stand_in, kept));
            Value::Object(fields.map(back).collect())
        }
        other => other,
    }
}

fn restored_text(text: &str, stand_in: &str, kept: &[String]) -> String {
    let mut parts = text.split(stand_in);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (number, tail) = part.split_once('x').unwrap_or((part, ""));
        let placeholder = number.parse().ok().and_then(|it: usize| kept.get(it));
        out.push_str(placeholder.map_or("", String::as_str));
        out.push_str(tail);
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(text: &str, value: &str, want: Value) {
        let values = BTreeMap::from([("x".to_owned(), value.to_owned())]);
        let parsed = parse_text(text, &values).unwrap();
        assert_eq!(filled(&parsed, &values), want, "{text} with {value}");
    }

    #[test]
    fn a_bare_number_is_a_number_and_a_quoted_one_is_text() {
        check("a: ${trialParameters.x}", "3", json!({"a": 3}));
        check("a: ${trialParameters.x}", "0.5", json!({"a": 0.5}));
        check("a: ${trialParameters.x}", "-2", json!({"a": -2}));
        check("a: ${trialParameters.x}", "1e-5", json!({"a": 1e-5}));
        check("a: ${trialParameters.x}", "true", json!({"a": true}));
        check("a: '${trialParameters.x}'", "3", json!({"a": "3"}));
        check("a: --lr=${trialParameters.x}", "3", json!({"a": "--lr=3"}));
        check("{a: ${trialParameters.x}}", "3", json!({"a": 3}));
        check("[${trialParameters.x}, 1]", "-3", json!([-3, 1]));
        check("${trialParameters.x}: 1", "key", json!({"key": 1}));
    }

    #[test]
    fn no_value_changes_the_shape() {
        for value in ["b: c", "\n- x", "'\"", "{}", "# no", "&a", "*a", "~", "a\\nb", ": ", "null"]
        {
            check("a: ${trialParameters.x}", value, json!({"a": value}));
            check("{a: ${trialParameters.x}}", value, json!({"a": value}));
            check("a: \"${trialParameters.x}\"", value, json!({"a": value}));
            check("a: |-\n  ${trialParameters.x}\n", value, json!({"a": value}));
        }
    }

    #[test]
    fn a_value_that_looks_like_a_placeholder_stays() {
        check(
            "a: ${trialParameters.x}",
            "${trialParameters.x}",
            json!({"a": "${trialParameters.x}"}),
        );
    }

    #[test]
    fn unknown_placeholders_are_kept() {
        check("a: ${trialParameters.y}", "1", json!({"a": "${trialParameters.y}"}));
        check(
            "a: placeholder0x ${trialParameters.y}",
            "1",
            json!({"a": "placeholder0x ${trialParameters.y}"}),
        );
    }

    #[test]
    fn names_are_found_in_order() {
        let found: Vec<&str> =
            placeholders("${trialParameters.a} ${trialParameters.b}${trialParameters.a}").collect();
        assert_eq!(found, ["a", "b", "a"]);
        assert_eq!(placeholders("$trialParameters.a} ${trialParameters.").count(), 0);
    }
}
