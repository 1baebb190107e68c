//! The suggestion controller: mirrors in an object what an experiment asks its search for, and
//! what the search answers.

mod apply;
pub mod config;
mod kept;
mod observe;
mod plan;
mod remote;
mod search;
mod status;
mod verdict;
pub(crate) mod wire;

use std::sync::Arc;
use std::time::Duration;

use ::suggestion::Seed;
use kube::{Api, ResourceExt};
use proto::kinds::{ExperimentSpec, Suggestion, SuggestionStatus};
use sha2::{Digest, Sha256};

use crate::controllers::events::Happening;
use crate::controllers::queue::Again;
use crate::controllers::world::{World, now};
use crate::controllers::{Key, conditions, patch};
use crate::experiment;
use plan::{Plan, plan};
use verdict::Verdict;

pub use ::suggestion::{CONTINUES_LABEL, RESOURCE_LABEL};
pub use kept::Searches;

const CONTROLLER: &str = "suggestion-controller";
/// The caches will have caught up by then.
const SOON: Duration = Duration::from_millis(100);

/// Where all randomness of a search comes from: the setting `random_state`, else a hash of the
/// experiment's uid.
pub fn seed(spec: &ExperimentSpec, uid: &str) -> Seed {
    let settings = spec.algorithm.iter().flat_map(|it| &it.algorithm_settings);
    let set = settings.filter(|it| it.name == "random_state").find_map(|it| it.value.parse().ok());
    let hashed = || {
        let digest = Sha256::digest(uid.as_bytes());
        let first = digest.iter().take(8);
        // Kept below 2^53, so that every reader of JSON sees the same number.
        first.fold(0u64, |seed, byte| seed << 8 | u64::from(*byte)) >> 11
    };
    Seed(set.unwrap_or_else(hashed))
}

/// Looks at one suggestion and does the next step for it.
pub async fn look(world: Arc<World>, key: Key) -> Again {
    let Some(suggestion) = world.suggestion(&key) else { return Again::OnChange };
    match step(&world, &key, &suggestion).await {
        Ok(again) => again,
        Err(kube::Error::Api(why)) if why.is_conflict() || why.is_not_found() => Again::After(SOON),
        Err(why) => {
            let told = Happening::warning("ReconcileError", why.to_string());
            world.events.tell(CONTROLLER, &*suggestion, &told);
            Again::Failed
        }
    }
}

async fn step(world: &World, key: &Key, suggestion: &Suggestion) -> Result<Again, kube::Error> {
    let Some(owner) = world.experiment(key) else { return Ok(Again::OnChange) };
    if !experiment::owns(&owner, suggestion) || suggestion.metadata.deletion_timestamp.is_some() {
        return Ok(Again::OnChange);
    }
    let old = suggestion.status.clone().unwrap_or_default();
    let seen = observe::observe(suggestion, &owner);
    if !seen.over && conditions::holds(&old.conditions, "Succeeded") {
        return write(world, suggestion, &old, &status::restarted(&old, &now())).await;
    }
    let (first, count) = match plan(&seen) {
        Plan::Wait => return Ok(Again::OnChange),
        Plan::Settle => {
            return write(world, suggestion, &old, &status::settled(&old, &now())).await;
        }
        Plan::Ask { first, count } => (first, count),
    };

    let (spec, _) = experiment::effective(&owner, suggestion);
    let (verdict, settings) = apply::ask(world, &owner, spec, suggestion, first, count).await;
    let uid = owner.uid().unwrap_or_default();
    let new = world.with_trials(&uid, |trials| {
        status::answered(&old, &verdict, &settings, |index| trials.has(index), &now())
    });
    let written = write(world, suggestion, &old, &new).await?;
    match verdict {
        Verdict::Refused(why) => {
            world.events.tell(CONTROLLER, &*owner, &Happening::warning("SuggestionFailed", why));
            Ok(written)
        }
        Verdict::Unavailable(why) => {
            let told = Happening::warning("SuggestionUnavailable", why);
            world.events.tell(CONTROLLER, &*owner, &told);
            Ok(Again::Failed)
        }
        _ => Ok(written),
    }
}

/// Writes the status, once and last.
async fn write(
    world: &World,
    suggestion: &Suggestion,
    old: &SuggestionStatus,
    new: &SuggestionStatus,
) -> Result<Again, kube::Error> {
    let key = Key::of(suggestion);
    let api: Api<Suggestion> = Api::namespaced(world.client.clone(), &key.namespace);
    patch::status(&api, &key.name, suggestion.resource_version().as_deref(), old, new).await?;
    Ok(Again::OnChange)
}
