//! The experiment's name: it becomes part of the names and labels of all that runs for it.

use proto::FieldError;
use serde_json::Value;

use super::Case;

/// With `-` and eight letters for the trial, and more for its pods, 63 characters must suffice.
const LENGTH_MAX: usize = 40;

pub(super) fn check(case: &Case<'_>) -> Vec<FieldError> {
    let metadata = &case.object["metadata"];
    let fault = match &metadata["name"] {
        Value::Null if metadata["generateName"].is_string() => None,
        Value::Null => Some("must be specified".to_owned()),
        Value::String(name) => fault(name),
        other => Some(format!("must be a string, got {other}; write it in quotes")),
    };
    fault.map(|message| FieldError::new("metadata.name", message)).into_iter().collect()
}

fn fault(name: &str) -> Option<String> {
    let inner = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
    let sound = name.bytes().all(inner)
        && name.starts_with(|it: char| it.is_ascii_lowercase())
        && !name.ends_with('-');
    if !sound {
        return Some(format!(
            "must consist of lower case letters, digits and \"-\", start with a letter and end \
             with a letter or digit, got \"{}\"",
            name.chars().take(60).collect::<String>()
        ));
    }
    (LENGTH_MAX < name.len()).then(|| {
        format!("must be no more than {LENGTH_MAX} characters, got \"{name}\" with {}", name.len())
    })
}
