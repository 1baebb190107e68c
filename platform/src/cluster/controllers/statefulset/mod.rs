//! The StatefulSet controller: pods with names and volumes of their own, one after the other.

mod plan;

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{ControllerRevision, StatefulSet};
use k8s_openapi::api::core::v1::{
    PersistentVolumeClaim, PersistentVolumeClaimVolumeSource, Pod, Volume,
};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::runtime::controller::{Action, Config, Controller};
use kube::runtime::events::{Recorder, Reporter};
use kube::runtime::watcher;
use kube::{Api, Client, Resource, ResourceExt};
use serde_json::json;

use super::pods::{controls, from_template, near, query, settled, tell, template_hash};
use plan::Plan;

/// Label that tells of which template a pod is.
pub(super) const REVISION: &str = "controller-revision-hash";
/// Label that bears a pod's own name.
const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";
/// Label that bears a pod's place.
const POD_INDEX: &str = "apps.kubernetes.io/pod-index";
/// How many sets are looked at at once.
const WORKERS: u16 = 8;
/// How long to wait after the API has refused something.
const RETRY: Duration = Duration::from_millis(500);

struct World {
    client: Client,
    recorder: Recorder,
}

/// Runs until its task is dropped.
pub(super) async fn run(client: Client) {
    let reporter = Reporter { controller: "statefulset-controller".into(), instance: None };
    let recorder = Recorder::new(client.clone(), reporter);
    let world = Arc::new(World { client: client.clone(), recorder });
    Controller::new(Api::<StatefulSet>::all(client.clone()), watcher::Config::default())
        .owns(Api::<Pod>::all(client), watcher::Config::default())
        .with_config(Config::default().concurrency(WORKERS))
        .run(reconcile, retry, world)
        .for_each(|_| std::future::ready(()))
        .await;
}

async fn reconcile(seen: Arc<StatefulSet>, world: Arc<World>) -> Result<Action, kube::Error> {
    let sets: Api<StatefulSet> = near(&world.client, &*seen);
    let pods: Api<Pod> = near(&world.client, &*seen);
    // A cache may be behind: what is decided here must not be decided twice.
    let Some(set) = sets.get_opt(&seen.name_any()).await? else {
        return Ok(Action::await_change());
    };
    let found = pods.list(&ListParams::default().labels(&query(&set.spec.selector))).await?.items;
    let mine: Vec<Pod> = found.into_iter().filter(|it| controls(&set, it)).collect();
    let plan = plan::plan(&set, &mine, Timestamp::now());
    remember(&world, &set).await?;
    apply(&world, &set, &plan).await?;
    Ok(plan.look_again.map_or_else(Action::await_change, Action::requeue))
}

async fn apply(world: &World, set: &StatefulSet, plan: &Plan) -> Result<(), kube::Error> {
    let pods: Api<Pod> = near(&world.client, set);
    for index in &plan.create {
        let claims: Api<PersistentVolumeClaim> = near(&world.client, set);
        for claim in claims_of(set, *index) {
            settled(claims.create(&PostParams::default(), &claim).await)?;
        }
        let pod = pod(set, *index);
        settled(pods.create(&PostParams::default(), &pod).await)?;
        let (pod, name) = (pod.name_any(), set.name_any());
        let note = format!("create Pod {pod} in StatefulSet {name} successful");
        tell(&world.recorder, set, "SuccessfulCreate", note);
    }
    for pod in &plan.delete {
        settled(pods.delete(pod, &DeleteParams::default()).await)?;
        let note = format!("delete Pod {pod} in StatefulSet {} successful", set.name_any());
        tell(&world.recorder, set, "SuccessfulDelete", note);
    }
    if let Some(status) = &plan.status {
        let sets: Api<StatefulSet> = near(&world.client, set);
        let patch = Patch::Merge(json!({"status": status}));
        settled(sets.patch_status(&set.name_any(), &PatchParams::default(), &patch).await)?;
    }
    Ok(())
}

/// Writes the present template down, so that its history can be told.
async fn remember(world: &World, set: &StatefulSet) -> Result<(), kube::Error> {
    let api: Api<ControllerRevision> = near(&world.client, set);
    let name = revision_name(set);
    if api.get_opt(&name).await?.is_some() {
        return Ok(());
    }
    let spec = set.spec.clone();
    let found = api.list(&ListParams::default().labels(&query(&spec.selector))).await?.items;
    let mut mine: Vec<ControllerRevision> =
        found.into_iter().filter(|it| controls(set, it)).collect();
    mine.sort_by_key(|it| it.revision);
    let mut labels = spec.template.metadata.clone().and_then(|it| it.labels).unwrap_or_default();
    labels.insert(REVISION.into(), name.clone());
    let number = mine.last().and_then(|it| it.revision).unwrap_or(0) + 1;
    let revision = json!({
        "metadata": {"name": name, "namespace": set.namespace(), "labels": labels,
            "ownerReferences": set.controller_owner_ref(&()).map(|it| vec![it])},
        "revision": number, "data": {"spec": {"template": spec.template}},
    });
    let Ok(revision) = serde_json::from_value(revision) else { return Ok(()) };
    settled(api.create(&PostParams::default(), &revision).await)?;
    let keep = usize::try_from(spec.revision_history_limit.unwrap_or(10)).unwrap_or(0);
    let surplus = mine.len().saturating_sub(keep);
    for old in mine.iter().take(surplus) {
        settled(api.delete(&old.name_any(), &DeleteParams::default()).await)?;
    }
    Ok(())
}

/// The name of the present template's revision.
pub(super) fn revision_name(set: &StatefulSet) -> String {
    format!("{}-{}", set.name_any(), template_hash(&set.spec.template))
}

fn claims_of(set: &StatefulSet, index: i32) -> Vec<PersistentVolumeClaim> {
    let templates = set.spec.volume_claim_templates.clone();
    let claim = |mut claim: PersistentVolumeClaim| {
        claim.metadata.name = Some(format!("{}-{}-{index}", claim.name_any(), set.name_any()));
        claim.metadata.namespace = set.namespace();
        claim.status = None;
        claim
    };
    templates.into_iter().flatten().map(claim).collect()
}

/// The pod of that place.
fn pod(set: &StatefulSet, index: i32) -> Pod {
    let spec = set.spec.clone();
    let name = format!("{}-{index}", set.name_any());
    let owner = set.controller_owner_ref(&());
    let mut pod = from_template(&spec.template, name.clone(), set.namespace(), owner);
    let labels = pod.metadata.labels.get_or_insert_default();
    labels.insert(REVISION.into(), revision_name(set));
    labels.insert(POD_NAME.into(), name.clone());
    labels.insert(POD_INDEX.into(), index.to_string());
    let inner = pod.spec.get_or_insert_default();
    inner.hostname = Some(name);
    inner.subdomain = spec.service_name;
    let volumes = inner.volumes.get_or_insert_default();
    for template in spec.volume_claim_templates.into_iter().flatten() {
        let volume = template.name_any();
        volumes.retain(|it| it.name != volume);
        let claim_name = format!("{volume}-{}-{index}", set.name_any());
        let claim = PersistentVolumeClaimVolumeSource { claim_name, read_only: None };
        volumes.push(Volume {
            name: volume,
            persistent_volume_claim: Some(claim),
            ..Volume::default()
        });
    }
    pod
}

fn retry(set: Arc<StatefulSet>, error: &kube::Error, _: Arc<World>) -> Action {
    tracing::warn!(name = set.metadata.name, %error, "stateful set not reconciled, trying again");
    Action::requeue(RETRY)
}
