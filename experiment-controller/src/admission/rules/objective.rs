//! What is optimised: directions, metrics and their strategies; and the bounds to be kept.

use proto::FieldError;
use proto::kinds::{ConstraintSpec, ObjectiveSpec};
use suggestion::{Constraint, Direction};

use super::{Case, need, one_of};

const STRATEGIES: &[&str] = &["min", "max", "latest"];

pub(super) fn check(case: &Case<'_>) -> Vec<FieldError> {
    let mut faults = Vec::new();
    let constraints = &case.spec.constraints;
    let all = &case.spec.objectives;
    match &case.spec.objective {
        None if all.is_empty() => faults.push(FieldError::new(
            "spec.objective",
            "must be specified: type and objectiveMetricName say what to optimise",
        )),
        None => {}
        Some(one) => {
            need(all.is_empty(), &mut faults, "spec.objectives", || {
                "only one of spec.objective and spec.objectives can be specified; leave one out"
                    .into()
            });
            objective(one, "spec.objective", constraints, &mut faults);
        }
    }
    for (index, one) in all.iter().enumerate() {
        let path = format!("spec.objectives[{index}]");
        let name = &one.objective_metric_name;
        let known = all[..index].iter().position(|it| it.objective_metric_name == *name);
        if let Some(known) = known.filter(|_| !name.is_empty()) {
            let message = format!("\"{name}\" is also the metric of spec.objectives[{known}]");
            faults.push(FieldError::new(format!("{path}.objectiveMetricName"), message));
        }
        objective(one, &path, constraints, &mut faults);
    }
    bounds(constraints, &mut faults);
    faults
}

fn objective(
    it: &ObjectiveSpec,
    path: &str,
    constraints: &[ConstraintSpec],
    faults: &mut Vec<FieldError>,
) {
    need(Direction::parse(&it.type_).is_some(), faults, &format!("{path}.type"), || {
        format!("must be minimize or maximize, got \"{}\"", it.type_)
    });
    let named = !it.objective_metric_name.is_empty();
    need(named, faults, &format!("{path}.objectiveMetricName"), || {
        "must be specified: the name of the metric to optimise, as the trial reports it".into()
    });
    additional(it, path, faults);
    strategies(it, path, constraints, faults);
}

fn additional(objective: &ObjectiveSpec, path: &str, faults: &mut Vec<FieldError>) {
    let names = &objective.additional_metric_names;
    for (index, name) in names.iter().enumerate() {
        let path = format!("{path}.additionalMetricNames[{index}]");
        need(!name.is_empty(), faults, &path, || "must be the name of a metric, got \"\"".into());
        need(name.is_empty() || *name != objective.objective_metric_name, faults, &path, || {
            format!("must not repeat objectiveMetricName \"{name}\"; leave it out here")
        });
        need(name.is_empty() || !names[..index].contains(name), faults, &path, || {
            format!("\"{name}\" is there twice; leave one out")
        });
    }
}

fn strategies(
    objective: &ObjectiveSpec,
    path: &str,
    constraints: &[ConstraintSpec],
    faults: &mut Vec<FieldError>,
) {
    let given = &objective.metric_strategies;
    for (index, strategy) in given.iter().enumerate() {
        let path = format!("{path}.metricStrategies[{index}]");
        let name = &strategy.name;
        let known = *name == objective.objective_metric_name
            || objective.additional_metric_names.contains(name)
            || constraints.iter().any(|it| it.metric_name == *name);
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

/// Each bound by itself, and whether some value keeps it beside those before it.
fn bounds(all: &[ConstraintSpec], faults: &mut Vec<FieldError>) {
    let mut sound: Vec<(usize, Constraint)> = Vec::new();
    for (index, spec) in all.iter().enumerate() {
        let path = format!("spec.constraints[{index}]");
        let it = match Constraint::parse(spec) {
            Ok(it) => it,
            Err(more) => {
                faults.extend(more.into_iter().map(|fault| fault.under(&path)));
                continue;
            }
        };
        let of_metric = || sound.iter().filter(|(_, known)| known.metric == it.metric);
        let same = of_metric().find(|(_, known)| known.direction == it.direction);
        if let Some((known, _)) = same {
            let message = format!(
                "\"{}\" has a bound of this kind in spec.constraints[{known}]; leave one out",
                it.metric
            );
            faults.push(FieldError::new(format!("{path}.metricName"), message));
        }
        let against = of_metric()
            .find(|(_, known)| known.direction != it.direction && 0.0 < known.violation(it.bound));
        if let Some((known, other)) = against {
            let message = format!(
                "no value of \"{}\" keeps this bound, {}, and that of spec.constraints[{known}], {}",
                it.metric, it.bound, other.bound
            );
            faults.push(FieldError::new(format!("{path}.value"), message));
        }
        sound.push((index, it));
    }
}
