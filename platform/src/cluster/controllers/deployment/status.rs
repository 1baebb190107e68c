//! What a deployment's status says, given its replica sets.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::apps::v1::{Deployment, DeploymentCondition, ReplicaSet};
use kube::ResourceExt;
use serde_json::{Value, json};

use super::super::pods::template_hash;
use super::plan::{Plan, available, there, wanted};

/// The status, if it changes.
pub(super) fn next(
    deployment: &Deployment,
    new: Option<&ReplicaSet>,
    sets: &[ReplicaSet],
    plan: &Plan,
    now: Timestamp,
) -> Option<Value> {
    let spec = deployment.spec.clone();
    let target = spec.replicas.unwrap_or(1);
    let ready = |it: &ReplicaSet| it.status.as_ref().and_then(|it| it.ready_replicas).unwrap_or(0);
    let replicas: i32 = sets.iter().map(there).sum();
    let able: i32 = sets.iter().map(available).sum();
    let mut status = json!({
        "observedGeneration": deployment.metadata.generation,
        "replicas": replicas, "updatedReplicas": new.map_or(0, there),
        "readyReplicas": sets.iter().map(ready).sum::<i32>(), "availableReplicas": able,
        "unavailableReplicas": (target.max(replicas) - able).max(0),
    });
    let enough = target - target / 4 <= able;
    let (word, told) = match enough {
        true => ("MinimumReplicasAvailable", "Deployment has minimum availability."),
        false => ("MinimumReplicasUnavailable", "Deployment does not have minimum availability."),
    };
    let is_available = condition(deployment, "Available", enough, word, told, now);
    let progress = progress(deployment, new, sets, plan, now);
    status["conditions"] = json!([is_available, progress]);
    let old = json!(deployment.status);
    let same = |(key, value): (&String, &Value)| match &old[key] {
        Value::Null => *value == json!(0),
        before => before == value,
    };
    let unchanged = status.as_object().into_iter().flatten().all(same);
    (!unchanged).then_some(status)
}

/// Whether pods of the present template are still to come, or old ones to go.
pub(super) fn is_under_way(
    deployment: &Deployment,
    new: Option<&ReplicaSet>,
    sets: &[ReplicaSet],
) -> bool {
    let target = deployment.spec.replicas.unwrap_or(1);
    let all: i32 = sets.iter().map(there).sum();
    new.is_none_or(|it| available(it) != target || wanted(it) != target) || all != target
}

fn progress(
    deployment: &Deployment,
    new: Option<&ReplicaSet>,
    sets: &[ReplicaSet],
    plan: &Plan,
    now: Timestamp,
) -> DeploymentCondition {
    let spec = deployment.spec.clone();
    let hash = template_hash(&spec.template);
    let name = format!("{}-{hash}", deployment.name_any());
    if spec.paused == Some(true) {
        let told = "Deployment is paused";
        return condition(deployment, "Progressing", true, "DeploymentPaused", told, now);
    }
    if !is_under_way(deployment, new, sets) {
        let told = format!("ReplicaSet \"{name}\" has successfully progressed.");
        return condition(deployment, "Progressing", true, "NewReplicaSetAvailable", &told, now);
    }
    let old = deployment.status.as_ref().and_then(|it| it.conditions.as_ref());
    let old = old.and_then(|it| it.iter().find(|it| it.type_.as_deref() == Some("Progressing")));
    let seconds = i64::from(spec.progress_deadline_seconds.unwrap_or(600));
    let moved = !plan.scale.is_empty() || plan.create.is_some() || plan.number.is_some();
    let since = old.and_then(|it| it.last_update_time.as_ref()).map_or(now, |it| it.0);
    let late = SignedDuration::from_secs(seconds) <= now.duration_since(since);
    let was_under_way =
        old.is_some_and(|it| it.reason.as_deref() != Some("NewReplicaSetAvailable"));
    if late && was_under_way && !moved {
        let told = format!("ReplicaSet \"{name}\" has timed out progressing.");
        return condition(deployment, "Progressing", false, "ProgressDeadlineExceeded", &told, now);
    }
    let told = format!("ReplicaSet \"{name}\" is progressing.");
    let mut condition = condition(deployment, "Progressing", true, "ReplicaSetUpdated", &told, now);
    if moved {
        condition.last_update_time =
            Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(now));
    }
    condition
}

/// A condition; its times stay while it says the same.
fn condition(
    deployment: &Deployment,
    type_: &str,
    good: bool,
    reason: &str,
    message: &str,
    now: Timestamp,
) -> DeploymentCondition {
    let now = Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(
        Timestamp::from_second(now.as_second()).unwrap_or(now),
    ));
    let status = if good { "True" } else { "False" };
    let old = deployment.status.as_ref().and_then(|it| it.conditions.as_ref());
    let old = old.and_then(|it| it.iter().find(|it| it.type_.as_deref() == Some(type_)));
    let same_status = old.filter(|it| it.status.as_deref() == Some(status));
    let same = same_status.filter(|it| it.reason.as_deref() == Some(reason));
    DeploymentCondition {
        type_: Some(type_.to_owned()),
        status: Some(status.to_owned()),
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        last_transition_time: same_status
            .and_then(|it| it.last_transition_time.clone())
            .or(now.clone()),
        last_update_time: same.and_then(|it| it.last_update_time.clone()).or(now),
    }
}
