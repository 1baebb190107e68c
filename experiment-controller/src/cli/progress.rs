//! How far an experiment is, as one line of text.

use std::time::Duration;

use proto::kinds::{ExperimentSpec, ExperimentStatus, ObjectiveSpec, Observation, OptimalTrial};

use super::span;

/// What the line tells; taken from the experiment's spec and status.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Progress {
    /// Trials that completed, however they ended.
    pub(crate) done: u64,
    /// How many may complete; none without a bound.
    pub(crate) total: Option<u64>,
    pub(crate) running: u64,
    /// Trials that failed, or that ended without metrics.
    pub(crate) failed: u64,
    /// Name of the best trial; empty before the first.
    pub(crate) best: String,
    /// `accuracy=0.93 (lr=0.01 layers=3)`; empty before the first.
    pub(crate) best_text: String,
}

impl Progress {
    pub(crate) fn of(spec: &ExperimentSpec, status: &ExperimentStatus) -> Progress {
        let count = |number: i32| u64::try_from(number).unwrap_or(0);
        let failed = count(status.trials_failed) + count(status.trial_metrics_unavailable);
        let good = count(status.trials_succeeded) + count(status.trials_early_stopped);
        let best = &status.current_optimal_trial;
        Progress {
            done: good + failed + count(status.trials_killed),
            total: spec.max_trial_count.map(count),
            running: count(status.trials_running),
            failed,
            best: best.best_trial_name.clone(),
            best_text: best_text(spec.objective.as_ref(), best),
        }
    }

    /// `12/40 trials · 4 running · 1 failed · 2m left · best accuracy=0.93 (lr=0.01)`: the longest
    /// part comes last, since a narrow terminal cuts it off.
    pub(crate) fn line(&self, left: Option<Duration>) -> String {
        let mut parts = vec![match self.total {
            Some(total) => format!("{}/{total} trials", self.done),
            None => format!("{} trials", self.done),
        }];
        if 0 < self.running {
            parts.push(format!("{} running", self.running));
        }
        if 0 < self.failed {
            parts.push(format!("{} failed", self.failed));
        }
        if let Some(left) = left {
            parts.push(format!("{} left", span::show(left)));
        }
        if !self.best_text.is_empty() {
            parts.push(format!("best {}", self.best_text));
        }
        parts.join(" · ")
    }
}

fn best_text(objective: Option<&ObjectiveSpec>, best: &OptimalTrial) -> String {
    let Some(objective) = objective.filter(|_| !best.best_trial_name.is_empty()) else {
        return String::new();
    };
    let metric = &objective.objective_metric_name;
    let value = metric_value(objective, &best.observation, metric).unwrap_or_default();
    let assigned = best.parameter_assignments.iter();
    let values: Vec<String> = assigned.map(|it| format!("{}={}", it.name, it.value)).collect();
    format!("{metric}={value} ({})", values.join(" "))
}

/// The value that stands for the trial: by the metric's strategy, else by the objective's type.
pub(crate) fn metric_value(
    objective: &ObjectiveSpec,
    observation: &Observation,
    name: &str,
) -> Option<String> {
    let metric = observation.metrics.iter().find(|it| it.name == name)?;
    let strategy = objective.metric_strategies.iter().find(|it| it.name == name);
    let value = match (strategy.map(|it| it.value.as_str()), objective.type_.as_str()) {
        (Some("min"), _) | (None, "minimize") => &metric.min,
        (Some("max"), _) | (None, "maximize") => &metric.max,
        _ => &metric.latest,
    };
    Some(if value.is_empty() { &metric.latest } else { value }.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::kinds::{Metric, MetricStrategy, ParameterAssignment};

    #[test]
    fn a_line_tells_how_far_it_is() {
        let base = Progress { total: Some(40), ..Default::default() };
        let check = |progress: Progress, left: Option<u64>, expect: &str| {
            assert_eq!(progress.line(left.map(Duration::from_secs)), expect);
        };
        check(base.clone(), None, "0/40 trials");
        check(Progress { total: None, done: 3, ..base.clone() }, None, "3 trials");
        check(
            Progress {
                done: 10,
                running: 4,
                failed: 1,
                best: "e-1".into(),
                best_text: "acc=0.9 (lr=0.1)".into(),
                ..base.clone()
            },
            Some(60),
            "10/40 trials · 4 running · 1 failed · 1m left · best acc=0.9 (lr=0.1)",
        );
        check(Progress { done: 40, ..base.clone() }, None, "40/40 trials");
        check(Progress { done: 41, ..base }, None, "41/40 trials");
    }

    #[test]
    fn values_follow_the_strategy() {
        let metric = Metric {
            name: "acc".into(),
            min: "0.1".into(),
            max: "0.9".into(),
            latest: "0.5".into(),
        };
        let observation = Observation { metrics: vec![metric] };
        let check = |direction: &str, strategy: &str, expect: Option<&str>| {
            let strategies = MetricStrategy { name: "acc".into(), value: strategy.into() };
            let objective = ObjectiveSpec {
                type_: direction.into(),
                metric_strategies: if strategy.is_empty() { vec![] } else { vec![strategies] },
                ..Default::default()
            };
            assert_eq!(metric_value(&objective, &observation, "acc").as_deref(), expect);
        };
        check("maximize", "", Some("0.9"));
        check("minimize", "", Some("0.1"));
        check("maximize", "latest", Some("0.5"));
        check("maximize", "min", Some("0.1"));
        assert_eq!(metric_value(&ObjectiveSpec::default(), &observation, "loss"), None);
    }

    #[test]
    fn counts_come_from_the_status() {
        let spec = ExperimentSpec {
            max_trial_count: Some(8),
            objective: Some(ObjectiveSpec {
                type_: "maximize".into(),
                objective_metric_name: "acc".into(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let best = OptimalTrial {
            best_trial_name: "e-1".into(),
            parameter_assignments: vec![ParameterAssignment {
                name: "lr".into(),
                value: "1".into(),
            }],
            observation: Observation::default(),
        };
        let status = ExperimentStatus {
            trials_succeeded: 2,
            trials_failed: 1,
            trial_metrics_unavailable: 1,
            trials_killed: 1,
            trials_running: 3,
            current_optimal_trial: best,
            ..Default::default()
        };
        let got = Progress::of(&spec, &status);
        assert_eq!((got.done, got.total, got.running, got.failed), (5, Some(8), 3, 2));
        assert_eq!(got.best_text, "acc= (lr=1)");
    }
}
