//! The trial controller: makes a trial's workload, watches it, and says how it ended.

mod apply;
pub mod collector;
mod failure;
mod observe;
mod plan;
pub mod pods;
mod status;
pub mod value;
mod verdict;

use std::sync::Arc;
use std::time::Duration;

use kube::{Api, ResourceExt};
use proto::kinds::{Observation, Trial, TrialStatus};

use crate::controllers::events::Happening;
use crate::controllers::queue::Again;
use crate::controllers::world::{World, now};
use crate::controllers::{Key, patch};
use crate::index;
use apply::CreateError;
use metrics_collector::{StoreError, TrialKey};
use plan::{End, Plan, plan};
use status::{Ending, ended, numbered, running};
use value::Wanted;

pub use apply::kind;
pub use observe::pushes;
pub use verdict::Verdict;

const CONTROLLER: &str = "trial-controller";
/// The caches will have caught up by then.
const SOON: Duration = Duration::from_millis(100);

/// Why a look at a trial was not finished.
#[derive(Debug, thiserror::Error)]
enum LookError {
    #[error(transparent)]
    Api(#[from] kube::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Looks at one trial and does the next step for it.
pub async fn look(world: Arc<World>, key: Key) -> Again {
    let (trial, over) = {
        let index = world.index.lock();
        (index.unfinished(&key), index.ended(&key))
    };
    let done = match &trial {
        Some(trial) => step(&world, &key, trial).await,
        None if over => clear(&world, &key).await,
        None => Ok(Again::OnChange),
    };
    match done {
        Ok(again) => again,
        Err(LookError::Api(kube::Error::Api(why))) if why.is_conflict() || why.is_not_found() => {
            Again::After(SOON)
        }
        Err(why) => {
            tracing::warn!(trial = %key.name, %why, "a trial could not be worked on");
            if let Some(trial) = trial {
                let told = Happening::warning("ReconcileError", why.to_string());
                world.events.tell(CONTROLLER, &*trial, &told);
            }
            Again::Failed
        }
    }
}

async fn clear(world: &World, key: &Key) -> Result<Again, LookError> {
    apply::clear(world, key).await?;
    Ok(Again::OnChange)
}

async fn step(world: &World, key: &Key, trial: &Trial) -> Result<Again, LookError> {
    let seen = observe::observe(world, key, trial).await;
    let old = trial.status.clone().unwrap_or_default();
    match plan(&seen) {
        Plan::Wait => Ok(Again::OnChange),
        Plan::Later(delay) => Ok(Again::After(delay)),
        Plan::Begin => write(world, trial, &old, &running(&old, &now())).await,
        Plan::Number => {
            let measured = measured(world, key, trial).await?;
            let new = numbered(&old, number(world, trial), measured, &now());
            write(world, trial, &old, &new).await
        }
        Plan::Stop(why) => {
            write(world, trial, &old, &status::stopping(&old, &why, &now())).await?;
            leave(world, key).await
        }
        Plan::Leave => leave(world, key).await,
        Plan::Create => match apply::create(world, trial).await {
            Ok(()) => {
                let note = format!("Job {} is created", key.name);
                world.events.tell(CONTROLLER, trial, &Happening::normal("JobCreated", note));
                write(world, trial, &old, &running(&old, &now())).await
            }
            Err(CreateError::Refused(why)) => {
                let verdict = Verdict::Failed(Default::default(), why);
                end(world, key, trial, verdict, None, false).await
            }
            Err(CreateError::InTheWay) => Ok(Again::After(SOON)),
            Err(CreateError::Api(why)) => Err(why.into()),
        },
        Plan::Conclude { end, missing } => conclude(world, key, trial, end, missing).await,
    }
}

/// Has the workload end; the trial is looked at again when it is gone.
async fn leave(world: &World, key: &Key) -> Result<Again, LookError> {
    apply::leave(world, key).await?;
    Ok(Again::OnChange)
}

/// What a trial measured, as the store has it.
async fn measured(
    world: &World,
    key: &Key,
    trial: &Trial,
) -> Result<Option<Observation>, LookError> {
    let of = TrialKey { namespace: key.namespace.clone(), trial: key.name.clone() };
    let summaries = world.store.summary(&of).await?;
    Ok(status::observation(&Wanted::of_trial(&trial.spec), &summaries))
}

/// Looks at the metrics, and says how the trial ended.
async fn conclude(
    world: &World,
    key: &Key,
    trial: &Trial,
    how: End,
    missing: bool,
) -> Result<Again, LookError> {
    let wanted = Wanted::of_trial(&trial.spec);
    let observation = measured(world, key, trial).await?;
    let missed = wanted.missing(observation.as_ref().unwrap_or(&Observation::default()));
    let missed = missed.map(str::to_owned);
    let feed = world.followers.feed(key);
    let verdict = match how {
        End::Killed => Verdict::Killed,
        End::Stopped(why) => Verdict::EarlyStopped(why),
        End::Succeeded(why) => match missed {
            None => Verdict::Succeeded(why),
            Some(metric) => {
                let never = format!("metric {metric:?} was never reported");
                Verdict::MetricsUnavailable(feed.map_or(never, |it| it.why_missing(&metric)))
            }
        },
        End::Failed(why) => {
            let last = feed.map(|it| it.last_line()).unwrap_or_default();
            Verdict::Failed(why, failure::detail(&observe::pods(world, key), &last))
        }
    };
    end(world, key, trial, verdict, observation, missing).await
}

async fn end(
    world: &World,
    key: &Key,
    trial: &Trial,
    verdict: Verdict,
    observation: Option<Observation>,
    missing: bool,
) -> Result<Again, LookError> {
    let old = trial.status.clone().unwrap_or_default();
    let missed =
        missing.then_some("The output was not read to its end in time; metrics may be incomplete");
    let ending =
        Ending { verdict: &verdict, observation, number: number(world, trial), missing: missed };
    let new = ended(&old, &ending, &now());
    let again = write(world, trial, &old, &new).await?;
    world.events.tell(CONTROLLER, trial, &happening(key, &verdict));
    Ok(again)
}

fn happening(key: &Key, verdict: &Verdict) -> Happening {
    let note = verdict.message();
    match verdict {
        Verdict::Succeeded(_) => {
            Happening::normal("JobSucceeded", format!("Job {} has succeeded", key.name))
        }
        Verdict::Failed(..) => Happening::warning("JobFailed", note),
        Verdict::MetricsUnavailable(_) => Happening::warning("MetricsUnavailable", note),
        Verdict::EarlyStopped(_) => Happening::normal("TrialEarlyStopped", note),
        Verdict::Killed => Happening::normal("TrialKilled", note),
    }
}

fn number(world: &World, trial: &Trial) -> i64 {
    let uid = index::owner(trial).map(|it| it.uid).unwrap_or_default();
    world.index.lock().next_completion(&uid)
}

/// Writes the status, once and last.
async fn write(
    world: &World,
    trial: &Trial,
    old: &TrialStatus,
    new: &TrialStatus,
) -> Result<Again, LookError> {
    let key = Key::of(trial);
    let api: Api<Trial> = Api::namespaced(world.client.clone(), &key.namespace);
    patch::status(&api, &key.name, trial.resource_version().as_deref(), old, new).await?;
    Ok(Again::OnChange)
}
