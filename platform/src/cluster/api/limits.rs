//! LimitRange and ResourceQuota: what a namespace lets its objects ask for, one by one and together.

use std::collections::BTreeMap;

use proto::FieldError;
use serde_json::{Value, json};

use super::Api;
use super::kinds::Kind;
use super::request::Target;
use super::status::Status;
use crate::cluster::quantity::{Amount, parse, print};

impl Api {
    /// Fills in what the namespace's LimitRanges say of containers that say nothing, and holds
    /// the object to them.
    pub(super) fn limit(&self, target: &Target, object: &mut Value) -> Vec<FieldError> {
        if !target.kind.is("", "Pod") && !target.kind.is("", "PersistentVolumeClaim") {
            return Vec::new();
        }
        let mut faults = Vec::new();
        for range in
            self.store.list("limitranges", target.namespace.as_deref(), None, usize::MAX).items
        {
            for limit in list(&range.value()["spec"]["limits"]) {
                match (limit["type"].as_str(), target.kind.kind.as_str()) {
                    (Some("Container"), "Pod") => {
                        each_container(object, |container, path| {
                            fill(limit, container);
                            faults.extend(check(limit, &container["resources"], path));
                        });
                    }
                    (Some("PersistentVolumeClaim"), "PersistentVolumeClaim") => {
                        faults.extend(check(limit, &object["spec"]["resources"], "spec"));
                    }
                    _ => {}
                }
            }
        }
        faults
    }

    /// # Errors
    /// 403 when one more of this object is more than the namespace's quotas allow.
    pub(super) fn check_quota(&self, target: &Target, object: &Value) -> Result<(), Status> {
        let namespace = target.namespace.as_deref();
        let asked = usage(&target.kind, object);
        for quota in self.store.list("resourcequotas", namespace, None, usize::MAX).items {
            let hard = quota.value()["spec"]["hard"].clone();
            let mut over = Vec::new();
            let all = self.used(namespace.unwrap_or_default(), &hard);
            for (name, limit) in hard.as_object().into_iter().flatten() {
                let more = asked.get(name).copied().unwrap_or_default();
                let used = all.get(name).copied().unwrap_or_default();
                let limit = limit.as_str().and_then(parse).unwrap_or_default();
                if more != Amount::default() && limit < used + more {
                    let [more, used, limit] = [more, used, limit].map(|it| print(name, it));
                    over.push(format!(
                        "requested: {name}={more}, used: {name}={used}, limited: {name}={limit}"
                    ));
                }
            }
            if target.kind.is("", "Pod") {
                unstated(&hard, object, &quota.key.name, &target.kind)?;
            }
            if !over.is_empty() {
                let why = format!("exceeded quota: {}, {}", quota.key.name, over.join(", "));
                let name = object["metadata"]["name"].as_str().unwrap_or_default();
                return Err(Status::forbidden(&target.kind, name, &why));
            }
        }
        Ok(())
    }

    /// The status of a quota as of now.
    pub(super) fn quota_status(&self, quota: &Value) -> Value {
        let hard = &quota["spec"]["hard"];
        let namespace = quota["metadata"]["namespace"].as_str().unwrap_or_default();
        status(hard, &self.used(namespace, hard))
    }

    /// What a namespace uses of what a quota counts.
    fn used(&self, namespace: &str, hard: &Value) -> BTreeMap<String, Amount> {
        let mut used = BTreeMap::new();
        for kind in self.registry.all() {
            let counted = |name: &String| is_about(&kind, name);
            if !kind.namespaced
                || kind.create_only
                || !hard.as_object().is_some_and(|it| it.keys().any(counted))
            {
                continue;
            }
            for object in self.store.list(&kind.resource, Some(namespace), None, usize::MAX).items {
                for (name, amount) in usage(&kind, &object.value()) {
                    let sum: &mut Amount = used.entry(name).or_default();
                    *sum = *sum + amount;
                }
            }
        }
        used
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn each_container(pod: &mut Value, mut with: impl FnMut(&mut Value, &str)) {
    for part in ["initContainers", "containers"] {
        let containers = pod["spec"].get_mut(part).and_then(Value::as_array_mut);
        for (index, container) in containers.into_iter().flatten().enumerate() {
            with(container, &format!("spec.{part}[{index}]"));
        }
    }
}

fn fill(limit: &Value, container: &mut Value) {
    for (from, to) in [("default", "limits"), ("defaultRequest", "requests")] {
        for (name, amount) in limit[from].as_object().into_iter().flatten() {
            if container["resources"][to][name].is_null() {
                // What is limited and asks for nothing asks for its limit.
                let own = &container["resources"]["limits"][name];
                let amount =
                    if to == "requests" && own.is_string() && limit["default"][name] != *own {
                        own
                    } else {
                        amount
                    };
                container["resources"][to][name] = amount.clone();
            }
        }
    }
}

fn check(limit: &Value, resources: &Value, path: &str) -> Vec<FieldError> {
    let mut faults = Vec::new();
    let amount = |it: &Value| it.as_str().and_then(parse);
    for (word, side, bad) in [
        ("max", "limits", "maximum"),
        ("min", "requests", "minimum"),
        ("max", "requests", "maximum"),
    ] {
        for (name, bound) in limit[word].as_object().into_iter().flatten() {
            let (Some(bound), found) = (amount(bound), amount(&resources[side][name])) else {
                continue;
            };
            let out = match (word, found) {
                ("max", Some(found)) => bound < found,
                ("min", Some(found)) => found < bound,
                _ => false,
            };
            if out {
                let (bound, found) = (print(name, bound), print(name, found.unwrap_or_default()));
                let told = format!(
                    "{bad} {name} usage per {} is {bound}, but {} is {found}",
                    limit["type"].as_str().unwrap_or_default(),
                    &side[..side.len() - 1]
                );
                faults.push(FieldError::new(format!("{path}.resources.{side}[{name}]"), told));
            }
        }
    }
    faults
}

/// Where a quota counts what containers ask for, each has to say it.
fn unstated(hard: &Value, pod: &Value, quota: &str, kind: &Kind) -> Result<(), Status> {
    let mut missing: Vec<&str> = Vec::new();
    for (name, side, resource) in SIDES {
        let counted = hard.get(*name).is_some();
        let silent = |it: &Value| it["resources"][*side][*resource].is_null();
        if counted && list(&pod["spec"]["containers"]).iter().any(silent) {
            missing.push(name);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let why = format!("failed quota: {quota}: must specify {}", missing.join(","));
    Err(Status::forbidden(kind, pod["metadata"]["name"].as_str().unwrap_or_default(), &why))
}

/// Name in a quota, side and resource in a container.
const SIDES: &[(&str, &str, &str)] = &[
    ("cpu", "requests", "cpu"),
    ("memory", "requests", "memory"),
    ("requests.cpu", "requests", "cpu"),
    ("requests.memory", "requests", "memory"),
    ("requests.nvidia.com/gpu", "requests", "nvidia.com/gpu"),
    ("limits.cpu", "limits", "cpu"),
    ("limits.memory", "limits", "memory"),
];

/// Kinds that quotas count by a plain name.
const COUNTED: [&str; 7] = [
    "configmaps",
    "persistentvolumeclaims",
    "pods",
    "resourcequotas",
    "secrets",
    "services",
    "replicationcontrollers",
];

fn is_about(kind: &Kind, name: &str) -> bool {
    let by_count = name.strip_prefix("count/").is_some_and(|it| it == kind.qualified());
    let pods = kind.is("", "Pod") && SIDES.iter().any(|it| it.0 == name);
    let claims = kind.is("", "PersistentVolumeClaim") && name == "requests.storage";
    by_count || pods || claims || (kind.group.is_empty() && kind.plural == name)
}

/// What an object uses, by the names of quotas. A pod that has ended uses nothing.
fn usage(kind: &Kind, object: &Value) -> BTreeMap<String, Amount> {
    let mut used = BTreeMap::new();
    let one = Amount::whole(1);
    used.insert(format!("count/{}", kind.qualified()), one);
    let ended = matches!(object["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    if kind.group.is_empty()
        && COUNTED.contains(&kind.plural.as_str())
        && !(kind.kind == "Pod" && ended)
    {
        used.insert(kind.plural.clone(), one);
    }
    if kind.is("", "PersistentVolumeClaim") {
        let storage = object["spec"]["resources"]["requests"]["storage"].as_str().and_then(parse);
        used.insert("requests.storage".into(), storage.unwrap_or_default());
    }
    if kind.is("", "Pod") && !ended {
        for (name, side, resource) in SIDES {
            let of = |it: &Value| {
                it["resources"][*side][*resource].as_str().and_then(parse).unwrap_or_default()
            };
            let sum = list(&object["spec"]["containers"])
                .iter()
                .map(of)
                .fold(Amount::default(), |a, b| a + b);
            used.insert((*name).to_owned(), sum);
        }
    }
    used
}

/// A quota's status.
fn status(hard: &Value, used: &BTreeMap<String, Amount>) -> Value {
    let shown: serde_json::Map<String, Value> = hard
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| {
            (name.clone(), json!(print(name, used.get(name).copied().unwrap_or_default())))
        })
        .collect();
    json!({"hard": hard, "used": shown})
}
