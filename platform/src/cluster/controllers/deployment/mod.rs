//! The Deployment controller: a replica set for each template, and the change from one to the next.

mod plan;
mod status;

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use kube::api::{DeleteParams, ListParams, ObjectMeta, Patch, PatchParams, PostParams};
use kube::runtime::controller::{Action, Config, Controller};
use kube::runtime::events::{Recorder, Reporter};
use kube::runtime::watcher;
use kube::{Api, Client, Resource, ResourceExt};
use serde_json::json;

use super::pods::{controls, near, query, settled, tell, template_hash};
use plan::Plan;

/// Label of the pods and the set of one template.
pub(super) const HASH: &str = "pod-template-hash";
/// Annotation that counts templates.
pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";
/// How many deployments are looked at at once.
const WORKERS: u16 = 8;
/// How long to wait after the API has refused something.
const RETRY: Duration = Duration::from_millis(500);

struct World {
    client: Client,
    recorder: Recorder,
}

/// Runs until its task is dropped.
pub(super) async fn run(client: Client) {
    let reporter = Reporter { controller: "deployment-controller".into(), instance: None };
    let recorder = Recorder::new(client.clone(), reporter);
    let world = Arc::new(World { client: client.clone(), recorder });
    Controller::new(Api::<Deployment>::all(client.clone()), watcher::Config::default())
        .owns(Api::<ReplicaSet>::all(client), watcher::Config::default())
        .with_config(Config::default().concurrency(WORKERS))
        .run(reconcile, retry, world)
        .for_each(|_| std::future::ready(()))
        .await;
}

async fn reconcile(seen: Arc<Deployment>, world: Arc<World>) -> Result<Action, kube::Error> {
    let all: Api<Deployment> = near(&world.client, &*seen);
    let sets: Api<ReplicaSet> = near(&world.client, &*seen);
    // A cache may be behind: what is decided here must not be decided twice.
    let Some(deployment) = all.get_opt(&seen.name_any()).await? else {
        return Ok(Action::await_change());
    };
    let labels = ListParams::default().labels(&query(&deployment.spec.selector));
    let found = sets.list(&labels).await?.items;
    let mine: Vec<ReplicaSet> = found.into_iter().filter(|it| controls(&deployment, it)).collect();
    let plan = plan::plan(&deployment, &mine, Timestamp::now());
    apply(&world, &deployment, &plan).await?;
    Ok(plan.look_again.map_or_else(Action::await_change, Action::requeue))
}

async fn apply(world: &World, deployment: &Deployment, plan: &Plan) -> Result<(), kube::Error> {
    let all: Api<Deployment> = near(&world.client, deployment);
    let sets: Api<ReplicaSet> = near(&world.client, deployment);
    let name = deployment.name_any();
    let how = PatchParams::default();
    if let Some((replicas, revision)) = plan.create {
        let set = set(deployment, replicas, revision);
        settled(sets.create(&PostParams::default(), &set).await)?;
        told(world, deployment, &set.name_any(), 0, replicas);
    }
    for (set, before, replicas) in &plan.scale {
        let patch = Patch::Merge(json!({"spec": {"replicas": replicas}}));
        settled(sets.patch(set, &how, &patch).await)?;
        told(world, deployment, set, *before, *replicas);
    }
    if let Some((set, revision)) = &plan.number {
        let patch = json!({"metadata": {"annotations": {REVISION: revision.to_string()}}});
        settled(sets.patch(set, &how, &Patch::Merge(patch)).await)?;
    }
    for set in &plan.forget {
        settled(sets.delete(set, &DeleteParams::background()).await)?;
    }
    if deployment.annotations().get(REVISION) != Some(&plan.revision.to_string()) {
        let patch = json!({"metadata": {"annotations": {REVISION: plan.revision.to_string()}}});
        settled(all.patch(&name, &how, &Patch::Merge(patch)).await)?;
    }
    if let Some(status) = &plan.status {
        settled(all.patch_status(&name, &how, &Patch::Merge(json!({"status": status}))).await)?;
    }
    Ok(())
}

fn told(world: &World, deployment: &Deployment, set: &str, before: i32, after: i32) {
    if before != after {
        let word = if before < after { "up" } else { "down" };
        let note = format!("Scaled {word} replica set {set} from {before} to {after}");
        tell(&world.recorder, deployment, "ScalingReplicaSet", note);
    }
}

/// The set of the present template; its name follows from both.
fn set(deployment: &Deployment, replicas: i32, revision: i64) -> ReplicaSet {
    let spec = deployment.spec.clone();
    let hash = template_hash(&spec.template);
    let mut template = spec.template;
    let metadata = template.metadata.get_or_insert_default();
    metadata.labels.get_or_insert_default().insert(HASH.into(), hash.clone());
    let labels = metadata.labels.clone();
    let mut selector = spec.selector;
    selector.match_labels.get_or_insert_default().insert(HASH.into(), hash.clone());
    ReplicaSet {
        metadata: ObjectMeta {
            name: Some(format!("{}-{hash}", deployment.name_any())),
            namespace: deployment.namespace(),
            labels,
            annotations: Some([(REVISION.to_owned(), revision.to_string())].into()),
            owner_references: deployment.controller_owner_ref(&()).map(|it| vec![it]),
            ..ObjectMeta::default()
        },
        spec: k8s_openapi::api::apps::v1::ReplicaSetSpec {
            replicas: Some(replicas),
            min_ready_seconds: spec.min_ready_seconds,
            selector,
            template: Some(template),
        },
        status: None,
    }
}

fn retry(deployment: Arc<Deployment>, error: &kube::Error, _: Arc<World>) -> Action {
    tracing::warn!(name = deployment.metadata.name, %error, "deployment not reconciled, trying again");
    Action::requeue(RETRY)
}
