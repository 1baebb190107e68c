//! Decides: how many pods each template has, on the way from the old ones to the new one.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::ResourceExt;
use serde_json::Value;

use super::super::pods::template_hash;
use super::{HASH, REVISION, status};

/// What to do about a deployment.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Plan {
    /// Make the set of the present template: with so many pods, as that revision.
    pub(super) create: Option<(i32, i64)>,
    /// Sets to scale: name, from, to.
    pub(super) scale: Vec<(String, i32, i32)>,
    /// An old set that is the present one again, and its new revision.
    pub(super) number: Option<(String, i64)>,
    /// Old sets that history need not keep.
    pub(super) forget: Vec<String>,
    pub(super) revision: i64,
    pub(super) status: Option<Value>,
    pub(super) look_again: Option<Duration>,
}

/// Decides from the deployment, its replica sets, and the time.
pub(super) fn plan(deployment: &Deployment, sets: &[ReplicaSet], now: Timestamp) -> Plan {
    let spec = deployment.spec.clone();
    let hash = template_hash(&spec.template);
    let (new, old): (Vec<&ReplicaSet>, Vec<&ReplicaSet>) =
        sets.iter().partition(|it| it.labels().get(HASH) == Some(&hash));
    let new = new.first().copied();
    let latest = old.iter().map(|it| revision(it)).max().unwrap_or(0);
    let mut plan = Plan { revision: latest + 1, ..Plan::default() };
    match new {
        Some(set) if latest < revision(set) => plan.revision = revision(set),
        Some(set) => plan.number = Some((set.name_any(), latest + 1)),
        None => {}
    }
    if deployment.metadata.deletion_timestamp.is_none() {
        let wanted = spec.replicas.unwrap_or(1).max(0);
        if spec.paused == Some(true) {
            resize_paused(new, &old, wanted, &mut plan);
        } else if spec.strategy.as_ref().and_then(|it| it.type_.as_deref()) == Some("Recreate") {
            recreate(new, &old, wanted, &mut plan);
        } else {
            roll(&spec, new, &old, wanted, &mut plan);
        }
        let keep = usize::try_from(spec.revision_history_limit.unwrap_or(10)).unwrap_or(0);
        plan.forget = forgotten(&old, keep);
    }
    plan.status = status::next(deployment, new, sets, &plan, now);
    // Progress has a deadline, and readiness has to last.
    plan.look_again = status::is_under_way(deployment, new, sets).then(|| Duration::from_secs(5));
    plan
}

pub(super) fn wanted(set: &ReplicaSet) -> i32 {
    set.spec.replicas.unwrap_or(0)
}

pub(super) fn available(set: &ReplicaSet) -> i32 {
    set.status.as_ref().and_then(|it| it.available_replicas).unwrap_or(0)
}

pub(super) fn there(set: &ReplicaSet) -> i32 {
    set.status.as_ref().map_or(0, |it| it.replicas)
}

fn revision(set: &ReplicaSet) -> i64 {
    set.annotations().get(REVISION).and_then(|it| it.parse().ok()).unwrap_or(0)
}

fn scale(plan: &mut Plan, set: &ReplicaSet, to: i32) {
    if wanted(set) != to {
        plan.scale.push((set.name_any(), wanted(set), to));
    }
}

fn grow(plan: &mut Plan, new: Option<&ReplicaSet>, to: i32) {
    match new {
        Some(set) => scale(plan, set, to),
        None => plan.create = Some((to, plan.revision)),
    }
}

/// A paused deployment changes no template, but its size is kept.
fn resize_paused(new: Option<&ReplicaSet>, old: &[&ReplicaSet], target: i32, plan: &mut Plan) {
    let active: Vec<&ReplicaSet> =
        old.iter().copied().chain(new).filter(|it| 0 < wanted(it)).collect();
    match (active.as_slice(), new) {
        ([one], _) => scale(plan, one, target),
        ([], Some(set)) => scale(plan, set, target),
        _ => {}
    }
}

fn recreate(new: Option<&ReplicaSet>, old: &[&ReplicaSet], target: i32, plan: &mut Plan) {
    old.iter().for_each(|it| scale(plan, it, 0));
    if old.iter().all(|it| wanted(it) == 0 && there(it) == 0) {
        grow(plan, new, target);
    }
}

fn roll(
    spec: &k8s_openapi::api::apps::v1::DeploymentSpec,
    new: Option<&ReplicaSet>,
    old: &[&ReplicaSet],
    target: i32,
    plan: &mut Plan,
) {
    let rolling =
        spec.strategy.as_ref().and_then(|it| it.rolling_update.clone()).unwrap_or_default();
    let surge = part(rolling.max_surge.as_ref(), target, true);
    let mut missing = part(rolling.max_unavailable.as_ref(), target, false);
    if surge == 0 && missing == 0 {
        missing = 1;
    }
    let (new_size, new_ready) = (new.map_or(0, wanted), new.map_or(0, available));
    let old_size: i32 = old.iter().map(|it| wanted(it)).sum();
    let old_there: i32 = old.iter().map(|it| wanted(it).max(there(it))).sum();
    let room = (target + surge - new_size - old_there).max(0);
    let size = if target <= new_size { target } else { target.min(new_size + room) };
    grow(plan, new, size);
    if old_size == 0 {
        return;
    }
    // What does not run serves nobody: it goes at once. What does, as far as enough is left.
    let old_ready: i32 = old.iter().map(|it| available(it)).sum();
    let mut spare = (old_ready + new_ready - (target - missing)).max(0);
    let mut sets: Vec<&&ReplicaSet> = old.iter().collect();
    sets.sort_by_key(|it| revision(it));
    for set in sets {
        let (size, ready) = (wanted(set), available(set).min(wanted(set)));
        let gone = ready.min(spare);
        spare -= gone;
        scale(plan, set, size.min(ready - gone));
    }
}

/// A count, or a part of the whole, rounded up or down; a quarter where nothing is said.
fn part(value: Option<&IntOrString>, whole: i32, up: bool) -> i32 {
    let percent = match value {
        Some(IntOrString::Int(count)) => return (*count).max(0),
        Some(IntOrString::String(text)) => text.trim_end_matches('%').parse().unwrap_or(25),
        None => 25,
    };
    let part = i64::from(whole) * i64::from(percent);
    let part = if up { (part + 99) / 100 } else { part / 100 };
    i32::try_from(part).unwrap_or(i32::MAX)
}

fn forgotten(old: &[&ReplicaSet], keep: usize) -> Vec<String> {
    let idle = |it: &&&ReplicaSet| wanted(it) == 0 && there(it) == 0;
    let mut idle: Vec<&&ReplicaSet> = old.iter().filter(idle).collect();
    idle.sort_by_key(|it| std::cmp::Reverse(revision(it)));
    idle.iter().skip(keep).map(|it| it.name_any()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment(replicas: i32, image: &str, more: Value) -> Deployment {
        let mut spec = json!({
            "replicas": replicas, "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}},
                "spec": {"containers": [{"name": "c", "image": image}]}},
        });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(json!({"metadata": {"name": "d", "generation": 1}, "spec": spec}))
            .unwrap()
    }

    fn set(of: &Deployment, revision: i64, wanted: i32, available: i32) -> ReplicaSet {
        let mut set = super::super::set(of, wanted, revision);
        set.status = serde_json::from_value(
            json!({"replicas": wanted, "availableReplicas": available, "readyReplicas": available}),
        )
        .unwrap();
        set
    }

    fn sizes(plan: &Plan) -> Vec<i32> {
        plan.scale.iter().map(|it| it.2).collect()
    }

    #[test]
    fn a_new_template_takes_over_step_by_step() {
        let (old, new) = (deployment(4, "a", json!({})), deployment(4, "b", json!({})));
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(plan(&old, &[], now).create, Some((4, 1)));
        // One more than wanted, and one less available, at most.
        let first = plan(&new, &[set(&old, 1, 4, 4)], now);
        assert_eq!((first.create, sizes(&first)), (Some((1, 2)), vec![3]));
        let next = plan(&new, &[set(&old, 1, 3, 3), set(&new, 2, 1, 0)], now);
        assert_eq!(sizes(&next), [2]);
        let next = plan(&new, &[set(&old, 1, 3, 3), set(&new, 2, 2, 2)], now);
        assert_eq!(sizes(&next), [1]);
        let last = plan(&new, &[set(&old, 1, 1, 1), set(&new, 2, 4, 3)], now);
        assert_eq!(sizes(&last), [0]);
        let done = plan(&new, &[set(&old, 1, 0, 0), set(&new, 2, 4, 4)], now);
        assert_eq!((done.create, sizes(&done), done.revision), (None, vec![], 2));
    }

    #[test]
    fn going_back_numbers_the_old_template_anew() {
        let (old, new) = (deployment(1, "a", json!({})), deployment(1, "b", json!({})));
        let sets = [set(&old, 1, 0, 0), set(&new, 2, 1, 1)];
        let back = plan(&old, &sets, Timestamp::UNIX_EPOCH);
        assert_eq!(back.number, Some((sets[0].name_any(), 3)));
    }

    #[test]
    fn recreation_waits_until_all_old_pods_are_gone() {
        let more = json!({"strategy": {"type": "Recreate"}});
        let (old, new) = (deployment(2, "a", more.clone()), deployment(2, "b", more));
        let now = Timestamp::UNIX_EPOCH;
        let first = plan(&new, &[set(&old, 1, 2, 2)], now);
        assert_eq!((first.create, sizes(&first)), (None, vec![0]));
        assert_eq!(plan(&new, &[set(&old, 1, 0, 0)], now).create, Some((2, 2)));
    }

    #[test]
    fn parts_are_rounded_as_kubernetes_rounds_them() {
        for (text, whole, up, want) in
            [("25%", 1, true, 1), ("25%", 1, false, 0), ("50%", 3, true, 2)]
        {
            let value = IntOrString::String(text.into());
            assert_eq!(part(Some(&value), whole, up), want, "{text} of {whole}");
        }
    }
}
