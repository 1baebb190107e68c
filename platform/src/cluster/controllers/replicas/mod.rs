//! The ReplicaSet controller: keeps so many pods of one template.

mod plan;

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::runtime::controller::{Action, Config, Controller};
use kube::runtime::events::{Recorder, Reporter};
use kube::runtime::watcher;
use kube::{Api, Client, Resource, ResourceExt};
use serde_json::json;

use super::pods::{controls, from_template, near, query, settled, tell};

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
    let reporter = Reporter { controller: "replicaset-controller".into(), instance: None };
    let recorder = Recorder::new(client.clone(), reporter);
    let world = Arc::new(World { client: client.clone(), recorder });
    Controller::new(Api::<ReplicaSet>::all(client.clone()), watcher::Config::default())
        .owns(Api::<Pod>::all(client), watcher::Config::default())
        .with_config(Config::default().concurrency(WORKERS))
        .run(reconcile, retry, world)
        .for_each(|_| std::future::ready(()))
        .await;
}

async fn reconcile(set: Arc<ReplicaSet>, world: Arc<World>) -> Result<Action, kube::Error> {
    let sets: Api<ReplicaSet> = near(&world.client, &*set);
    let pods: Api<Pod> = near(&world.client, &*set);
    // A cache may be behind: what is decided here must not be decided twice.
    let Some(set) = sets.get_opt(&set.name_any()).await? else { return Ok(Action::await_change()) };
    let spec = set.spec.clone();
    let all = ListParams::default().labels(&query(&spec.selector));
    let found = pods.list(&all).await?.items;
    let mine: Vec<Pod> = found.into_iter().filter(|it| controls(&set, it)).collect();
    let plan = plan::plan(&set, &mine, Timestamp::now());
    let template = spec.template.unwrap_or_default();
    for _ in 0..plan.create {
        let owner = set.controller_owner_ref(&());
        let mut pod = from_template(&template, String::new(), set.namespace(), owner);
        pod.metadata.name = None;
        pod.metadata.generate_name = Some(format!("{}-", set.name_any()));
        let made = pods.create(&PostParams::default(), &pod).await?;
        tell(
            &world.recorder,
            &set,
            "SuccessfulCreate",
            format!("Created pod: {}", made.name_any()),
        );
    }
    for name in &plan.delete {
        settled(pods.delete(name, &DeleteParams::default()).await)?;
        tell(&world.recorder, &set, "SuccessfulDelete", format!("Deleted pod: {name}"));
    }
    if let Some(status) = &plan.status {
        let patch = Patch::Merge(json!({"status": status}));
        settled(sets.patch_status(&set.name_any(), &PatchParams::default(), &patch).await)?;
    }
    Ok(plan.look_again.map_or_else(Action::await_change, Action::requeue))
}

fn retry(set: Arc<ReplicaSet>, error: &kube::Error, _: Arc<World>) -> Action {
    tracing::warn!(set = set.metadata.name, %error, "replica set not reconciled, trying again");
    Action::requeue(RETRY)
}
