//! Looks: every kind that the server knows, and of every object only what garbage collection
//! needs.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{ApiResource, DynamicObject, PartialObjectMeta};
use kube::discovery::{Discovery, verbs};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, ResourceExt};
use tokio::sync::mpsc::Sender;
use tokio::task::JoinSet;

/// How long to wait after the API could not say which kinds there are.
const RETRY: Duration = Duration::from_secs(1);

/// Group, version and kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KindKey {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
}

impl From<(String, String, String)> for KindKey {
    fn from((group, version, kind): (String, String, String)) -> KindKey {
        KindKey { group, version, kind }
    }
}

/// An object, reduced to who it is and who owns it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) uid: String,
    pub(super) kind: KindKey,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) deleting: bool,
    pub(super) finalizers: Vec<String>,
    pub(super) owners: Vec<Owner>,
}

/// Who owns an object.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Owner {
    pub(super) uid: String,
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) name: String,
    /// Whether the owner waits for this object when it is deleted in the foreground.
    pub(super) blocks: bool,
}

/// News from the watchers.
#[derive(Debug)]
pub(super) enum Seen {
    /// A kind will be listed.
    Kind(KindKey),
    /// A kind was listed: these are all there are.
    Listed(KindKey, BTreeSet<String>),
    /// An object is new or has changed.
    Applied(Node),
    /// The object of that uid is gone.
    Deleted(String),
}

/// Watches every kind, and takes in kinds that are defined later.
pub(super) async fn kinds(client: Client, news: Sender<Seen>) {
    let mut watched: BTreeSet<KindKey> = BTreeSet::new();
    let mut watchers = JoinSet::new();
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    let changes = watcher(definitions, watcher::Config::default()).default_backoff();
    let mut changes = std::pin::pin!(changes.filter(|it| std::future::ready(it.is_ok())));
    loop {
        match discover(&client).await {
            Ok(found) => {
                for (key, resource) in found {
                    if watched.insert(key.clone()) {
                        let _ = news.send(Seen::Kind(key.clone())).await;
                        watchers.spawn(objects(client.clone(), key, resource, news.clone()));
                    }
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the kinds could not be listed, trying again");
                tokio::time::sleep(RETRY).await;
                continue;
            }
        }
        if changes.next().await.is_none() {
            return;
        }
    }
}

async fn discover(client: &Client) -> Result<Vec<(KindKey, ApiResource)>, kube::Error> {
    let discovery = Discovery::new(client.clone()).run().await?;
    let groups = discovery.groups().flat_map(|it| it.recommended_resources());
    let usable = groups.filter(|(_, caps)| {
        [verbs::LIST, verbs::WATCH, verbs::DELETE].iter().all(|it| caps.supports_operation(it))
    });
    // Events are owned by nobody, and there are many of them.
    let owned = usable.filter(|(resource, _)| resource.kind != "Event");
    let keyed = |(it, _): (ApiResource, _)| {
        (KindKey::from((it.group.clone(), it.version.clone(), it.kind.clone())), it)
    };
    Ok(owned.map(keyed).collect())
}

/// Watches one kind, metadata only.
async fn objects(client: Client, key: KindKey, resource: ApiResource, news: Sender<Seen>) {
    let api: Api<PartialObjectMeta<DynamicObject>> = Api::all_with(client, &resource);
    let events = watcher(api, watcher::Config::default()).default_backoff();
    let mut listed = BTreeSet::new();
    let told = events.try_for_each(|event| {
        let batch = match event {
            Event::Init => {
                listed.clear();
                Vec::new()
            }
            Event::InitApply(object) => {
                let node = node(&key, &object);
                listed.insert(node.uid.clone());
                vec![Seen::Applied(node)]
            }
            Event::InitDone => vec![Seen::Listed(key.clone(), std::mem::take(&mut listed))],
            Event::Apply(object) => vec![Seen::Applied(node(&key, &object))],
            Event::Delete(object) => vec![Seen::Deleted(object.uid().unwrap_or_default())],
        };
        let news = news.clone();
        async move {
            for seen in batch {
                let _ = news.send(seen).await;
            }
            Ok(())
        }
    });
    if let Err(error) = told.await {
        tracing::debug!(kind = key.kind, %error, "watch ended");
    }
}

fn node(key: &KindKey, object: &PartialObjectMeta<DynamicObject>) -> Node {
    let owner = |it: &k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference| Owner {
        uid: it.uid.clone(),
        api_version: it.api_version.clone(),
        kind: it.kind.clone(),
        name: it.name.clone(),
        blocks: it.block_owner_deletion == Some(true),
    };
    Node {
        uid: object.uid().unwrap_or_default(),
        kind: key.clone(),
        namespace: object.namespace().unwrap_or_default(),
        name: object.name_any(),
        deleting: object.metadata.deletion_timestamp.is_some(),
        finalizers: object.finalizers().to_vec(),
        owners: object.owner_references().iter().map(owner).collect(),
    }
}
