//! Does: deletes, disowns, releases. What is gone or has changed already needs no more doing.

use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, Patch, PatchParams,
    Preconditions,
};
use kube::{Client, ResourceExt};
use serde_json::json;

use super::observe::{Node, Owner};
use super::plan::Move;

/// Carries one move out; the next event about the object brings a move that failed back.
pub(super) async fn apply(client: &Client, step: Move) {
    let done = match &step {
        Move::Delete(node) => delete(client, node).await,
        Move::DeleteIfStray(node) => delete_if_stray(client, node).await,
        Move::Disown(node, owner) => disown(client, node, owner).await,
        Move::Release(node, finalizer) => release(client, node, finalizer).await,
    };
    match done {
        Err(kube::Error::Api(status)) if status.is_not_found() || status.is_conflict() => {}
        Err(error) => tracing::warn!(?step, %error, "garbage not collected"),
        Ok(()) => {}
    }
}

async fn delete(client: &Client, node: &Node) -> Result<(), kube::Error> {
    let exactly = Preconditions { uid: Some(node.uid.clone()), resource_version: None };
    let how = DeleteParams::background().preconditions(exactly);
    api(client, node).delete(&node.name, &how).await.map(|_| ())
}

async fn delete_if_stray(client: &Client, node: &Node) -> Result<(), kube::Error> {
    for owner in &node.owners {
        if exists(client, node, owner).await? {
            return Ok(());
        }
    }
    delete(client, node).await
}

async fn exists(client: &Client, node: &Node, owner: &Owner) -> Result<bool, kube::Error> {
    let (group, version) = owner.api_version.split_once('/').unwrap_or(("", &owner.api_version));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, &owner.kind));
    let near: Api<DynamicObject> = Api::namespaced_with(client.clone(), &node.namespace, &resource);
    let far: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
    for api in [near, far] {
        match api.get_metadata_opt(&owner.name).await {
            Ok(Some(found)) if found.metadata.uid.as_deref() == Some(&owner.uid) => {
                return Ok(true);
            }
            Ok(_) => {}
            // A kind that is asked for in the wrong scope, or is not served, has no such object.
            Err(kube::Error::Api(status)) if matches!(status.code, 400 | 404 | 405) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(false)
}

async fn disown(client: &Client, node: &Node, owner: &str) -> Result<(), kube::Error> {
    let api = api(client, node);
    let Some(found) = api.get_metadata_opt(&node.name).await? else { return Ok(()) };
    let kept: Vec<_> = found.owner_references().iter().filter(|it| it.uid != owner).collect();
    let version = found.resource_version();
    let patch = json!({"metadata": {"ownerReferences": kept, "resourceVersion": version}});
    let how = PatchParams::default();
    api.patch_metadata(&node.name, &how, &Patch::Merge(patch)).await.map(|_| ())
}

async fn release(client: &Client, node: &Node, finalizer: &str) -> Result<(), kube::Error> {
    let api = api(client, node);
    let Some(found) = api.get_metadata_opt(&node.name).await? else { return Ok(()) };
    let kept: Vec<&String> = found.finalizers().iter().filter(|it| *it != finalizer).collect();
    let version = found.resource_version();
    let patch = json!({"metadata": {"finalizers": kept, "resourceVersion": version}});
    let how = PatchParams::default();
    api.patch_metadata(&node.name, &how, &Patch::Merge(patch)).await.map(|_| ())
}

fn api(client: &Client, node: &Node) -> Api<DynamicObject> {
    let kind = &node.kind;
    let gvk = GroupVersionKind::gvk(&kind.group, &kind.version, &kind.kind);
    let resource = ApiResource::from_gvk(&gvk);
    if node.namespace.is_empty() {
        Api::all_with(client.clone(), &resource)
    } else {
        Api::namespaced_with(client.clone(), &node.namespace, &resource)
    }
}
