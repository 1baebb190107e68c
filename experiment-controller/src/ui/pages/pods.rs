//! Pods in words: how they stand, and why.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, ContainerStatus, Pod};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::ResourceExt;
use proto::kinds::{EXPERIMENT_LABEL, TRIAL_LABEL};

use crate::ui::types::{ConditionInfo, ContainerInfo, ContainerState, Millis, PodInfo, millis};

/// The extended resource that stands for a GPU.
pub(super) const GPU: &str = "nvidia.com/gpu";

/// A pod.
pub(super) fn info(pod: &Pod) -> PodInfo {
    let label = |name: &str| pod.labels().get(name).cloned().unwrap_or_default();
    let spec = pod.spec.clone().unwrap_or_default();
    let status = pod.status.clone().unwrap_or_default();
    let inits = spec.init_containers.iter().flatten().map(|it| (it, true));
    let all = inits.chain(spec.containers.iter().map(|it| (it, false)));
    let statuses: Vec<ContainerStatus> =
        [&status.init_container_statuses, &status.container_statuses]
            .into_iter()
            .flatten()
            .flatten()
            .cloned()
            .collect();
    let containers: Vec<ContainerInfo> =
        all.map(|(it, init)| container(it, init, &statuses)).collect();
    let conditions = status.conditions.iter().flatten().map(|it| ConditionInfo {
        type_: it.type_.clone(),
        status: it.status.clone(),
        reason: it.reason.clone().unwrap_or_default(),
        message: it.message.clone().unwrap_or_default(),
        time: millis(it.last_transition_time.as_ref()),
    });
    let conditions: Vec<ConditionInfo> = conditions.collect();
    let phase = status.phase.clone().unwrap_or_else(|| "Pending".into());
    let ended = statuses.iter().filter_map(|it| {
        let end = it.state.as_ref()?.terminated.as_ref()?;
        millis(end.finished_at.as_ref())
    });
    let over = matches!(phase.as_str(), "Succeeded" | "Failed");
    let asks = |name: &str| sum(&spec.containers, name);
    PodInfo {
        namespace: pod.namespace().unwrap_or_default(),
        name: pod.name_any(),
        trial: label(TRIAL_LABEL),
        experiment: label(EXPERIMENT_LABEL),
        message: message(pod, &containers, &conditions),
        phase,
        node: spec.node_name.clone().unwrap_or_default(),
        created: millis(pod.metadata.creation_timestamp.as_ref()),
        started: millis(status.start_time.as_ref()),
        ended: ended.max().filter(|_| over),
        containers,
        conditions,
        cpu: asks("cpu"),
        memory: asks("memory"),
        gpus: asks(GPU),
    }
}

/// How a pod stands and why, in words.
fn message(pod: &Pod, containers: &[ContainerInfo], conditions: &[ConditionInfo]) -> String {
    let status = pod.status.as_ref();
    if pod.metadata.deletion_timestamp.is_some() {
        return "is being ended".into();
    }
    let told = status.and_then(|it| it.message.clone()).filter(|it| !it.is_empty());
    let reason = status.and_then(|it| it.reason.clone()).filter(|it| !it.is_empty());
    let waits = conditions.iter().find(|it| it.type_ == "PodScheduled" && it.status == "False");
    match status.and_then(|it| it.phase.as_deref()) {
        Some("Succeeded") => "ended well".into(),
        Some("Failed") => {
            let bad = containers.iter().find(|it| it.exit_code.is_some_and(|code| code != 0));
            let why = bad.map(|it| format!("container {} {}", it.name, it.message));
            told.or(why).or(reason).unwrap_or_else(|| "failed".into())
        }
        Some("Running") => {
            let stuck =
                containers.iter().find(|it| it.state == ContainerState::Waiting && !it.init);
            stuck
                .map_or_else(|| "runs".into(), |it| format!("container {} {}", it.name, it.message))
        }
        _ => {
            let stuck = containers.iter().find(|it| it.state == ContainerState::Waiting);
            let waits = waits.map(|it| format!("waits for room: {}", it.message));
            let stuck = stuck.map(|it| format!("container {} {}", it.name, it.message));
            waits.or(told).or(stuck).unwrap_or_else(|| "waits to be started".into())
        }
    }
}

fn container(it: &Container, init: bool, statuses: &[ContainerStatus]) -> ContainerInfo {
    let status = statuses.iter().find(|status| status.name == it.name);
    let state = status.and_then(|it| it.state.clone()).unwrap_or_default();
    let words = |reason: Option<String>, message: Option<String>| match (reason, message) {
        (Some(reason), Some(message)) => format!(" ({reason}: {message})"),
        (Some(one), None) | (None, Some(one)) => format!(" ({one})"),
        (None, None) => String::new(),
    };
    let (state, message, exit_code) = if let Some(end) = state.terminated {
        let how = match end.signal {
            Some(signal) => format!("was ended by signal {signal}"),
            None => format!("exited with {}", end.exit_code),
        };
        let why = words(end.reason, end.message);
        (ContainerState::Terminated, how + &why, Some(end.exit_code))
    } else if state.running.is_some() {
        (ContainerState::Running, "runs".to_owned(), None)
    } else {
        let why = state.waiting.map_or(String::new(), |it| words(it.reason, it.message));
        (ContainerState::Waiting, format!("waits{why}"), None)
    };
    ContainerInfo {
        name: it.name.clone(),
        init,
        image: it.image.clone().unwrap_or_default(),
        state,
        message,
        exit_code,
        restarts: status.map_or(0, |it| it.restart_count),
        ready: status.is_some_and(|it| it.ready),
    }
}

/// What containers ask for of a resource.
fn sum(containers: &[Container], name: &str) -> f64 {
    let asks = |it: &Container| {
        let resources = it.resources.as_ref()?;
        let of = |map: &Option<BTreeMap<String, Quantity>>| Some(amount(map.as_ref()?.get(name)?));
        of(&resources.requests).or_else(|| of(&resources.limits))
    };
    // A sum of nothing is -0.
    containers.iter().filter_map(asks).fold(0.0, |sum, it| sum + it)
}

/// A quantity as a number: cores, bytes, devices. What cannot be read is nothing.
pub(super) fn amount(quantity: &Quantity) -> f64 {
    const SCALES: [(&str, f64); 13] = [
        ("Ki", 1024.0),
        ("Mi", 1024.0 * 1024.0),
        ("Gi", 1024.0 * 1024.0 * 1024.0),
        ("Ti", 1024.0 * 1024.0 * 1024.0 * 1024.0),
        ("Pi", 1024.0 * 1024.0 * 1024.0 * 1024.0 * 1024.0),
        ("n", 1e-9),
        ("u", 1e-6),
        ("m", 1e-3),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
        ("P", 1e15),
    ];
    let text = quantity.0.trim();
    let scaled = SCALES.iter().find_map(|(end, scale)| {
        let number: f64 = text.strip_suffix(end)?.parse().ok()?;
        Some(number * scale)
    });
    scaled.or_else(|| text.parse().ok()).filter(|it| it.is_finite()).unwrap_or(0.0)
}

/// The time that sorts pods.
pub(super) fn age(pod: &PodInfo) -> Millis {
    pod.created.unwrap_or(Millis(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn quantities_are_numbers() {
        let check = |text: &str, want: f64| assert_eq!(amount(&Quantity(text.into())), want);
        check("2", 2.0);
        check("250m", 0.25);
        check("1.5Gi", 1.5 * 1024.0 * 1024.0 * 1024.0);
        check("1e3", 1000.0);
        check("lots", 0.0);
    }

    #[test]
    fn pods_tell_in_words() {
        let check = |status: Value, want: &str| {
            let pod: Pod = serde_json::from_value(json!({
                "metadata": {"name": "p"}, "status": status,
                "spec": {"containers": [{"name": "main"}]},
            }))
            .unwrap();
            assert_eq!(info(&pod).message, want);
        };
        check(json!({"phase": "Succeeded"}), "ended well");
        let scheduled = json!([{"type": "PodScheduled", "status": "False", "message": "no cpu"}]);
        check(json!({"phase": "Pending", "conditions": scheduled}), "waits for room: no cpu");
        let state = |it: Value| {
            json!([{"name": "main", "ready": false, "restartCount": 0, "image": "", "imageID": "",
                "state": it}])
        };
        let ended = state(json!({"terminated": {"exitCode": 3, "reason": "Error"}}));
        check(
            json!({"phase": "Failed", "containerStatuses": ended}),
            "container main exited with 3 (Error)",
        );
        let pulls = state(json!({"waiting": {"reason": "ImagePullBackOff"}}));
        check(
            json!({"phase": "Pending", "containerStatuses": pulls}),
            "container main waits (ImagePullBackOff)",
        );
    }
}
