//! `asha`: stops a trial that is not among the best of those that came as far.
//!
//! The stopping form of asynchronous successive halving (Li et al., *A System for Massively
//! Parallel Hyperparameter Tuning*, MLSys 2020): rungs at `grace_period`, times the reduction
//! factor, times that again; at each of them the best of `reduction_factor` goes on. The paper
//! decides once, when a trial comes to a rung; this rule is asked with each report and holds the
//! trial against all that came to its highest rung by now, so that who passed only because nobody
//! else was there yet does not run to the end. Who leads all others at its step goes on.

use suggestion::Direction;
use suggestion::settings::{Range, SettingSpec};

use crate::curve::Curve;
use crate::registry::{Entry, fits};
use crate::rule::Decide;
use crate::rungs::Rungs;

pub(crate) const FACTOR: SettingSpec = SettingSpec {
    name: "reduction_factor",
    default: "3",
    range: Range::AtLeast {
        min: 2.0,
        fault: "reduction_factor must be greater or equal than two, got {}",
    },
    meaning: "Of so many trials one goes on, to so many times as many steps.",
};

pub(crate) const ENTRY: Entry = Entry {
    name: "asha",
    about: "Stops a trial that is not among the best 1/reduction_factor of those that came as far, \
            at rungs of steps (Li et al., MLSys 2020, the stopping form).",
    settings: &[
        SettingSpec {
            name: "grace_period",
            default: "1",
            range: Range::Whole { min: 1, fault: "grace_period must be greater than zero, got {}" },
            meaning: "Step of the first rung: nobody is stopped before it.",
        },
        FACTOR,
        SettingSpec {
            name: "brackets",
            default: "1",
            range: Range::Whole { min: 1, fault: "brackets must be greater than zero, got {}" },
            meaning: "How many ladders there are; each begins one rung higher and has fewer trials.",
        },
    ],
    compares: true,
    inner: false,
    check: fits,
    make: |draft| {
        let set = draft.settings;
        let rungs = Rungs {
            lowest: set
                .number("grace_period")
                .or(set.size("grace_period").map(|it| it as f64))
                .unwrap_or(1.0),
            factor: set.number("reduction_factor").unwrap_or(3.0),
            // A step beyond 2^60 is never reached.
            brackets: set.size("brackets").unwrap_or(1).min(60),
            end: f64::INFINITY,
        };
        Box::new(Asha { direction: draft.direction, rungs })
    },
};

#[derive(Debug)]
struct Asha {
    direction: Direction,
    rungs: Rungs,
}

impl Decide for Asha {
    fn stop(&self, curve: &Curve, others: &[&Curve]) -> Option<String> {
        self.rungs.stop(curve, others, self.direction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Standing;
    use crate::fixture::{curve, rule};

    /// Others whose values fall from 10 by their own slopes; stopped ones count as well.
    fn others() -> Vec<Curve> {
        let falling = |slope: f64, steps: usize| -> Vec<f64> {
            (0..steps).map(|step| 10.0 - slope * step as f64).collect()
        };
        let one = |(place, slope): (usize, f64)| {
            let standing = [Standing::Running, Standing::Stopped, Standing::Succeeded][place % 3];
            curve(&place.to_string(), standing, Direction::Minimize, &falling(slope, 9))
        };
        [0.1, 0.2, 0.3, 0.4, 0.5].into_iter().enumerate().map(one).collect()
    }

    fn check(settings: &[(&str, &str)], values: &[f64], stopped: bool) {
        let judged = curve("r", Standing::Running, Direction::Minimize, values);
        let got = rule("asha", settings, Direction::Minimize).stop(&judged, &others());
        assert_eq!(got.is_some(), stopped, "{settings:?} {values:?}: {got:?}");
    }

    #[test]
    fn one_of_the_factor_goes_on_from_each_rung() {
        // At step 1 all are alike; at step 3 two of six go on.
        check(&[], &[10.0], false);
        check(&[], &[10.0, 10.0], false);
        check(&[], &[10.0, 9.5, 9.1], false);
        check(&[], &[10.0, 9.5, 9.3], true);
        check(&[("grace_period", "2")], &[10.0, 9.65], true);
        check(&[("grace_period", "4")], &[11.0, 11.0, 11.0], false);
        check(&[("grace_period", "4")], &[11.0, 11.0, 11.0, 11.0], true);
        check(&[("reduction_factor", "2")], &[10.0, 9.7], false);
        check(&[("reduction_factor", "6.5")], &[11.0, 11.0, 11.0], false);
    }

    #[test]
    fn who_leads_by_now_goes_on() {
        check(&[], &[10.0, 9.9, 9.8, 0.1], false);
    }

    #[test]
    fn a_stop_says_where_it_stood() {
        let judged = curve("r", Standing::Running, Direction::Minimize, &[10.0, 10.0, 9.9, 9.9]);
        let why = rule("asha", &[], Direction::Minimize).stop(&judged, &others()).unwrap();
        let want = "best value 9.9 at the rung of step 3 is not among the best 2 of 6 trials that \
                    came there, which have 9.2 or better";
        assert_eq!(why, want);
    }

    #[test]
    fn brackets_are_ladders_of_their_own() {
        let rule = rule("asha", &[("brackets", "3")], Direction::Minimize);
        // Every trial is worse than the one before it, so within a ladder only the first are kept.
        let all: Vec<Curve> = (0..40)
            .map(|index| {
                let reports: Vec<(f64, f64)> =
                    (1..=8).map(|step| (f64::from(step), index as f64)).collect();
                Curve::new(
                    &index.to_string(),
                    index,
                    Standing::Running,
                    Direction::Minimize,
                    &reports,
                )
            })
            .collect();
        let early = |it: &Curve| {
            let cut: Vec<(f64, f64)> = it.points()[..2].to_vec();
            Curve::new(&it.trial, it.index, it.standing, Direction::Minimize, &cut)
        };
        let stopped =
            |curves: Vec<Curve>| curves.iter().filter(|it| rule.stop(it, &all).is_some()).count();
        let (short, long) = (stopped(all.iter().map(early).collect()), stopped(all.clone()));
        // By step 2 only the lowest ladder has a rung; by step 8 the second, which begins at 3.
        assert!(0 < short && short < long && long < 30, "{short} {long}");
    }
}
