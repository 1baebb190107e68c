//! Deleted namespaces: everything in them goes first, then they do.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{DeleteParams, DynamicObject, ListParams, PostParams};
use kube::discovery::{Discovery, Scope, verbs};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, ResourceExt};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// The finalizer in a namespace's spec that is this controller's.
const FINALIZER: &str = "kubernetes";
/// First pause between two looks at what is left; doubled up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_millis(50);
/// Longest pause: pods may take their grace period.
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// Runs until its task is dropped.
pub(super) async fn run(client: Client) {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let changes = watcher(namespaces, watcher::Config::default()).default_backoff();
    let mut changes = std::pin::pin!(changes.touched_objects());
    let (tell, mut done) = mpsc::unbounded_channel();
    let mut emptied: BTreeSet<String> = BTreeSet::new();
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            change = changes.next() => match change {
                Some(Ok(namespace)) => {
                    let uid = namespace.uid().unwrap_or_default();
                    if is_leaving(&namespace) && emptied.insert(uid.clone()) {
                        let (client, tell, name) = (client.clone(), tell.clone(), namespace.name_any());
                        tasks.spawn(async move {
                            empty(&client, &name).await;
                            // The receiver lives as long as this task does.
                            let _ = tell.send(uid);
                        });
                    }
                }
                // The watch begins anew by itself.
                Some(Err(error)) => tracing::debug!(%error, "the watch on namespaces broke off"),
                None => return,
            },
            Some(uid) = done.recv() => drop(emptied.remove(&uid)),
        }
        while tasks.try_join_next().is_some() {}
    }
}

fn is_leaving(namespace: &Namespace) -> bool {
    let finalizers = namespace.spec.as_ref().and_then(|it| it.finalizers.as_ref());
    let ours = finalizers.is_some_and(|it| it.iter().any(|it| it == FINALIZER));
    namespace.metadata.deletion_timestamp.is_some() && ours
}

/// Deletes all that is in a namespace until nothing is left, then lets the namespace go.
async fn empty(client: &Client, name: &str) {
    let mut pause = PAUSE;
    loop {
        match delete_all(client, name).await {
            Ok(0) => match release(client, name).await {
                Ok(()) => return,
                Err(error) => tracing::warn!(namespace = name, %error, "it could not be let go"),
            },
            Ok(_) => {}
            Err(error) => tracing::warn!(namespace = name, %error, "it could not be emptied"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// Deletes every object of every kind; answers of how many kinds there were any.
async fn delete_all(client: &Client, namespace: &str) -> Result<usize, kube::Error> {
    let discovery = Discovery::new(client.clone()).run().await?;
    let kinds = discovery.groups().flat_map(|group| group.recommended_resources());
    let kinds = kinds.filter(|(_, can)| {
        can.scope == Scope::Namespaced
            && can.supports_operation(verbs::LIST)
            && can.supports_operation(verbs::DELETE_COLLECTION)
    });
    let mut left = 0;
    for (resource, _) in kinds {
        let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
        let one = ListParams::default().limit(1);
        if api.list_metadata(&one).await?.items.is_empty() {
            continue;
        }
        left += 1;
        api.delete_collection(&DeleteParams::background(), &ListParams::default()).await?;
    }
    Ok(left)
}

/// Takes the finalizer out of the spec, which only the subresource `finalize` may do.
async fn release(client: &Client, name: &str) -> Result<(), kube::Error> {
    let api: Api<Namespace> = Api::all(client.clone());
    let Some(mut namespace) = api.get_opt(name).await? else { return Ok(()) };
    if let Some(finalizers) = namespace.spec.as_mut().and_then(|it| it.finalizers.as_mut()) {
        finalizers.retain(|it| it != FINALIZER);
    }
    match api.replace_subresource("finalize", name, &PostParams::default(), &namespace).await {
        Err(kube::Error::Api(why)) if why.is_not_found() => Ok(()),
        other => other.map(drop),
    }
}
