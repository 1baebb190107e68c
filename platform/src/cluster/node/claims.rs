//! Claims of volumes: each is a folder of the home, and goes when its claim does.

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use kube::api::{ListParams, Patch, PatchParams};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, ResourceExt};
use serde_json::json;

use super::status;

/// Holds a claim while pods use it, and until its folder is gone.
const PROTECTION: &str = "kubernetes.io/pvc-protection";
/// How often claims are looked at though nothing changed: pods may have ended.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Runs until its task is dropped.
pub(super) async fn run(client: Client, home: PathBuf) {
    let claims: Api<PersistentVolumeClaim> = Api::all(client.clone());
    let changes = watcher(claims.clone(), watcher::Config::default()).default_backoff();
    let mut changes = std::pin::pin!(changes);
    loop {
        let mut waits = false;
        if let Ok(found) = claims.list(&ListParams::default()).await {
            for claim in &found.items {
                match tend(&client, &home, claim).await {
                    Ok(done) => waits |= !done,
                    Err(kube::Error::Api(why)) if why.is_not_found() || why.is_conflict() => {}
                    Err(error) => {
                        waits = true;
                        tracing::warn!(claim = claim.name_any(), %error, "a claim is not tended");
                    }
                }
            }
        }
        // Claims that go wait for pods, which this does not watch.
        let pause = if waits { LOOK_EVERY } else { Duration::from_secs(3600) };
        if let Ok(None) = tokio::time::timeout(pause, changes.next()).await {
            return;
        }
    }
}

/// Brings one claim on; true if nothing is left to wait for.
async fn tend(client: &Client, home: &Path, claim: &PersistentVolumeClaim) -> kube::Result<bool> {
    let namespace = claim.namespace().unwrap_or_default();
    let api: Api<PersistentVolumeClaim> = Api::namespaced(client.clone(), &namespace);
    let name = claim.name_any();
    let held = claim.finalizers().iter().any(|it| it == PROTECTION);
    let how = PatchParams::default();
    if claim.metadata.deletion_timestamp.is_none() {
        if !held {
            let mut finalizers = claim.finalizers().to_vec();
            finalizers.push(PROTECTION.into());
            let patch = json!({"metadata": {"finalizers": finalizers,
                "resourceVersion": claim.resource_version()}});
            api.patch(&name, &how, &Patch::Merge(patch)).await?;
        }
        let bound = claim.status.as_ref().is_some_and(|it| it.phase.as_deref() == Some("Bound"));
        if !bound {
            let spec = claim.spec.clone().unwrap_or_default();
            let capacity = spec.resources.and_then(|it| it.requests).unwrap_or_default();
            let status = json!({"status": {"phase": "Bound", "accessModes": spec.access_modes,
                "capacity": capacity}});
            api.patch_status(&name, &how, &Patch::Merge(status)).await?;
        }
        return Ok(true);
    }
    if !held {
        return Ok(true);
    }
    let pods: Api<Pod> = Api::namespaced(client.clone(), &namespace);
    let uses = |pod: &Pod| !status::terminal(pod) && mounts(pod, &name);
    if pods.list(&ListParams::default()).await?.iter().any(uses) {
        return Ok(false);
    }
    let folder = home.join("volumes").join(&namespace).join(&name);
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!(%error, "{} cannot be removed", folder.display());
            return Ok(false);
        }
        _ => {}
    }
    let left: Vec<&String> = claim.finalizers().iter().filter(|it| *it != PROTECTION).collect();
    let patch =
        json!({"metadata": {"finalizers": left, "resourceVersion": claim.resource_version()}});
    api.patch(&name, &how, &Patch::Merge(patch)).await?;
    Ok(true)
}

fn mounts(pod: &Pod, claim: &str) -> bool {
    let volumes = pod.spec.iter().flat_map(|it| it.volumes.iter().flatten());
    volumes.flat_map(|it| &it.persistent_volume_claim).any(|it| it.claim_name == claim)
}
