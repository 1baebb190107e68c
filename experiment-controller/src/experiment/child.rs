//! The objects that an experiment makes: its suggestion and its trials, as values.

use std::collections::BTreeMap;

use kube::api::ObjectMeta;
use kube::{Resource, ResourceExt};
use proto::FieldError;
use proto::kinds::{
    EXPERIMENT_LABEL, Experiment, ExperimentSpec, Suggestion, SuggestionSpec, Trial,
    TrialAssignment, TrialSpec,
};

use crate::index::INDEX_ANNOTATION;
use crate::names;
use crate::suggestion::{CONTINUES_LABEL, RESOURCE_LABEL};
use crate::template::{Rendering, render};
use crate::trial::collector::Wish;
use crate::trial::pods::{self, Dress};
use crate::trial::value::{self, Wanted};

/// Annotation of a suggestion: the spec as it was accepted. Later edits of the experiment do not
/// reach it, but for the budget.
pub(super) const ACCEPTED_ANNOTATION: &str = "qalam.dev/accepted-spec";
/// Annotation of a suggestion: where all randomness of the search comes from.
pub const SEED_ANNOTATION: &str = "qalam.dev/seed";

/// A proposed assignment, and which suggestion it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposed {
    /// Which suggestion, from 0.
    pub index: u64,
    /// Its values, its name and its labels.
    pub assignment: TrialAssignment,
}

/// The suggestion of an experiment whose spec has been accepted.
pub(super) fn suggestion(
    experiment: &Experiment,
    accepted: &ExperimentSpec,
    requests: u32,
) -> Suggestion {
    let mut annotations = experiment.annotations().clone();
    annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    // A spec is plain data: writing it as JSON cannot fail.
    let text = serde_json::to_string(accepted).unwrap_or_default();
    annotations.insert(ACCEPTED_ANNOTATION.into(), text);
    let seed = crate::suggestion::seed(accepted, &experiment.uid().unwrap_or_default());
    annotations.insert(SEED_ANNOTATION.into(), seed.0.to_string());
    let spec = SuggestionSpec {
        algorithm: accepted.algorithm.clone(),
        early_stopping: accepted.early_stopping.clone(),
        requests: i32::try_from(requests).unwrap_or(i32::MAX),
        resume_policy: accepted.resume_policy.clone(),
    };
    let metadata = ObjectMeta {
        annotations: Some(annotations),
        ..owned(experiment, &experiment.name_any(), BTreeMap::new())
    };
    Suggestion { metadata, spec, status: None }
}

/// The trial of a proposed assignment; `text` is that of the template's ConfigMap, `image` the one
/// with our collector.
///
/// Errors: what stands in the way of rendering the template.
pub(super) fn trial(
    experiment: &Experiment,
    spec: &ExperimentSpec,
    proposed: &Proposed,
    text: Option<&str>,
    image: Option<&str>,
) -> Result<Trial, Vec<FieldError>> {
    let missing = || vec![FieldError::new("spec.trialTemplate", "must be specified")];
    let template = spec.trial_template.as_ref().ok_or_else(missing)?;
    let assignment = &proposed.assignment;
    let namespace = experiment.namespace().unwrap_or_default();
    let mut manifest = render(&Rendering {
        template,
        text,
        parameters: &spec.parameters,
        assignments: &assignment.parameter_assignments,
        name: &assignment.name,
        namespace: &namespace,
    })?;

    let mut metadata = owned(experiment, &assignment.name, assignment.labels.clone());
    let index = proposed.index.to_string();
    metadata.annotations = Some(BTreeMap::from([(INDEX_ANNOTATION.to_owned(), index)]));
    pods::dress(
        &mut manifest,
        &Dress {
            experiment: &experiment.name_any(),
            labels: metadata.labels.clone().unwrap_or_default(),
            wishes: wishes(experiment, &assignment.labels),
            metrics: Wish {
                primary: &template.primary_container_name,
                spec: spec.metrics_collector_spec.as_ref(),
                wanted: Wanted::of(spec).names().map(str::to_owned).collect(),
                image: image.map(str::to_owned),
                trial: &assignment.name,
            },
            annotations: experiment.metadata.annotations.as_ref(),
        },
    );
    let spec = TrialSpec {
        objective: value::first_objective(spec),
        objectives: spec.objectives.clone(),
        constraints: spec.constraints.clone(),
        parameter_assignments: assignment.parameter_assignments.clone(),
        early_stopping_rules: assignment.early_stopping_rules.clone(),
        run_spec: Some(manifest),
        retain_run: template.retain,
        metrics_collector: spec.metrics_collector_spec.clone(),
        primary_pod_labels: template.primary_pod_labels.clone(),
        primary_container_name: template.primary_container_name.clone(),
        success_condition: template.success_condition.clone(),
        failure_condition: template.failure_condition.clone(),
        labels: assignment.labels.clone(),
    };
    Ok(Trial { metadata, spec, status: None })
}

/// What the search wants of a trial, as its program reads it: how much of the resource to spend,
/// and the name of the trial that this one continues.
fn wishes(experiment: &Experiment, labels: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let resource = labels.get(RESOURCE_LABEL).map(|it| ("QALAM_RESOURCE".to_owned(), it.clone()));
    let index = labels.get(CONTINUES_LABEL).and_then(|it| it.parse().ok());
    let continued = index.map(|index| {
        let uid = experiment.uid().unwrap_or_default();
        ("QALAM_CONTINUES".to_owned(), names::trial_name(&experiment.name_any(), &uid, index))
    });
    resource.into_iter().chain(continued).collect()
}

/// Metadata of something that belongs to the experiment and goes with it.
fn owned(experiment: &Experiment, name: &str, more: BTreeMap<String, String>) -> ObjectMeta {
    let mut labels = experiment.labels().clone();
    labels.extend(more);
    labels.insert(EXPERIMENT_LABEL.into(), experiment.name_any());
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: experiment.namespace(),
        labels: Some(labels),
        owner_references: experiment.controller_owner_ref(&()).map(|it| vec![it]),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use proto::kinds::{ParameterAssignment, TrialParameterSpec, TrialTemplate};
    use serde_json::json;

    use super::*;

    fn experiment() -> Experiment {
        let job = json!({"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": {"spec": {
            "containers": [{"name": "main", "args": ["--lr=${trialParameters.lr}"]}]}}}});
        let parameter = TrialParameterSpec {
            name: "lr".into(),
            reference: "rate".into(),
            ..Default::default()
        };
        let template = TrialTemplate {
            trial_spec: Some(job),
            trial_parameters: Some(vec![parameter]),
            primary_container_name: "main".into(),
            ..Default::default()
        };
        let spec = ExperimentSpec { trial_template: Some(template), ..Default::default() };
        let mut it = Experiment::new("e", spec);
        it.metadata.namespace = Some("n".into());
        it.metadata.uid = Some("u".into());
        it.labels_mut().insert("team".into(), "a".into());
        it
    }

    #[test]
    fn a_trial_carries_its_number_its_labels_and_its_manifest() {
        let experiment = experiment();
        let assignment = TrialAssignment {
            name: "e-1".into(),
            parameter_assignments: vec![ParameterAssignment {
                name: "rate".into(),
                value: "0.5".into(),
            }],
            labels: BTreeMap::from([
                ("generation".into(), "2".into()),
                (RESOURCE_LABEL.into(), "27".into()),
                (CONTINUES_LABEL.into(), "0".into()),
            ]),
            ..Default::default()
        };
        let proposed = Proposed { index: 4, assignment };
        let trial = trial(&experiment, &experiment.spec, &proposed, None, None).unwrap();
        assert_eq!(trial.annotations()[INDEX_ANNOTATION], "4");
        let labels: Vec<&str> = trial.labels().keys().map(String::as_str).collect();
        let want = ["generation", EXPERIMENT_LABEL, CONTINUES_LABEL, RESOURCE_LABEL, "team"];
        assert_eq!(labels, want);
        assert_eq!(trial.metadata.owner_references.unwrap()[0].uid, "u");
        let manifest = trial.spec.run_spec.unwrap();
        let container = &manifest["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(container["args"], json!(["--lr=0.5"]));
        let variable = |it: &serde_json::Value| format!("{}={}", it["name"], it["value"]);
        let variables: Vec<String> =
            container["env"].as_array().unwrap().iter().map(variable).collect();
        let first = names::trial_name("e", "u", 0);
        assert!(variables.contains(&"\"QALAM_RESOURCE\"=\"27\"".into()), "{variables:?}");
        assert!(variables.contains(&format!("\"QALAM_CONTINUES\"=\"{first}\"")), "{variables:?}");
        assert_eq!(manifest["metadata"]["name"], "e-1");
    }

    #[test]
    fn the_accepted_spec_is_kept_beside_the_seed() {
        let experiment = experiment();
        let suggestion = suggestion(&experiment, &experiment.spec, 3);
        let text = &suggestion.annotations()[ACCEPTED_ANNOTATION];
        let accepted: ExperimentSpec = serde_json::from_str(text).unwrap();
        assert_eq!(accepted, experiment.spec);
        assert!(suggestion.annotations()[SEED_ANNOTATION].parse::<u64>().is_ok());
        assert_eq!(suggestion.spec.requests, 3);
    }
}
