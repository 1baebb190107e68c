//! What is wanted of a trial's metrics, and the one number by which each of them is judged: its
//! smallest, largest or latest value.

use proto::kinds::{
    ConstraintSpec, ExperimentSpec, Metric, MetricStrategy, ObjectiveSpec, Observation, TrialSpec,
};
use suggestion::{Constraint, Objective};

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

impl Strategy {
    fn parse(text: &str) -> Strategy {
        match text {
            "min" | "minimize" => Strategy::Min,
            "max" | "maximize" => Strategy::Max,
            _ => Strategy::Latest,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Strategy::Min => "min",
            Strategy::Max => "max",
            Strategy::Latest => "latest",
        }
    }
}

/// Objectives, bounds, and all metrics that are recorded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// Every metric with its strategy: those of the objectives first, in their order.
    metrics: Vec<(String, Strategy)>,
    /// The objectives, and the value that each is to reach.
    objectives: Vec<(Objective, Option<f64>)>,
    constraints: Vec<Constraint>,
}

impl Wanted {
    /// What an experiment wants.
    pub fn of(spec: &ExperimentSpec) -> Wanted {
        Wanted::new(spec.objective.as_ref(), &spec.objectives, &spec.constraints)
    }

    /// What is wanted of a trial.
    pub fn of_trial(spec: &TrialSpec) -> Wanted {
        Wanted::new(spec.objective.as_ref(), &spec.objectives, &spec.constraints)
    }

    /// What admission refuses is left out.
    fn new(
        one: Option<&ObjectiveSpec>,
        all: &[ObjectiveSpec],
        bounds: &[ConstraintSpec],
    ) -> Wanted {
        let one = one.filter(|_| all.is_empty());
        let specs: Vec<&ObjectiveSpec> = one.into_iter().chain(all).collect();
        let named = specs.iter().flat_map(|it| &it.metric_strategies);
        let named: Vec<&MetricStrategy> = named.collect();
        let mut wanted = Wanted::default();
        let mut add = |name: &str, otherwise: &str| {
            if name.is_empty() || wanted.metrics.iter().any(|(known, _)| known == name) {
                return;
            }
            let word = named.iter().find(|it| it.name == name).map_or(otherwise, |it| &it.value);
            wanted.metrics.push((name.to_owned(), Strategy::parse(word)));
        };
        for spec in &specs {
            add(&spec.objective_metric_name, &spec.type_);
        }
        // What a trial ends with is what its owner would use.
        bounds.iter().for_each(|it| add(&it.metric_name, "latest"));
        for spec in &specs {
            spec.additional_metric_names.iter().for_each(|it| add(it, &spec.type_));
        }
        let objective = |it: &&ObjectiveSpec| Some((Objective::parse(it).ok()?, it.goal));
        wanted.objectives = specs.iter().filter_map(objective).collect();
        wanted.constraints = bounds.iter().filter_map(|it| Constraint::parse(it).ok()).collect();
        wanted
    }

    /// Every metric's name: those of the objectives first, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.metrics.iter().map(|(name, _)| name.as_str())
    }

    /// Metric and direction of each objective.
    pub fn objectives(&self) -> impl ExactSizeIterator<Item = &Objective> {
        self.objectives.iter().map(|(objective, _)| objective)
    }

    /// The value of a metric by its strategy, as it was reported.
    pub fn text<'a>(&self, observation: &'a Observation, name: &str) -> Option<&'a str> {
        let metric = observation.metrics.iter().find(|it| it.name == name)?;
        let (_, strategy) = self.metrics.iter().find(|(known, _)| known == name)?;
        Some(text(metric, *strategy))
    }

    /// The value of a metric by its strategy; none unless it is a finite number.
    pub fn value(&self, observation: &Observation, name: &str) -> Option<f64> {
        let value: f64 = self.text(observation, name)?.trim().parse().ok()?;
        value.is_finite().then_some(value)
    }

    /// A loss for each objective, smaller is better; empty unless every one was measured.
    pub fn losses(&self, observation: &Observation) -> Vec<f64> {
        let loss = |it: &Objective| it.loss(self.value(observation, &it.metric)?);
        self.objectives().map(loss).collect::<Option<Vec<f64>>>().unwrap_or_default()
    }

    /// The first objective's metric that was not measured.
    pub fn missing(&self, observation: &Observation) -> Option<&str> {
        let missing = |it: &&Objective| self.value(observation, &it.metric).is_none();
        self.objectives().find(missing).map(|it| it.metric.as_str())
    }

    /// By how much the constraints are broken, as shares of their bounds: 0 where all are kept.
    pub fn excess(&self, observation: &Observation) -> f64 {
        let excess = |it: &Constraint| {
            let scale = if it.bound == 0.0 { 1.0 } else { it.bound.abs() };
            let value = self.value(observation, &it.metric);
            value.map_or(f64::INFINITY, |value| it.violation(value).max(0.0) / scale)
        };
        self.constraints.iter().map(excess).sum()
    }

    /// Whether there is a goal, and these losses reach every goal there is.
    pub fn reached(&self, losses: &[f64]) -> bool {
        let reached = |((objective, goal), loss): (&(Objective, Option<f64>), &f64)| {
            goal.is_none_or(|goal| *loss <= objective.direction.loss(goal))
        };
        let all = self.objectives.len() == losses.len();
        let any = self.objectives.iter().any(|(_, goal)| goal.is_some());
        any && all && self.objectives.iter().zip(losses).all(reached)
    }
}

/// The objective as trials carry it, for all that know but one: the first, with the metrics of
/// everything else that is wanted among its additional ones.
pub fn first_objective(spec: &ExperimentSpec) -> Option<ObjectiveSpec> {
    let mut first = spec.objective.as_ref().or(spec.objectives.first())?.clone();
    for (name, strategy) in Wanted::of(spec).metrics {
        if name == first.objective_metric_name || first.additional_metric_names.contains(&name) {
            continue;
        }
        if first.metric_strategies.iter().all(|it| it.name != name) {
            let value = strategy.word().to_owned();
            first.metric_strategies.push(MetricStrategy { name: name.clone(), value });
        }
        first.additional_metric_names.push(name);
    }
    Some(first)
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
    use super::*;

    fn objective(type_: &str, metric: &str) -> ObjectiveSpec {
        let objective_metric_name = metric.into();
        ObjectiveSpec { type_: type_.into(), objective_metric_name, ..Default::default() }
    }

    fn constraint(metric: &str, comparison: &str, value: &str) -> ConstraintSpec {
        ConstraintSpec {
            metric_name: metric.into(),
            comparison: comparison.into(),
            value: value.into(),
        }
    }

    fn observation(metrics: &[[&str; 4]]) -> Observation {
        let metric = |it: &[&str; 4]| {
            let [name, min, max, latest] = it.map(String::from);
            Metric { name, min, max, latest }
        };
        Observation { metrics: metrics.iter().map(metric).collect() }
    }

    fn check(type_: &str, strategy: &str, metric: [&str; 3], want: &[f64]) {
        let mut objective = objective(type_, "m");
        if !strategy.is_empty() {
            let named = MetricStrategy { name: "m".into(), value: strategy.into() };
            objective.metric_strategies.push(named);
        }
        let [min, max, latest] = metric;
        let wanted = Wanted::new(Some(&objective), &[], &[]);
        assert_eq!(wanted.losses(&observation(&[["m", min, max, latest]])), want);
    }

    #[test]
    fn the_strategy_chooses_and_the_direction_turns() {
        check("minimize", "", ["1", "3", "2"], &[1.0]);
        check("maximize", "", ["1", "3", "2"], &[-3.0]);
        check("maximize", "latest", ["1", "3", "2"], &[-2.0]);
        check("minimize", "max", ["1", "3", "2"], &[3.0]);
    }

    #[test]
    fn what_is_no_finite_number_is_no_value() {
        check("minimize", "", ["", "", "nan"], &[]);
        check("minimize", "latest", ["1", "2", "inf"], &[]);
        check("minimize", "", ["unavailable", "unavailable", "2"], &[2.0]);
    }

    /// Accuracy above all, latency beside it, and memory of at most 200.
    fn three() -> ExperimentSpec {
        let mut latency = objective("minimize", "latency");
        latency.additional_metric_names = vec!["loss".into(), "accuracy".into()];
        latency.goal = Some(20.0);
        ExperimentSpec {
            objectives: vec![objective("maximize", "accuracy"), latency],
            constraints: vec![constraint("memory", "less", "200")],
            ..Default::default()
        }
    }

    #[test]
    fn all_metrics_are_wanted_and_every_objective_is_needed() {
        let wanted = Wanted::of(&three());
        assert_eq!(wanted.names().collect::<Vec<_>>(), ["accuracy", "latency", "memory", "loss"]);
        let mut seen = observation(&[["accuracy", "0.1", "0.9", "0.5"], ["memory", "1", "9", "5"]]);
        assert_eq!((wanted.losses(&seen), wanted.missing(&seen)), (vec![], Some("latency")));
        seen.metrics.extend(observation(&[["latency", "10", "30", "20"]]).metrics);
        assert_eq!((wanted.losses(&seen), wanted.missing(&seen)), (vec![-0.9, 10.0], None));
        assert_eq!(wanted.text(&seen, "memory"), Some("5"), "what a trial ends with");
    }

    #[test]
    fn trials_carry_one_objective_that_names_all_metrics() {
        let spec = three();
        let first = first_objective(&spec).unwrap();
        assert_eq!(first.additional_metric_names, ["latency", "memory", "loss"]);
        let how = |it: &MetricStrategy| format!("{}={}", it.name, it.value);
        let how: Vec<String> = first.metric_strategies.iter().map(how).collect();
        assert_eq!(how, ["latency=min", "memory=latest", "loss=min"]);
        let alone = ExperimentSpec { objective: Some(first.clone()), ..Default::default() };
        assert_eq!(first_objective(&alone), Some(first.clone()));
        let trial = TrialSpec {
            objective: Some(first),
            objectives: spec.objectives.clone(),
            constraints: spec.constraints.clone(),
            ..Default::default()
        };
        assert_eq!(Wanted::of_trial(&trial), Wanted::of(&spec));
    }

    #[test]
    fn goals_that_are_set_must_all_be_reached() {
        let mut spec = three();
        let reached = |spec: &ExperimentSpec, losses: &[f64]| Wanted::of(spec).reached(losses);
        assert!(reached(&spec, &[-0.1, 20.0]) && !reached(&spec, &[-0.1, 20.1]));
        assert!(!reached(&spec, &[]), "nothing was measured");
        spec.objectives[0].goal = Some(0.9);
        assert!(!reached(&spec, &[-0.1, 20.0]) && reached(&spec, &[-0.9, 20.0]));
        spec.objectives.iter_mut().for_each(|it| it.goal = None);
        assert!(!reached(&spec, &[-9.0, 0.0]), "there is no goal");
    }

    #[test]
    fn bounds_are_broken_by_shares_of_themselves() {
        let excess = |comparison: &str, bound: &str, value: &str| {
            let bounds = [constraint("m", comparison, bound)];
            Wanted::new(None, &[], &bounds).excess(&observation(&[["m", "", "", value]]))
        };
        assert_eq!(excess("less", "100", "100"), 0.0);
        assert_eq!(excess("less", "100", "150"), 0.5);
        assert_eq!(excess("greater", "-4", "-6"), 0.5);
        assert_eq!(excess("less", "0", "3"), 3.0);
        assert_eq!(excess("less", "100", "nan"), f64::INFINITY);
    }
}
