//! Strategic merge: a merge patch that knows which lists are keyed.
//!
//! Lists of built-in kinds are merged item by item where the kind's API says so (the patch merge
//! keys of the Kubernetes API reference); all other lists are replaced.

use serde_json::{Map, Value};

use super::kinds::Kind;
use super::status::Status;

/// The object after the patch.
///
/// # Errors
/// 415 for kinds that a definition defines: they have no strategic merge. 400 for a directive
/// that makes no sense.
pub fn merge(kind: &Kind, current: &Value, patch: &Value) -> Result<Value, Status> {
    if !kind.built_in {
        return Err(Status::unsupported(format!(
            "{} takes no strategic merge patch; send application/merge-patch+json",
            kind.qualified()
        )));
    }
    let mut object = current.clone();
    merge_value(&mut object, patch, "")?;
    Ok(object)
}

/// How the items of a list are told apart.
#[derive(Clone, Copy, Debug, PartialEq)]
enum List {
    /// Objects that this field names.
    Keyed(&'static str),
    /// Plain values, each at most once.
    Set,
    /// Nothing tells them apart: a patch replaces the list.
    Atomic,
}

/// Keyed lists: the name of the list, what holds it (any, if empty), and the key.
const KEYED: &[(&str, &str, &str)] = &[
    ("conditions", "", "type"),
    ("containers", "", "name"),
    ("containerStatuses", "", "name"),
    ("env", "", "name"),
    ("ephemeralContainers", "", "name"),
    ("hostAliases", "", "ip"),
    ("imagePullSecrets", "", "name"),
    ("initContainers", "", "name"),
    ("ownerReferences", "metadata", "uid"),
    ("podIPs", "status", "ip"),
    ("ports", "containers", "containerPort"),
    ("ports", "ephemeralContainers", "containerPort"),
    ("ports", "initContainers", "containerPort"),
    ("ports", "spec", "port"),
    ("resourceClaims", "", "name"),
    ("secrets", "", "name"),
    ("taints", "spec", "key"),
    ("topologySpreadConstraints", "", "topologyKey"),
    ("volumeDevices", "", "devicePath"),
    ("volumeMounts", "", "mountPath"),
    ("volumes", "spec", "name"),
];
/// Lists that are sets: the name of the list and what holds it.
const SETS: &[(&str, &str)] = &[("finalizers", "metadata"), ("finalizers", "spec")];

fn list_kind(holder: &str, field: &str) -> List {
    let keyed = KEYED
        .iter()
        .find(|(name, within, _)| *name == field && (within.is_empty() || *within == holder));
    match keyed {
        Some((_, _, key)) => List::Keyed(key),
        None if SETS.contains(&(field, holder)) => List::Set,
        None => List::Atomic,
    }
}

/// Merges `patch` into `value`, the field named `holder`.
fn merge_value(value: &mut Value, patch: &Value, holder: &str) -> Result<(), Status> {
    let Value::Object(patch) = patch else {
        *value = patch.clone();
        return Ok(());
    };
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    let Value::Object(fields) = value else { return Ok(()) };
    match patch.get("$patch").map(|it| it.as_str().unwrap_or_default()) {
        None | Some("merge") => merge_fields(fields, patch, holder),
        Some("replace") => {
            fields.clear();
            merge_fields(fields, patch, holder)
        }
        Some("delete") => {
            fields.clear();
            Ok(())
        }
        Some(other) => Err(unknown_directive(other)),
    }
}

fn merge_fields(
    fields: &mut Map<String, Value>,
    patch: &Map<String, Value>,
    holder: &str,
) -> Result<(), Status> {
    if let Some(kept) = patch.get("$retainKeys").and_then(Value::as_array) {
        fields.retain(|name, _| kept.iter().any(|it| it == name.as_str()));
    }
    let before = fields.clone();
    for (name, part) in patch {
        if let Some(list) = name.strip_prefix("$deleteFromPrimitiveList/") {
            let gone = part.as_array().map(Vec::as_slice).unwrap_or_default();
            if let Some(items) = fields.get_mut(list).and_then(Value::as_array_mut) {
                items.retain(|it| !gone.contains(it));
            }
        } else if name.starts_with('$') {
            continue;
        } else if part.is_null() {
            fields.remove(name);
        } else if let Some(items) = part.as_array() {
            let list = list_kind(holder, name);
            let current = fields.entry(name.clone()).or_insert_with(|| Value::Array(Vec::new()));
            let current = current.as_array_mut();
            match current {
                Some(current) => merge_list(current, items, list, name)?,
                None => _ = fields.insert(name.clone(), part.clone()),
            }
        } else {
            merge_value(fields.entry(name.clone()).or_insert(Value::Null), part, name)?;
        }
    }
    for (name, order) in patch {
        let Some(list) = name.strip_prefix("$setElementOrder/") else { continue };
        let order = order.as_array().map(Vec::as_slice).unwrap_or_default();
        if let Some(items) = fields.get_mut(list).and_then(Value::as_array_mut) {
            let live = before.get(list).and_then(Value::as_array).map(Vec::as_slice);
            reorder(items, order, live.unwrap_or_default(), list_kind(holder, list));
        }
    }
    Ok(())
}

fn merge_list(
    items: &mut Vec<Value>,
    patch: &[Value],
    list: List,
    name: &str,
) -> Result<(), Status> {
    let replaces = patch.iter().any(|it| it["$patch"] == "replace" && is_only_directive(it));
    if replaces || list == List::Atomic {
        let plain = patch.iter().filter(|it| !is_only_directive(it));
        *items = plain.cloned().collect();
        return Ok(());
    }
    let live = items.clone();
    for part in patch {
        let List::Keyed(key) = list else {
            if !items.contains(part) {
                items.push(part.clone());
            }
            continue;
        };
        let Some(identity) = part.get(key) else {
            let message = format!("map: {part} does not contain declared merge key: {key}");
            return Err(Status::bad_request(message));
        };
        let at = items.iter().position(|it| it.get(key) == Some(identity));
        match (part["$patch"].as_str(), at) {
            (Some("delete"), at) => {
                // A key that is there more than once goes everywhere.
                if at.is_some() {
                    items.retain(|it| it.get(key) != Some(identity));
                }
            }
            (_, Some(at)) => merge_value(&mut items[at], part, name)?,
            (_, None) => {
                let mut made = Value::Object(Map::new());
                merge_value(&mut made, part, name)?;
                items.push(made);
            }
        }
    }
    reorder(items, patch, &live, list);
    Ok(())
}

/// Puts the items that `order` lists into its order. Each other item goes before the first of them
/// behind which it did not stand in `live`; the new ones come first.
fn reorder(items: &mut Vec<Value>, order: &[Value], live: &[Value], list: List) {
    let at = |within: &[Value], item: &Value| match list {
        List::Keyed(key) => within.iter().position(|it| it.get(key) == item.get(key)),
        List::Set | List::Atomic => within.iter().position(|it| it == item),
    };
    let all = std::mem::take(items);
    let (mut listed, mut others): (Vec<Value>, Vec<Value>) =
        all.into_iter().partition(|it| at(order, it).is_some());
    listed.sort_by_key(|it| at(order, it));
    others.sort_by_key(|it| at(live, it));
    let (mut listed, mut others) = (listed.into_iter().peekable(), others.into_iter().peekable());
    loop {
        let first = match (others.peek(), listed.peek()) {
            (Some(other), Some(it)) => {
                matches!((at(live, other), at(live, it)), (Some(a), Some(b)) if a < b)
            }
            (other, _) => other.is_some(),
        };
        let next = if first { others.next() } else { listed.next() };
        let Some(next) = next else { return };
        items.push(next);
    }
}

fn is_only_directive(item: &Value) -> bool {
    item.as_object().is_some_and(|it| it.len() == 1 && it.contains_key("$patch"))
}

fn unknown_directive(name: &str) -> Status {
    Status::bad_request(format!(
        "unknown patch type {name:?} in $patch; use replace, merge or delete"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::api::kinds::Registry;
    use serde_json::json;

    fn check(current: Value, patch: Value, wanted: Value) {
        let pods = Registry::default().find("", "v1", "pods").expect("pods are built in");
        assert_eq!(merge(&pods, &current, &patch).expect("a good patch"), wanted, "{patch}");
    }

    #[test]
    fn maps_merge_and_nulls_remove() {
        let current = json!({ "metadata": { "labels": { "a": "1", "b": "2" } } });
        check(
            current.clone(),
            json!({ "metadata": { "labels": { "b": null, "c": "3" } } }),
            json!({ "metadata": { "labels": { "a": "1", "c": "3" } } }),
        );
        check(
            current.clone(),
            json!({ "metadata": { "labels": { "$patch": "replace", "c": "3" } } }),
            json!({ "metadata": { "labels": { "c": "3" } } }),
        );
        check(
            current,
            json!({ "metadata": { "labels": { "$patch": "delete" } } }),
            json!({ "metadata": { "labels": {} } }),
        );
    }

    #[test]
    fn new_items_come_before_those_that_the_patch_does_not_name() {
        let pod = |names: &[&str]| {
            let containers: Vec<Value> = names.iter().map(|it| json!({ "name": it })).collect();
            json!({ "spec": { "containers": containers } })
        };
        check(pod(&["a", "b"]), pod(&["c"]), pod(&["c", "a", "b"]));
        check(pod(&["a", "b"]), pod(&["b", "c"]), pod(&["a", "b", "c"]));
    }

    #[test]
    fn keyed_lists_merge_item_by_item() {
        let pod = |containers: Value| json!({ "spec": { "containers": containers } });
        let two = json!([{ "name": "a", "image": "x" }, { "name": "b", "image": "y" }]);
        check(
            pod(two.clone()),
            pod(json!([{ "name": "b", "image": "z" }, { "name": "c" }])),
            pod(json!([
                { "name": "a", "image": "x" }, { "name": "b", "image": "z" }, { "name": "c" }
            ])),
        );
        check(
            pod(two.clone()),
            pod(json!([{ "name": "a", "$patch": "delete" }])),
            pod(json!([{ "name": "b", "image": "y" }])),
        );
        check(
            pod(two.clone()),
            pod(json!([{ "$patch": "replace" }, { "name": "c" }])),
            pod(json!([{ "name": "c" }])),
        );
        check(
            pod(two),
            json!({ "spec": {
                "$setElementOrder/containers": [{ "name": "c" }, { "name": "b" }, { "name": "a" }],
                "containers": [{ "name": "c" }],
            }}),
            pod(
                json!([{ "name": "c" }, { "name": "b", "image": "y" }, { "name": "a", "image": "x" }]),
            ),
        );
    }

    #[test]
    fn keys_depend_on_what_holds_the_list() {
        check(
            json!({ "spec": { "ports": [{ "port": 80, "name": "x" }] } }),
            json!({ "spec": { "ports": [{ "port": 80, "name": "y" }, { "port": 81 }] } }),
            json!({ "spec": { "ports": [{ "port": 80, "name": "y" }, { "port": 81 }] } }),
        );
        let ports =
            |ports: Value| json!({ "spec": { "containers": [{ "name": "a", "ports": ports }] } });
        check(
            ports(json!([{ "containerPort": 1, "name": "x" }])),
            ports(json!([{ "containerPort": 2 }])),
            ports(json!([{ "containerPort": 2 }, { "containerPort": 1, "name": "x" }])),
        );
        check(
            json!({ "spec": { "containers": [{ "name": "a", "args": ["1", "2"] }] } }),
            json!({ "spec": { "containers": [{ "name": "a", "args": ["3"] }] } }),
            json!({ "spec": { "containers": [{ "name": "a", "args": ["3"] }] } }),
        );
    }

    #[test]
    fn sets_gain_and_lose_values() {
        let with = |finalizers: Value| json!({ "metadata": { "finalizers": finalizers } });
        check(with(json!(["a"])), with(json!(["b", "a"])), with(json!(["b", "a"])));
        check(
            with(json!(["a", "b"])),
            json!({ "metadata": { "$deleteFromPrimitiveList/finalizers": ["a"] } }),
            with(json!(["b"])),
        );
    }

    #[test]
    fn retained_keys_are_all_that_stays() {
        check(
            json!({ "spec": { "volumes": [{ "name": "v", "emptyDir": {} }] } }),
            json!({ "spec": { "volumes": [
                { "name": "v", "$retainKeys": ["name", "hostPath"], "hostPath": { "path": "/d" } }
            ] } }),
            json!({ "spec": { "volumes": [{ "name": "v", "hostPath": { "path": "/d" } }] } }),
        );
    }

    #[test]
    fn nonsense_is_refused() {
        let check = |plural: &str, patch: Value, code: u16| {
            let registry = Registry::default();
            let mut kind = (*registry.find("", "v1", plural).expect("built in")).clone();
            kind.built_in = plural == "pods";
            assert_eq!(merge(&kind, &json!({}), &patch).map_err(|it| it.code), Err(code));
        };
        check("pods", json!({ "spec": { "$patch": "turn" } }), 400);
        check("pods", json!({ "spec": { "containers": [{ "image": "x" }] } }), 400);
        check("services", json!({}), 415);
    }
}
