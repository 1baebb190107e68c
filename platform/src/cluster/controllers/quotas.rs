//! Quotas tell what is used. The API counts; this asks it to, from time to time.

use std::time::Duration;

use k8s_openapi::api::core::v1::ResourceQuota;
use kube::api::{ListParams, Patch, PatchParams};
use kube::{Api, Client, ResourceExt};
use serde_json::json;

use super::pods::{near, settled};

/// How often is counted. Refusals are exact at every moment; only what is shown lags behind.
const EVERY: Duration = Duration::from_secs(1);

/// Runs until its task is dropped.
pub(super) async fn run(client: Client) {
    let all: Api<ResourceQuota> = Api::all(client.clone());
    loop {
        tokio::time::sleep(EVERY).await;
        let Ok(found) = all.list(&ListParams::default()).await else { continue };
        for quota in found {
            let api: Api<ResourceQuota> = near(&client, &quota);
            let patch = Patch::Merge(json!({"status": {}}));
            let counted =
                api.patch_status(&quota.name_any(), &PatchParams::default(), &patch).await;
            if let Err(error) = settled(counted) {
                tracing::debug!(%error, "a quota was not counted");
            }
        }
    }
}
