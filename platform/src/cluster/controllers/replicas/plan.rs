//! Decides: how many pods to make, which to end, and what the set's status becomes.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use serde_json::{Value, json};

use super::super::pods::{is_active, is_available, is_ready};

/// How many pods one look makes; the pods' own events lead to the next look.
const CREATES_MAX: i32 = 200;

/// What to do about a set.
#[derive(Debug, PartialEq)]
pub(super) struct Plan {
    pub(super) create: i32,
    pub(super) delete: Vec<String>,
    pub(super) status: Option<Value>,
    pub(super) look_again: Option<Duration>,
}

/// Decides from the set, the pods that it controls, and the time.
pub(super) fn plan(set: &ReplicaSet, pods: &[Pod], now: Timestamp) -> Plan {
    let spec = set.spec.clone();
    let seconds = spec.min_ready_seconds.unwrap_or(0);
    let mut active: Vec<&Pod> = pods.iter().filter(|it| is_active(it)).collect();
    let count = i32::try_from(active.len()).unwrap_or(i32::MAX);
    let wanted = spec.replicas.unwrap_or(1).max(0);
    let leaving = set.metadata.deletion_timestamp.is_some();
    let create = if leaving { 0 } else { (wanted - count).clamp(0, CREATES_MAX) };
    // Those go first that are worth least: not ready, then young.
    active.sort_by_key(|it| {
        let made = it.metadata.creation_timestamp.as_ref().map(|it| it.0);
        (is_ready(it), std::cmp::Reverse(made), it.name_any())
    });
    let surplus = if leaving { 0 } else { (count - wanted).max(0) };
    let delete = active.iter().take(surplus as usize).map(|it| it.name_any()).collect();
    let of = |good: &dyn Fn(&Pod) -> bool| active.iter().filter(|it| good(it)).count();
    let (ready, available) = (of(&|it| is_ready(it)), of(&|it| is_available(it, seconds, now)));
    let status = json!({
        "replicas": count, "fullyLabeledReplicas": count, "readyReplicas": ready,
        "availableReplicas": available, "observedGeneration": set.metadata.generation,
    });
    let old = json!(set.status);
    let changed = status.as_object().into_iter().flatten().any(|(key, value)| {
        let before = if old[key].is_null() { &json!(0) } else { &old[key] };
        before != value
    });
    let look_again = (available < ready).then(|| Duration::from_secs(1));
    Plan { create, delete, status: changed.then_some(status), look_again }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(name: &str, ready: bool) -> Pod {
        let status = if ready { "True" } else { "False" };
        serde_json::from_value(json!({
            "metadata": {"name": name, "creationTimestamp": "2026-01-01T00:00:00Z"},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": status,
                "lastTransitionTime": "2026-01-01T00:00:00Z"}]},
        }))
        .unwrap()
    }

    #[test]
    fn pods_are_made_and_the_least_worthy_ended() {
        let set = |replicas: i32| -> ReplicaSet {
            serde_json::from_value(json!({"metadata": {"name": "s", "generation": 1},
                "spec": {"replicas": replicas, "selector": {}}}))
            .unwrap()
        };
        let now: Timestamp = "2026-01-01T00:01:00Z".parse().unwrap();
        assert_eq!(plan(&set(3), &[pod("a", true)], now).create, 2);
        let pods = [pod("a", true), pod("b", false), pod("c", true)];
        let fewer = plan(&set(1), &pods, now);
        assert_eq!((fewer.create, fewer.delete), (0, vec!["b".to_owned(), "a".to_owned()]));
        let status = plan(&set(3), &pods, now).status.unwrap();
        assert_eq!((&status["replicas"], &status["readyReplicas"]), (&json!(3), &json!(2)));
        assert_eq!(plan(&set(i32::MAX), &[], now).create, CREATES_MAX);
    }
}
