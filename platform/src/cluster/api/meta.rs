//! The metadata that the API keeps: names, identity, generations, what may never change.

use proto::FieldError;
use serde_json::{Map, Value, json};

use super::kinds::Kind;
use super::request::Target;
use super::status::Status;
use crate::cluster::letters::letter;

const SUFFIX_LENGTH: usize = 5;
/// A longer base is cut, so that the generated name stays a label value.
const GENERATE_BASE_MAX: usize = 63 - SUFFIX_LENGTH;

/// Now, as metadata writes it.
pub(crate) fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The metadata map of an object; made when there is none.
pub(super) fn metadata(object: &mut Value) -> Result<&mut Map<String, Value>, Status> {
    let root = object.as_object_mut();
    let root = root.ok_or_else(|| Status::bad_request("the object needs to be a map"))?;
    let metadata = root.entry("metadata").or_insert_with(|| json!({}));
    if metadata.is_null() {
        *metadata = json!({});
    }
    metadata.as_object_mut().ok_or_else(|| Status::bad_request("metadata: needs to be a map"))
}

/// Checks that a body is of the kind and place that its path names; fills in what it omits.
pub(super) fn settle(target: &Target, object: &mut Value) -> Result<(), Status> {
    let kind = &target.kind;
    check_shape(kind, object)?;
    for (field, expected) in [("apiVersion", kind.api_version()), ("kind", kind.kind.clone())] {
        match object[field].as_str() {
            None | Some("") => object[field] = json!(expected),
            Some(given) if given == expected => {}
            Some(given) => {
                return Err(Status::bad_request(format!(
                    "{field}: the body says \"{given}\", its path means \"{expected}\""
                )));
            }
        }
    }
    let metadata = metadata(object)?;
    metadata.remove("selfLink");
    if !kind.namespaced {
        metadata.remove("namespace");
    } else if let Some(place) = &target.namespace {
        match metadata.get("namespace").and_then(Value::as_str).unwrap_or_default() {
            "" => {
                metadata.insert("namespace".into(), json!(place));
            }
            given if given == place => {}
            given => {
                return Err(Status::bad_request(format!(
                    "the namespace of the provided object does not match the namespace sent on \
                     the request: \"{given}\", \"{place}\""
                )));
            }
        }
    }
    let name = metadata.get("name").and_then(Value::as_str).unwrap_or_default();
    match &target.name {
        Some(expected) if name.is_empty() => {
            metadata.insert("name".into(), json!(expected));
        }
        Some(expected) if name != expected => {
            return Err(Status::bad_request(format!(
                "the name of the object ({name}) does not match the name on the URL ({expected})"
            )));
        }
        _ => {}
    }
    Ok(())
}

/// Parts of built-in kinds that the API writes into.
const MAPS: [&str; 8] = [
    "/spec",
    "/spec/names",
    "/spec/template",
    "/spec/template/metadata",
    "/spec/template/metadata/labels",
    "/metadata/labels",
    "/status",
    "/data",
];

/// # Errors
/// 400 where something else stands in the place of a map that the API writes into.
fn check_shape(kind: &Kind, object: &Value) -> Result<(), Status> {
    let places = if kind.built_in { MAPS.as_slice() } else { &[] };
    for place in ["", "/metadata"].iter().chain(places) {
        match object.pointer(place) {
            None | Some(Value::Object(_)) => {}
            Some(Value::Null) if !place.is_empty() => {}
            Some(other) => {
                let path = place.trim_start_matches('/').replace('/', ".");
                return Err(Status::bad_request(format!("{path}: needs a map, got {other}")));
            }
        }
    }
    Ok(())
}

/// Gives a new object its identity. Its name is settled: given, or made from `generateName`.
pub(super) fn begin(kind: &Kind, object: &mut Value) -> Result<String, Status> {
    let generation = kind.subresources.status && !kind.is("", "Namespace");
    let metadata = metadata(object)?;
    let text = |key: &str| metadata.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (mut name, base) = (text("name"), text("generateName"));
    if !matches!(text("resourceVersion").as_str(), "" | "0") {
        let told = "resourceVersion should not be set on objects to be created";
        return Err(Status::bad_request(told));
    }
    if name.is_empty() && !base.is_empty() {
        name = generate(&base);
        metadata.insert("name".into(), json!(name));
    }
    for key in ["resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"]
    {
        metadata.remove(key);
    }
    metadata.insert("uid".into(), json!(uuid::Uuid::new_v4().to_string()));
    metadata.insert("creationTimestamp".into(), json!(now()));
    if generation {
        metadata.insert("generation".into(), json!(1));
    }
    Ok(name)
}

fn generate(base: &str) -> String {
    let mut name: String = base.chars().take(GENERATE_BASE_MAX).collect();
    let noise = uuid::Uuid::new_v4();
    let letters = noise.as_bytes().iter().take(SUFFIX_LENGTH);
    name.extend(letters.map(|it| letter(u64::from(*it))));
    name
}

/// Keeps what an update may not change.
pub(super) fn carry_over(kind: &Kind, old: &Value, new: &mut Value) -> Result<(), Status> {
    let name = old["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    if kind.subresources.status {
        copy(old, new, "status");
    }
    let fields = metadata(new)?;
    if fields.get("uid").and_then(Value::as_str).is_some_and(|it| old["metadata"]["uid"] != it) {
        let why = "Precondition failed: UID in precondition differs from the UID in object meta";
        return Err(Status::conflict(kind, &name, why));
    }
    let kept = [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generateName",
        "generation",
    ];
    for key in kept {
        match old["metadata"].get(key) {
            Some(value) => fields.insert(key.to_owned(), value.clone()),
            None => fields.remove(key),
        };
    }
    if !fields.contains_key("managedFields")
        && let Some(managed) = old["metadata"].get("managedFields")
    {
        fields.insert("managedFields".into(), managed.clone());
    }
    // The store writes it; a client's value was compared before.
    fields.insert("resourceVersion".into(), old["metadata"]["resourceVersion"].clone());
    Ok(())
}

/// Empty parts of metadata are left out, as on a real server.
pub(super) fn tidy(object: &mut Value) {
    let Some(fields) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    for key in ["labels", "annotations", "finalizers", "ownerReferences", "managedFields"] {
        let empty = fields.get(key).is_some_and(|it| {
            it.is_null()
                || it.as_array().is_some_and(Vec::is_empty)
                || it.as_object().is_some_and(Map::is_empty)
        });
        if empty {
            fields.remove(key);
        }
    }
}

/// Counts the generation of an update that is complete: defaults that only come back are none.
pub(super) fn count(old: &Value, new: &mut Value) {
    let generation = old["metadata"]["generation"].as_i64();
    if let Some(generation) = generation.filter(|_| content(old) != content(new)) {
        new["metadata"]["generation"] = json!(generation + 1);
    }
}

/// What the generation counts changes of: all but metadata and status.
pub(super) fn content(object: &Value) -> Vec<(&String, &Value)> {
    let fields = object.as_object().into_iter().flatten();
    fields.filter(|(key, _)| !matches!(key.as_str(), "metadata" | "status")).collect()
}

/// Makes `new[key]` what `old[key]` is.
pub(super) fn copy(old: &Value, new: &mut Value, key: &str) {
    let Some(fields) = new.as_object_mut() else { return };
    match old.get(key) {
        Some(value) => fields.insert(key.to_owned(), value.clone()),
        None => fields.remove(key),
    };
}

/// Faults in names, labels and annotations.
pub(super) fn check(kind: &Kind, object: &Value) -> Vec<FieldError> {
    let metadata = &object["metadata"];
    let mut faults = Vec::new();
    let name = metadata["name"].as_str().unwrap_or_default();
    if name.is_empty() {
        faults.push(FieldError::new("metadata.name", "name or generateName is required"));
    } else if let Some(fault) = check_name(kind, name) {
        faults.push(FieldError::new("metadata.name", fault));
    }
    for part in ["labels", "annotations"] {
        match &metadata[part] {
            Value::Null => {}
            Value::Object(entries) => {
                for (key, value) in entries {
                    check_entry(part, key, value, &mut faults);
                }
            }
            other => {
                let told = format!("needs a map of texts, got {other}");
                faults.push(FieldError::new(format!("metadata.{part}"), told));
            }
        }
    }
    for part in ["finalizers", "ownerReferences"] {
        if !matches!(metadata[part], Value::Null | Value::Array(_)) {
            let told = format!("needs a list, got {}", metadata[part]);
            faults.push(FieldError::new(format!("metadata.{part}"), told));
        }
    }
    faults
}

fn check_entry(part: &str, key: &str, value: &Value, faults: &mut Vec<FieldError>) {
    let path = format!("metadata.{part}");
    let Some(text) = value.as_str() else {
        faults.push(FieldError::new(format!("{path}.{key}"), format!("needs a text, got {value}")));
        return;
    };
    let (prefix, short) = key.split_once('/').unwrap_or(("x", key));
    if !is_token(short) || short.is_empty() || !is_subdomain(&prefix.to_lowercase()) {
        let told = format!(
            "key \"{key}\" needs the form [domain/]name, the name of at most 63 letters, digits, \
             '-', '_' and '.', with a letter or digit at both ends"
        );
        faults.push(FieldError::new(path, told));
    } else if part == "labels" && !is_token(text) {
        let told = format!(
            "value \"{text}\" needs at most 63 letters, digits, '-', '_' and '.', with a letter \
             or digit at both ends"
        );
        faults.push(FieldError::new(format!("{path}.{key}"), told));
    }
}

fn check_name(kind: &Kind, name: &str) -> Option<String> {
    if kind.group == "rbac.authorization.k8s.io" {
        let bad = matches!(name, "." | "..") || name.contains(['/', '%']);
        return bad.then(|| format!("\"{name}\" may not be '.' or '..' nor contain '/' or '%'"));
    }
    let label = matches!(kind.kind.as_str(), "Namespace" | "Service") && kind.group.is_empty();
    let (limit, form) = if label { (63, "") } else { (253, " and '.'") };
    let good = name.len() <= limit && is_subdomain(name) && !(label && name.contains('.'));
    (!good).then(|| {
        format!(
            "\"{name}\" needs at most {limit} lower case letters, digits, '-'{form}, with a \
             letter or digit at both ends (RFC 1123)"
        )
    })
}

fn is_subdomain(name: &str) -> bool {
    let inner = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
    let ends = |part: &str| part.starts_with('-') || part.ends_with('-');
    let part = |part: &str| !part.is_empty() && part.bytes().all(inner) && !ends(part);
    name.len() <= 253 && name.split('.').all(part)
}

/// At most 63 of letters, digits, `-_.`, alphanumeric at both ends; or empty.
fn is_token(text: &str) -> bool {
    let inner = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_' | b'.');
    let edge = |it: Option<u8>| it.is_none_or(|it| it.is_ascii_alphanumeric());
    text.len() <= 63
        && text.bytes().all(inner)
        && edge(text.bytes().next())
        && edge(text.bytes().last())
}

#[cfg(test)]
mod tests {
    use super::super::kinds::Registry;
    use super::*;

    #[test]
    fn names() {
        let registry = Registry::default();
        let pods = registry.find("", "v1", "pods").unwrap();
        let namespaces = registry.find("", "v1", "namespaces").unwrap();
        for (name, pod, namespace) in [
            ("a", true, true),
            ("a-1", true, true),
            ("a.b", true, false),
            ("A", false, false),
            ("-a", false, false),
            ("a-", false, false),
            ("a..b", false, false),
            ("a/b", false, false),
            (&"a".repeat(64), true, false),
            (&"a".repeat(254), false, false),
        ] {
            assert_eq!(check_name(&pods, name).is_none(), pod, "pod {name}");
            assert_eq!(check_name(&namespaces, name).is_none(), namespace, "namespace {name}");
        }
    }

    #[test]
    fn a_generated_name_stays_a_label_value() {
        let name = generate(&"x".repeat(100));
        assert_eq!(name.len(), 63);
        assert!(is_token(&name));
    }
}
