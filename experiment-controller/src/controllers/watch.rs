//! The watches: what the API tells goes into the caches, and the queues hear who it concerns.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::{Stream, StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ApiResource, DynamicObject};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Resource, ResourceExt};
use proto::kinds::{Experiment, Suggestion, TRIAL_LABEL, Trial};
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, oneshot};

use super::Key;
use super::world::World;
use crate::index;

/// What a watch tells: an object as it is now, or that it is gone.
pub(crate) enum Change<K> {
    Is(K),
    Gone(Key),
}

/// Watches one kind for ever. Objects that vanished while the watch was down are told as gone.
/// `ready` hears when the first list is complete.
pub(crate) async fn follow<K>(
    events: impl Stream<Item = Result<Event<K>, watcher::Error>> + Send,
    ready: oneshot::Sender<()>,
    known: impl Fn() -> BTreeSet<Key>,
    take: impl Fn(Change<K>),
) where
    K: Resource + Clone,
{
    let mut ready = Some(ready);
    let mut vanished = BTreeSet::new();
    let mut events = std::pin::pin!(events.default_backoff());
    loop {
        match events.try_next().await {
            Ok(Some(Event::Apply(it))) => take(Change::Is(it)),
            Ok(Some(Event::Delete(it))) => take(Change::Gone(Key::of(&it))),
            Ok(Some(Event::Init)) => vanished = known(),
            Ok(Some(Event::InitApply(it))) => {
                vanished.remove(&Key::of(&it));
                take(Change::Is(it));
            }
            Ok(Some(Event::InitDone)) => {
                std::mem::take(&mut vanished).into_iter().for_each(|it| take(Change::Gone(it)));
                if let Some(ready) = ready.take() {
                    let _ = ready.send(());
                }
            }
            Ok(None) => return,
            Err(why) => tracing::warn!(%why, "a watch broke off; it is taken up again"),
        }
    }
}

fn all<K>(
    world: &World,
    config: watcher::Config,
) -> impl Stream<Item = Result<Event<K>, watcher::Error>> + Send
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug + Send + 'static,
{
    watcher(Api::<K>::all(world.client.clone()), config).boxed()
}

/// Watches experiments.
pub(super) async fn experiments(world: Arc<World>, ready: oneshot::Sender<()>) {
    let known = || world.experiments.lock().keys().cloned().collect();
    let take = |change: Change<Experiment>| match change {
        Change::Is(it) => {
            let key = Key::of(&it);
            let uid = it.uid().unwrap_or_default();
            let ended = crate::experiment::ended(&it);
            let old = world.experiments.lock().insert(key.clone(), Arc::new(it));
            // A namesake took its place while the watch was down.
            if let Some(old) = old.and_then(|it| it.uid()).filter(|it| *it != uid) {
                world.forget(&old);
            }
            if ended {
                // No rule looks at them any more; one that goes on reads them again.
                world.stopping.forget(&uid);
                world.searches.forget(&uid);
                let running = world.index.lock().unfinished_of(&uid);
                running.into_iter().for_each(|it| world.trial_queue.add(it));
            }
            world.suggestion_queue.add(key.clone());
            world.experiment_queue.add(key);
        }
        Change::Gone(key) => {
            let old = world.experiments.lock().remove(&key);
            if let Some(uid) = old.and_then(|it| it.uid()) {
                world.forget(&uid);
            }
        }
    };
    follow(all(&world, watcher::Config::default()), ready, known, take).await;
}

/// Watches suggestions.
pub(super) async fn suggestions(world: Arc<World>, ready: oneshot::Sender<()>) {
    let known = || world.suggestions.lock().keys().cloned().collect();
    let take = |change: Change<Suggestion>| {
        let key = match change {
            Change::Is(it) => {
                let key = Key::of(&it);
                world.suggestions.lock().insert(key.clone(), Arc::new(it));
                key
            }
            Change::Gone(key) => {
                world.suggestions.lock().remove(&key);
                key
            }
        };
        world.suggestion_queue.add(key.clone());
        world.experiment_queue.add(key);
    };
    follow(all(&world, watcher::Config::default()), ready, known, take).await;
}

/// Watches trials: the one source of the index.
pub(super) async fn trials(world: Arc<World>, ready: oneshot::Sender<()>) {
    let known = || world.index.lock().keys();
    let take = |change: Change<Trial>| match change {
        Change::Is(trial) => {
            let key = Key::of(&trial);
            if let Some(kind) = crate::trial::kind(&trial) {
                world.watch_kind(kind);
            }
            let Some(owner) = index::owner(&trial) else {
                tracing::debug!(trial = %key.name, "a trial without an experiment is left alone");
                return;
            };
            let ended = {
                let mut index = world.index.lock();
                index.apply(trial);
                index.ended(&key)
            };
            if ended {
                world.followers.forget(&key);
            }
            let experiment = Key::new(key.namespace.clone(), owner.name);
            world.suggestion_queue.add(experiment.clone());
            world.experiment_queue.add(experiment);
            world.trial_queue.add(key);
        }
        Change::Gone(key) => {
            let owner = world.index.lock().delete(&key);
            world.followers.forget(&key);
            world.workloads.lock().remove(&key);
            if let Some(owner) = owner {
                let experiment = Key::new(key.namespace, owner.name);
                let is_there = world.experiment(&experiment).and_then(|it| it.uid());
                if is_there.as_ref() != Some(&owner.uid) {
                    world.forget(&owner.uid);
                }
                world.experiment_queue.add(experiment);
            }
        }
    };
    follow(all(&world, watcher::Config::default()), ready, known, take).await;
}

/// Watches the pods of trials.
pub(super) async fn pods(world: Arc<World>, ready: oneshot::Sender<()>) {
    let known = || {
        let pods = world.pods.lock();
        let names = |(trial, pods): (&Key, &std::collections::BTreeMap<String, Arc<Pod>>)| {
            pods.keys().map(|it| Key::new(trial.namespace.clone(), it.clone())).collect::<Vec<_>>()
        };
        pods.iter().flat_map(names).collect()
    };
    let take = |change: Change<Pod>| match change {
        Change::Is(pod) => {
            let Some(trial) = pod.labels().get(TRIAL_LABEL) else { return };
            let trial = Key::new(pod.namespace().unwrap_or_default(), trial.clone());
            let name = pod.name_any();
            world.pods.lock().entry(trial.clone()).or_default().insert(name, Arc::new(pod));
            world.trial_queue.add(trial);
        }
        Change::Gone(pod) => {
            let mut pods = world.pods.lock();
            let of = |(trial, pods): (&Key, &std::collections::BTreeMap<String, Arc<Pod>>)| {
                let here = trial.namespace == pod.namespace && pods.contains_key(&pod.name);
                here.then(|| trial.clone())
            };
            let Some(trial) = pods.iter().find_map(of) else { return };
            let rest = pods.get_mut(&trial).map_or(0, |it| {
                it.remove(&pod.name);
                it.len()
            });
            if rest == 0 {
                pods.remove(&trial);
            }
            world.trial_queue.add(trial);
        }
    };
    let config = watcher::Config::default().labels(TRIAL_LABEL);
    follow(all(&world, config), ready, known, take).await;
}

/// Watches the workloads of one kind.
async fn workloads(world: Arc<World>, kind: ApiResource) {
    let known = || known_workloads(&world, &kind);
    let take = |change: Change<DynamicObject>| match change {
        Change::Is(it) => {
            let key = Key::of(&it);
            // A workload has its trial's name; others may carry the label as well.
            if it.labels().get(TRIAL_LABEL) != Some(&key.name) {
                return;
            }
            world.workloads.lock().insert(key.clone(), Arc::new(it));
            world.trial_queue.add(key);
        }
        Change::Gone(key) => {
            world.workloads.lock().remove(&key);
            world.trial_queue.add(key);
        }
    };
    let api: Api<DynamicObject> = Api::all_with(world.client.clone(), &kind);
    let events = watcher(api, watcher::Config::default().labels(TRIAL_LABEL)).boxed();
    follow(events, oneshot::channel().0, known, take).await;
}

/// The workloads of a kind, to find those that vanished while nobody watched.
pub(super) fn known_workloads(world: &World, kind: &ApiResource) -> BTreeSet<Key> {
    let is = |it: &DynamicObject| {
        it.types.as_ref().is_some_and(|of| {
            (of.api_version.as_str(), of.kind.as_str()) == (&*kind.api_version, &*kind.kind)
        })
    };
    let workloads = world.workloads.lock();
    workloads.iter().filter(|(_, it)| is(it)).map(|(key, _)| key.clone()).collect()
}

/// Starts a watch for each kind of workload that trials name, once.
pub(super) async fn kinds(world: Arc<World>, mut wanted: mpsc::UnboundedReceiver<ApiResource>) {
    let mut watched = BTreeSet::new();
    let mut running = tokio::task::JoinSet::new();
    while let Some(kind) = wanted.recv().await {
        if watched.insert((kind.api_version.clone(), kind.kind.clone())) {
            running.spawn(workloads(world.clone(), kind));
        }
    }
}
