//! `medianstop`: stops a trial whose best value is worse than the middle of what others had
//! averaged by then.
//!
//! The median stopping rule of Golovin et al., *Google Vizier* (KDD 2017, §3.2.2): at step `s`,
//! compare the best value so far with the median of the running averages, up to `s`, of all
//! finished trials. With `average: mean` it is Katib's rule of the same name instead: the
//! arithmetic mean of the averages over the first `start_step` reports.

use suggestion::Direction;

use crate::curve::Curve;
use crate::registry::{Entry, Range, SettingSpec};
use crate::rule::{Decide, Stop};

pub(crate) const ENTRY: Entry = Entry {
    name: "medianstop",
    about: "Stops a trial whose best value is worse than the median of the others' averages.",
    settings: &[
        SettingSpec {
            name: "min_trials_required",
            default: "3",
            range: Range::Count {
                min: 1,
                fault: "min_trials_required must be greater than zero (>0)",
            },
            meaning: "How many finished trials there must be before any is stopped.",
        },
        SettingSpec {
            name: "start_step",
            default: "4",
            range: Range::Count {
                min: 1,
                fault: "start_step must be greater or equal than one (>=1)",
            },
            meaning: "How many reports a trial must have made before it may be stopped.",
        },
        SettingSpec {
            name: "average",
            default: "median",
            range: Range::OneOf(&["median", "mean"]),
            meaning: "Median of running averages, or Katib's mean of the first start_step.",
        },
    ],
    make: |settings, direction| {
        Box::new(Median {
            direction,
            trials_min: settings.count("min_trials_required"),
            reports_min: settings.count("start_step"),
            katib: settings.text("average") == "mean",
        })
    },
};

/// The rule with its settings.
#[derive(Debug)]
struct Median {
    direction: Direction,
    /// How many finished trials the bar needs.
    trials_min: usize,
    /// How many reports a trial makes before it may be stopped.
    reports_min: usize,
    /// Katib's mean in place of the median.
    katib: bool,
}

impl Decide for Median {
    fn stops(&self, finished: &[Curve], running: &[Curve]) -> Vec<Stop> {
        running.iter().filter_map(|curve| self.verdict(finished, curve)).collect()
    }
}

impl Median {
    /// Stops `curve` if its best value is worse than the bar at its last step.
    fn verdict(&self, finished: &[Curve], curve: &Curve) -> Option<Stop> {
        let step = curve.last_step()?;
        let values = curve.values_until(step);
        if values.len() < self.reports_min {
            return None;
        }
        let best = values.iter().map(|value| self.direction.loss(*value)).min_by(f64::total_cmp)?;

        let averages = self.averages(finished, step);
        if averages.len() < self.trials_min {
            return None;
        }
        let bar = if self.katib { mean(&averages) } else { median(averages) };
        let name = if self.katib { "mean" } else { "median" };
        (self.direction.loss(bar) < best).then(|| Stop {
            trial: curve.trial.clone(),
            why: format!(
                "best value {} after {} reports is worse than {bar}, the {name} of finished \
                 trials' averages by step {step}",
                self.direction.loss(best),
                values.len(),
            ),
        })
    }

    /// What each finished trial had averaged by `step`; trials that had nothing by then are
    /// left out.
    fn averages(&self, finished: &[Curve], step: f64) -> Vec<f64> {
        let average = |curve: &Curve| {
            let mut values = curve.values_until(if self.katib { f64::INFINITY } else { step });
            if self.katib {
                values.truncate(self.reports_min);
            }
            (!values.is_empty()).then(|| mean(&values))
        };
        finished.iter().filter_map(average).collect()
    }
}

/// The arithmetic mean; divided before it is summed, so that huge values do not overflow.
fn mean(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    values.iter().map(|value| value / n).sum()
}

/// The middle value, or the mean of the two middle ones.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    if values.len() % 2 == 1 { values[half] } else { mean(&values[half - 1..=half]) }
}

#[cfg(test)]
mod tests {
    use proto::kinds::{EarlyStoppingSpec, Setting};

    use super::*;
    use crate::Rule;

    fn curve(trial: &str, values: &[f64]) -> Curve {
        let reports = values.iter().enumerate().map(|(i, value)| (i as f64 + 1.0, *value));
        Curve { trial: trial.into(), reports: reports.collect() }
    }

    fn rule(settings: &[(&str, &str)], direction: Direction) -> Rule {
        let setting =
            |(name, value): &(&str, &str)| Setting { name: (*name).into(), value: (*value).into() };
        let spec = EarlyStoppingSpec {
            algorithm_name: "medianstop".into(),
            algorithm_settings: settings.iter().map(setting).collect(),
        };
        Rule::parse(&spec, direction).unwrap()
    }

    /// Three finished trials that average 0.2, 0.3 and 1.0: median 0.3, mean 0.5.
    fn finished() -> Vec<Curve> {
        [("a", 0.2), ("b", 0.3), ("c", 1.0)].map(|(name, value)| curve(name, &[value; 5])).into()
    }

    fn check(settings: &[(&str, &str)], direction: Direction, values: &[f64], stopped: bool) {
        let got = rule(settings, direction).stops(&finished(), &[curve("r", values)]);
        assert_eq!(!got.is_empty(), stopped, "{settings:?} {direction:?} {values:?}: {got:?}");
    }

    #[test]
    fn a_trial_is_compared_with_the_median() {
        use Direction::{Maximize, Minimize};
        check(&[], Maximize, &[0.1, 0.2, 0.25, 0.29], true);
        check(&[], Maximize, &[0.1, 0.2, 0.25, 0.31], false);
        check(&[], Maximize, &[0.3; 4], false);
        check(&[], Minimize, &[0.9, 0.8, 0.7, 0.31], true);
        check(&[], Minimize, &[0.9, 0.8, 0.29, 0.9], false);
    }

    #[test]
    fn katibs_mean_is_kept_under_its_name() {
        check(&[("average", "mean")], Direction::Maximize, &[0.4; 4], true);
        check(&[("average", "mean")], Direction::Maximize, &[0.6; 4], false);
        check(&[("average", "median")], Direction::Maximize, &[0.4; 4], false);
    }

    #[test]
    fn nothing_stops_too_early() {
        check(&[], Direction::Maximize, &[0.0; 3], false);
        check(&[("start_step", "3")], Direction::Maximize, &[0.0; 3], true);
        check(&[("min_trials_required", "4")], Direction::Maximize, &[0.0; 9], false);
        check(&[], Direction::Maximize, &[f64::NAN; 9], false);
    }

    #[test]
    fn a_stop_says_why() {
        let stops = rule(&[], Direction::Maximize).stops(&finished(), &[curve("r", &[0.1; 4])]);
        assert_eq!(
            stops[0].why,
            "best value 0.1 after 4 reports is worse than 0.3, the median of finished trials' \
             averages by step 4"
        );
    }
}
