//! The manifest that a trial would run, rendered with sample values: an object of a known shape.

use std::sync::LazyLock;

use k8s_openapi::api::batch::v1::Job;
use proto::FieldError;
use serde_json::Value;

use super::super::schema;
use super::template::{raw, text};
use super::trial_parameters::{samples, sound};
use super::{Case, need};
use crate::template::{CONFIG_MAP, Facts, INLINE, Rendering, render};

/// Schema of batch/v1 Job, as Kubernetes has it.
static JOB: LazyLock<Value> = LazyLock::new(|| {
    let schema = schemars::SchemaGenerator::default().into_root_schema_for::<Job>();
    serde_json::to_value(schema).expect("a schema is plain data")
});

pub(super) fn check(case: &Case<'_>) -> Vec<FieldError> {
    let Some(template) = &case.spec.trial_template else { return Vec::new() };
    let text = text(case, template);
    let path = if template.trial_spec.is_some() { INLINE } else { CONFIG_MAP };
    let Some(raw) = raw(case, template) else {
        // A template that is there, but is no tree; its absence is another rule's.
        let both = template.trial_spec.is_some() && template.config_map.is_some();
        let named = template.config_map.as_ref().is_some_and(|it| {
            !it.config_map_name.is_empty() && !it.config_map_namespace.is_empty()
        });
        let told = template.trial_spec.is_none() && !named;
        let fault = crate::template::raw(template, text.as_deref()).err();
        return fault.filter(|_| !both && !told).into_iter().collect();
    };

    let mut faults = identity(&raw, path);
    if !faults.is_empty() || !sound(case, template) {
        return faults;
    }
    let assignments = samples(case);
    let rendering = Rendering {
        template,
        text: text.as_deref(),
        parameters: &case.spec.parameters,
        assignments: &assignments,
        trial: Facts { name: "trial", namespace: "default", continues: "" },
    };
    match render(&rendering) {
        Err(found) => faults.extend(found),
        Ok(manifest) if manifest["apiVersion"] == "batch/v1" && manifest["kind"] == "Job" => {
            faults.extend(job(&manifest, path));
        }
        Ok(_) => {}
    }
    faults
}

fn identity(raw: &Value, path: &str) -> Vec<FieldError> {
    let mut faults = Vec::new();
    for field in ["apiVersion", "kind"] {
        let given = raw[field].as_str().is_some_and(|it| !it.is_empty());
        need(given, &mut faults, &format!("{path}.{field}"), || {
            "must be specified, such as apiVersion: batch/v1 and kind: Job".into()
        });
    }
    for field in ["name", "namespace"] {
        let given = raw["metadata"].get(field).is_some_and(|it| !it.is_null() && *it != "");
        need(!given, &mut faults, &format!("{path}.metadata.{field}"), || {
            "must be omitted: each trial has a name of its own, in the experiment's namespace"
                .into()
        });
    }
    faults
}

/// A job with fields that Kubernetes does not know, or without those that it needs, would fail
/// in every trial.
fn job(manifest: &Value, path: &str) -> Vec<FieldError> {
    let (_, found) = schema::check(&JOB, manifest, path);
    let mut faults = found.faults;
    faults.extend(found.unknown);
    let containers = &manifest["spec"]["template"]["spec"]["containers"];
    let empty = containers.as_array().is_some_and(Vec::is_empty);
    need(!empty, &mut faults, &format!("{path}.spec.template.spec.containers"), || {
        "must have at least one container".into()
    });
    faults
}
