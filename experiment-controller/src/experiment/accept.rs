//! Acceptance: the spec is checked once, and from then on it is the accepted one that counts.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, ApiResource, DynamicObject, Patch, PatchParams};
use kube::{Client, ResourceExt};
use proto::kinds::{Experiment, ExperimentSpec, Suggestion, TrialTemplate};
use serde_json::{Value, json};

use super::child::ACCEPTED_ANNOTATION;
use super::plan::Budget;
use super::verdict::Verdict;
use crate::admission;
use crate::controllers::world::World;
use crate::controllers::{Key, patch};
use crate::suggestion::config;

/// What came of looking at a new experiment's spec.
#[derive(Debug)]
pub(super) enum Acceptance {
    /// It can be run; what is odd about it is told.
    Accepted {
        /// The spec, completed.
        spec: Box<ExperimentSpec>,
        /// What is odd about it.
        warnings: Vec<String>,
    },
    /// Defaults were written into it; the changed object comes back through the watch.
    Completed,
    /// It cannot be run.
    Refused(Verdict),
}

/// Completes and checks a new experiment, as the door of the API does where it is ours.
pub(super) async fn accept(world: &World, key: &Key) -> Result<Acceptance, kube::Error> {
    let client = &world.client;
    let kind = ApiResource::erase::<Experiment>(&());
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), &key.namespace, &kind);
    let stored = api.get(&key.name).await?;
    let stored = serde_json::to_value(stored).map_err(kube::Error::SerdeError)?;
    let mut object = stored.clone();
    admission::complete(&mut object);

    let maps = template_map(client, &object["spec"]["trialTemplate"]).await?;
    // What the controllers were told to read counts, not what lies in admission's namespace.
    let katib = world.config.map().await.map_err(|why| kube::Error::Service(why.into()))?;
    let lookup = |kind: &str, namespace: &str, name: &str| match (kind, namespace, name) {
        ("configmaps", config::NAMESPACE, config::NAME) => katib.clone(),
        ("configmaps", ..) => maps.get(&Key::new(namespace, name)).cloned(),
        _ => None,
    };
    let outcome = admission::check(&object, None, &lookup);
    if !outcome.errors.is_empty() {
        let faults: Vec<String> = outcome.errors.iter().map(ToString::to_string).collect();
        return Ok(Acceptance::Refused(Verdict::InvalidSpec(faults.join("\n"))));
    }
    if let Some(change) = patch::difference(&stored["spec"], &object["spec"]) {
        let body = json!({ "spec": change });
        api.patch(&key.name, &PatchParams::default(), &Patch::Merge(body)).await?;
        return Ok(Acceptance::Completed);
    }
    match serde_json::from_value(object["spec"].take()) {
        Ok(spec) => Ok(Acceptance::Accepted { spec, warnings: outcome.warnings }),
        Err(why) => Ok(Acceptance::Refused(Verdict::InvalidSpec(format!("spec: {why}")))),
    }
}

/// The spec to work with: the accepted one, with the budget and the pause of today. Also whether the owner has
/// edited something that no longer counts.
pub fn effective(experiment: &Experiment, suggestion: &Suggestion) -> (ExperimentSpec, bool) {
    let text = suggestion.annotations().get(ACCEPTED_ANNOTATION);
    let accepted = text.and_then(|it| serde_json::from_str(it).ok());
    let live = &experiment.spec;
    let mut spec: ExperimentSpec = accepted.unwrap_or_else(|| live.clone());
    spec.parallel_trial_count = live.parallel_trial_count;
    spec.max_trial_count = live.max_trial_count;
    spec.max_failed_trial_count = live.max_failed_trial_count;
    spec.suspend = live.suspend;
    let edited = spec != *live;
    (spec, edited)
}

/// The budget of a spec.
pub(super) fn budget(spec: &ExperimentSpec) -> Budget {
    let count = |it: Option<i32>| it.and_then(|it| u32::try_from(it).ok());
    Budget {
        parallel: count(spec.parallel_trial_count).unwrap_or(3),
        trials_max: count(spec.max_trial_count),
        failures_max: count(spec.max_failed_trial_count),
    }
}

/// The text of the template where it is in a ConfigMap.
pub(super) async fn template_text(
    client: &Client,
    template: Option<&TrialTemplate>,
) -> Result<Option<String>, kube::Error> {
    let Some(source) = template.and_then(|it| it.config_map.as_ref()) else { return Ok(None) };
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), &source.config_map_namespace);
    let map = api.get_opt(&source.config_map_name).await?;
    Ok(map.and_then(|it| it.data).and_then(|mut it| it.remove(&source.template_path)))
}

async fn template_map(
    client: &Client,
    template: &Value,
) -> Result<BTreeMap<Key, Value>, kube::Error> {
    let source = &template["configMap"];
    let text = |field: &str| source[field].as_str().filter(|it| !it.is_empty());
    let (Some(namespace), Some(name)) = (text("configMapNamespace"), text("configMapName")) else {
        return Ok(BTreeMap::new());
    };
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
    let map = match api.get_opt(name).await? {
        Some(map) => serde_json::to_value(map).map_err(kube::Error::SerdeError)?,
        None => return Ok(BTreeMap::new()),
    };
    Ok(BTreeMap::from([(Key::new(namespace, name), map)]))
}

#[cfg(test)]
mod tests {
    use proto::kinds::AlgorithmSpec;

    use super::*;
    use crate::experiment::child;

    #[test]
    fn only_the_budget_of_a_later_edit_counts() {
        let algorithm =
            |name: &str| Some(AlgorithmSpec { algorithm_name: name.into(), ..Default::default() });
        let accepted = ExperimentSpec {
            algorithm: algorithm("tpe"),
            parallel_trial_count: Some(2),
            ..Default::default()
        };
        let mut experiment = Experiment::new("e", accepted.clone());
        let suggestion = child::suggestion(&experiment, &accepted, 2);
        assert_eq!(effective(&experiment, &suggestion), (accepted, false));

        experiment.spec.parallel_trial_count = Some(5);
        let (spec, edited) = effective(&experiment, &suggestion);
        assert_eq!((budget(&spec).parallel, edited), (5, false));

        experiment.spec.algorithm = algorithm("grid");
        let (spec, edited) = effective(&experiment, &suggestion);
        assert_eq!((spec.algorithm, edited), (algorithm("tpe"), true));
    }
}
