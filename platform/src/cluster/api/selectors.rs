//! Label and field selectors: which objects a list, a watch or a mass deletion is about.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::kinds::Kind;
use super::status::Status;
use crate::cluster::store::Object;

/// Both selectors of a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Selection {
    labels: Vec<Requirement>,
    fields: Vec<Field>,
}

#[derive(Clone, Debug, PartialEq)]
enum Requirement {
    In(String, BTreeSet<String>),
    NotIn(String, BTreeSet<String>),
    Exists(String),
    Absent(String),
}

#[derive(Clone, Debug, PartialEq)]
struct Field {
    path: String,
    value: String,
    wanted: bool,
}

impl Selection {
    /// # Errors
    /// 400 when a selector does not parse, or names a field that the kind cannot be selected by.
    pub(super) fn parse(
        kind: &Kind,
        labels: Option<&str>,
        fields: Option<&str>,
    ) -> Result<Selection, Status> {
        let labels = parse_labels(labels.unwrap_or_default())?;
        let fields = parse_fields(kind, fields.unwrap_or_default())?;
        Ok(Selection { labels, fields })
    }

    pub(super) fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    pub(super) fn matches(&self, object: &Object) -> bool {
        if !self.labels.iter().all(|it| it.matches(&object.labels)) {
            return false;
        }
        let mut tree = None;
        self.fields.iter().all(|field| {
            let same = match field.path.as_str() {
                "metadata.name" => object.key.name == field.value,
                "metadata.namespace" => object.key.namespace == field.value,
                path => lookup(tree.get_or_insert_with(|| object.value()), path) == field.value,
            };
            same == field.wanted
        })
    }
}

impl Requirement {
    fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        match self {
            Requirement::In(key, values) => labels.get(key).is_some_and(|it| values.contains(it)),
            Requirement::NotIn(key, values) => {
                labels.get(key).is_none_or(|it| !values.contains(it))
            }
            Requirement::Exists(key) => labels.contains_key(key),
            Requirement::Absent(key) => !labels.contains_key(key),
        }
    }
}

/// Whether a LabelSelector, as objects hold them, selects these labels. One that is empty or
/// missing selects everything.
pub(super) fn label_selector_matches(selector: &Value, labels: &BTreeMap<String, String>) -> bool {
    let equal =
        |(key, value): (&String, &Value)| labels.get(key).map(String::as_str) == value.as_str();
    let mut pairs = selector["matchLabels"].as_object().into_iter().flatten();
    if !pairs.all(equal) {
        return false;
    }
    let expressions = selector["matchExpressions"].as_array();
    expressions.into_iter().flatten().all(|it| {
        let key = it["key"].as_str().unwrap_or_default().to_owned();
        let values = it["values"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let values: BTreeSet<String> = values.map(str::to_owned).collect();
        match it["operator"].as_str() {
            Some("In") => Requirement::In(key, values).matches(labels),
            Some("NotIn") => Requirement::NotIn(key, values).matches(labels),
            Some("Exists") => Requirement::Exists(key).matches(labels),
            Some("DoesNotExist") => Requirement::Absent(key).matches(labels),
            _ => false,
        }
    })
}

/// A LabelSelector in the form of a query, such as `a=b,c in (d,e)`.
pub(in crate::cluster) fn label_selector_text(selector: &Value) -> String {
    let equal = selector["matchLabels"].as_object().into_iter().flatten();
    let equal = equal.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()));
    let expressions = selector["matchExpressions"].as_array().into_iter().flatten();
    let expressions = expressions.map(|it| {
        let key = it["key"].as_str().unwrap_or_default();
        let values = it["values"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let values = values.collect::<Vec<_>>().join(",");
        match it["operator"].as_str() {
            Some("In") => format!("{key} in ({values})"),
            Some("NotIn") => format!("{key} notin ({values})"),
            Some("DoesNotExist") => format!("!{key}"),
            _ => key.to_owned(),
        }
    });
    equal.chain(expressions).collect::<Vec<_>>().join(",")
}

/// The text at a dotted path; empty when there is nothing.
fn lookup(tree: &Value, path: &str) -> String {
    // Real servers select events by their source component under this name.
    let path = if path == "source" { "source.component" } else { path };
    let found = path.split('.').try_fold(tree, |value, part| value.get(part));
    match found {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

fn parse_labels(text: &str) -> Result<Vec<Requirement>, Status> {
    let refuse = |part: &str| {
        Status::bad_request(format!(
            "labelSelector: unable to parse requirement \"{part}\"; write key=value, key!=value, \
             key in (a,b), key notin (a,b), key or !key"
        ))
    };
    let mut requirements = Vec::new();
    for part in split_outside_parentheses(text) {
        let part = part.trim();
        if part.is_empty() {
            continue;
        }
        requirements.push(parse_requirement(part).ok_or_else(|| refuse(part))?);
    }
    Ok(requirements)
}

fn split_outside_parentheses(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                parts.push(&text[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn parse_requirement(part: &str) -> Option<Requirement> {
    if let Some(key) = part.strip_prefix('!') {
        return label_key(key).map(Requirement::Absent);
    }
    let one = |value: &str| -> Option<BTreeSet<String>> {
        let value = value.trim();
        label_value(value).then(|| BTreeSet::from([value.to_owned()]))
    };
    if let Some((key, value)) = part.split_once("!=") {
        return Some(Requirement::NotIn(label_key(key)?, one(value)?));
    }
    if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return Some(Requirement::In(label_key(key)?, one(value)?));
    }
    if let Some((head, values)) = part.split_once('(') {
        let values = values.strip_suffix(')')?.split(',').map(|it| it.trim().to_owned());
        let values: BTreeSet<String> = values.collect();
        if !values.iter().all(|it| label_value(it)) {
            return None;
        }
        let mut words = head.split_whitespace();
        let (key, operator) = (label_key(words.next()?)?, words.next()?);
        return match (operator, words.next()) {
            ("in", None) => Some(Requirement::In(key, values)),
            ("notin", None) => Some(Requirement::NotIn(key, values)),
            _ => None,
        };
    }
    label_key(part).map(Requirement::Exists)
}

fn label_key(key: &str) -> Option<String> {
    let key = key.trim();
    let good = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.' | '/');
    (!key.is_empty() && key.chars().all(good)).then(|| key.to_owned())
}

fn label_value(value: &str) -> bool {
    value.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.'))
}

/// Fields, beside name and namespace, that a kind can be selected by; as on a real server.
fn selectable(kind: &Kind) -> &'static [&'static str] {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Pod") => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        ("" | "events.k8s.io", "Event") => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        ("", "Secret") => &["type"],
        ("", "Service") => &["spec.clusterIP", "spec.type"],
        ("apps", "ReplicaSet") => &["status.replicas"],
        ("", "Namespace") => &["status.phase"],
        ("", "Node") => &["spec.unschedulable"],
        ("batch", "Job") => &["status.successful"],
        _ => &[],
    }
}

fn parse_fields(kind: &Kind, text: &str) -> Result<Vec<Field>, Status> {
    let mut fields = Vec::new();
    for part in text.split(',').map(str::trim).filter(|it| !it.is_empty()) {
        let (path, value, wanted) = if let Some((path, value)) = part.split_once("!=") {
            (path, value, false)
        } else if let Some((path, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
            (path, value, true)
        } else {
            let told = format!("fieldSelector: \"{part}\" is neither path=value nor path!=value");
            return Err(Status::bad_request(told));
        };
        let mut path = path.trim().to_owned();
        if kind.group == "events.k8s.io" {
            path = path.replace("regarding.", "involvedObject.");
        }
        let known = matches!(path.as_str(), "metadata.name" | "metadata.namespace");
        let defined = kind.selectable.contains(&path);
        if !known && !defined && !selectable(kind).contains(&path.as_str()) {
            return Err(Status::bad_request(format!("field label not supported: {path}")));
        }
        fields.push(Field { path, value: value.trim().to_owned(), wanted });
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selects(selector: &str, labels: &[(&str, &str)]) -> Option<bool> {
        let parsed = parse_labels(selector).ok()?;
        let labels = labels.iter().map(|&(key, value)| (key.into(), value.into())).collect();
        Some(parsed.iter().all(|it| it.matches(&labels)))
    }

    #[test]
    fn label_selectors() {
        let labels = [("app", "web"), ("tier", "front"), ("x.io/a", "")];
        for (selector, expected) in [
            ("", Some(true)),
            ("app=web", Some(true)),
            ("app==web,tier=front", Some(true)),
            ("app=db", Some(false)),
            ("app!=db", Some(true)),
            ("missing!=db", Some(true)),
            ("app in (web, db)", Some(true)),
            ("app in (web,db),tier notin (back)", Some(true)),
            ("app notin (web)", Some(false)),
            ("app", Some(true)),
            ("!app", Some(false)),
            ("!missing", Some(true)),
            ("x.io/a=", Some(true)),
            ("app in web", None),
            ("app in (web", None),
            ("a b", None),
            ("=web", None),
            ("app=we b", None),
        ] {
            assert_eq!(selects(selector, &labels), expected, "{selector}");
        }
    }
}
