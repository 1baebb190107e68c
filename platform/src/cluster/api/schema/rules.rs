//! What a server refuses in built-in kinds though their schemas allow it.

use std::collections::BTreeSet;

use proto::FieldError;
use serde_json::Value;

use super::definition;
use super::meta::{dns_label_fault, label_faults};

/// Largest ConfigMap or Secret, in bytes of its values.
const DATA_MAX: usize = 1024 * 1024;

/// What is wrong with an object of a built-in kind that fits its schema.
pub(super) fn faults(group: &str, kind: &str, object: &Value) -> Vec<FieldError> {
    let spec = &object["spec"];
    match (group, kind) {
        ("", "Pod") => pod(spec, "spec"),
        ("", "ConfigMap") => data(object, &["data", "binaryData"]),
        ("", "Secret") => data(object, &["data", "stringData"]),
        ("", "Service") => service(spec),
        ("batch", "Job") => job(spec),
        ("apps", "Deployment") => deployment(spec),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition::faults(object),
        _ => Vec::new(),
    }
}

fn job(spec: &Value) -> Vec<FieldError> {
    let policy = spec["template"]["spec"]["restartPolicy"].as_str();
    let mut faults = Vec::new();
    if !matches!(policy, Some("Never" | "OnFailure")) {
        let got = policy.map_or_else(String::new, |it| format!(", got {it:?}"));
        let message = format!("a Job's pods need \"Never\" or \"OnFailure\"{got}");
        faults.push(FieldError::new("spec.template.spec.restartPolicy", message));
    }
    for name in ["backoffLimit", "completions", "parallelism", "activeDeadlineSeconds"] {
        if let Some(number) = spec[name].as_i64().filter(|it| *it < 0) {
            let message = format!("must be at least 0, got {number}");
            faults.push(FieldError::new(format!("spec.{name}"), message));
        }
    }
    faults.extend(template(&spec["template"]));
    faults
}

fn deployment(spec: &Value) -> Vec<FieldError> {
    let mut faults = template(&spec["template"]);
    let labels = &spec["template"]["metadata"]["labels"];
    let wanted = spec["selector"]["matchLabels"].as_object();
    for (key, value) in wanted.into_iter().flatten().filter(|(key, value)| labels[*key] != **value)
    {
        let message = format!("spec.selector selects {key}={value}, so the template must carry it");
        faults.push(FieldError::new("spec.template.metadata.labels", message));
    }
    let policy = spec["template"]["spec"]["restartPolicy"].as_str().unwrap_or("Always");
    if policy != "Always" {
        let message = format!("a Deployment's pods need \"Always\", got {policy:?}");
        faults.push(FieldError::new("spec.template.spec.restartPolicy", message));
    }
    faults
}

fn template(template: &Value) -> Vec<FieldError> {
    let mut faults = pod(&template["spec"], "spec.template.spec");
    faults.extend(label_faults(&template["metadata"]["labels"], "spec.template.metadata.labels"));
    faults
}

/// Rules of a pod's spec. Images may be left out: at home none is pulled.
fn pod(spec: &Value, path: &str) -> Vec<FieldError> {
    let mut faults = Vec::new();
    let list = |name: &str| spec[name].as_array().map(Vec::as_slice).unwrap_or_default();
    if list("containers").is_empty() {
        let message = "needs at least one container";
        faults.push(FieldError::new(format!("{path}.containers"), message));
    }
    if let Some(policy) = spec["restartPolicy"].as_str()
        && !["Always", "OnFailure", "Never"].contains(&policy)
    {
        let message = format!("must be Always, OnFailure or Never, got {policy:?}");
        faults.push(FieldError::new(format!("{path}.restartPolicy"), message));
    }
    let mut volumes = BTreeSet::new();
    for (index, volume) in list("volumes").iter().enumerate() {
        let name = volume["name"].as_str().unwrap_or_default();
        let path = format!("{path}.volumes[{index}].name");
        faults.extend(dns_label_fault(name, &path));
        if !volumes.insert(name) {
            faults.push(FieldError::new(path, format!("duplicate name {name:?}")));
        }
    }
    let mut names = BTreeSet::new();
    for field in ["initContainers", "containers"] {
        for (index, container) in list(field).iter().enumerate() {
            let path = format!("{path}.{field}[{index}]");
            let name = container["name"].as_str().unwrap_or_default();
            faults.extend(dns_label_fault(name, &format!("{path}.name")));
            if !names.insert(name) {
                let message = format!("duplicate name {name:?}");
                faults.push(FieldError::new(format!("{path}.name"), message));
            }
            faults.extend(container_faults(container, &volumes, &path));
        }
    }
    faults
}

fn container_faults(container: &Value, volumes: &BTreeSet<&str>, path: &str) -> Vec<FieldError> {
    let list = |name: &str| container[name].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut faults = Vec::new();
    for (index, mount) in list("volumeMounts").iter().enumerate() {
        let name = mount["name"].as_str().unwrap_or_default();
        if !volumes.contains(name) {
            let message = format!("not found: the pod has no volume {name:?}; add it to volumes");
            faults.push(FieldError::new(format!("{path}.volumeMounts[{index}].name"), message));
        }
    }
    for (index, port) in list("ports").iter().enumerate() {
        let path = format!("{path}.ports[{index}].containerPort");
        faults.extend(port_fault(&port["containerPort"], &path));
    }
    for (index, variable) in list("env").iter().enumerate() {
        let name = variable["name"].as_str().unwrap_or_default();
        if name.is_empty() || name.contains('=') {
            let message = format!("must be a name without '=', got {name:?}");
            faults.push(FieldError::new(format!("{path}.env[{index}].name"), message));
        }
    }
    for part in ["requests", "limits"] {
        let amounts = container["resources"][part].as_object();
        for (resource, amount) in amounts.into_iter().flatten() {
            if amount.as_str().is_some_and(|it| !is_quantity(it)) {
                let message = format!("must be an amount such as 500m, 2 or 1Gi, got {amount}");
                let path = format!("{path}.resources.{part}[{resource}]");
                faults.push(FieldError::new(path, message));
            }
        }
    }
    faults
}

fn service(spec: &Value) -> Vec<FieldError> {
    let ports = spec["ports"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut faults = Vec::new();
    if ports.is_empty() && spec["clusterIP"] != "None" && spec["type"] != "ExternalName" {
        faults.push(FieldError::new("spec.ports", "needs at least one port"));
    }
    for (index, port) in ports.iter().enumerate() {
        faults.extend(port_fault(&port["port"], &format!("spec.ports[{index}].port")));
        if 1 < ports.len() && port["name"].as_str().is_none_or(str::is_empty) {
            let message = "is required where a service has several ports";
            faults.push(FieldError::new(format!("spec.ports[{index}].name"), message));
        }
    }
    faults
}

fn port_fault(port: &Value, path: &str) -> Option<FieldError> {
    let good = port.as_i64().is_some_and(|it| (1..=65_535).contains(&it));
    (!good).then(|| FieldError::new(path, format!("must be between 1 and 65535, got {port}")))
}

/// Keys and size of a ConfigMap's or Secret's values.
fn data(object: &Value, parts: &[&str]) -> Vec<FieldError> {
    let mut faults = Vec::new();
    let mut bytes = 0;
    for part in parts {
        for (key, value) in object[*part].as_object().into_iter().flatten() {
            bytes += value.as_str().map_or(0, str::len);
            let plain = |it: char| it.is_ascii_alphanumeric() || "-_.".contains(it);
            let good = !key.is_empty() && key.len() <= 253 && key.chars().all(plain);
            if !good || key == "." || key == ".." {
                let message = "a key has at most 253 letters, digits, '-', '_' or '.'";
                faults.push(FieldError::new(format!("{part}[{key}]"), message));
            }
        }
    }
    if DATA_MAX < bytes {
        let message = format!("values take at most {DATA_MAX} bytes together, have {bytes}");
        faults.push(FieldError::new(parts[0], message));
    }
    faults
}

/// Whether the text is a number with a suffix that Kubernetes knows.
fn is_quantity(text: &str) -> bool {
    let digits = text.trim_start_matches(['+', '-']);
    let end = digits.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(digits.len());
    let (number, suffix) = digits.split_at(end);
    const SUFFIXES: [&str; 16] =
        ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    let exponent = suffix.strip_prefix(['e', 'E']).is_some_and(|it| it.parse::<i32>().is_ok());
    number.parse::<f64>().is_ok() && (SUFFIXES.contains(&suffix) || exponent)
}
