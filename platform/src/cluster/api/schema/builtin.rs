//! The schemas of the built-in kinds, generated from their Rust types.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use k8s_openapi::Resource;
use k8s_openapi::api::apps::v1 as apps;
use k8s_openapi::api::authentication::v1 as authentication;
use k8s_openapi::api::authorization::v1 as authorization;
use k8s_openapi::api::autoscaling::v1::Scale;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::api::rbac::v1 as rbac;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1 as meta;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::Refs;

/// All schemas of built-in kinds and of their parts, by their names in OpenAPI documents; they
/// refer to each other as `#/components/schemas/<name>`.
pub fn components() -> &'static Map<String, Value> {
    &generated().components
}

/// The name in OpenAPI documents of a built-in kind's schema.
pub fn component_name(group: &str, version: &str, kind: &str) -> Option<&'static str> {
    let key = (group.to_owned(), version.to_owned(), kind.to_owned());
    generated().names.get(&key).map(String::as_str)
}

/// The schema of a built-in kind, and where its references lead.
pub(super) fn schema(
    group: &str,
    version: &str,
    kind: &str,
) -> Option<(Refs<'static>, &'static Value)> {
    let schema = components().get(component_name(group, version, kind)?)?;
    Some((Refs(Some(components())), schema))
}

/// Group, version, kind.
type Key = (String, String, String);

struct Generated {
    components: Map<String, Value>,
    names: BTreeMap<Key, String>,
}

fn generated() -> &'static Generated {
    static GENERATED: OnceLock<Generated> = OnceLock::new();
    GENERATED.get_or_init(generate)
}

fn generate() -> Generated {
    let settings = SchemaSettings::draft2020_12().with(|it| {
        it.definitions_path = "/components/schemas".into();
        it.transforms.clear();
    });
    let mut schemas = settings.into_generator();
    let mut names = BTreeMap::new();
    let (from, to) = (&mut schemas, &mut names);
    add::<core::ConfigMap>(from, to);
    add::<core::Endpoints>(from, to);
    add::<core::Event>(from, to);
    add::<core::Namespace>(from, to);
    add::<core::Node>(from, to);
    add::<core::PersistentVolumeClaim>(from, to);
    add::<core::Pod>(from, to);
    add::<core::Secret>(from, to);
    add::<core::Service>(from, to);
    add::<core::ServiceAccount>(from, to);
    add::<CustomResourceDefinition>(from, to);
    add::<core::LimitRange>(from, to);
    add::<core::ResourceQuota>(from, to);
    add::<apps::ControllerRevision>(from, to);
    add::<apps::Deployment>(from, to);
    add::<apps::ReplicaSet>(from, to);
    add::<apps::StatefulSet>(from, to);
    add::<authentication::SelfSubjectReview>(from, to);
    add::<authentication::TokenReview>(from, to);
    add::<authorization::LocalSubjectAccessReview>(from, to);
    add::<authorization::SelfSubjectAccessReview>(from, to);
    add::<authorization::SelfSubjectRulesReview>(from, to);
    add::<authorization::SubjectAccessReview>(from, to);
    add::<CronJob>(from, to);
    add::<EndpointSlice>(from, to);
    add::<Event>(from, to);
    add::<Job>(from, to);
    add::<Lease>(from, to);
    add::<rbac::ClusterRole>(from, to);
    add::<rbac::ClusterRoleBinding>(from, to);
    add::<rbac::Role>(from, to);
    add::<rbac::RoleBinding>(from, to);
    add::<Scale>(from, to);
    schemas.subschema_for::<meta::Status>();
    schemas.subschema_for::<meta::DeleteOptions>();
    schemas.subschema_for::<meta::ListMeta>();
    let mut components = schemas.take_definitions(false);
    for (name, schema) in &mut components {
        wrap_references(schema);
        loosen(name, schema);
    }
    for ((group, version, kind), name) in &names {
        let identity = json!([{ "group": group, "version": version, "kind": kind }]);
        components[name]["x-kubernetes-group-version-kind"] = identity;
    }
    Generated { components, names }
}

fn add<T: Resource + JsonSchema>(schemas: &mut SchemaGenerator, names: &mut BTreeMap<Key, String>) {
    schemas.subschema_for::<T>();
    let key = (T::GROUP.to_owned(), T::VERSION.to_owned(), T::KIND.to_owned());
    names.insert(key, T::schema_name().into_owned());
}

/// OpenAPI 3.0 ignores what stands beside a `$ref`, so a reference with a description goes into
/// `allOf`, as in the documents of a real server.
fn wrap_references(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if 1 < fields.len() && fields.get("$ref").is_some_and(Value::is_string) {
                let reference = fields.remove("$ref");
                fields.insert("allOf".into(), json!([{ "$ref": reference }]));
            }
            fields.values_mut().for_each(wrap_references);
        }
        Value::Array(items) => items.iter_mut().for_each(wrap_references),
        _ => {}
    }
}

/// Corrects the types whose generated schema is narrower than what they read.
fn loosen(name: &str, schema: &mut Value) {
    let free = json!({ "x-kubernetes-preserve-unknown-fields": true });
    let form = match name.rsplit('.').next().unwrap_or_default() {
        "Quantity" => json!({ "oneOf": [{ "type": "string" }, { "type": "number" }] }),
        "IntOrString" => {
            json!({ "format": "int-or-string", "x-kubernetes-int-or-string": true })
        }
        "JSON"
        | "JSONSchemaProps"
        | "JSONSchemaPropsOrArray"
        | "JSONSchemaPropsOrBool"
        | "JSONSchemaPropsOrStringArray" => free,
        "FieldsV1" | "RawExtension" => {
            json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true })
        }
        _ => return,
    };
    let description = schema["description"].take();
    *schema = form;
    schema["description"] = description;
}
