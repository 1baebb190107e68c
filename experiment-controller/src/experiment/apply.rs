//! Doing what was decided for an experiment. Each step may be repeated: what is there already
//! counts as done if it is ours.

use futures::{StreamExt, TryStreamExt, stream};
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use kube::{Resource, ResourceExt};
use proto::kinds::{Experiment, ExperimentSpec, Suggestion, Trial};
use serde_json::json;

use super::child::{self, Proposed};
use super::{CONTROLLER, accept};
use crate::controllers::Key;
use crate::controllers::events::Happening;
use crate::controllers::world::World;
use crate::index;
use crate::trial::collector;

/// How many trials of one experiment are created at once.
const CREATES_MAX: usize = 8;

/// Why a step was not done.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApplyError {
    /// The API did not take it; the same may succeed later.
    #[error(transparent)]
    Api(#[from] kube::Error),
    /// The template cannot become a manifest; every fault.
    #[error("{0}")]
    Template(String),
    /// The configuration cannot be read.
    #[error("the configuration cannot be read: {0}")]
    Configuration(String),
    /// Something of that name is there, and is not ours.
    #[error(
        "{kind} {name} exists and belongs to something else; delete it, or rename the experiment"
    )]
    Foreign {
        /// Kind of the object in the way.
        kind: &'static str,
        /// Its name.
        name: String,
    },
}

/// Creates the suggestion, and with it accepts the spec.
pub(super) async fn create_suggestion(
    world: &World,
    experiment: &Experiment,
    spec: &ExperimentSpec,
) -> Result<(), ApplyError> {
    let first = accept::budget(spec).first_request();
    let suggestion = child::suggestion(experiment, spec, first);
    let api: Api<Suggestion> = Api::namespaced(world.client.clone(), &namespace(experiment));
    match api.create(&PostParams::default(), &suggestion).await {
        Err(kube::Error::Api(why)) if why.is_already_exists() => {
            let there = api.get(&suggestion.name_any()).await?;
            if super::observe::owns(experiment, &there) {
                return Ok(());
            }
            Err(ApplyError::Foreign { kind: "Suggestion", name: suggestion.name_any() })
        }
        other => other.map(|_| ()).map_err(ApplyError::Api),
    }
}

/// Raises the number of requested suggestions; it never falls, since a request that was computed
/// from an old view conflicts.
pub(super) async fn request(
    world: &World,
    suggestion: &Suggestion,
    more: u32,
) -> Result<(), kube::Error> {
    let made = suggestion.status.as_ref().map_or(0, |it| it.suggestion_count);
    let wanted = made.saturating_add(i32::try_from(more).unwrap_or(i32::MAX));
    if wanted <= suggestion.spec.requests {
        return Ok(());
    }
    let key = Key::of(suggestion);
    let api: Api<Suggestion> = Api::namespaced(world.client.clone(), &key.namespace);
    let version = suggestion.resource_version();
    let body =
        json!({ "metadata": { "resourceVersion": version }, "spec": { "requests": wanted } });
    api.patch(&key.name, &PatchParams::default(), &Patch::Merge(body)).await?;
    Ok(())
}

/// Creates the trials of the first `count` proposed assignments.
pub(super) async fn create_trials(
    world: &World,
    experiment: &Experiment,
    spec: &ExperimentSpec,
    proposed: &[Proposed],
) -> Result<(), ApplyError> {
    let text = accept::template_text(&world.client, spec.trial_template.as_ref()).await?;
    let image = match collector::is_ours(spec.metrics_collector_spec.as_ref()) {
        true => world.config.collector_image().await.map_err(ApplyError::Configuration)?,
        false => None,
    };
    let create = |it: Proposed| {
        let made = child::trial(experiment, spec, &it, text.as_deref(), image.as_deref());
        async move {
            let trial = made.map_err(|faults| {
                let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
                ApplyError::Template(faults.join("; "))
            })?;
            create_trial(world, experiment, &trial).await
        }
    };
    stream::iter(proposed.to_vec()).map(create).buffer_unordered(CREATES_MAX).try_collect().await
}

async fn create_trial(
    world: &World,
    experiment: &Experiment,
    trial: &Trial,
) -> Result<(), ApplyError> {
    let name = trial.name_any();
    let api: Api<Trial> = Api::namespaced(world.client.clone(), &namespace(experiment));
    match api.create(&PostParams::default(), trial).await {
        Ok(_) => {
            let told = Happening::normal("TrialCreated", format!("Trial {name} is created"));
            world.events.tell(CONTROLLER, experiment, &told);
            Ok(())
        }
        Err(kube::Error::Api(why)) if why.is_already_exists() => {
            let there = api.get(&name).await?;
            let ours = index::owner(&there).map(|it| it.uid) == experiment.uid();
            if ours && index::number(&there) == index::number(trial) {
                return Ok(());
            }
            Err(ApplyError::Foreign { kind: "Trial", name })
        }
        Err(why) => Err(why.into()),
    }
}

/// Deletes trials that have not ended; their assignments are proposed again when there is room.
pub(super) async fn stop_trials(
    world: &World,
    experiment: &Experiment,
    names: &[String],
) -> Result<(), kube::Error> {
    let api: Api<Trial> = Api::namespaced(world.client.clone(), &namespace(experiment));
    for name in names {
        // The cache may be behind: a trial that has ended meanwhile stays.
        let Some(trial) = api.get_opt(name).await? else { continue };
        if index::Class::of(&trial).ended() {
            continue;
        }
        let mut params = DeleteParams::background();
        params.preconditions = Some(kube::api::Preconditions {
            uid: trial.uid(),
            resource_version: trial.resource_version(),
        });
        match api.delete(name, &params).await {
            Ok(_) => {
                let note = format!("Trial {name} is stopped: parallelTrialCount was lowered");
                let told = Happening::normal("TrialDeleted", note);
                world.events.tell(CONTROLLER, experiment, &told);
            }
            Err(kube::Error::Api(why)) if why.is_not_found() || why.is_conflict() => {}
            Err(why) => return Err(why),
        }
    }
    Ok(())
}

fn namespace(experiment: &Experiment) -> String {
    experiment.meta().namespace.clone().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use metrics_collector::MemoryStore;
    use platform::cluster::{Cluster, Options};

    use super::*;
    use crate::controllers::Settings;

    #[tokio::test]
    async fn a_request_from_an_old_view_changes_nothing() {
        let home = tempfile::tempdir().unwrap();
        let cluster = Cluster::open(Options::at(home.path())).await.unwrap();
        let store = Arc::new(MemoryStore::default());
        let (world, _kinds) = World::new(cluster.client(), &Settings::new(store));
        let api: Api<Suggestion> = Api::namespaced(cluster.client(), "default");
        let old = api
            .create(&PostParams::default(), &Suggestion::new("e", Default::default()))
            .await
            .unwrap();
        request(&world, &old, 6).await.unwrap();
        let late = request(&world, &old, 1).await.unwrap_err();
        assert!(matches!(late, kube::Error::Api(why) if why.is_conflict()));
        assert_eq!(api.get("e").await.unwrap().spec.requests, 6);
    }
}
