//! The experiment controller: accepts a spec, keeps as many trials going as its budget allows,
//! and says when and why it is over.

mod accept;
mod apply;
mod child;
mod observe;
mod plan;
mod status;
mod verdict;

use std::sync::Arc;
use std::time::Duration;

use kube::{Api, ResourceExt};
use proto::kinds::{Experiment, Suggestion};

use crate::controllers::events::Happening;
use crate::controllers::queue::Again;
use crate::controllers::world::{World, now};
use crate::controllers::{Key, patch};
use accept::Acceptance;
use apply::ApplyError;
use observe::{Seen, Stage};
use plan::{Plan, plan};
use status::{Phase, status};

pub use accept::effective;
pub use child::SEED_ANNOTATION;
pub use observe::{STOP_ANNOTATION, ended, owns, proposed};
pub use verdict::{STOPPED, Verdict};

/// Who tells the events.
pub(crate) const CONTROLLER: &str = "experiment-controller";

/// A conflict, or a namesake that is going away: the caches will have caught up by then.
const SOON: Duration = Duration::from_millis(100);

/// Looks at one experiment and does the next step for it.
pub async fn look(world: Arc<World>, key: Key) -> Again {
    let Some(experiment) = world.experiment(&key) else { return Again::OnChange };
    if experiment.metadata.deletion_timestamp.is_some() {
        return Again::OnChange;
    }
    match step(&world, &key, &experiment).await {
        Ok(again) => again,
        Err(ApplyError::Api(kube::Error::Api(why))) if why.is_conflict() || why.is_not_found() => {
            Again::After(SOON)
        }
        Err(why) => {
            let told = Happening::warning("ReconcileError", why.to_string());
            world.events.tell(CONTROLLER, &*experiment, &told);
            tracing::warn!(experiment = %key.name, %why, "an experiment could not be worked on");
            Again::Failed
        }
    }
}

async fn step(world: &World, key: &Key, experiment: &Experiment) -> Result<Again, ApplyError> {
    let uid = experiment.uid().unwrap_or_default();
    let suggestion = world.suggestion(key).filter(|it| observe::owns(experiment, it));
    let Some(suggestion) = suggestion else {
        if ended(experiment) {
            return write(world, experiment, &Phase::Ended).await;
        }
        return open(world, key, experiment).await;
    };

    let seen = world.with_trials(&uid, |it| observe::observe(experiment, &suggestion, it));
    if seen.edited && world.first_time(&uid, experiment.metadata.generation) {
        let note = "The spec was edited after it had been accepted; only parallelTrialCount, \
                    maxTrialCount and maxFailedTrialCount count, the rest stays as it was";
        world.events.tell(CONTROLLER, experiment, &Happening::warning("SpecEditIgnored", note));
    }
    match seen.stage {
        Stage::Ended => write(world, experiment, &Phase::Ended).await,
        Stage::Reopened => {
            let told = Happening::normal("ExperimentRestarting", "Experiment is restarted");
            world.events.tell(CONTROLLER, experiment, &told);
            write(world, experiment, &Phase::Restarting).await
        }
        Stage::Open => proceed(world, experiment, &suggestion, &seen).await,
    }
}

/// The first look: accepts the spec, or says everything that is wrong with it.
async fn open(world: &World, key: &Key, experiment: &Experiment) -> Result<Again, ApplyError> {
    let (spec, warnings) = match accept::accept(world, key).await? {
        Acceptance::Accepted { spec, warnings } => (spec, warnings),
        Acceptance::Completed => return Ok(Again::OnChange),
        Acceptance::Refused(verdict) => return end(world, experiment, verdict).await,
    };
    match apply::create_suggestion(world, experiment, &spec).await {
        Err(ApplyError::Foreign { .. }) if world.suggestion(key).is_some() => {
            // The suggestion of a deleted namesake is still being collected.
            return Ok(Again::After(SOON));
        }
        other => other?,
    }
    let told = Happening::normal("ExperimentCreated", "Experiment is created");
    world.events.tell(CONTROLLER, experiment, &told);
    for warning in warnings {
        world.events.tell(CONTROLLER, experiment, &Happening::warning("SpecRemark", warning));
    }
    write(world, experiment, &Phase::Running).await
}

async fn proceed(
    world: &World,
    experiment: &Experiment,
    suggestion: &Suggestion,
    seen: &Seen,
) -> Result<Again, ApplyError> {
    match plan(&seen.budget, &seen.progress) {
        Plan::Finish(verdict) => return end(world, experiment, verdict).await,
        Plan::Shrink(count) => {
            let uid = experiment.uid().unwrap_or_default();
            let names = world.with_trials(&uid, |it| it.newest_unfinished(count as usize));
            apply::stop_trials(world, experiment, &names).await?;
        }
        Plan::Grow { create, request } => {
            let create = &seen.proposed[..create as usize];
            // The one does not depend on the other: both are under way at once.
            let (made, asked) = tokio::join!(
                apply::create_trials(world, experiment, &seen.spec, create),
                apply::request(world, suggestion, request),
            );
            match made {
                Err(ApplyError::Template(faults)) => {
                    let verdict = Verdict::TrialImpossible(faults);
                    return end(world, experiment, verdict).await;
                }
                other => other?,
            }
            asked?;
        }
        Plan::Wait => {}
    }
    let phase = if seen.progress.paused { Phase::Paused } else { Phase::Running };
    write(world, experiment, &phase).await
}

async fn end(
    world: &World,
    experiment: &Experiment,
    verdict: Verdict,
) -> Result<Again, ApplyError> {
    let uid = experiment.uid().unwrap_or_default();
    let note = world.with_trials(&uid, |trials| status::message(&verdict, trials));
    let (good, reason) = (verdict.succeeded(), verdict.reason());
    let again = write(world, experiment, &Phase::Ending(verdict)).await?;
    let told =
        if good { Happening::normal(reason, note) } else { Happening::warning(reason, note) };
    world.events.tell(CONTROLLER, experiment, &told);
    Ok(again)
}

/// Writes the status, once and last.
async fn write(world: &World, experiment: &Experiment, phase: &Phase) -> Result<Again, ApplyError> {
    let old = experiment.status.clone().unwrap_or_default();
    let uid = experiment.uid().unwrap_or_default();
    let new = world.with_trials(&uid, |trials| status(&old, trials, phase, &now()));
    let key = Key::of(experiment);
    let api: Api<Experiment> = Api::namespaced(world.client.clone(), &key.namespace);
    let version = experiment.resource_version();
    patch::status(&api, &key.name, version.as_deref(), &old, &new).await?;
    Ok(Again::OnChange)
}
