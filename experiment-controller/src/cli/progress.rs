//! How far an experiment is, as one line of text.

use std::time::Duration;

use proto::kinds::{ExperimentSpec, ExperimentStatus, OptimalTrial};

use super::span;
use crate::trial::value::Wanted;

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
    /// How many trials no other beats in all of several objectives, as far as they are listed.
    pub(crate) front: usize,
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
            best_text: best_text(&Wanted::of(spec), best),
            front: status.optimal_trials.len(),
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
        if 1 < self.front {
            parts.push(format!("front of {}", self.front));
        }
        if !self.best_text.is_empty() {
            parts.push(format!("best {}", self.best_text));
        }
        parts.join(" · ")
    }
}

fn best_text(wanted: &Wanted, best: &OptimalTrial) -> String {
    if best.best_trial_name.is_empty() || wanted.objectives().len() == 0 {
        return String::new();
    }
    let value = |name: &str| wanted.text(&best.observation, name).unwrap_or_default().to_owned();
    let metrics = wanted.objectives().map(|it| format!("{}={}", it.metric, value(&it.metric)));
    let metrics: Vec<String> = metrics.collect();
    let broken = if 0.0 < wanted.excess(&best.observation) { " breaks constraints" } else { "" };
    let assigned = best.parameter_assignments.iter();
    let values: Vec<String> = assigned.map(|it| format!("{}={}", it.name, it.value)).collect();
    format!("{}{broken} ({})", metrics.join(" "), values.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::kinds::{ConstraintSpec, Metric, ObjectiveSpec, Observation, ParameterAssignment};

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
                front: 3,
                ..base.clone()
            },
            Some(60),
            "10/40 trials · 4 running · 1 failed · 1m left · front of 3 · best acc=0.9 (lr=0.1)",
        );
        check(Progress { done: 40, ..base.clone() }, None, "40/40 trials");
        check(Progress { done: 41, ..base }, None, "41/40 trials");
    }

    #[test]
    fn the_best_of_several_objectives_says_all_of_them() {
        let objective = |type_: &str, metric: &str| ObjectiveSpec {
            type_: type_.into(),
            objective_metric_name: metric.into(),
            ..Default::default()
        };
        let bound = ConstraintSpec {
            metric_name: "ms".into(),
            comparison: "less".into(),
            value: "10".into(),
        };
        let spec = ExperimentSpec {
            objectives: vec![objective("maximize", "acc"), objective("minimize", "ms")],
            constraints: vec![bound],
            ..Default::default()
        };
        let check = |ms: &str, expect: &str| {
            let metric = |name: &str, text: &str| Metric {
                name: name.into(),
                min: text.into(),
                max: text.into(),
                latest: text.into(),
            };
            let observation = Observation { metrics: vec![metric("acc", "0.9"), metric("ms", ms)] };
            let best =
                OptimalTrial { best_trial_name: "e-1".into(), observation, ..Default::default() };
            assert_eq!(best_text(&Wanted::of(&spec), &best), expect);
        };
        check("7", "acc=0.9 ms=7 ()");
        check("12", "acc=0.9 ms=12 breaks constraints ()");
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
