//! Names, labels and annotations: the syntax that every object's metadata follows.

use proto::FieldError;
use serde_json::{Map, Value};

/// Longest name of an object.
const NAME_MAX: usize = 253;
/// Longest DNS label, label value, and name part of a label key.
const LABEL_MAX: usize = 63;
/// All annotations of an object together, in bytes.
const ANNOTATIONS_MAX: usize = 256 * 1024;

/// What is wrong with the object's metadata.
pub(super) fn faults(group: &str, kind: &str, object: &Value) -> Vec<FieldError> {
    let mut faults = Vec::new();
    let metadata = &object["metadata"];
    if let Some(name) = metadata["name"].as_str() {
        faults.extend(name_fault(group, kind, name, "metadata.name"));
    }
    // What generateName is completed with fits any of the syntaxes.
    let prefix = metadata["generateName"].as_str().filter(|it| !it.is_empty());
    if let Some(prefix) = prefix {
        faults.extend(name_fault(group, kind, &format!("{prefix}x"), "metadata.generateName"));
    }
    faults.extend(label_faults(&metadata["labels"], "metadata.labels"));
    faults.extend(annotation_faults(&metadata["annotations"]));
    faults
}

/// What is wrong with the labels, a map of text to text.
pub(super) fn label_faults(labels: &Value, path: &str) -> Vec<FieldError> {
    let mut faults = Vec::new();
    for (key, value) in labels.as_object().into_iter().flatten() {
        let path = format!("{path}[{key}]");
        faults.extend(key_fault(key, &path));
        match value.as_str() {
            Some(text) if !text.is_empty() && !is_qualified_part(text) => {
                let message = format!(
                    "a label's value has at most 63 letters, digits, '-', '_' or '.', and begins \
                     and ends with a letter or digit, got {text:?}"
                );
                faults.push(FieldError::new(path, message));
            }
            Some(_) => {}
            None => faults.push(FieldError::new(path, "must be a string, write it in quotes")),
        }
    }
    faults
}

/// What is wrong with a name that must be a DNS label.
pub(super) fn dns_label_fault(name: &str, path: &str) -> Option<FieldError> {
    let message = format!(
        "a DNS-1123 label has at most {LABEL_MAX} lower-case letters, digits or '-', and begins \
         and ends with a letter or digit, got {name:?}"
    );
    (!is_dns_label(name)).then(|| FieldError::new(path, message))
}

fn name_fault(group: &str, kind: &str, name: &str, path: &str) -> Option<FieldError> {
    match (group, kind) {
        // Names of roles may hold colons and capitals, as in `system:node`.
        ("rbac.authorization.k8s.io", _) => {
            let bad = name.is_empty() || name == "." || name == ".." || name.contains(['/', '%']);
            bad.then(|| FieldError::new(path, format!("must not hold '/' or '%', got {name:?}")))
        }
        ("", "Namespace" | "Service") => dns_label_fault(name, path),
        _ => {
            let good = name.len() <= NAME_MAX && name.split('.').all(is_dns_part);
            let message = format!(
                "a lowercase RFC 1123 subdomain has at most {NAME_MAX} lower-case letters, \
                 digits, '-' or '.', and begins and ends with a letter or digit, got {name:?}"
            );
            (!good).then(|| FieldError::new(path, message))
        }
    }
}

fn annotation_faults(annotations: &Value) -> Vec<FieldError> {
    let empty = Map::new();
    let annotations = annotations.as_object().unwrap_or(&empty);
    let mut faults = Vec::new();
    let mut bytes = 0;
    for (key, value) in annotations {
        let path = format!("metadata.annotations[{key}]");
        faults.extend(key_fault(&key.to_lowercase(), &path));
        match value.as_str() {
            Some(text) => bytes += key.len() + text.len(),
            None => faults.push(FieldError::new(path, "must be a string, write it in quotes")),
        }
    }
    if ANNOTATIONS_MAX < bytes {
        let message = format!("take at most {ANNOTATIONS_MAX} bytes together, have {bytes}");
        faults.push(FieldError::new("metadata.annotations", message));
    }
    faults
}

/// Keys of labels and annotations: `name` or `dns.prefix/name`.
fn key_fault(key: &str, path: &str) -> Option<FieldError> {
    let good = match key.split_once('/') {
        Some((prefix, name)) => {
            prefix.len() <= NAME_MAX
                && prefix.split('.').all(is_dns_part)
                && is_qualified_part(name)
        }
        None => is_qualified_part(key),
    };
    let message = "a key is a name of at most 63 letters, digits, '-', '_' or '.', with a DNS \
                   subdomain and '/' before it if wanted";
    (!good).then(|| FieldError::new(path, format!("{message}, got {key:?}")))
}

fn is_qualified_part(text: &str) -> bool {
    let bytes = text.as_bytes();
    let outer = |it: Option<&u8>| it.is_some_and(u8::is_ascii_alphanumeric);
    text.len() <= LABEL_MAX
        && outer(bytes.first())
        && outer(bytes.last())
        && bytes.iter().all(|it| it.is_ascii_alphanumeric() || b"-_.".contains(it))
}

fn is_dns_label(text: &str) -> bool {
    text.len() <= LABEL_MAX && is_dns_part(text)
}

/// One part of a DNS subdomain; only the whole has a limit of length.
fn is_dns_part(text: &str) -> bool {
    let bytes = text.as_bytes();
    let plain = |it: &u8| it.is_ascii_lowercase() || it.is_ascii_digit();
    bytes.first().is_some_and(plain)
        && bytes.last().is_some_and(plain)
        && bytes.iter().all(|it| plain(it) || *it == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn metadata_follows_the_syntax_of_its_kind() {
        let check = |group: &str, kind: &str, metadata: Value, wanted: &[&str]| {
            let faults = faults(group, kind, &json!({ "metadata": metadata }));
            let paths: Vec<&str> = faults.iter().map(|it| it.path.as_str()).collect();
            assert_eq!(paths, wanted, "{metadata}");
        };
        check("", "Pod", json!({ "name": "a.b-c" }), &[]);
        check("", "Pod", json!({ "name": "Upper" }), &["metadata.name"]);
        check("", "Pod", json!({ "name": "" }), &["metadata.name"]);
        check("", "Pod", json!({ "name": "a".repeat(254) }), &["metadata.name"]);
        check("", "Pod", json!({ "generateName": "job-" }), &[]);
        check("", "Pod", json!({ "generateName": "Job-" }), &["metadata.generateName"]);
        check("", "Namespace", json!({ "name": "a.b" }), &["metadata.name"]);
        check("rbac.authorization.k8s.io", "Role", json!({ "name": "system:Node" }), &[]);
        check("", "Pod", json!({ "labels": { "a.b/c": "", "d": "E_f.g" } }), &[]);
        check("", "Pod", json!({ "labels": { "d": "a b" } }), &["metadata.labels[d]"]);
        check("", "Pod", json!({ "labels": { "/d": "a" } }), &["metadata.labels[/d]"]);
        check("", "Pod", json!({ "labels": { "d": 1 } }), &["metadata.labels[d]"]);
        check("", "Pod", json!({ "annotations": { "d": "any thing" } }), &[]);
        let long = json!({ "annotations": { "d": "x".repeat(ANNOTATIONS_MAX) } });
        check("", "Pod", long, &["metadata.annotations"]);
    }
}
