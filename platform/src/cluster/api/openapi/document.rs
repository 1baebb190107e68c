//! One OpenAPI document: the schemas of a group's kinds, and the paths under which they are.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::super::kinds::Kind;
use super::super::schema::{component_name, components};
use super::group_version_path;

const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const LIST_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";
const STATUS: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Status";
const SCALE: &str = "io.k8s.api.autoscaling.v1.Scale";

/// The OpenAPI v3 document of these kinds, which share one group and version.
pub(super) fn render(kinds: &[&Kind]) -> Value {
    let mut schemas = Map::new();
    let mut paths = Map::new();
    for kind in kinds {
        let name = schema_name(kind);
        schemas.insert(name.clone(), schema(kind));
        schemas.insert(format!("{name}List"), list_schema(kind, &name));
        add_paths(&mut paths, kind, &name);
    }
    add_referenced(&mut schemas, &paths);
    json!({
        "openapi": "3.0.0",
        "info": { "title": "Kubernetes", "version": "v1.36.0" },
        "paths": paths,
        "components": { "schemas": schemas },
    })
}

/// The OpenAPI v2 document of all kinds: their schemas, without paths.
pub(super) fn render_version_2(kinds: &[&Kind]) -> Value {
    let document = render(kinds);
    let definitions = document["components"]["schemas"].to_string();
    let definitions = definitions.replace("#/components/schemas/", "#/definitions/");
    let definitions: Value = serde_json::from_str(&definitions).unwrap_or_default();
    json!({
        "swagger": "2.0",
        "info": { "title": "Kubernetes", "version": "v1.36.0" },
        "paths": {},
        "definitions": definitions,
    })
}

/// `io.k8s.api.core.v1.Pod`; for defined kinds the group reversed: `org.kubeflow.v1beta1.Trial`.
fn schema_name(kind: &Kind) -> String {
    let built_in = component_name(&kind.group, &kind.version, &kind.kind);
    built_in.filter(|_| kind.built_in).map_or_else(
        || {
            let mut parts: Vec<&str> = kind.group.split('.').collect();
            parts.reverse();
            format!("{}.{}.{}", parts.join("."), kind.version, kind.kind)
        },
        str::to_owned,
    )
}

fn identity(kind: &Kind) -> Value {
    json!({ "group": kind.group, "version": kind.version, "kind": kind.kind })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// The schema of one object, with what every object has.
fn schema(kind: &Kind) -> Value {
    let built_in = component_name(&kind.group, &kind.version, &kind.kind);
    if let (true, Some(found)) = (kind.built_in, built_in.and_then(|it| components().get(it))) {
        return found.clone();
    }
    let mut schema = match &kind.schema {
        Some(schema) => (**schema).clone(),
        None => json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true }),
    };
    for (name, field) in common_fields(OBJECT_META) {
        // What the definition says of metadata restricts it and does not describe it.
        schema["properties"][name] = field;
    }
    schema["x-kubernetes-group-version-kind"] = json!([identity(kind)]);
    schema
}

fn list_schema(kind: &Kind, name: &str) -> Value {
    let mut identity = identity(kind);
    identity["kind"] = json!(format!("{}List", kind.kind));
    let mut properties: Map<String, Value> = common_fields(LIST_META).into_iter().collect();
    let items = json!({
        "type": "array", "items": reference(name),
        "description": format!("List of {}.", kind.plural),
    });
    properties.insert("items".into(), items);
    json!({
        "type": "object", "required": ["items"], "properties": properties,
        "description": format!("{}List is a list of {}", kind.kind, kind.kind),
        "x-kubernetes-group-version-kind": [identity],
    })
}

/// apiVersion, kind and metadata, as every object has them.
fn common_fields(metadata: &str) -> [(String, Value); 3] {
    let text = |description: &str| json!({ "type": "string", "description": description });
    let of_metadata = json!({
        "allOf": [reference(metadata)], "default": {},
        "description": "Standard metadata: name, namespace, labels, annotations and owners.",
    });
    [
        ("apiVersion".into(), text("Group and version of the object's schema.")),
        ("kind".into(), text("Kind of the object, in CamelCase.")),
        ("metadata".into(), of_metadata),
    ]
}

/// The paths of a kind: the list, one object, and what is below it.
fn add_paths(paths: &mut Map<String, Value>, kind: &Kind, name: &str) {
    let root = group_version_path(&kind.group, &kind.version);
    let space = if kind.namespaced { "/namespaces/{namespace}" } else { "" };
    let all = format!("/{root}{space}/{}", kind.plural);
    let list = format!("{name}List");
    let of_list = json!({
        "parameters": path_parameters(kind, false),
        "get": operation(kind, "list", &list, None),
        "post": operation(kind, "post", name, Some(name)),
        "delete": operation(kind, "deletecollection", STATUS, None),
    });
    let of_one = |name: &str| {
        json!({
            "parameters": path_parameters(kind, true),
            "get": operation(kind, "get", name, None),
            "put": operation(kind, "put", name, Some(name)),
            "patch": patch_operation(kind, name),
            "delete": operation(kind, "delete", STATUS, None),
        })
    };
    if kind.namespaced {
        let everywhere = json!({ "get": operation(kind, "list", &list, None) });
        paths.insert(format!("/{root}/{}", kind.plural), everywhere);
    }
    paths.insert(format!("{all}/{{name}}"), of_one(name));
    if kind.subresources.status {
        paths.insert(format!("{all}/{{name}}/status"), of_one(name));
    }
    if kind.subresources.scale.is_some() {
        paths.insert(format!("{all}/{{name}}/scale"), of_one(SCALE));
    }
    paths.insert(all, of_list);
}

fn operation(kind: &Kind, action: &str, answer: &str, body: Option<&str>) -> Value {
    let mut parameters = Vec::new();
    if action == "list" {
        for name in ["continue", "fieldSelector", "labelSelector", "resourceVersion"] {
            parameters.push(query(name, "string"));
        }
        parameters.push(query("limit", "integer"));
        parameters.push(query("watch", "boolean"));
    } else if action != "get" {
        parameters.push(query("dryRun", "string"));
    }
    if body.is_some() {
        parameters.push(query("fieldManager", "string"));
        parameters.push(query("fieldValidation", "string"));
    }
    let content = json!({ "application/json": { "schema": reference(answer) } });
    let mut operation = json!({
        "parameters": parameters,
        "responses": { "200": { "description": "OK", "content": content } },
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": identity(kind),
    });
    if let Some(body) = body {
        let content = json!({ "*/*": { "schema": reference(body) } });
        operation["requestBody"] = json!({ "required": true, "content": content });
    }
    operation
}

/// A strategic merge is not offered here, since these schemas do not carry merge keys: clients
/// then use the keys that they know of the built-in kinds.
fn patch_operation(kind: &Kind, name: &str) -> Value {
    let mut operation = operation(kind, "patch", name, Some(name));
    let any = json!({ "schema": { "type": "object" } });
    operation["requestBody"]["content"] = json!({
        "application/apply-patch+yaml": any, "application/json-patch+json": any,
        "application/merge-patch+json": any,
    });
    if let Some(parameters) = operation["parameters"].as_array_mut() {
        parameters.push(query("force", "boolean"));
    }
    operation
}

fn query(name: &str, r#type: &str) -> Value {
    json!({ "name": name, "in": "query", "schema": { "type": r#type, "uniqueItems": true } })
}

fn path_parameters(kind: &Kind, named: bool) -> Value {
    let wanted = [("namespace", kind.namespaced), ("name", named)];
    let parameters = wanted.into_iter().filter(|(_, wanted)| *wanted).map(|(name, _)| {
        json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })
    });
    parameters.collect()
}

/// Adds the built-in schemas that are referred to, and those that these refer to.
fn add_referenced(schemas: &mut Map<String, Value>, paths: &Map<String, Value>) {
    let mut missing = BTreeSet::new();
    paths.values().for_each(|it| references(it, &mut missing));
    schemas.values().for_each(|it| references(it, &mut missing));
    while let Some(name) = missing.pop_first() {
        let Some(found) = components().get(&name) else { continue };
        if !schemas.contains_key(&name) {
            references(found, &mut missing);
            schemas.insert(name, found.clone());
        }
    }
}

fn references(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            let target = fields.get("$ref").and_then(Value::as_str);
            names.extend(target.and_then(|it| it.rsplit('/').next()).map(str::to_owned));
            fields.values().for_each(|it| references(it, names));
        }
        Value::Array(items) => items.iter().for_each(|it| references(it, names)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::api::kinds::Registry;

    /// The document of one group and version, our own kinds included.
    fn document(group: &str, version: &str) -> Value {
        let registry = Registry::default();
        let definitions = proto::kinds::definitions();
        let definitions = definitions.iter().map(|it| serde_json::to_value(it).expect("JSON"));
        registry.define(&definitions.collect::<Vec<Value>>());
        let kinds = registry.all();
        let kinds: Vec<&Kind> = kinds
            .iter()
            .filter(|it| it.group == group && it.version == version)
            .map(|it| &**it)
            .collect();
        render(&kinds)
    }

    #[test]
    fn every_reference_leads_somewhere() {
        for (group, version) in [("", "v1"), ("batch", "v1"), ("kubeflow.org", "v1beta1")] {
            let document = document(group, version);
            let mut names = BTreeSet::new();
            references(&document, &mut names);
            for name in names {
                assert!(document["components"]["schemas"].get(&name).is_some(), "{name}");
            }
        }
    }

    #[test]
    fn kinds_are_found_by_path_and_by_identity() {
        let document = document("kubeflow.org", "v1beta1");
        let path = "/apis/kubeflow.org/v1beta1/namespaces/{namespace}/experiments/{name}";
        let patch = &document["paths"][path]["patch"];
        let identity =
            json!({ "group": "kubeflow.org", "version": "v1beta1", "kind": "Experiment" });
        assert_eq!(patch["x-kubernetes-group-version-kind"], identity);
        assert!(patch["parameters"].to_string().contains("fieldValidation"));
        let schema = &document["components"]["schemas"]["org.kubeflow.v1beta1.Experiment"];
        assert_eq!(schema["x-kubernetes-group-version-kind"], json!([identity]));
        assert!(schema["properties"]["spec"]["properties"]["objective"].is_object());
    }
}
