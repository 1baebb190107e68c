//! Who owns what after which write.

use super::super::kinds::{Kind, Registry};
use super::*;

fn pods() -> std::sync::Arc<Kind> {
    Registry::default().find("", "v1", "pods").unwrap()
}

fn apply(current: &Value, manager: &str, force: bool, object: Value) -> Result<Value, Status> {
    let (manager, subresource) = (manager.to_owned(), String::new());
    Applied { object, manager, subresource, force }.onto(&pods(), current)
}

/// Manager, operation and fields of each entry.
fn owners(object: &Value) -> Value {
    let entries = object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    entries.iter().map(|it| json!([it["manager"], it["operation"], it["fieldsV1"]])).collect()
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

#[test]
fn a_writer_owns_what_it_changes() {
    let made =
        apply(&json!({}), "one", false, json!({"metadata": {"labels": {"a": "1", "b": "1"}}}));
    let made = made.unwrap();
    let mut changed = made.clone();
    changed["metadata"]["labels"] = json!({"a": "2", "c": "3"});
    own(&pods(), &Writer::of(None, Some("hand/1.0 (linux)")), None, &made, &mut changed);
    let labels = |fields: Value| json!({"f:metadata": {"f:labels": fields}});
    assert_eq!(
        owners(&changed),
        json!([["hand", "Update", labels(json!({"f:a": {}, "f:c": {}}))]])
    );
    // Nothing changed, nothing owned; a client may give all away.
    let mut same = changed.clone();
    own(&pods(), &Writer::of(Some("other"), None), None, &changed, &mut same);
    assert_eq!(same, changed);
    let refused = apply(&changed, "one", false, json!({"metadata": {"labels": {"a": "1"}}}));
    assert!(refused.unwrap_err().message.ends_with("\"hand\" using v1: .metadata.labels.a"));
}

#[test]
fn a_new_object_is_owned_by_who_made_it() {
    let kinds = Registry::default();
    let maps = kinds.find("", "v1", "configmaps").unwrap();
    let mut made = json!({"metadata": {"name": "a", "uid": "u"}, "data": {"k": "v"}});
    own(&maps, &Writer::of(Some("m"), None), None, &Value::Null, &mut made);
    assert_eq!(owners(&made), json!([["m", "Update", {"f:data": {".": {}, "f:k": {}}}]]));
}

#[test]
fn applied_items_come_in_the_order_in_which_they_are_applied() {
    let pod = |names: &[&str]| {
        let containers: Vec<Value> = names.iter().map(|it| json!({"name": it})).collect();
        json!({"spec": {"containers": containers}})
    };
    let check = |before: &[&str], applied: &[&str], after: &[&str]| {
        let got = apply(&pod(before), "one", false, pod(applied)).unwrap();
        assert_eq!(got["spec"], pod(after)["spec"], "{before:?} {applied:?}");
    };
    check(&["a"], &["b", "a"], &["b", "a"]);
    check(&["a", "b"], &["c"], &["a", "b", "c"]);
    check(&["a", "b", "c"], &["c", "x"], &["a", "b", "c", "x"]);
    check(&["a", "b"], &["b", "a"], &["b", "a"]);
}

#[test]
fn defined_kinds_say_how_their_lists_are_shared() {
    let registry = Registry::default();
    let list = |type_: &str| {
        json!({"type": "array", "x-kubernetes-list-type": type_, "x-kubernetes-list-map-keys": ["k"],
            "items": {"type": "object", "properties": {"k": {"type": "string", "default": "d"}}}})
    };
    let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
        "keyed": list("map"), "whole": list("atomic"),
        "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "map": {"type": "object", "x-kubernetes-map-type": "atomic"},
    }}}});
    registry.define(&[json!({"spec": {
        "group": "x.io", "scope": "Namespaced", "names": {"kind": "Thing", "plural": "things"},
        "versions": [{"name": "v1", "served": true, "storage": true,
            "schema": {"openAPIV3Schema": schema}}],
    }})]);
    let kind = registry.find("x.io", "v1", "things").unwrap();
    let apply = |current: &Value, manager: &str, spec: Value| {
        let (manager, subresource) = (manager.to_owned(), String::new());
        let object = json!({"spec": spec});
        Applied { object, manager, subresource, force: false }.onto(&kind, current)
    };
    let first = json!({"keyed": [{"k": "a", "x": 1}, {"x": 9}], "set": ["p"], "map": {"y": 1}});
    let made = apply(&json!({}), "one", first).unwrap();
    let both = apply(&made, "two", json!({"keyed": [{"k": "b"}], "set": ["q"]})).unwrap();
    let keyed = json!([{"k": "a", "x": 1}, {"x": 9}, {"k": "b"}]);
    assert_eq!(both["spec"]["keyed"], keyed);
    assert_eq!(both["spec"]["set"], json!(["p", "q"]));
    assert_eq!(apply(&both, "two", json!({"map": {"z": 1}})).unwrap_err().code, 409);
    let left = apply(&both, "one", json!({"map": {"y": 1}})).unwrap();
    assert_eq!(left["spec"], json!({"keyed": [{"k": "b"}], "set": ["q"], "map": {"y": 1}}));
}
