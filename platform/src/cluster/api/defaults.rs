//! What the API fills in and checks for its built-in kinds.

mod immutable;
mod sets;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use proto::FieldError;
use serde_json::{Value, json};

use super::kinds::Kind;
use super::meta;

/// Completes a new object.
pub(super) fn begin(kind: &Kind, object: &mut Value) {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Namespace") => {
            let name = object["metadata"]["name"].clone();
            object["metadata"]["labels"]["kubernetes.io/metadata.name"] = name;
            object["spec"]["finalizers"] = json!(["kubernetes"]);
            object["status"] = json!({"phase": "Active"});
        }
        ("", "Pod") => {
            fill_pod(&mut object["spec"]);
            fill(&mut object["spec"], &[("serviceAccountName", json!("default"))]);
            object["status"] = json!({"phase": "Pending", "qosClass": qos_class(&object["spec"])});
        }
        ("", "PersistentVolumeClaim") => object["status"] = json!({"phase": "Pending"}),
        ("batch", "Job") => begin_job(object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => fill_definition(object),
        _ => {}
    }
    fill_always(kind, object);
}

/// Completes an updated object, and keeps what may not change.
pub(super) fn carry_over(kind: &Kind, old: &Value, object: &mut Value) {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Namespace") => object["spec"] = old["spec"].clone(),
        ("", "Pod") => fill_pod(&mut object["spec"]),
        ("batch", "Job") => {
            fill_job(object);
            // The server chose these; manifests applied again do not carry them.
            let template = &mut object["spec"]["template"]["metadata"]["labels"];
            let kept = old["spec"]["template"]["metadata"]["labels"].as_object();
            for (key, value) in kept.into_iter().flatten() {
                if template[key].is_null() {
                    template[key] = value.clone();
                }
            }
            if object["spec"]["selector"].is_null() {
                meta::copy(&old["spec"], &mut object["spec"], "selector");
            }
        }
        ("", "Service") => {
            // The server chose these; manifests applied again do not carry them.
            for key in ["clusterIP", "clusterIPs"] {
                if object["spec"][key].is_null() {
                    meta::copy(&old["spec"], &mut object["spec"], key);
                }
            }
        }
        ("apiextensions.k8s.io", "CustomResourceDefinition") => fill_definition(object),
        _ => {}
    }
    fill_always(kind, object);
}

/// Faults that only the API can tell.
pub(super) fn check(kind: &Kind, object: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut faults = check_kind(kind, object, old);
    if let Some(old) = old {
        faults.extend(immutable::faults(kind, old, object));
    }
    faults
}

fn check_kind(kind: &Kind, object: &Value, old: Option<&Value>) -> Vec<FieldError> {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Pod") => check_pod(&object["spec"], "spec"),
        ("batch", "CronJob") => sets::check_cron(&object["spec"]),
        ("batch", "Job") => {
            let mut faults = check_pod(&object["spec"]["template"]["spec"], "spec.template.spec");
            let policy = &object["spec"]["template"]["spec"]["restartPolicy"];
            if !matches!(policy.as_str(), Some("Never" | "OnFailure")) {
                let told = format!("needs Never or OnFailure in a Job, got {policy}");
                faults.push(FieldError::new("spec.template.spec.restartPolicy", told));
            }
            if old.is_some_and(|old| old["spec"]["template"] != object["spec"]["template"]) {
                faults.push(FieldError::new("spec.template", "field is immutable"));
            }
            faults
        }
        ("apiextensions.k8s.io", "CustomResourceDefinition") => check_definition(object),
        _ => Vec::new(),
    }
}

fn fill_always(kind: &Kind, object: &mut Value) {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Secret") => fill_secret(object),
        ("", "Service") => sets::fill_service(&mut object["spec"]),
        ("", "PersistentVolumeClaim") => {
            fill(&mut object["spec"], &[("volumeMode", json!("Filesystem"))]);
        }
        ("apps", "Deployment") => sets::fill_deployment(&mut object["spec"]),
        ("apps", "ReplicaSet") => sets::fill_replicas(&mut object["spec"]),
        ("apps", "StatefulSet") => sets::fill_stateful(&mut object["spec"]),
        ("batch", "CronJob") => sets::fill_cron(&mut object["spec"]),
        _ => {}
    }
}

fn fill(part: &mut Value, defaults: &[(&str, Value)]) {
    if part.is_null() {
        *part = json!({});
    }
    let Some(fields) = part.as_object_mut() else { return };
    for (key, value) in defaults {
        if fields.get(*key).is_none_or(Value::is_null) {
            fields.insert((*key).to_owned(), value.clone());
        }
    }
}

fn fill_pod(spec: &mut Value) {
    if !spec.is_object() {
        return;
    }
    fill(
        spec,
        &[
            ("restartPolicy", json!("Always")),
            ("terminationGracePeriodSeconds", json!(30)),
            ("dnsPolicy", json!("ClusterFirst")),
            ("schedulerName", json!("default-scheduler")),
            ("securityContext", json!({})),
        ],
    );
    for list in ["containers", "initContainers"] {
        for container in spec[list].as_array_mut().into_iter().flatten() {
            sets::fill_container(container);
        }
    }
}

fn begin_job(object: &mut Value) {
    let (uid, name) = (object["metadata"]["uid"].clone(), object["metadata"]["name"].clone());
    fill_job(object);
    if object["spec"]["manualSelector"] != true {
        let labels = [
            ("batch.kubernetes.io/controller-uid", &uid),
            ("batch.kubernetes.io/job-name", &name),
            ("controller-uid", &uid),
            ("job-name", &name),
        ];
        for (key, value) in labels {
            object["spec"]["template"]["metadata"]["labels"][key] = value.clone();
        }
        object["spec"]["selector"] =
            json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}});
    }
}

fn fill_job(object: &mut Value) {
    let spec = &mut object["spec"];
    fill(
        spec,
        &[
            ("backoffLimit", json!(6)),
            ("completionMode", json!("NonIndexed")),
            ("parallelism", json!(1)),
            ("suspend", json!(false)),
        ],
    );
    if spec["completions"].is_null() && spec["parallelism"] == 1 {
        spec["completions"] = json!(1);
    }
    if !spec["template"].is_object() {
        spec["template"] = json!({});
    }
    fill_pod(&mut spec["template"]["spec"]);
}

fn fill_secret(object: &mut Value) {
    fill(object, &[("type", json!("Opaque"))]);
    let Some(Value::Object(plain)) = object.as_object_mut().and_then(|it| it.remove("stringData"))
    else {
        return;
    };
    for (key, value) in plain {
        let text = value.as_str().unwrap_or_default();
        object["data"][key] = json!(BASE64.encode(text));
    }
}

fn qos_class(spec: &Value) -> &'static str {
    let containers = spec["containers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let part = |it: &Value, side: &str, what: &str| it["resources"][side][what].clone();
    let guaranteed = |it: &Value| {
        ["cpu", "memory"].iter().all(|what| {
            let (limit, request) = (part(it, "limits", what), part(it, "requests", what));
            !limit.is_null() && (request.is_null() || request == limit)
        })
    };
    let nothing = |it: &Value| {
        let empty = |side: &str| it["resources"][side].as_object().is_none_or(|it| it.is_empty());
        empty("limits") && empty("requests")
    };
    if containers.iter().all(nothing) {
        "BestEffort"
    } else if containers.iter().all(guaranteed) {
        "Guaranteed"
    } else {
        "Burstable"
    }
}

fn check_pod(spec: &Value, path: &str) -> Vec<FieldError> {
    let mut faults = Vec::new();
    let containers = spec["containers"].as_array().map(Vec::as_slice).unwrap_or_default();
    if containers.is_empty() {
        faults.push(FieldError::new(format!("{path}.containers"), "needs at least one container"));
    }
    let mut names = std::collections::BTreeSet::new();
    for part in ["initContainers", "containers"] {
        let list = spec[part].as_array().map(Vec::as_slice).unwrap_or_default();
        for (index, container) in list.iter().enumerate() {
            let field = format!("{path}.{part}[{index}].name");
            match container["name"].as_str().unwrap_or_default() {
                "" => faults.push(FieldError::new(field, "needs a name")),
                name if !names.insert(name.to_owned()) => {
                    faults.push(FieldError::new(field, format!("\"{name}\" is used twice")));
                }
                _ => {}
            }
        }
    }
    let policy = &spec["restartPolicy"];
    if !matches!(policy.as_str(), Some("Always" | "OnFailure" | "Never")) {
        let told = format!("needs Always, OnFailure or Never, got {policy}");
        faults.push(FieldError::new(format!("{path}.restartPolicy"), told));
    }
    faults
}

/// Held until its objects are gone.
pub(super) const DEFINITION_FINALIZER: &str = "customresourcecleanup.apiextensions.k8s.io";

fn fill_definition(object: &mut Value) {
    let names = &mut object["spec"]["names"];
    let kind = names["kind"].as_str().unwrap_or_default().to_owned();
    let singular = json!(kind.to_lowercase());
    fill(names, &[("singular", singular), ("listKind", json!(format!("{kind}List")))]);
    fill(&mut object["spec"], &[("conversion", json!({"strategy": "None"}))]);
    if meta_is_leaving(object) {
        return;
    }
    let finalizers = &mut object["metadata"]["finalizers"];
    if finalizers.is_null() {
        *finalizers = json!([]);
    }
    if let Some(list) = finalizers.as_array_mut()
        && !list.contains(&json!(DEFINITION_FINALIZER))
    {
        list.push(json!(DEFINITION_FINALIZER));
    }
    let versions = object["spec"]["versions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let stored = versions.iter().find(|it| it["storage"] == true).map(|it| it["name"].clone());
    let accepted = object["spec"]["names"].clone();
    if object["status"]["conditions"].is_null() {
        let condition = |name: &str, reason: &str, message: &str| {
            json!({
                "type": name, "status": "True", "reason": reason, "message": message,
                "lastTransitionTime": meta::now(),
            })
        };
        object["status"]["conditions"] = json!([
            condition("NamesAccepted", "NoConflicts", "no conflicts found"),
            condition("Established", "InitialNamesAccepted", "the initial names were accepted"),
        ]);
    }
    object["status"]["acceptedNames"] = accepted;
    object["status"]["storedVersions"] = json!([stored]);
}

fn meta_is_leaving(object: &Value) -> bool {
    object["metadata"]["deletionTimestamp"].is_string()
}

fn check_definition(object: &Value) -> Vec<FieldError> {
    let mut faults = Vec::new();
    let spec = &object["spec"];
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    let (group, plural) = (text(&spec["group"]), text(&spec["names"]["plural"]));
    for (path, value) in [
        ("spec.group", &group),
        ("spec.names.plural", &plural),
        ("spec.names.kind", &text(&spec["names"]["kind"])),
    ] {
        if value.is_empty() {
            faults.push(FieldError::new(path, "is required"));
        }
    }
    let expected = format!("{plural}.{group}");
    if object["metadata"]["name"] != expected.as_str() {
        let told = format!("must be spec.names.plural+\".\"+spec.group: \"{expected}\"");
        faults.push(FieldError::new("metadata.name", told));
    }
    if !matches!(spec["scope"].as_str(), Some("Namespaced" | "Cluster")) {
        let told = format!("needs Namespaced or Cluster, got {}", spec["scope"]);
        faults.push(FieldError::new("spec.scope", told));
    }
    let versions = spec["versions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let stored = versions.iter().filter(|it| it["storage"] == true).count();
    if stored != 1 {
        let told = format!("exactly one version needs storage: true, got {stored}");
        faults.push(FieldError::new("spec.versions", told));
    }
    for (index, version) in versions.iter().enumerate() {
        if !version["schema"]["openAPIV3Schema"].is_object() {
            let path = format!("spec.versions[{index}].schema.openAPIV3Schema");
            faults.push(FieldError::new(path, "schemas are required"));
        }
    }
    faults
}
