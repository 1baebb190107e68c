//! The three controllers, wired together: what they share, what they watch, how they are run.

pub mod conditions;
pub mod events;
pub mod patch;
pub mod queue;
#[cfg(test)]
mod tests;
pub(crate) mod watch;
pub mod world;

use std::fmt::Debug;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use kube::api::ListParams;
use kube::{Api, Client, Resource, ResourceExt};
use metrics_collector::Store;
use proto::kinds::{Experiment, Suggestion, Trial};
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::suggestion::config;
use crate::{experiment, suggestion, trial};
use world::World;

/// Namespace and name of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Key {
    /// The key of an object.
    pub fn of<K: ResourceExt>(object: &K) -> Key {
        Key::new(object.namespace().unwrap_or_default(), object.name_any())
    }

    /// The key with these parts.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Key {
        Key { namespace: namespace.into(), name: name.into() }
    }
}

/// What the controllers need beside the API.
pub struct Settings {
    /// The observation log.
    pub store: Arc<dyn Store>,
    /// A KatibConfig file; it names external search services. The ConfigMap `katib-config` is
    /// read where no file is given.
    pub katib_config: Option<PathBuf>,
    /// Namespace of the ConfigMap `katib-config`.
    pub core_namespace: String,
    /// `host:port` of the DBManager that other servers read reports from, where there is one.
    pub database: Option<String>,
    /// How many objects of each kind are worked on at once.
    pub workers: usize,
}

impl Settings {
    /// Settings with the defaults for everything but the store.
    pub fn new(store: Arc<dyn Store>) -> Settings {
        Settings {
            store,
            katib_config: None,
            core_namespace: config::NAMESPACE.into(),
            database: None,
            workers: 16,
        }
    }
}

/// Why the controllers could not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The API does not serve the kinds that the controllers work on.
    #[error("the cluster does not serve kubeflow.org/v1beta1: {0} (install the CRDs first)")]
    KindsMissing(kube::Error),
}

/// Runs the controllers against the API behind `client` until `shutdown` resolves.
pub async fn run(
    client: Client,
    settings: Settings,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), RunError> {
    served::<Experiment>(&client).await?;
    served::<Suggestion>(&client).await?;
    served::<Trial>(&client).await?;
    // Everything below ends when the set is dropped.
    let mut tasks = JoinSet::new();
    let (world, kinds) = World::new(client, &settings);
    let mut ready = Vec::new();
    let mut gate = || {
        let (tell, told) = oneshot::channel();
        ready.push(told);
        tell
    };
    tasks.spawn(watch::experiments(world.clone(), gate()));
    tasks.spawn(watch::suggestions(world.clone(), gate()));
    tasks.spawn(watch::trials(world.clone(), gate()));
    tasks.spawn(watch::pods(world.clone(), gate()));
    tasks.spawn(watch::kinds(world.clone(), kinds));

    let mut shutdown = std::pin::pin!(shutdown);
    // Nobody decides on half a picture: completion numbers and counts need every trial.
    tokio::select! {
        () = &mut shutdown => return Ok(()),
        _ = futures::future::join_all(ready) => {}
    }
    for _ in 0..settings.workers.max(1) {
        let it = world.clone();
        tasks.spawn(async move {
            it.experiment_queue.work(|key| experiment::look(it.clone(), key)).await;
        });
        let it = world.clone();
        tasks.spawn(async move {
            it.suggestion_queue.work(|key| suggestion::look(it.clone(), key)).await;
        });
        let it = world.clone();
        tasks.spawn(async move { it.trial_queue.work(|key| trial::look(it.clone(), key)).await });
    }
    shutdown.await;
    Ok(())
}

/// Whether the API serves a kind: asks for one object of it.
async fn served<K>(client: &Client) -> Result<(), RunError>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug,
{
    let one = ListParams::default().limit(1);
    match Api::<K>::all(client.clone()).list(&one).await {
        Err(kube::Error::Api(why)) if why.is_not_found() => {
            Err(RunError::KindsMissing(kube::Error::Api(why)))
        }
        // Anything else may pass; the watches try again.
        _ => Ok(()),
    }
}
