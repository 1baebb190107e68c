//! What there is to see of a trial.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::DynamicObject;
use platform::workload::{self, State};
use proto::kinds::{Experiment, Trial, TrialSpec};

use super::plan::{Logs, Progress, Workload};
use super::status;
use crate::controllers::world::World;
use crate::controllers::{Key, conditions};
use crate::experiment;
use crate::index::{self, Class};
use crate::stopping::{self, Outlook};

/// Puts together what is known.
pub(super) async fn observe(world: &World, key: &Key, trial: &Trial) -> Progress {
    let class = Class::of(trial);
    let conditions = trial.status.as_ref().map_or(&[][..], |it| &it.conditions);
    let owner = owner(world, trial);
    let object = world.workloads.lock().get(key).cloned().filter(|it| belongs(trial, it));
    let leaving = object.as_ref().is_some_and(|it| it.metadata.deletion_timestamp.is_some());
    let workload = object.map_or(Workload::Absent, |it| standing(&trial.spec, &it));
    let stopping = conditions::find(conditions, status::STOPPING);
    let stopping = stopping.filter(|it| it.status == "True").map(|it| it.message.clone());
    let logs = logs(world, key, trial, &workload, stopping.is_some());
    let running = conditions::holds(conditions, "Running");
    let going = running && !leaving && workload == Workload::Running && stopping.is_none();
    let outlook = match owner.as_ref().filter(|it| going && !experiment::ended(it)) {
        Some(owner) => stopping::outlook(world, key, owner, trial).await,
        None => Outlook::default(),
    };
    Progress {
        running,
        ended: class.ended(),
        orphaned: owner.is_some_and(|it| experiment::ended(&it)),
        stop: outlook.stop,
        stopping,
        watched: outlook.watched,
        workload,
        leaving,
        logs,
    }
}

/// The experiment of a trial, unless it is a namesake.
pub(super) fn owner(world: &World, trial: &Trial) -> Option<Arc<Experiment>> {
    let owner = index::owner(trial)?;
    let key = Key::new(trial.namespace().unwrap_or_default(), owner.name);
    world.experiment(&key).filter(|it| it.uid().as_deref() == Some(&owner.uid))
}

/// The pods of a trial.
pub(super) fn pods(world: &World, key: &Key) -> Vec<Arc<Pod>> {
    world.pods.lock().get(key).map(|it| it.values().cloned().collect()).unwrap_or_default()
}

/// Whether a workload is this trial's: a namesake of a deleted one is not.
pub(super) fn belongs(trial: &Trial, object: &DynamicObject) -> bool {
    let uid = trial.uid();
    object.metadata.owner_references.iter().flatten().any(|it| Some(&it.uid) == uid.as_ref())
}

fn standing(spec: &TrialSpec, object: &DynamicObject) -> Workload {
    let mut value = object.data.clone();
    // The metadata is beside the data; conditions may look at it too.
    if let Some(map) = value.as_object_mut() {
        let metadata = serde_json::to_value(&object.metadata).unwrap_or_default();
        map.insert("metadata".into(), metadata);
    }
    let types = object.types.as_ref();
    let group = types.and_then(|it| it.api_version.split_once('/')).map_or("", |it| it.0);
    let known = types.and_then(|it| workload::find(group, &it.kind));
    let or = |text: &str, default: Option<&'static str>| match (text, default) {
        ("", Some(default)) => default.to_owned(),
        (text, _) => text.to_owned(),
    };
    let success = or(&spec.success_condition, known.map(|it| it.success));
    let failure = or(&spec.failure_condition, known.map(|it| it.failure));
    match workload::state(&value, &success, &failure) {
        State::Running => Workload::Running,
        State::Succeeded(why) => Workload::Succeeded(why),
        State::Failed(why) => Workload::Failed(why),
    }
}

/// Whether a trial's metrics are pushed to the store, and read from nowhere.
pub fn pushes(trial: &Trial) -> bool {
    let collector = trial.spec.metrics_collector.as_ref().and_then(|it| it.collector.as_ref());
    let kind = collector.map_or("StdOut", |it| it.kind.as_str());
    kind == "Push"
}

fn logs(world: &World, key: &Key, trial: &Trial, workload: &Workload, stopping: bool) -> Logs {
    let gone = *workload == Workload::Absent;
    if pushes(trial) || (gone && !stopping) {
        return Logs::Complete;
    }
    let progress = world.followers.follow(trial, &pods(world, key));
    let waited = || match workload {
        Workload::Running => Duration::ZERO,
        Workload::Absent if !stopping => Duration::ZERO,
        _ => world.followers.feed(key).map_or(Duration::ZERO, |it| it.waits_since().elapsed()),
    };
    if progress.seen == 0 && gone {
        Logs::Complete
    } else if progress.seen == 0 {
        Logs::NoPod(waited())
    } else if progress.reading.is_empty() {
        Logs::Complete
    } else {
        Logs::Reading(waited())
    }
}
