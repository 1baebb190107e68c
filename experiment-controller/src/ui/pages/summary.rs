//! Experiments in the words of the answers: rows, objectives, parameters, conditions.

use kube::ResourceExt;
use proto::kinds::{
    Condition, Experiment, ExperimentSpec, ObjectiveSpec, OptimalTrial, ParameterSpec,
};
use suggestion::Direction;

use crate::controllers::conditions::{find, holds};
use crate::trial::value::Wanted;
use crate::ui::board::table::Table;
use crate::ui::types::{
    BestValue, Comparison, ConditionInfo, ConstraintInfo, ExperimentRow, ExperimentStatus,
    MetricColumn, MetricRole, MetricValue, Millis, Num, ObjectiveInfo, Optimum, ParameterInfo,
    ParameterType, SearchKind, millis,
};

/// Points of a sparkline.
const SPARKS: usize = 32;

/// An experiment in a list.
pub(crate) fn row(experiment: &Experiment, table: &Table) -> ExperimentRow {
    let spec = &experiment.spec;
    let status = experiment.status.as_ref();
    let conditions = status.map_or(&[][..], |it| &it.conditions);
    let (state, message) = state(experiment, conditions);
    let max = spec.max_trial_count;
    #[expect(clippy::cast_lossless, reason = "counts")]
    let progress =
        max.filter(|it| 0 < *it).map(|max| (table.completed() as f64 / max as f64).min(1.0));
    ExperimentRow {
        namespace: experiment.namespace().unwrap_or_default(),
        name: experiment.name_any(),
        uid: experiment.uid().unwrap_or_default(),
        status: state,
        message,
        kind: if spec.nas_config.is_some() { SearchKind::Nas } else { SearchKind::Hp },
        algorithm: algorithm(spec).to_owned(),
        early_stopping: spec.early_stopping.as_ref().map(|it| it.algorithm_name.clone()),
        objectives: objectives(spec),
        counts: table.counts(),
        max_trials: max,
        parallel: spec.parallel_trial_count.unwrap_or(3),
        progress,
        best: best(experiment, table),
        sparkline: sparkline(spec, table),
        created: millis(experiment.metadata.creation_timestamp.as_ref()).unwrap_or(Millis(0)),
        started: status.and_then(|it| millis(it.start_time.as_ref())),
        ended: status.and_then(|it| millis(it.completion_time.as_ref())),
    }
}

/// The name of the algorithm.
pub(crate) fn algorithm(spec: &ExperimentSpec) -> &str {
    let named = spec.algorithm.as_ref().map(|it| it.algorithm_name.as_str());
    named.filter(|it| !it.is_empty()).unwrap_or("auto")
}

fn state(experiment: &Experiment, conditions: &[Condition]) -> (ExperimentStatus, String) {
    if experiment.metadata.deletion_timestamp.is_some() {
        return (ExperimentStatus::Deleting, String::new());
    }
    let told =
        |type_: &str| find(conditions, type_).map(|it| it.message.clone()).unwrap_or_default();
    for (type_, state) in [
        ("Failed", ExperimentStatus::Failed),
        ("Succeeded", ExperimentStatus::Succeeded),
        ("Suspended", ExperimentStatus::Paused),
        ("Restarting", ExperimentStatus::Restarting),
        ("Running", ExperimentStatus::Running),
    ] {
        if holds(conditions, type_) {
            return (state, told(type_));
        }
    }
    (ExperimentStatus::Created, told("Created"))
}

/// The objectives, or the one objective.
pub(crate) fn objectives(spec: &ExperimentSpec) -> Vec<ObjectiveInfo> {
    let one = spec.objective.as_ref().filter(|_| spec.objectives.is_empty());
    let info = |it: &ObjectiveSpec| ObjectiveInfo {
        metric: it.objective_metric_name.clone(),
        direction: optimum(Direction::parse(&it.type_)),
        goal: it.goal,
    };
    one.into_iter().chain(&spec.objectives).map(info).collect()
}

fn optimum(direction: Option<Direction>) -> Optimum {
    match direction {
        Some(Direction::Maximize) => Optimum::Maximize,
        _ => Optimum::Minimize,
    }
}

/// The value of the first objective whose loss this is.
pub(crate) fn value(objectives: &[ObjectiveInfo], loss: f64) -> f64 {
    match objectives.first().map(|it| it.direction) {
        Some(Optimum::Maximize) => -loss,
        _ => loss,
    }
}

fn best(experiment: &Experiment, table: &Table) -> Option<BestValue> {
    let row = table.best()?;
    let loss = *row.losses.first()?;
    let value = value(&objectives(&experiment.spec), loss);
    // As it was reported, where the status has caught up.
    let told = experiment.status.as_ref().map(|it| &it.current_optimal_trial);
    let text = told.filter(|it| *it.best_trial_name == *row.name).and_then(|it| {
        let wanted = Wanted::of(&experiment.spec);
        let metric = &wanted.objectives().next()?.metric;
        wanted.text(&it.observation, metric).map(str::to_owned)
    });
    let text = text.unwrap_or_else(|| value.to_string());
    Some(BestValue { trial: row.name.to_string(), value: Num(value), text })
}

fn sparkline(spec: &ExperimentSpec, table: &Table) -> Vec<Num> {
    let objectives = objectives(spec);
    let all = table.ended();
    let count = all.len();
    let step = |it: usize| (it + 1) * count / count.min(SPARKS) - 1;
    let wanted: Vec<usize> = (0..count.min(SPARKS)).map(step).collect();
    let best: Vec<Option<f64>> = all.map(|(_, best)| best).collect();
    wanted.into_iter().map(|it| best[it].map(|it| value(&objectives, it)).into()).collect()
}

/// The parameters of an experiment.
pub(crate) fn parameters(spec: &ExperimentSpec) -> Vec<ParameterInfo> {
    spec.parameters.iter().map(parameter).collect()
}

fn parameter(spec: &ParameterSpec) -> ParameterInfo {
    let space = spec.feasible_space.clone().unwrap_or_default();
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|it| it.is_finite());
    let condition = spec.when.as_ref().map(|it| match it.values.as_slice() {
        [one] => format!("only when {} is {one}", it.parameter),
        many => format!("only when {} is one of {}", it.parameter, many.join(", ")),
    });
    ParameterInfo {
        name: spec.name.clone(),
        type_: match spec.parameter_type.as_str() {
            "int" => ParameterType::Int,
            "discrete" => ParameterType::Discrete,
            "categorical" => ParameterType::Categorical,
            _ => ParameterType::Double,
        },
        log: space.distribution.starts_with("log"),
        min: number(&space.min),
        max: number(&space.max),
        step: number(&space.step),
        choices: space.list,
        condition,
    }
}

/// The bounds on metrics.
pub(crate) fn constraints(spec: &ExperimentSpec) -> Vec<ConstraintInfo> {
    let info = |it: &proto::kinds::ConstraintSpec| ConstraintInfo {
        metric: it.metric_name.clone(),
        comparison: match it.comparison.as_str() {
            "greater" => Comparison::Greater,
            _ => Comparison::Less,
        },
        value: it.value.trim().parse::<f64>().ok().into(),
    };
    spec.constraints.iter().map(info).collect()
}

/// The metrics that are recorded, without their values: objectives, constraints, then others.
pub(crate) fn metrics(spec: &ExperimentSpec) -> Vec<MetricColumn> {
    let objectives = objectives(spec);
    let column = |name: &str| {
        let objective = objectives.iter().find(|it| it.metric == name);
        let bound = spec.constraints.iter().any(|it| it.metric_name == name);
        let role = match (objective, bound) {
            (Some(_), _) => MetricRole::Objective,
            (None, true) => MetricRole::Constraint,
            (None, false) => MetricRole::Additional,
        };
        MetricColumn {
            name: name.to_owned(),
            role,
            direction: objective.map(|it| it.direction),
            goal: objective.and_then(|it| it.goal),
            values: Vec::new(),
        }
    };
    Wanted::of(spec).names().map(column).collect()
}

/// What a trial measured.
pub(crate) fn measured(
    wanted: &Wanted,
    observation: &proto::kinds::Observation,
) -> Vec<MetricValue> {
    let value = |it: &proto::kinds::Metric| MetricValue {
        name: it.name.clone(),
        value: wanted.value(observation, &it.name).into(),
        text: wanted.text(observation, &it.name).unwrap_or(&it.latest).to_owned(),
        min: it.min.clone(),
        max: it.max.clone(),
        latest: it.latest.clone(),
    };
    observation.metrics.iter().map(value).collect()
}

/// Conditions, the newest last.
pub(crate) fn conditions(list: &[Condition]) -> Vec<ConditionInfo> {
    let info = |it: &Condition| ConditionInfo {
        type_: it.type_.clone(),
        status: it.status.clone(),
        reason: it.reason.clone(),
        message: it.message.clone(),
        time: millis(it.last_transition_time.as_ref()),
    };
    list.iter().map(info).collect()
}

/// The best trial that a status tells, unless it tells none.
pub(crate) fn told_best(experiment: &Experiment) -> Option<&OptimalTrial> {
    let best = experiment.status.as_ref().map(|it| &it.current_optimal_trial);
    best.filter(|it| !it.best_trial_name.is_empty())
}
