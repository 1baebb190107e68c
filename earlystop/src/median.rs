//! `medianstop`: stops a trial whose best value is worse than the middle of what others had
//! averaged by then.
//!
//! The median stopping rule of Golovin et al., *Google Vizier* (KDD 2017, §3.2.2): at step `s`,
//! compare the best value so far with the median of the running averages, up to `s`, of all
//! finished trials. With `average: mean` it is Katib's rule of the same name instead: the
//! arithmetic mean of the averages over the first `start_step` reports.

use suggestion::Direction;
use suggestion::settings::{Range, SettingSpec};

use crate::curve::{Curve, Standing};
use crate::registry::{Entry, fits};
use crate::rule::{Bar, Decide};

/// Settings that Katib has: name, default, range and texts are its own.
pub(crate) const TRIALS_MIN: SettingSpec = SettingSpec {
    name: "min_trials_required",
    default: "3",
    range: Range::Whole { min: 1, fault: "min_trials_required must be greater than zero (>0)" },
    meaning: "How many finished trials there must be before any is stopped.",
};
pub(crate) const START: SettingSpec = SettingSpec {
    name: "start_step",
    default: "4",
    range: Range::Whole { min: 1, fault: "start_step must be greater or equal than one (>=1)" },
    meaning: "How many reports a trial must have made before it may be stopped.",
};

pub(crate) const ENTRY: Entry = Entry {
    name: "medianstop",
    about: "Stops a trial whose best value is worse than the median of what finished trials had \
            averaged by the same step (Golovin et al., Google Vizier, KDD 2017).",
    settings: &[
        TRIALS_MIN,
        START,
        SettingSpec {
            name: "average",
            default: "median",
            range: Range::Choice {
                of: &["median", "mean"],
                fault: "average {} is not supported; it may be median or mean",
            },
            meaning: "Median of the running averages, or Katib's mean of the averages over the \
                      first start_step reports.",
        },
    ],
    compares: true,
    inner: false,
    check: fits,
    make: |draft| {
        Box::new(Median {
            direction: draft.direction,
            trials_min: draft.settings.size("min_trials_required").unwrap_or(3),
            start: draft.settings.size("start_step").unwrap_or(4),
            katib: draft.settings.text("average") == Some("mean"),
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
    start: usize,
    /// Katib's mean in place of the median.
    katib: bool,
}

impl Decide for Median {
    fn stop(&self, curve: &Curve, others: &[&Curve]) -> Option<String> {
        let step = curve.last_step()?;
        if curve.count() < self.start {
            return None;
        }
        let best = curve.best()?;
        let averages = self.averages(others, |it| it.mean_until(step));
        let bar = self.middle(averages)?;
        let name = if self.katib { "mean" } else { "median" };
        (bar < best).then(|| {
            format!(
                "best value {} after {} reports is worse than {}, the {name} of finished trials' \
                 averages by step {step}",
                self.direction.loss(best),
                curve.count(),
                self.direction.loss(bar),
            )
        })
    }

    fn bar(&self, others: &[&Curve]) -> Option<Bar> {
        let averages = self.averages(others, |it| it.mean_of_first(self.start));
        Some(Bar { loss: self.middle(averages)?, start: self.start })
    }
}

impl Median {
    /// What each finished trial had averaged; trials that had nothing by then are left out.
    fn averages(&self, others: &[&Curve], by_then: impl Fn(&Curve) -> Option<f64>) -> Vec<f64> {
        let finished = others.iter().filter(|it| it.standing == Standing::Succeeded);
        let average =
            |it: &&Curve| if self.katib { it.mean_of_first(self.start) } else { by_then(it) };
        finished.filter_map(average).collect()
    }

    /// Their mean or median, once there are enough.
    fn middle(&self, averages: Vec<f64>) -> Option<f64> {
        if averages.len() < self.trials_min {
            return None;
        }
        Some(if self.katib { mean(averages) } else { median(averages) })
    }
}

/// The arithmetic mean; sorted, so that no order of trials counts. Values that overflow a sum are
/// divided first.
fn mean(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len() as f64;
    let sum: f64 = values.iter().sum();
    let mean = if sum.is_finite() { sum / n } else { values.iter().map(|it| it / n).sum() };
    // No rounding makes a mean better than the best.
    mean.max(values[0])
}

/// The middle value, or the mean of the two middle ones.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    if values.len() % 2 == 1 {
        return values[half];
    }
    let (below, above) = (values[half - 1], values[half]);
    (below / 2.0 + above / 2.0).clamp(below, above)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{curve, rule};

    /// Three finished trials that average 0.2, 0.3 and 1.0: median 0.3, mean 0.5.
    fn finished(way: Direction) -> Vec<Curve> {
        let all = [("a", 0.2), ("b", 0.3), ("c", 1.0)];
        all.map(|(name, value)| curve(name, Standing::Succeeded, way, &[value; 5])).into()
    }

    fn check(settings: &[(&str, &str)], way: Direction, values: &[f64], stopped: bool) {
        let judged = curve("r", Standing::Running, way, values);
        let got = rule("medianstop", settings, way).stop(&judged, &finished(way));
        assert_eq!(got.is_some(), stopped, "{settings:?} {way:?} {values:?}: {got:?}");
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
        let way = Direction::Maximize;
        let judged = curve("r", Standing::Running, way, &[0.1; 4]);
        let why = rule("medianstop", &[], way).stop(&judged, &finished(way)).unwrap();
        let want = "best value 0.1 after 4 reports is worse than 0.3, the median of finished \
                    trials' averages by step 4";
        assert_eq!(why, want);
    }

    #[test]
    fn the_bar_is_that_of_katibs_service() {
        let way = Direction::Maximize;
        let bar = rule("medianstop", &[("average", "mean")], way).bar(&finished(way)).unwrap();
        assert_eq!((way.loss(bar.loss), bar.start), (0.5, 4));
        let bar = rule("medianstop", &[("start_step", "2")], way).bar(&finished(way)).unwrap();
        assert_eq!((way.loss(bar.loss), bar.start), (0.3, 2));
    }
}
