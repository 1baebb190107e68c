//! The one number by which a metric of a trial is judged: its smallest, largest or latest value.

use proto::kinds::{Metric, ObjectiveSpec, Observation};

/// Which of a metric's values stands for the trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// The one with the latest time.
    Latest,
}

/// Whether the owner wants the objective large.
pub fn maximizes(objective: &ObjectiveSpec) -> bool {
    objective.type_ == "maximize"
}

/// The strategy of a metric: the one that the objective names, else the best of its direction.
pub fn strategy(objective: &ObjectiveSpec, metric: &str) -> Strategy {
    let named = objective.metric_strategies.iter().find(|it| it.name == metric);
    match named.map_or(objective.type_.as_str(), |it| it.value.as_str()) {
        "min" | "minimize" => Strategy::Min,
        "max" | "maximize" => Strategy::Max,
        _ => Strategy::Latest,
    }
}

/// The value of `metric` in an observation by its strategy; none unless it is a finite number.
pub fn value(objective: &ObjectiveSpec, observation: &Observation, metric: &str) -> Option<f64> {
    let found = observation.metrics.iter().find(|it| it.name == metric)?;
    text(found, strategy(objective, metric)).parse().ok().filter(|it: &f64| it.is_finite())
}

/// The objective's value as a loss: smaller is better.
pub fn loss(objective: &ObjectiveSpec, observation: &Observation) -> Option<f64> {
    let value = value(objective, observation, &objective.objective_metric_name)?;
    Some(if maximizes(objective) { -value } else { value })
}

/// Every metric's name, the objective's first.
pub fn names(objective: &ObjectiveSpec) -> impl Iterator<Item = &str> {
    let first = std::iter::once(objective.objective_metric_name.as_str());
    first.chain(objective.additional_metric_names.iter().map(String::as_str))
}

fn text(metric: &Metric, strategy: Strategy) -> &str {
    let chosen = match strategy {
        Strategy::Min => &metric.min,
        Strategy::Max => &metric.max,
        Strategy::Latest => &metric.latest,
    };
    // Where no value was a number there is no smallest or largest one; Katib takes the latest.
    if chosen.is_empty() || chosen == "unavailable" { &metric.latest } else { chosen }
}

#[cfg(test)]
mod tests {
    use proto::kinds::MetricStrategy;

    use super::*;

    fn check(type_: &str, strategy: &str, metric: [&str; 3], want: Option<f64>) {
        let mut objective = ObjectiveSpec {
            type_: type_.into(),
            objective_metric_name: "m".into(),
            ..Default::default()
        };
        if !strategy.is_empty() {
            let named = MetricStrategy { name: "m".into(), value: strategy.into() };
            objective.metric_strategies.push(named);
        }
        let [min, max, latest] = metric.map(String::from);
        let observation =
            Observation { metrics: vec![Metric { name: "m".into(), min, max, latest }] };
        assert_eq!(loss(&objective, &observation), want);
    }

    #[test]
    fn the_strategy_chooses_and_the_direction_turns() {
        check("minimize", "", ["1", "3", "2"], Some(1.0));
        check("maximize", "", ["1", "3", "2"], Some(-3.0));
        check("maximize", "latest", ["1", "3", "2"], Some(-2.0));
        check("minimize", "max", ["1", "3", "2"], Some(3.0));
    }

    #[test]
    fn what_is_no_finite_number_is_no_value() {
        check("minimize", "", ["", "", "nan"], None);
        check("minimize", "latest", ["1", "2", "inf"], None);
        check("minimize", "", ["unavailable", "unavailable", "2"], Some(2.0));
    }
}
