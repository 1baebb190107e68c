//! Tests of the whole door: what is refused, filled in, and reported as unknown.

use serde_json::json;

use super::super::kinds::{Kind, Registry};
use super::*;

fn kind(plural: &str) -> Kind {
    let registry = Registry::default();
    let found = registry.all().into_iter().find(|it| it.plural == plural);
    (*found.expect("a built-in kind")).clone()
}

/// A Job whose pod's spec is that.
fn job(pod: Value) -> Value {
    json!({ "metadata": { "name": "j" }, "spec": { "template": { "spec": pod } } })
}

#[test]
fn schemas_find_every_fault_and_name_its_path() {
    let check = |schema: Value, object: Value, wanted: &[&str]| {
        let schema = json!({ "type": "object", "properties": { "a": schema } });
        let found = super::check(&schema, &json!({ "a": object })).errors;
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, wanted, "{schema} {object}");
    };
    check(json!({ "type": "integer" }), json!(3.0), &[]);
    check(json!({ "type": "integer" }), json!("3"), &["a: must be an integer, got \"3\""]);
    check(json!({ "type": "string" }), json!(null), &["a: must be a string, got null"]);
    check(json!({ "type": "string", "nullable": true }), json!(null), &[]);
    check(
        json!({ "type": "string", "enum": ["x", "y"] }),
        json!("z"),
        &["a: must be one of \"x\", \"y\", got \"z\""],
    );
    check(json!({ "type": "number", "minimum": 1 }), json!(1), &[]);
    check(
        json!({ "type": "number", "minimum": 1, "exclusiveMinimum": true }),
        json!(1),
        &["a: must be greater than 1, got 1"],
    );
    check(json!({ "type": "number", "maximum": 1 }), json!(2), &["a: must be at most 1, got 2"]);
    check(
        json!({ "type": "string", "minLength": 2, "pattern": "^b" }),
        json!("a"),
        &["a: needs at least 2 characters, has 1", "a: must match ^b, got \"a\""],
    );
    check(
        json!({ "type": "array", "maxItems": 1, "items": { "type": "string" } }),
        json!(["x", 1]),
        &["a: takes at most 1 items, has 2", "a[1]: must be a string, got 1"],
    );
    check(
        json!({ "type": "object", "required": ["b"], "additionalProperties": { "type": "string" } }),
        json!({ "c": 1 }),
        &["a.b: is required, and missing: add it", "a.c: must be a string, got 1"],
    );
    check(json!({ "x-kubernetes-int-or-string": true }), json!("50%"), &[]);
    check(
        json!({ "x-kubernetes-int-or-string": true }),
        json!(0.5),
        &["a: must be an integer or a string, got 0.5"],
    );
    check(
        json!({ "type": "string", "format": "date-time" }),
        json!("yesterday"),
        &["a: must be a time such as 2026-01-31T12:00:00Z, got \"yesterday\""],
    );
    check(
        json!({
            "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["n"],
            "items": { "type": "object", "properties": { "n": { "type": "string" } } },
        }),
        json!([{ "n": "x" }, { "n": "y" }, { "n": "x" }]),
        &["a[2]: duplicate of an earlier item: \"x\""],
    );
}

#[test]
fn junctions_restrict_values() {
    let check = |junction: Value, object: Value, good: bool| {
        let mut schema = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
        schema.as_object_mut().expect("an object").extend(junction.as_object().cloned().unwrap());
        assert_eq!(super::check(&schema, &object).errors.is_empty(), good, "{junction} {object}");
    };
    let (a, b) = (json!({ "required": ["a"] }), json!({ "required": ["b"] }));
    check(json!({ "anyOf": [a, b] }), json!({ "b": 1 }), true);
    check(json!({ "anyOf": [a, b] }), json!({}), false);
    check(json!({ "oneOf": [a, b] }), json!({ "b": 1 }), true);
    check(json!({ "oneOf": [a, b] }), json!({ "a": 1, "b": 1 }), false);
    check(json!({ "allOf": [a, b] }), json!({ "a": 1 }), false);
    check(json!({ "not": a }), json!({ "b": 1 }), true);
    check(json!({ "not": a }), json!({ "a": 1 }), false);
}

#[test]
fn unknown_fields_are_kept_or_pruned_as_the_schema_says_and_always_told() {
    let schema = |keep: bool| {
        json!({ "type": "object", "properties": { "spec": {
            "type": "object", "x-kubernetes-preserve-unknown-fields": keep,
            "properties": { "objective": { "type": "string", "default": "loss" } },
        }}})
    };
    let told = "unknown field \"spec.objetcive\", did you mean \"objective\"?";
    for keep in [true, false] {
        let mut kind = kind("pods");
        kind.schema = Some(std::sync::Arc::new(schema(keep)));
        let mut object = json!({ "metadata": { "name": "x" }, "spec": { "objetcive": 1 } });
        let outcome = admit(&kind, &mut object);
        assert_eq!(outcome, SchemaOutcome { errors: vec![], unknown: vec![told.into()] });
        assert_eq!(object["spec"].get("objetcive").is_some(), keep);
        assert_eq!(object["spec"]["objective"], "loss");
    }
}

#[test]
fn a_free_form_object_has_no_unknown_fields() {
    let schema = json!({ "type": "object", "properties": { "spec": {
        "type": "object", "x-kubernetes-preserve-unknown-fields": true,
    }}});
    let outcome = super::check(&schema, &json!({ "kind": "X", "spec": { "a": { "b": 1 } } }));
    assert_eq!(outcome, SchemaOutcome::default());
}

#[test]
fn defaults_fill_in_below_what_is_written() {
    let schema = json!({ "type": "object", "properties": { "list": { "type": "array", "items": {
        "type": "object",
        "properties": { "a": { "type": "integer", "default": 7 }, "b": { "type": "integer" } },
    }}}});
    let mut object = json!({ "list": [{}, { "a": 1 }, { "a": null, "b": 2 }] });
    defaults::fill(&schema, &mut object);
    assert_eq!(object, json!({ "list": [{ "a": 7 }, { "a": 1 }, { "a": 7, "b": 2 }] }));
}

#[test]
fn built_in_kinds_are_refused_as_a_server_refuses_them() {
    let check = |plural: &str, mut object: Value, wanted: &[&str]| {
        let found = admit(&kind(plural), &mut object).errors;
        let paths: Vec<&str> = found.iter().map(|it| it.path.as_str()).collect();
        assert_eq!(paths, wanted, "{found:?}");
    };
    let container = json!({ "name": "c", "image": "i", "env": [{ "name": "A", "value": "1" }] });
    check("jobs", job(json!({ "restartPolicy": "Never", "containers": [container] })), &[]);
    let policy = "spec.template.spec.restartPolicy";
    check("jobs", job(json!({ "containers": [container] })), &[policy]);
    check(
        "jobs",
        job(json!({ "restartPolicy": "Never", "containers": [] })),
        &["spec.template.spec.containers"],
    );
    check(
        "jobs",
        job(json!({ "restartPolicy": "Never", "containers": [{ "image": "i" }] })),
        &["spec.template.spec.containers[0].name"],
    );
    check("jobs", json!({ "metadata": { "name": "j" }, "spec": {} }), &["spec.template"]);
    let wrong = json!({ "name": "c", "env": [{ "name": "A", "value": 1 }] });
    check(
        "pods",
        json!({ "metadata": { "name": "p" }, "spec": { "containers": [wrong] } }),
        &["spec.containers[0].env[0].value"],
    );
    let lost = json!({ "name": "c", "volumeMounts": [{ "name": "v", "mountPath": "/v" }],
        "resources": { "limits": { "cpu": 0.5, "memory": "1Gb" } } });
    check(
        "pods",
        json!({ "metadata": { "name": "p" }, "spec": { "containers": [lost, container] } }),
        &[
            "spec.containers[0].volumeMounts[0].name",
            "spec.containers[0].resources.limits[memory]",
            "spec.containers[1].name",
        ],
    );
    check(
        "configmaps",
        json!({ "metadata": { "name": "C" }, "data": { "a b": "" } }),
        &["data[a b]", "metadata.name"],
    );
    check("secrets", json!({ "metadata": { "name": "s" }, "data": { "a": "?" } }), &["data.a"]);
    check("services", json!({ "metadata": { "name": "s" }, "spec": {} }), &["spec.ports"]);
    let selector = json!({ "matchLabels": { "app": "a" } });
    check(
        "deployments",
        json!({ "metadata": { "name": "d" }, "spec": { "selector": selector, "template": {
            "spec": { "containers": [container] } } } }),
        &["spec.template.metadata.labels"],
    );
}

#[test]
fn unknown_fields_of_built_in_kinds_are_pruned_and_nulls_are_nothing() {
    let mut object = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": "p", "creationTimestamp": null },
        "spec": { "containers": [{ "name": "c", "imagee": "i" }] },
        "status": {},
    });
    let outcome = admit(&kind("pods"), &mut object);
    assert_eq!(outcome.errors, []);
    let told = "unknown field \"spec.containers[0].imagee\", did you mean \"image\"?";
    assert_eq!(outcome.unknown, [told]);
    assert_eq!(object["spec"], json!({ "containers": [{ "name": "c" }] }));
    assert_eq!(object["metadata"], json!({ "name": "p" }));
}

#[test]
fn every_built_in_kind_has_a_schema() {
    for kind in Registry::default().all() {
        let found = component_name(&kind.group, &kind.version, &kind.kind);
        assert!(found.is_some_and(|it| components().contains_key(it)), "{}", kind.qualified());
    }
}

#[test]
fn the_definitions_of_our_kinds_pass_and_are_structural() {
    for definition in proto::kinds::definitions() {
        let mut definition = serde_json::to_value(definition).expect("a definition is JSON");
        let before = definition.clone();
        let outcome = admit(&kind("customresourcedefinitions"), &mut definition);
        assert_eq!(outcome, SchemaOutcome::default());
        assert_eq!(definition, before);
    }
}
