//! Decides: which place is filled or emptied next, and what the set's status becomes.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use serde_json::{Value, json};

use super::super::pods::{is_available, is_ready};
use super::{REVISION, revision_name};

/// What to do about a set.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Plan {
    /// Places to fill.
    pub(super) create: Vec<i32>,
    /// Pods to end.
    pub(super) delete: Vec<String>,
    pub(super) status: Option<Value>,
    pub(super) look_again: Option<Duration>,
}

/// Decides from the set, the pods that it controls, and the time.
pub(super) fn plan(set: &StatefulSet, pods: &[Pod], now: Timestamp) -> Plan {
    let spec = set.spec.clone();
    let prefix = format!("{}-", set.name_any());
    let place = |pod: &Pod| pod.name_any().strip_prefix(&prefix)?.parse::<i32>().ok();
    let by_place: BTreeMap<i32, &Pod> =
        pods.iter().filter_map(|it| Some((place(it)?, it))).collect();
    let mut plan = Plan::default();
    if set.metadata.deletion_timestamp.is_none() {
        let parallel = spec.pod_management_policy.as_deref() == Some("Parallel");
        step(set, &by_place, parallel, now, &mut plan);
    }
    plan.status = status(set, pods, now);
    let waits = pods.iter().any(|it| is_ready(it) && !is_available(it, seconds(set), now));
    plan.look_again = waits.then(|| Duration::from_secs(1));
    plan
}

fn seconds(set: &StatefulSet) -> i32 {
    set.spec.min_ready_seconds.unwrap_or(0)
}

fn has_ended(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|it| it.phase.as_deref());
    matches!(phase, Some("Succeeded" | "Failed"))
}

/// The next steps: one at a time, unless places may be changed in parallel.
fn step(
    set: &StatefulSet,
    pods: &BTreeMap<i32, &Pod>,
    parallel: bool,
    now: Timestamp,
    plan: &mut Plan,
) {
    let spec = set.spec.clone();
    let start = spec.ordinals.as_ref().and_then(|it| it.start).unwrap_or(0);
    let end = start.saturating_add(spec.replicas.unwrap_or(1).max(0));
    let good = |pod: &Pod| is_available(pod, seconds(set), now);
    for index in start..end {
        match pods.get(&index) {
            None => plan.create.push(index),
            Some(pod) if has_ended(pod) && pod.metadata.deletion_timestamp.is_none() => {
                plan.delete.push(pod.name_any());
            }
            Some(pod) if good(pod) => continue,
            Some(_) => {}
        }
        if !parallel {
            return;
        }
    }
    for (_, pod) in pods.iter().rev().filter(|(index, _)| !(start..end).contains(*index)) {
        if pod.metadata.deletion_timestamp.is_none() {
            plan.delete.push(pod.name_any());
        }
        if !parallel {
            return;
        }
    }
    let on_delete = spec.update_strategy.as_ref().and_then(|it| it.type_.as_deref());
    if on_delete == Some("OnDelete") || !plan.create.is_empty() || !plan.delete.is_empty() {
        return;
    }
    let rolling = spec.update_strategy.and_then(|it| it.rolling_update);
    let partition = rolling.and_then(|it| it.partition).unwrap_or(0);
    let revision = revision_name(set);
    for index in (start.max(partition)..end).rev() {
        let Some(pod) = pods.get(&index) else { return };
        if pod.labels().get(REVISION) != Some(&revision) {
            if pod.metadata.deletion_timestamp.is_none() {
                plan.delete.push(pod.name_any());
            }
            return;
        }
        if !good(pod) {
            return;
        }
    }
}

fn status(set: &StatefulSet, pods: &[Pod], now: Timestamp) -> Option<Value> {
    let update = revision_name(set);
    let old = set.status.clone().unwrap_or_default();
    let count = |good: &dyn Fn(&Pod) -> bool| pods.iter().filter(|it| good(it)).count();
    let is_new = |it: &Pod| it.labels().get(REVISION) == Some(&update);
    let updated = count(&is_new);
    let wanted = set.spec.replicas.unwrap_or(1);
    let whole = usize::try_from(wanted).unwrap_or(0);
    let done = updated == whole && pods.len() == whole && pods.iter().all(is_ready);
    let current = old.current_revision.clone().filter(|_| !done).unwrap_or(update.clone());
    let status = json!({
        "observedGeneration": set.metadata.generation, "replicas": pods.len(),
        "readyReplicas": count(&|it| is_ready(it)),
        "availableReplicas": count(&|it| is_available(it, seconds(set), now)),
        "updatedReplicas": updated, "updateRevision": update,
        "currentReplicas": count(&|it| it.labels().get(REVISION) == Some(&current)),
        "currentRevision": current, "collisionCount": 0,
    });
    let old = json!(old);
    let same = |(key, value): (&String, &Value)| match &old[key] {
        Value::Null => *value == json!(0),
        before => before == value,
    };
    let unchanged = set.status.is_some() && status.as_object().into_iter().flatten().all(same);
    (!unchanged).then_some(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(replicas: i32, image: &str, more: Value) -> StatefulSet {
        let mut spec = json!({
            "replicas": replicas, "serviceName": "s", "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}},
                "spec": {"containers": [{"name": "c", "image": image}]}},
        });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(json!({"metadata": {"name": "s", "generation": 1}, "spec": spec}))
            .unwrap()
    }

    fn pod(of: &StatefulSet, index: i32, ready: bool) -> Pod {
        let mut pod = super::super::pod(of, index);
        let status = if ready { "True" } else { "False" };
        pod.status = serde_json::from_value(json!({"phase": "Running",
            "conditions": [{"type": "Ready", "status": status}]}))
        .unwrap();
        pod
    }

    fn check(set: &StatefulSet, pods: &[Pod], create: &[i32], delete: &[&str]) {
        let plan = plan(set, pods, Timestamp::now());
        assert_eq!(
            (&plan.create[..], plan.delete),
            (create, delete.iter().map(ToString::to_string).collect())
        );
    }

    #[test]
    fn places_are_filled_and_emptied_in_order() {
        let three = set(3, "a", json!({}));
        check(&three, &[], &[0], &[]);
        check(&three, &[pod(&three, 0, false)], &[], &[]);
        check(&three, &[pod(&three, 0, true)], &[1], &[]);
        let all: Vec<Pod> = (0..3).map(|it| pod(&three, it, true)).collect();
        check(&three, &all, &[], &[]);
        check(&set(1, "a", json!({})), &all, &[], &["s-2"]);
        let parallel = set(3, "a", json!({"podManagementPolicy": "Parallel"}));
        check(&parallel, &[], &[0, 1, 2], &[]);
    }

    #[test]
    fn a_new_template_comes_from_the_last_place_on() {
        let (old, new) = (set(2, "a", json!({})), set(2, "b", json!({})));
        check(&new, &[pod(&old, 0, true), pod(&old, 1, true)], &[], &["s-1"]);
        check(&new, &[pod(&old, 0, true), pod(&new, 1, false)], &[], &[]);
        check(&new, &[pod(&old, 0, true), pod(&new, 1, true)], &[], &["s-0"]);
        let kept = set(2, "b", json!({"updateStrategy": {"rollingUpdate": {"partition": 1}}}));
        check(&kept, &[pod(&old, 0, true), pod(&new, 1, true)], &[], &[]);
        let manual = set(2, "b", json!({"updateStrategy": {"type": "OnDelete"}}));
        check(&manual, &[pod(&old, 0, true), pod(&old, 1, true)], &[], &[]);
    }
}
