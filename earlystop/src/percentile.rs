//! `percentile`: stops a trial whose best value is not among the best share of what all others
//! had reached by the same step.
//!
//! The percentile pruner of Akiba et al., *Optuna* (KDD 2019): the median rule with any share in
//! place of the half. Unlike there, trials that still run or were stopped count too, and by their
//! best value so far, so that a noisy step of theirs lets nobody off.

use suggestion::Direction;
use suggestion::settings::{Range, SettingSpec};

use crate::curve::Curve;
use crate::median::{START, TRIALS_MIN};
use crate::registry::{Entry, fits};
use crate::rule::{Bar, Decide};

pub(crate) const ENTRY: Entry = Entry {
    name: "percentile",
    about: "Stops a trial whose best value is not among the best share of what all other trials \
            had reached by the same step (Akiba et al., Optuna, KDD 2019).",
    settings: &[
        SettingSpec {
            name: "percentile",
            default: "50",
            range: Range::Between {
                lo: 0.0,
                hi: 100.0,
                fault: "percentile should be in the range of (0, 100), got {}",
            },
            meaning: "How many of a hundred trials go on: 25 keeps the best quarter.",
        },
        SettingSpec {
            meaning: "How many other trials must have come to the step before any is stopped.",
            ..TRIALS_MIN
        },
        START,
    ],
    compares: true,
    inner: false,
    check: fits,
    make: |draft| {
        Box::new(Percentile {
            direction: draft.direction,
            share: draft.settings.number("percentile").unwrap_or(50.0) / 100.0,
            trials_min: draft.settings.size("min_trials_required").unwrap_or(3),
            start: draft.settings.size("start_step").unwrap_or(4),
        })
    },
};

#[derive(Debug)]
struct Percentile {
    direction: Direction,
    /// Which share goes on, between 0 and 1.
    share: f64,
    trials_min: usize,
    start: usize,
}

impl Decide for Percentile {
    fn stop(&self, curve: &Curve, others: &[&Curve]) -> Option<String> {
        let step = curve.last_step()?;
        if curve.count() < self.start {
            return None;
        }
        let best = curve.best()?;
        let there = others.iter().filter(|it| it.has_reached(step));
        let bar = self.bar_of(there.filter_map(|it| it.best_until(step)).collect())?;
        (bar < best).then(|| {
            format!(
                "best value {} after {} reports is worse than {}, the {}th percentile of other \
                 trials' best values by step {step}",
                self.direction.loss(best),
                curve.count(),
                self.direction.loss(bar),
                self.share * 100.0,
            )
        })
    }

    fn bar(&self, others: &[&Curve]) -> Option<Bar> {
        let first = |it: &&Curve| {
            let (step, _) = it.points().get(self.start - 1)?;
            it.best_until(*step)
        };
        let bests = others.iter().filter_map(first).collect();
        Some(Bar { loss: self.bar_of(bests)?, start: self.start })
    }
}

impl Percentile {
    /// The quantile of the values, linear between two neighbours, once there are enough.
    fn bar_of(&self, mut bests: Vec<f64>) -> Option<f64> {
        if bests.len() < self.trials_min {
            return None;
        }
        bests.sort_by(f64::total_cmp);
        let place = self.share * (bests.len() - 1) as f64;
        let (below, above) = (bests[place.floor() as usize], bests[place.ceil() as usize]);
        let part = place.fract();
        // Rounding must not put it beyond a value that both of them share.
        Some((below * (1.0 - part) + above * part).clamp(below, above))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curve::Standing;
    use crate::fixture::{curve, rule};

    fn check(settings: &[(&str, &str)], value: f64, stopped: bool) {
        let way = Direction::Minimize;
        let others: Vec<Curve> = [1.0, 2.0, 3.0, 4.0, 5.0]
            .iter()
            .map(|it| curve(&it.to_string(), Standing::Running, way, &[*it; 6]))
            .collect();
        let judged = curve("r", Standing::Running, way, &[value; 4]);
        let got = rule("percentile", settings, way).stop(&judged, &others);
        assert_eq!(got.is_some(), stopped, "{settings:?} {value}: {got:?}");
    }

    #[test]
    fn the_share_goes_on() {
        check(&[], 3.0, false);
        check(&[], 3.1, true);
        check(&[("percentile", "25")], 2.0, false);
        check(&[("percentile", "25")], 2.1, true);
        check(&[("percentile", "90")], 4.5, false);
        check(&[("percentile", "10")], 1.5, true);
        check(&[("min_trials_required", "6")], 9.0, false);
        check(&[("start_step", "5")], 9.0, false);
    }

    #[test]
    fn others_count_by_what_they_had_by_then() {
        let way = Direction::Minimize;
        let late = |name: &str| curve(name, Standing::Succeeded, way, &[9.0, 9.0, 9.0, 9.0, 0.1]);
        let others = [late("a"), late("b"), late("c")];
        let judged = curve("r", Standing::Running, way, &[8.0; 4]);
        assert_eq!(rule("percentile", &[], way).stop(&judged, &others), None);
    }
}
