//! What each call does: one concern a file. Handlers look at the board or ask the API, and put what
//! they find into the types of the answer.

pub(crate) mod actions;
pub(crate) mod analysis;
pub(crate) mod catalog;
pub(crate) mod cluster;
pub(crate) mod columns;
pub(crate) mod curves;
pub(crate) mod events;
pub(crate) mod experiment;
pub(crate) mod experiments;
pub(crate) mod export;
mod lines;
pub(crate) mod logs;
pub(crate) mod manifest;
pub(crate) mod nas;
mod pods;
pub(crate) mod report;
mod select;
pub(crate) mod session;
pub(crate) mod summary;
pub(crate) mod trial;
pub(crate) mod trials;
pub(crate) mod validate;

use axum::extract::Path;
use kube::core::NamespaceResourceScope;
use kube::{Api, Resource};
use serde::de::DeserializeOwned;

pub(crate) use analysis::Analyses;

use super::Ui;
use super::access::guard::Pass;
use super::problem::Trouble;
use crate::controllers::Key;

/// Namespace and name in a path.
pub(crate) type Place = Path<(String, String)>;

/// The key of a path, if the session may see it.
fn key(pass: &Pass, Path((namespace, name)): Place) -> Result<Key, Trouble> {
    pass.see(&namespace)?;
    Ok(Key::new(namespace, name))
}

impl Ui {
    fn api<K>(&self, namespace: &str) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        Api::namespaced(self.client.clone(), namespace)
    }

    /// The object of that key, as the API has it now.
    async fn object<K>(&self, key: &Key) -> Result<K, Trouble>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + DeserializeOwned,
        K: std::fmt::Debug,
    {
        let found = self.api::<K>(&key.namespace).get_opt(&key.name).await?;
        found.ok_or_else(|| missing(&K::kind(&()).to_lowercase(), key))
    }
}

fn missing(kind: &str, key: &Key) -> Trouble {
    let Key { namespace, name } = key;
    Trouble::not_found(format!("there is no {kind} {name} in namespace {namespace}"))
}
