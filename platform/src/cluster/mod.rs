//! The single-machine home: a Kubernetes-compatible API over an object store, with a node that
//! runs pods as local processes.

pub mod admission;
pub mod api;
pub mod controllers;
pub mod letters;
pub mod node;
pub mod quantity;
pub mod store;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::{Value, json};

use admission::Admission;
use api::Api;
use api::kinds::Registry;
pub use store::OpenError;
use store::{Expected, Key, RingLimits, Store, WriteError};

/// The namespaces that every home has.
const NAMESPACES: [&str; 3] = ["default", "kube-system", "kube-public"];

/// What a home is opened with.
#[derive(Clone)]
pub struct Options {
    /// Its folder; made when there is none.
    pub home: PathBuf,
    /// Definitions to install, or to bring up to date.
    pub definitions: Vec<CustomResourceDefinition>,
    /// The doors that objects pass before they are stored.
    pub admission: Vec<Arc<dyn Admission>>,
}

impl Options {
    /// A home in that folder with our own kinds, and no doors.
    pub fn at(home: impl Into<PathBuf>) -> Options {
        let (definitions, admission) = (proto::kinds::definitions(), Vec::new());
        Options { home: home.into(), definitions, admission }
    }
}

/// An open home: its objects and its API. Clones share it.
#[derive(Clone)]
pub struct Cluster {
    api: Api,
}

impl Cluster {
    /// Opens the home. The caller is inside a tokio runtime.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(options: Options) -> Result<Cluster, OpenError> {
        let unusable = |why: String| OpenError::Unusable { path: options.home.clone(), why };
        std::fs::create_dir_all(&options.home).map_err(|error| unusable(error.to_string()))?;
        let database = options.home.join("cluster.db");
        let store = Store::open(&database, RingLimits::default()).await?;
        for name in NAMESPACES {
            let made = ensure_namespace(&store, name).await;
            made.map_err(|error| unusable(error.to_string()))?;
        }
        let api = Api {
            store,
            registry: Arc::new(Registry::default()),
            admission: options.admission.clone().into(),
            home: options.home.clone(),
            turns: Arc::default(),
        };
        api.reload_definitions();
        for definition in &options.definitions {
            let definition: Value =
                serde_json::to_value(definition).map_err(|error| unusable(error.to_string()))?;
            api.install(definition).await.map_err(|status| unusable(status.message))?;
        }
        let roles = api::auth::install(&api.store).await;
        roles.map_err(|error| unusable(error.to_string()))?;
        api.resume_sweeps();
        Ok(Cluster { api })
    }

    /// A client in this process: no socket, no token.
    #[must_use]
    pub fn client(&self) -> kube::Client {
        kube::Client::new(self.router(), "default")
    }

    /// The API as HTTP; it asks nobody who they are. See [`Cluster::guard`].
    pub fn router(&self) -> Router {
        self.api.router()
    }

    /// A router, this API's or one around it, that asks everybody for a token: `owner`'s, a
    /// user's or a service account's. Requests carry their [`api::auth::User`] from there on, and
    /// the API holds them to their roles.
    pub fn guard(&self, router: Router, owner: String) -> Router {
        api::auth::guard(router, &self.api, owner)
    }

    /// The objects themselves, for what counts or measures them.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.api.store
    }

    /// Commits what is under way and closes the database.
    pub async fn close(&self) {
        self.api.store.close().await;
    }
}

async fn ensure_namespace(store: &Store, name: &str) -> Result<(), WriteError> {
    let namespace = json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {
            "name": name, "uid": uuid::Uuid::new_v4().to_string(),
            "creationTimestamp": api::now(), "labels": {"kubernetes.io/metadata.name": name},
        },
        "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
    });
    match store.put(Key::new("namespaces", "", name), Expected::Absent, namespace).await {
        Ok(_) | Err(WriteError::Unexpected) => Ok(()),
        Err(error) => Err(error),
    }
}
