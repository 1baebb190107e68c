//! Sets of fields: which of them an object has, as `fieldsV1` writes them, and what is where.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::shape::{Key, Place, Shape, identity};

/// A path of steps: `f:name` in maps, `k:{"name":"x"}` and `v:"x"` in lists, `.` for a map or an
/// item itself.
pub(super) type Path = Vec<String>;
/// A set of fields.
pub(super) type Fields = BTreeSet<Path>;

/// The fields of a value, as one who applies it owns them.
pub(super) fn collect(value: &Value, place: Place<'_>, path: &mut Path, fields: &mut Fields) {
    match (place.shape(value), value) {
        (Shape::Fields { .. }, Value::Object(map)) => {
            for (name, value) in map {
                path.push(format!("f:{name}"));
                collect(value, place.field(name), path, fields);
                path.pop();
            }
        }
        (Shape::Items(keys), Value::Array(items)) => {
            for item in items {
                path.push(format!("k:{}", identity(item, &keys)));
                collect(item, place.item(), path, fields);
                fields.insert(itself(path));
                path.pop();
            }
        }
        (Shape::Set, Value::Array(items)) => {
            fields.extend(items.iter().map(|item| with(path, format!("v:{item}"))));
        }
        _ => drop(fields.insert(path.clone())),
    }
}

/// What differs between two states of an object.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// New, or with another value.
    pub(super) set: Fields,
    /// Gone.
    pub(super) removed: Fields,
}

/// Compares two states; none stands for nothing there.
pub(super) fn compare(
    old: Option<&Value>,
    new: Option<&Value>,
    place: Place<'_>,
    path: &mut Path,
    changes: &mut Changes,
) {
    match (old, new) {
        (None, None) => {}
        (Some(old), Some(new)) if old == new => {}
        (Some(old), None) => {
            collect(old, place, path, &mut changes.removed);
        }
        (old, Some(new)) => {
            // An empty map or list is one to which something can be added.
            let old = old.filter(|it| !is_empty(it) || is_empty(new));
            let before = old.map_or(Shape::Whole, |it| place.shape(it));
            match (place.shape(new), new) {
                (shape, _) if old.is_some() && shape != before => {
                    // Another kind of value: what was there is gone.
                    if let Some(old) = old {
                        collect(old, place, path, &mut changes.removed);
                    }
                    collect(new, place, path, &mut changes.set);
                }
                (Shape::Fields { open }, Value::Object(map)) => {
                    if open && old.is_none() && !path.is_empty() {
                        changes.set.insert(itself(path));
                    }
                    compare_fields(old, map, place, path, changes);
                }
                (Shape::Items(keys), Value::Array(items)) => {
                    let before = old.and_then(Value::as_array);
                    let before = before.map(Vec::as_slice).unwrap_or_default();
                    compare_items(before, items, (&keys, place), path, changes);
                }
                (Shape::Set, Value::Array(items)) => {
                    let none = Vec::new();
                    let before = old.and_then(Value::as_array).unwrap_or(&none);
                    let only = |list: &[Value], other: &[Value]| -> Vec<Path> {
                        let mine = list.iter().filter(|it| !other.contains(it));
                        mine.map(|it| with(path, format!("v:{it}"))).collect()
                    };
                    changes.set.extend(only(items, before));
                    changes.removed.extend(only(before, items));
                }
                _ => drop(changes.set.insert(path.clone())),
            }
        }
    }
}

fn compare_fields(
    old: Option<&Value>,
    map: &Map<String, Value>,
    place: Place<'_>,
    path: &mut Path,
    changes: &mut Changes,
) {
    let gone = old.and_then(Value::as_object).into_iter().flatten();
    let gone = gone.map(|(name, _)| name).filter(|it| !map.contains_key(*it));
    for name in map.keys().chain(gone) {
        path.push(format!("f:{name}"));
        let old = old.and_then(|it| it.get(name));
        compare(old, map.get(name), place.field(name), path, changes);
        path.pop();
    }
}

fn compare_items(
    before: &[Value],
    items: &[Value],
    (keys, place): (&[Key], Place<'_>),
    path: &mut Path,
    changes: &mut Changes,
) {
    let find = |list: &[Value], id: &Value| list.iter().position(|it| identity(it, keys) == *id);
    for item in items {
        let id = identity(item, keys);
        path.push(format!("k:{id}"));
        let old = find(before, &id).map(|at| &before[at]);
        if old.is_none() {
            changes.set.insert(itself(path));
        }
        compare(old, Some(item), place.item(), path, changes);
        path.pop();
    }
    for item in before {
        let id = identity(item, keys);
        if find(items, &id).is_none() {
            path.push(format!("k:{id}"));
            collect(item, place.item(), path, &mut changes.removed);
            changes.removed.insert(itself(path));
            path.pop();
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        other => other.is_null(),
    }
}

fn itself(path: &Path) -> Path {
    with(path, ".".to_owned())
}

fn with(path: &Path, step: String) -> Path {
    path.iter().cloned().chain([step]).collect()
}

/// The set that a `fieldsV1` writes down.
pub(super) fn parse(tree: &Value) -> Fields {
    fn walk(tree: &Value, path: &mut Path, fields: &mut Fields) {
        match tree.as_object() {
            Some(map) if !map.is_empty() => {
                for (step, below) in map {
                    path.push(step.clone());
                    walk(below, path, fields);
                    path.pop();
                }
            }
            _ if !path.is_empty() => drop(fields.insert(path.clone())),
            _ => {}
        }
    }
    let mut fields = Fields::new();
    walk(tree, &mut Vec::new(), &mut fields);
    fields
}

/// A set as `fieldsV1` writes it.
pub(super) fn tree(fields: &Fields) -> Value {
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

/// What identifies the object is nobody's field.
pub(super) fn is_identity(path: &Path) -> bool {
    let steps: Vec<&str> = path.iter().map(String::as_str).collect();
    matches!(
        steps.as_slice(),
        ["f:apiVersion" | "f:kind"]
            | ["f:metadata"]
            | ["f:metadata", "."]
            | [
                "f:metadata",
                "f:name"
                    | "f:namespace"
                    | "f:uid"
                    | "f:resourceVersion"
                    | "f:creationTimestamp"
                    | "f:deletionTimestamp"
                    | "f:deletionGracePeriodSeconds"
                    | "f:generation"
                    | "f:selfLink"
                    | "f:managedFields",
                ..
            ]
    )
}

/// Whether the field, or for an item or a map anything in it, is in the set.
pub(super) fn is_held(path: &Path, kept: &Fields) -> bool {
    match path.split_last() {
        Some((last, item)) if last == "." => kept.iter().any(|it| it.starts_with(item)),
        _ => kept.iter().any(|it| it.starts_with(path) || path.starts_with(it)),
    }
}

fn is_item(item: &Value, key: &str) -> bool {
    let key: Value = serde_json::from_str(key).unwrap_or_default();
    let is = |(name, value): (&String, &Value)| match &item[name] {
        // A key that is not written stands for its default.
        Value::Null => true,
        found => found == value,
    };
    key.as_object().is_some_and(|it| it.iter().all(is))
}

/// Takes out what is at that path; a map that was left empty stays.
pub(super) fn remove(value: &mut Value, path: &[String]) {
    let Some((step, rest)) = path.split_first() else { return };
    match (step.split_at_checked(2), value) {
        (Some(("f:", name)), Value::Object(map)) if rest.is_empty() => {
            map.remove(name);
        }
        (Some(("f:", name)), Value::Object(map))
            if rest == ["."] && map.get(name).is_some_and(is_empty) =>
        {
            map.remove(name);
        }
        (Some(("f:", name)), Value::Object(map)) => {
            let Some(below) = map.get_mut(name) else { return };
            remove(below, rest);
            // A list or map that held only this goes with it.
            let empty = below.as_array().is_some_and(Vec::is_empty)
                || below.as_object().is_some_and(|it| it.is_empty());
            if empty {
                map.remove(name);
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
        (Some(("v:", text)), Value::Array(items)) => {
            let gone: Option<Value> = serde_json::from_str(text).ok();
            items.retain(|it| Some(it) != gone.as_ref());
        }
        _ => {}
    }
}

/// Puts what is applied over what is there.
pub(super) fn merge(current: &mut Value, applied: &Value, place: Place<'_>) {
    match (place.shape(applied), applied) {
        (Shape::Fields { .. }, Value::Object(fields)) => {
            if !current.is_object() {
                *current = json!({});
            }
            for (name, value) in fields {
                merge(&mut current[name], value, place.field(name));
            }
        }
        (Shape::Items(keys), Value::Array(items)) => {
            let before = match current.take() {
                Value::Array(before) => before,
                _ => Vec::new(),
            };
            let id = |item: &Value| identity(item, &keys);
            *current = Value::Array(interleave(before, items, id, |old, new| {
                merge(old, new, place.item());
            }));
        }
        (Shape::Set, Value::Array(items)) => {
            let before = match current.take() {
                Value::Array(before) => before,
                _ => Vec::new(),
            };
            *current = Value::Array(interleave(before, items, Value::clone, |_, _| {}));
        }
        // An empty map or list takes nothing away from what others put there.
        (_, Value::Object(fields)) if fields.is_empty() && current.is_object() => {}
        _ => *current = applied.clone(),
    }
}

/// Items in the order in which they are applied; those that are only there stay before the next
/// one that is in both.
fn interleave(
    before: Vec<Value>,
    applied: &[Value],
    id: impl Fn(&Value) -> Value,
    join: impl Fn(&mut Value, &Value),
) -> Vec<Value> {
    let wanted: Vec<Value> = applied.iter().map(&id).collect();
    let mut left: Vec<Option<Value>> = before.into_iter().map(Some).collect();
    let mut merged = Vec::new();
    let (mut at, mut next) = (0, 0);
    while at < left.len() || next < applied.len() {
        match left.get(at) {
            Some(None) => at += 1,
            Some(Some(item)) if !wanted.contains(&id(item)) => merged.extend(left[at].take()),
            _ => {
                let Some(new) = applied.get(next) else { break };
                let same =
                    |it: &Option<Value>| it.as_ref().is_some_and(|it| id(it) == wanted[next]);
                let mut old = left.iter().position(same).and_then(|it| left[it].take());
                match &mut old {
                    Some(old) => join(old, new),
                    None => old = Some(new.clone()),
                }
                merged.extend(old);
                next += 1;
            }
        }
    }
    merged
}

/// A path as people read it.
pub(super) fn show(path: &Path) -> String {
    let step = |it: &String| match it.split_at_checked(2) {
        Some(("f:", name)) => format!(".{name}"),
        Some(("k:", key)) => {
            let key: Value = serde_json::from_str(key).unwrap_or_default();
            let parts = key.as_object().into_iter().flatten();
            let parts: Vec<String> = parts.map(|(name, value)| format!("{name}={value}")).collect();
            format!("[{}]", parts.join(","))
        }
        Some(("v:", text)) => format!("[={text}]"),
        _ => String::new(),
    };
    path.iter().map(step).collect()
}
