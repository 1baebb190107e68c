//! The Job controller: keeps a job's pods going until enough have succeeded or too many failed.

mod apply;
mod indexes;
mod observe;
mod plan;
mod policy;
mod status;
mod verdict;

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::runtime::controller::{Action, Config, Controller};
use kube::runtime::events::{Recorder, Reporter};
use kube::runtime::watcher;
use kube::{Api, Client};

/// How many jobs are looked at at once.
const WORKERS: u16 = 16;
/// How long to wait after the API has refused something.
const RETRY: Duration = Duration::from_millis(500);

struct World {
    client: Client,
    recorder: Recorder,
}

/// Runs until its task is dropped.
pub(super) async fn run(client: Client) {
    let reporter = Reporter { controller: "job-controller".into(), instance: None };
    let recorder = Recorder::new(client.clone(), reporter);
    let world = Arc::new(World { client: client.clone(), recorder });
    Controller::new(Api::<Job>::all(client.clone()), watcher::Config::default())
        .owns(Api::<Pod>::all(client), watcher::Config::default())
        .with_config(Config::default().concurrency(WORKERS))
        .run(reconcile, retry, world)
        .for_each(|_| std::future::ready(()))
        .await;
}

async fn reconcile(job: Arc<Job>, world: Arc<World>) -> Result<Action, kube::Error> {
    let seen = observe::observe(&world.client, &job).await?;
    let plan = plan::plan(&job, &seen, Timestamp::now());
    apply::apply(&world.client, &world.recorder, &job, &plan).await?;
    Ok(plan.look_again.map_or_else(Action::await_change, Action::requeue))
}

fn retry(job: Arc<Job>, error: &kube::Error, _: Arc<World>) -> Action {
    tracing::warn!(job = job.metadata.name, %error, "job not reconciled, trying again");
    Action::requeue(RETRY)
}
