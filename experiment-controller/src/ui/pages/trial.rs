//! One trial.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{DynamicObject, ListParams};
use kube::{Api, ResourceExt};
use proto::kinds::{EarlyStoppingRule, ParameterAssignment, TRIAL_LABEL, Trial};

use super::experiment::{command, pairs};
use super::{Place, key, missing, pods, summary};
use crate::cli::assignments::arguments;
use crate::controllers::Key;
use crate::index;
use crate::trial::value::Wanted;
use crate::ui::Ui;
use crate::ui::access::guard::Pass;
use crate::ui::problem::{Answer, Trouble};
use crate::ui::types::{
    ComparedValue, ConditionInfo, PodInfo, TrialDetail, TrialRow, WorkloadInfo,
};

/// One trial.
pub(crate) async fn show(
    State(ui): State<Arc<Ui>>,
    pass: Pass,
    place: Place,
) -> Answer<TrialDetail> {
    let key = key(&pass, place)?;
    ui.board.ready(&ui.client).await;
    let trial = ui.object::<Trial>(&key).await?;
    let owner = index::owner(&trial).ok_or_else(|| missing("experiment of trial", &key))?;
    let experiment = Key::new(&key.namespace, &owner.name);
    let (seen, at) = ui.board.look(|content| {
        let (experiment, table) = content.find(&experiment)?;
        let layout = table.layout(Some(&experiment.spec));
        let row = table.row_of(&key.name, &layout);
        Some((row, summary::row(&experiment, table).best))
    });
    let (row, best) = seen.unwrap_or_default();
    let best_values = match &best {
        Some(best) => values(&ui, &key.namespace, &best.trial).await,
        None => Vec::new(),
    };
    let spec = &trial.spec;
    let wanted = Wanted::of_trial(spec);
    let status = trial.status.clone().unwrap_or_default();
    let ended = index::Class::of(&trial).ended();
    let assigned = &spec.parameter_assignments;
    let actions: &[&str] =
        if ended { &["enqueue", "clone"] } else { &["stop", "enqueue", "clone"] };
    Ok(Json(TrialDetail {
        row: row.unwrap_or_else(|| plain(&trial)),
        parameters: assigned.iter().map(|it| compared(it, &best_values)).collect(),
        metrics: summary::measured(&wanted, &status.observation.clone().unwrap_or_default()),
        objectives: summary::objectives(&proto::kinds::ExperimentSpec {
            objective: spec.objective.clone(),
            objectives: spec.objectives.clone(),
            ..Default::default()
        }),
        best,
        labels: pairs(&spec.labels),
        stopping_rules: spec.early_stopping_rules.iter().map(rule).collect(),
        conditions: summary::conditions(&status.conditions),
        workload: workload(&ui, &trial).await,
        pods: pods_of(&ui, &key).await?,
        arguments: arguments(assigned),
        command: command(&trial),
        actions: actions.iter().map(ToString::to_string).collect(),
        namespace: key.namespace,
        experiment: owner.name,
        at,
    }))
}

async fn values(ui: &Ui, namespace: &str, trial: &str) -> Vec<ParameterAssignment> {
    let found = ui.api::<Trial>(namespace).get_opt(trial).await;
    found.ok().flatten().map(|it| it.spec.parameter_assignments).unwrap_or_default()
}

fn compared(it: &ParameterAssignment, best: &[ParameterAssignment]) -> ComparedValue {
    let best = best.iter().find(|best| best.name == it.name).map(|it| it.value.clone());
    ComparedValue { name: it.name.clone(), value: it.value.clone(), best }
}

/// A trial that the board has not seen yet.
fn plain(trial: &Trial) -> TrialRow {
    TrialRow {
        name: trial.name_any(),
        index: Some(index::number(trial)).filter(|it| *it != u64::MAX),
        status: index::Class::of(trial).into(),
        completion: None,
        parameters: Vec::new(),
        metrics: Vec::new(),
        feasible: true,
        started: None,
        ended: None,
    }
}

/// `stops if loss > 0.3, from report 4 on`.
fn rule(it: &EarlyStoppingRule) -> String {
    let sign = match it.comparison.as_str() {
        "less" => "<",
        "greater" => ">",
        _ => "=",
    };
    let from = match it.start_step {
        0 => String::new(),
        step => format!(", from report {step} on"),
    };
    format!("stops if {} {sign} {}{from}", it.name, it.value)
}

/// The object that the trial runs as, which has the trial's name.
async fn workload(ui: &Ui, trial: &Trial) -> Option<WorkloadInfo> {
    let kind = crate::trial::kind(trial)?;
    let api: Api<DynamicObject> =
        Api::namespaced_with(ui.client.clone(), &trial.namespace()?, &kind);
    let object = api.get_opt(&trial.name_any()).await.ok()??;
    let list = object.data["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let conditions = list.iter().map(|it| {
        let text = |name: &str| it[name].as_str().unwrap_or_default().to_owned();
        let time = text("lastTransitionTime").parse::<jiff::Timestamp>().ok();
        ConditionInfo {
            type_: text("type"),
            status: text("status"),
            reason: text("reason"),
            message: text("message"),
            time: time.map(Into::into),
        }
    });
    Some(WorkloadInfo {
        api_version: kind.api_version.clone(),
        kind: kind.kind.clone(),
        name: object.name_any(),
        conditions: conditions.collect(),
    })
}

/// The pods of a trial, oldest first.
pub(super) async fn pods_of(ui: &Ui, trial: &Key) -> Result<Vec<PodInfo>, Trouble> {
    let label = ListParams::default().labels(&format!("{TRIAL_LABEL}={}", trial.name));
    let all = ui.api::<Pod>(&trial.namespace).list(&label).await?.items;
    let mut all: Vec<PodInfo> = all.iter().map(pods::info).collect();
    all.sort_by_key(|it| (pods::age(it), it.name.clone()));
    Ok(all)
}
