//! The CronJob controller: makes a job when its time has come.

pub(crate) mod plan;

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use jiff::Timestamp;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use kube::api::{DeleteParams, ListParams, ObjectMeta, Patch, PatchParams, PostParams};
use kube::runtime::controller::{Action, Config, Controller};
use kube::runtime::events::{Recorder, Reporter};
use kube::runtime::watcher;
use kube::{Api, Client, Resource, ResourceExt};
use serde_json::json;

use super::pods::{controls, near, settled, tell};

/// Annotation that bears the time for which a job was made.
const SCHEDULED: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";
/// How long to wait after the API has refused something.
const RETRY: Duration = Duration::from_secs(1);

struct World {
    client: Client,
    recorder: Recorder,
}

/// Runs until its task is dropped.
pub(super) async fn run(client: Client) {
    let reporter = Reporter { controller: "cronjob-controller".into(), instance: None };
    let recorder = Recorder::new(client.clone(), reporter);
    let world = Arc::new(World { client: client.clone(), recorder });
    Controller::new(Api::<CronJob>::all(client.clone()), watcher::Config::default())
        .owns(Api::<Job>::all(client), watcher::Config::default())
        .with_config(Config::default().concurrency(4))
        .run(reconcile, retry, world)
        .for_each(|_| std::future::ready(()))
        .await;
}

async fn reconcile(seen: Arc<CronJob>, world: Arc<World>) -> Result<Action, kube::Error> {
    let crons: Api<CronJob> = near(&world.client, &*seen);
    let jobs: Api<Job> = near(&world.client, &*seen);
    // A cache may be behind: what is decided here must not be decided twice.
    let Some(cron) = crons.get_opt(&seen.name_any()).await? else {
        return Ok(Action::await_change());
    };
    let found = jobs.list(&ListParams::default()).await?.items;
    let mine: Vec<Job> = found.into_iter().filter(|it| controls(&cron, it)).collect();
    let plan = plan::plan(&cron, &mine, Timestamp::now());
    for name in &plan.delete {
        settled(jobs.delete(name, &DeleteParams::background()).await)?;
        tell(&world.recorder, &cron, "SuccessfulDelete", format!("Deleted job {name}"));
    }
    if let Some(due) = plan.create {
        let job = job(&cron, due);
        settled(jobs.create(&PostParams::default(), &job).await)?;
        tell(&world.recorder, &cron, "SuccessfulCreate", format!("Created job {}", job.name_any()));
    }
    if let Some(status) = &plan.status {
        let patch = Patch::Merge(json!({"status": status}));
        settled(crons.patch_status(&cron.name_any(), &PatchParams::default(), &patch).await)?;
    }
    Ok(plan.look_again.map_or_else(Action::await_change, Action::requeue))
}

/// The job of that time; its name follows from it, so that none is made twice.
fn job(cron: &CronJob, due: Timestamp) -> Job {
    let template = cron.spec.job_template.clone();
    let from = template.metadata.unwrap_or_default();
    let mut annotations = from.annotations.unwrap_or_default();
    annotations.insert(SCHEDULED.into(), due.to_string());
    Job {
        metadata: ObjectMeta {
            name: Some(format!("{}-{}", cron.name_any(), due.as_second() / 60)),
            namespace: cron.namespace(),
            labels: from.labels,
            annotations: Some(annotations),
            owner_references: cron.controller_owner_ref(&()).map(|it| vec![it]),
            ..ObjectMeta::default()
        },
        spec: template.spec,
        status: None,
    }
}

fn retry(cron: Arc<CronJob>, error: &kube::Error, _: Arc<World>) -> Action {
    tracing::warn!(name = cron.metadata.name, %error, "cron job not reconciled, trying again");
    Action::requeue(RETRY)
}
