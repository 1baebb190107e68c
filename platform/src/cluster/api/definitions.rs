//! Definitions of kinds as objects: what is stored is what is served.

use std::time::Duration;

use serde_json::Value;

use super::defaults::DEFINITION_FINALIZER;
use super::delete::Options;
use super::request::Target;
use super::status::Status;
use super::write::{Manner, is_leaving};
use super::{Api, kinds};
use crate::cluster::store::Key;

const RESOURCE: &str = "customresourcedefinitions.apiextensions.k8s.io";
const SWEEP_EVERY: Duration = Duration::from_millis(200);

impl Api {
    /// Serves what the stored definitions define.
    pub(crate) fn reload_definitions(&self) {
        let stored = self.store.list(RESOURCE, None, None, usize::MAX);
        let definitions: Vec<Value> = stored.items.iter().map(|it| it.value()).collect();
        self.registry.define(&definitions);
    }

    /// Installs a definition, or brings the stored one up to date.
    pub(crate) async fn install(&self, definition: Value) -> Result<(), Status> {
        let name = definition["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let manner = Manner::own();
        let mut target = self.definitions()?;
        if self.store.get(&Key::new(RESOURCE, "", &name)).is_none() {
            return self.create(&target, manner, definition).await.map(|_| ());
        }
        target.name = Some(name);
        let change = |old: &Value| {
            let mut next = old.clone();
            next["spec"] = definition["spec"].clone();
            Ok(next)
        };
        self.modify(&target, manner, change).await.map(|_| ())
    }

    /// Goes on with deletions that an earlier run did not finish.
    pub(crate) fn resume_sweeps(&self) {
        for stored in self.store.list(RESOURCE, None, None, usize::MAX).items {
            let definition = stored.value();
            if is_leaving(&definition) {
                self.sweep(&definition);
            }
        }
    }

    fn definitions(&self) -> Result<Target, Status> {
        let kind = self.registry.find(kinds::DEFINITIONS_GROUP, "v1", "customresourcedefinitions");
        let kind = kind.ok_or_else(Status::no_such_path)?;
        Ok(Target { kind, namespace: None, name: None, subresource: None })
    }

    /// Deletes the objects of a definition that is leaving, then lets it go.
    pub(super) fn sweep(&self, definition: &Value) {
        let name = definition["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let api = self.clone();
        tokio::spawn(async move {
            if let Err(status) = api.sweep_until_empty(&name).await {
                tracing::warn!(%name, message = %status.message, "definition is not let go");
            }
        });
    }

    async fn sweep_until_empty(&self, name: &str) -> Result<(), Status> {
        let kinds = self.registry.all();
        let kind = kinds.into_iter().find(|it| !it.built_in && it.resource == name);
        if let Some(kind) = kind {
            loop {
                let left = self.store.list(&kind.resource, None, None, usize::MAX).items;
                if left.is_empty() {
                    break;
                }
                for object in left {
                    let namespace = Some(object.key.namespace.clone());
                    let target = Target {
                        kind: kind.clone(),
                        namespace: namespace.filter(|it| !it.is_empty()),
                        name: Some(object.key.name.clone()),
                        subresource: None,
                    };
                    match self.delete(&target, &Options::default()).await {
                        Err(status) if status.code != 404 => return Err(status),
                        _ => {}
                    }
                }
                // Finalizers of these objects are for their controllers to remove.
                tokio::time::sleep(SWEEP_EVERY).await;
            }
        }
        let mut target = self.definitions()?;
        target.name = Some(name.to_owned());
        let manner = Manner::own();
        let release = |old: &Value| {
            let mut next = old.clone();
            if let Some(list) = next["metadata"]["finalizers"].as_array_mut() {
                list.retain(|it| it != DEFINITION_FINALIZER);
            }
            Ok(next)
        };
        self.modify(&target, manner, release).await.map(|_| ())
    }
}
