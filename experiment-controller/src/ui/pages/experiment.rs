//! One experiment.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use kube::ResourceExt;
use proto::kinds::{Experiment, OptimalTrial, Setting, Trial};
use serde_json::Value;

use super::{Place, key, missing, summary};
use crate::cli::assignments::{arguments, quoted};
use crate::controllers::Key;
use crate::experiment::{STOPPED, ended};
use crate::trial::value::Wanted;
use crate::ui::Ui;
use crate::ui::access::guard::Pass;
use crate::ui::problem::Answer;
use crate::ui::types::{
    BestTrial, ExperimentDetail, ExperimentRow, ExperimentStatus, MetricRole, NameValue,
};

/// One experiment.
pub(crate) async fn show(
    State(ui): State<Arc<Ui>>,
    pass: Pass,
    place: Place,
) -> Answer<ExperimentDetail> {
    let key = key(&pass, place)?;
    ui.board.ready(&ui.client).await;
    let (found, at) = ui.board.look(|content| {
        let (experiment, table) = content.find(&key)?;
        let row = summary::row(&experiment, table);
        Some((experiment, row))
    });
    let (experiment, row) = found.ok_or_else(|| missing("experiment", &key))?;
    let best = best(&ui, &experiment, &row).await;
    Ok(Json(detail(&experiment, row, best, at)))
}

fn detail(
    experiment: &Experiment,
    row: ExperimentRow,
    best: Option<BestTrial>,
    at: String,
) -> ExperimentDetail {
    let spec = &experiment.spec;
    let conditions = experiment.status.as_ref().map_or(&[][..], |it| &it.conditions);
    let metrics = summary::metrics(spec).into_iter();
    let additional = metrics.filter(|it| it.role == MetricRole::Additional);
    let template = spec.trial_template.as_ref();
    let workload = template.and_then(|it| it.trial_spec.as_ref()?["kind"].as_str());
    let settings =
        |it: &[Setting]| it.iter().map(|it| NameValue::new(&it.name, &it.value)).collect();
    let algorithm = spec.algorithm.as_ref().map(|it| settings(&it.algorithm_settings));
    let stopping = spec.early_stopping.as_ref().map(|it| settings(&it.algorithm_settings));
    ExperimentDetail {
        parameters: summary::parameters(spec),
        constraints: summary::constraints(spec),
        additional_metrics: additional.map(|it| it.name).collect(),
        algorithm_settings: algorithm.unwrap_or_default(),
        early_stopping_settings: stopping.unwrap_or_default(),
        resume_policy: spec.resume_policy.clone(),
        max_failed_trials: spec.max_failed_trial_count,
        workload: workload.unwrap_or("ConfigMap").to_owned(),
        best,
        conditions: summary::conditions(conditions),
        labels: pairs(experiment.labels()),
        annotations: pairs(experiment.annotations()),
        actions: actions(experiment, &row).into_iter().map(str::to_owned).collect(),
        row,
        at,
    }
}

/// Names and values, without those that only tools read.
pub(super) fn pairs(map: &BTreeMap<String, String>) -> Vec<NameValue> {
    let shown = map.iter().filter(|(name, _)| !name.starts_with("kubectl.kubernetes.io/"));
    shown.map(|(name, value)| NameValue::new(name, value)).collect()
}

/// What makes sense now.
fn actions(experiment: &Experiment, row: &ExperimentRow) -> Vec<&'static str> {
    let again = ["LongRunning", "FromVolume"].contains(&experiment.spec.resume_policy.as_str());
    let conditions = experiment.status.as_ref().map_or(&[][..], |it| &it.conditions);
    let budget_ended = conditions.iter().any(|it| {
        it.status == "True" && [STOPPED, "ExperimentMaxTrialsReached"].contains(&it.reason.as_str())
    });
    let mut actions = match row.status {
        ExperimentStatus::Deleting => return vec!["clone"],
        ExperimentStatus::Paused => vec!["resume", "stop", "budget"],
        _ if ended(experiment) && again && budget_ended => vec!["resume"],
        _ if ended(experiment) => vec![],
        _ => vec!["pause", "stop", "budget"],
    };
    actions.extend(["delete", "clone"]);
    actions
}

async fn best(ui: &Ui, experiment: &Experiment, row: &ExperimentRow) -> Option<BestTrial> {
    let name = row.best.as_ref()?.trial.clone();
    let namespace = experiment.namespace().unwrap_or_default();
    let wanted = Wanted::of(&experiment.spec);
    match ui.object::<Trial>(&Key::new(namespace, &name)).await {
        Ok(trial) => Some(of_trial(&trial, &wanted)),
        // The trial is gone; the status still tells of it.
        Err(_) => {
            summary::told_best(experiment).filter(|it| it.best_trial_name == name).map(|it| {
                let OptimalTrial { parameter_assignments: values, observation, .. } = it;
                BestTrial {
                    trial: name,
                    parameters: values
                        .iter()
                        .map(|it| NameValue::new(&it.name, &it.value))
                        .collect(),
                    metrics: summary::measured(&wanted, observation),
                    arguments: arguments(values),
                    command: String::new(),
                }
            })
        }
    }
}

fn of_trial(trial: &Trial, wanted: &Wanted) -> BestTrial {
    let values = &trial.spec.parameter_assignments;
    let observation = trial.status.as_ref().and_then(|it| it.observation.clone());
    BestTrial {
        trial: trial.name_any(),
        parameters: values.iter().map(|it| NameValue::new(&it.name, &it.value)).collect(),
        metrics: summary::measured(wanted, &observation.unwrap_or_default()),
        arguments: arguments(values),
        command: command(trial),
    }
}

/// The command of the primary container, ready for a shell; empty where there is none.
pub(super) fn command(trial: &Trial) -> String {
    let name = &trial.spec.primary_container_name;
    let manifest = trial.spec.run_spec.as_ref();
    let found = manifest.and_then(|it| container(it, name));
    let words = |key: &str| {
        let list = found.and_then(|it| it[key].as_array()).cloned().unwrap_or_default();
        list.iter().filter_map(|it| it.as_str().map(quoted)).collect::<Vec<String>>()
    };
    [words("command"), words("args")].concat().join(" ")
}

/// The container of that name, anywhere in a manifest: its templates are at places that differ from
/// kind to kind.
fn container<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Object(fields) => {
            let list = fields.get("containers").and_then(Value::as_array);
            let here = list.and_then(|it| it.iter().find(|it| it["name"] == name));
            here.or_else(|| fields.values().find_map(|it| container(it, name)))
        }
        Value::Array(items) => items.iter().find_map(|it| container(it, name)),
        _ => None,
    }
}
