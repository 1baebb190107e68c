//! Server-side apply: each applier owns the fields it sent, in `metadata.managedFields`.
//!
//! A field owned by another applier with another value is a conflict, unless forced; a field that
//! its only applier no longer sends is removed. Writes that are no apply own nothing here, so they
//! never conflict: a difference to a real server. A field is a path of `fieldsV1` steps.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::kinds::Kind;
use super::meta;
use super::request::Query;
use super::status::Status;

/// A path of steps: `f:name` in maps, `k:{"name":"x"}` in keyed lists, `.` for an item itself.
type Path = Vec<String>;
type Fields = BTreeSet<Path>;

/// Lists of built-in kinds whose items are told apart by a key.
const KEYED_LISTS: [(&str, &str); 9] = [
    ("containers", "name"),
    ("initContainers", "name"),
    ("env", "name"),
    ("volumes", "name"),
    ("volumeMounts", "mountPath"),
    ("imagePullSecrets", "name"),
    ("conditions", "type"),
    ("ownerReferences", "uid"),
    ("subjects", "name"),
];

/// An object as it is applied.
#[derive(Clone, Debug)]
pub(super) struct Applied {
    object: Value,
    manager: String,
    subresource: String,
    force: bool,
}

impl Applied {
    /// # Errors
    /// 400 for a body that is no object to apply, 422 without a field manager.
    pub(super) fn parse(
        object: Value,
        query: &Query,
        subresource: Option<&str>,
    ) -> Result<Applied, Status> {
        let Some(manager) = query.text("fieldManager") else {
            let told = "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: \
                        is required for apply patch";
            return Err(Status::new(422, "Invalid", told));
        };
        if !object.is_object() {
            return Err(Status::bad_request("an apply needs an object"));
        }
        let managed = &object["metadata"]["managedFields"];
        if managed.as_array().is_some_and(|it| !it.is_empty()) {
            return Err(Status::bad_request("metadata.managedFields must be nil"));
        }
        Ok(Applied {
            object,
            manager: manager.to_owned(),
            subresource: subresource.unwrap_or_default().to_owned(),
            force: query.flag("force") && query.text("force").is_some(),
        })
    }

    /// The object after the apply; `current` is null when there is none yet.
    ///
    /// # Errors
    /// 409 with one cause a field that another applier owns.
    pub(super) fn onto(&self, kind: &Kind, current: &Value) -> Result<Value, Status> {
        let keyed = kind.built_in;
        let mut owned = Fields::new();
        collect(&self.object, keyed, &mut Vec::new(), &mut owned);
        owned.retain(|path| !is_identity(path));
        let entries = current["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
        let (mine, mut others): (Vec<Value>, Vec<Value>) =
            entries.into_iter().partition(|it| self.owns(it));
        self.settle_conflicts(current, &owned, &mut others)?;

        let mine = mine.first();
        let before = mine.map(fields_of).unwrap_or_default();
        let kept: Fields = others.iter().flat_map(fields_of).chain(owned.clone()).collect();
        let mut next = current.clone();
        for path in before.difference(&owned).filter(|path| !is_held(path, &kept)) {
            remove(&mut next, path);
        }
        merge(&mut next, &self.object, keyed, "");
        let time = mine.filter(|_| before == owned).map(|it| it["time"].clone());
        let mut entry = json!({
            "manager": self.manager, "operation": "Apply", "apiVersion": kind.api_version(),
            "time": time.unwrap_or_else(|| json!(meta::now())), "fieldsType": "FieldsV1",
            "fieldsV1": tree(&owned),
        });
        if !self.subresource.is_empty() {
            entry["subresource"] = json!(self.subresource);
        }
        others.push(entry);
        next["metadata"]["managedFields"] = Value::Array(others);
        Ok(next)
    }

    fn owns(&self, entry: &Value) -> bool {
        entry["manager"] == self.manager.as_str()
            && entry["operation"] == "Apply"
            && entry["subresource"].as_str().unwrap_or_default() == self.subresource
    }

    fn settle_conflicts(
        &self,
        current: &Value,
        owned: &Fields,
        others: &mut Vec<Value>,
    ) -> Result<(), Status> {
        let mut causes = Vec::new();
        for entry in others.iter_mut() {
            let theirs = fields_of(entry);
            let differs = |path: &&Path| {
                path.last().is_some_and(|it| it != ".")
                    && find(current, path) != find(&self.object, path)
            };
            let lost: Fields = theirs.intersection(owned).filter(differs).cloned().collect();
            let manager = entry["manager"].as_str().unwrap_or_default();
            causes.extend(lost.iter().map(|path| {
                json!({
                    "reason": "FieldManagerConflict",
                    "message": format!("conflict with \"{manager}\""), "field": show(path),
                })
            }));
            if self.force && !lost.is_empty() {
                entry["fieldsV1"] = tree(&theirs.difference(&lost).cloned().collect());
            }
        }
        others.retain(|it| !fields_of(it).is_empty());
        if self.force || causes.is_empty() {
            return Ok(());
        }
        let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
        let told = causes.iter().map(|it| text(&it["message"]) + ": " + &text(&it["field"]));
        let told: Vec<String> = told.collect();
        let noun = if told.len() == 1 { "conflict" } else { "conflicts" };
        let message = format!("Apply failed with {} {noun}: {}", told.len(), told.join(", "));
        let mut status = Status::new(409, "Conflict", message);
        status.details = json!({"causes": causes});
        Err(status)
    }
}

/// What identifies the object is nobody's field.
fn is_identity(path: &Path) -> bool {
    let steps: Vec<&str> = path.iter().map(String::as_str).collect();
    matches!(
        steps.as_slice(),
        ["f:apiVersion" | "f:kind"]
            | ["f:metadata"]
            | [
                "f:metadata",
                "f:name"
                    | "f:namespace"
                    | "f:uid"
                    | "f:resourceVersion"
                    | "f:creationTimestamp"
                    | "f:generation"
                    | "f:managedFields",
                ..
            ]
    )
}

/// Whether the field, or for an item of a list anything in it, is still owned.
fn is_held(path: &Path, kept: &Fields) -> bool {
    match path.split_last() {
        Some((last, item)) if last == "." => kept.iter().any(|it| it.starts_with(item)),
        _ => kept.iter().any(|it| it.starts_with(path) || path.starts_with(it)),
    }
}

fn list_key(keyed: bool, name: &str, items: &[Value]) -> Option<&'static str> {
    let key = KEYED_LISTS.iter().find(|(list, _)| *list == name).map(|(_, key)| *key)?;
    let usable = keyed || name == "ownerReferences";
    (usable && items.iter().all(|it| it[key].is_string())).then_some(key)
}

fn key_step(key: &str, item: &Value) -> String {
    format!("k:{}", json!({key: item[key]}))
}

fn collect(value: &Value, keyed: bool, path: &mut Path, fields: &mut Fields) {
    let name = path.last().and_then(|it| it.strip_prefix("f:")).unwrap_or_default().to_owned();
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                path.push(format!("f:{key}"));
                collect(value, keyed, path, fields);
                path.pop();
            }
        }
        Value::Array(items) if list_key(keyed, &name, items).is_some() && !items.is_empty() => {
            let key = list_key(keyed, &name, items).unwrap_or_default();
            for item in items {
                path.push(key_step(key, item));
                collect(item, keyed, path, fields);
                fields.insert(path.iter().cloned().chain([".".to_owned()]).collect());
                path.pop();
            }
        }
        _ => {
            fields.insert(path.clone());
        }
    }
}

fn fields_of(entry: &Value) -> Fields {
    fn walk(tree: &Value, path: &mut Path, fields: &mut Fields) {
        match tree.as_object() {
            Some(map) if !map.is_empty() => {
                for (step, below) in map {
                    path.push(step.clone());
                    walk(below, path, fields);
                    path.pop();
                }
            }
            _ if !path.is_empty() => {
                fields.insert(path.clone());
            }
            _ => {}
        }
    }
    let mut fields = Fields::new();
    walk(&entry["fieldsV1"], &mut Vec::new(), &mut fields);
    fields
}

fn tree(fields: &Fields) -> Value {
    let mut root = json!({});
    for path in fields {
        let mut place = &mut root;
        for step in path {
            let Some(map) = place.as_object_mut() else { break };
            place = map.entry(step.clone()).or_insert_with(|| json!({}));
        }
    }
    root
}

fn is_item(item: &Value, key: &str) -> bool {
    let key: Value = serde_json::from_str(key).unwrap_or_default();
    key.as_object().is_some_and(|it| it.iter().all(|(name, value)| item[name] == *value))
}

fn find<'a>(value: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, step| match step.split_at_checked(2) {
        Some(("f:", name)) => value.get(name),
        Some(("k:", key)) => value.as_array()?.iter().find(|it| is_item(it, key)),
        _ => Some(value),
    })
}

fn remove(value: &mut Value, path: &[String]) {
    let Some((step, rest)) = path.split_first() else { return };
    match (step.split_at_checked(2), value) {
        (Some(("f:", name)), Value::Object(map)) if rest.is_empty() => {
            map.remove(name);
        }
        (Some(("f:", name)), Value::Object(map)) => {
            if let Some(below) = map.get_mut(name) {
                remove(below, rest);
            }
        }
        (Some(("k:", key)), Value::Array(items)) if rest == ["."] => {
            items.retain(|it| !is_item(it, key));
        }
        (Some(("k:", key)), Value::Array(items)) => {
            if let Some(item) = items.iter_mut().find(|it| is_item(it, key)) {
                remove(item, rest);
            }
        }
        _ => {}
    }
}

fn merge(current: &mut Value, applied: &Value, keyed: bool, name: &str) {
    match applied {
        Value::Object(fields) => {
            if !current.is_object() {
                *current = json!({});
            }
            for (key, value) in fields {
                merge(&mut current[key], value, keyed, key);
            }
        }
        Value::Array(items) => match (list_key(keyed, name, items), current.as_array_mut()) {
            (Some(key), Some(list)) => {
                for item in items {
                    match list.iter_mut().find(|it| it[key] == item[key]) {
                        Some(same) => merge(same, item, keyed, ""),
                        None => list.push(item.clone()),
                    }
                }
            }
            _ => *current = applied.clone(),
        },
        _ => *current = applied.clone(),
    }
}

fn show(path: &Path) -> String {
    let step = |it: &String| match it.split_at_checked(2) {
        Some(("f:", name)) => format!(".{name}"),
        Some(("k:", key)) => format!("[{key}]"),
        _ => String::new(),
    };
    path.iter().map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::super::kinds::Registry;
    use super::*;

    fn apply(current: &Value, manager: &str, force: bool, object: Value) -> Result<Value, Status> {
        let kind = Registry::default().find("", "v1", "pods").unwrap();
        let (manager, subresource) = (manager.to_owned(), String::new());
        Applied { object, manager, subresource, force }.onto(&kind, current)
    }

    #[test]
    fn what_an_applier_no_longer_sends_goes() {
        let first = json!({"metadata": {"name": "p", "labels": {"a": "1", "b": "2"}},
            "spec": {"containers": [{"name": "x", "image": "i"}, {"name": "y"}]}});
        let mut made = apply(&json!({}), "one", false, first).unwrap();
        made["metadata"]["labels"]["c"] = json!("by another");
        made["spec"]["containers"][0]["tty"] = json!(true);
        let second = json!({"metadata": {"name": "p", "labels": {"a": "1"}},
            "spec": {"containers": [{"name": "x"}]}});
        let next = apply(&made, "one", false, second.clone()).unwrap();
        assert_eq!(next["metadata"]["labels"], json!({"a": "1", "c": "by another"}));
        assert_eq!(next["spec"]["containers"], json!([{"name": "x", "tty": true}]));
        assert_eq!(apply(&next, "one", false, second).unwrap(), next, "twice is once");
    }

    #[test]
    fn another_appliers_field_is_a_conflict_unless_forced() {
        let object = |value: &str| json!({"metadata": {"labels": {"a": value}}});
        let made = apply(&json!({}), "one", false, object("1")).unwrap();
        let shared = apply(&made, "two", false, object("1")).unwrap();
        assert_eq!(shared["metadata"]["managedFields"].as_array().unwrap().len(), 2);
        let refused = apply(&made, "two", false, object("2")).unwrap_err();
        assert_eq!(refused.code, 409);
        assert_eq!(refused.details["causes"][0]["field"], ".metadata.labels.a");
        let forced = apply(&made, "two", true, object("2")).unwrap();
        assert_eq!(forced["metadata"]["labels"]["a"], "2");
        assert_eq!(forced["metadata"]["managedFields"].as_array().unwrap().len(), 1);
    }
}
