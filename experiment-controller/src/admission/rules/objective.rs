//! What is optimised: direction, metrics and their strategies.

use proto::FieldError;
use proto::kinds::ObjectiveSpec;

use super::{Case, need, one_of};

const STRATEGIES: &[&str] = &["min", "max", "latest"];

pub(super) fn check(case: &Case<'_>) -> Vec<FieldError> {
    let Some(objective) = &case.spec.objective else {
        let message = "must be specified: type and objectiveMetricName say what to optimise";
        return vec![FieldError::new("spec.objective", message)];
    };
    let mut faults = Vec::new();
    need(
        ["minimize", "maximize"].contains(&objective.type_.as_str()),
        &mut faults,
        "spec.objective.type",
        || format!("must be minimize or maximize, got \"{}\"", objective.type_),
    );
    need(
        !objective.objective_metric_name.is_empty(),
        &mut faults,
        "spec.objective.objectiveMetricName",
        || "must be specified: the name of the metric to optimise, as the trial reports it".into(),
    );
    additional(objective, &mut faults);
    strategies(objective, &mut faults);
    faults
}

fn additional(objective: &ObjectiveSpec, faults: &mut Vec<FieldError>) {
    let names = &objective.additional_metric_names;
    for (index, name) in names.iter().enumerate() {
        let path = format!("spec.objective.additionalMetricNames[{index}]");
        need(!name.is_empty(), faults, &path, || "must be the name of a metric, got \"\"".into());
        need(name.is_empty() || *name != objective.objective_metric_name, faults, &path, || {
            format!("must not repeat objectiveMetricName \"{name}\"; leave it out here")
        });
        need(name.is_empty() || !names[..index].contains(name), faults, &path, || {
            format!("\"{name}\" is there twice; leave one out")
        });
    }
}

fn strategies(objective: &ObjectiveSpec, faults: &mut Vec<FieldError>) {
    let given = &objective.metric_strategies;
    for (index, strategy) in given.iter().enumerate() {
        let path = format!("spec.objective.metricStrategies[{index}]");
        let name = &strategy.name;
        let known = *name == objective.objective_metric_name
            || objective.additional_metric_names.contains(name);
        need(known, faults, &format!("{path}.name"), || {
            format!(
                "no metric of the objective is named \"{name}\"; add it to additionalMetricNames"
            )
        });
        let repeated = given[..index].iter().any(|it| it.name == *name);
        need(!repeated, faults, &format!("{path}.name"), || {
            format!("\"{name}\" has a strategy already; leave one out")
        });
        let sound = STRATEGIES.contains(&strategy.value.as_str());
        need(sound, faults, &format!("{path}.value"), || {
            format!("must be {}, got \"{}\"", one_of(STRATEGIES), strategy.value)
        });
    }
}
