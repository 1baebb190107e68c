//! `patient`: stops a trial that has stopped getting better.
//!
//! Early stopping by patience (Prechelt, *Early Stopping, but when?*, 1998): a trial goes on while
//! its best value improves at least once in `patience` reports. With another `rule`, it is a
//! patient form of that one (as Optuna's pruner of that name): both must give the trial up.

use suggestion::Direction;
use suggestion::settings::{Range, SettingSpec};

use crate::curve::Curve;
use crate::registry::{Entry, INNER, fits};
use crate::rule::{Decide, Rule};

pub(crate) const ENTRY: Entry = Entry {
    name: "patient",
    about: "Stops a trial whose best value did not improve by min_delta in its last patience \
            reports; with another rule, one that this rule gives up as well (Prechelt, Early \
            Stopping, but when?, 1998).",
    settings: &[
        SettingSpec {
            name: "patience",
            default: "5",
            range: Range::Whole { min: 1, fault: "patience must be greater than zero, got {}" },
            meaning: "How many reports may bring nothing better.",
        },
        SettingSpec {
            name: "min_delta",
            default: "0",
            range: Range::AtLeast {
                min: 0.0,
                fault: "min_delta must not be less than zero, got {}",
            },
            meaning: "By how much a value must be better to count; 0 is any improvement.",
        },
        SettingSpec {
            name: INNER,
            default: "none",
            range: Range::Choice {
                of: &[
                    "medianstop",
                    "percentile",
                    "asha",
                    "hyperband",
                    "threshold",
                    "wilcoxon",
                    "curve",
                    "none",
                ],
                fault: "rule {} is none of medianstop, percentile, asha, hyperband, threshold, \
                        wilcoxon, curve and none",
            },
            meaning: "A rule that must give the trial up as well; its settings are written \
                      rule.NAME. none: patience alone.",
        },
    ],
    compares: true,
    inner: true,
    check: fits,
    make: |draft| {
        let alone = draft.settings.text(INNER).is_none_or(|it| it == "none");
        Box::new(Patient {
            direction: draft.direction,
            patience: draft.settings.size("patience").unwrap_or(5),
            delta: draft.settings.number("min_delta").unwrap_or(0.0),
            inner: draft.inner.filter(|_| !alone),
        })
    },
};

#[derive(Debug)]
struct Patient {
    direction: Direction,
    patience: usize,
    delta: f64,
    inner: Option<Rule>,
}

impl Decide for Patient {
    fn stop(&self, curve: &Curve, others: &[&Curve]) -> Option<String> {
        let points = curve.points();
        let (before, last) = points.split_at(points.len().checked_sub(self.patience)?);
        let least = |of: &[(f64, f64)]| of.iter().map(|it| it.1).min_by(f64::total_cmp);
        let (before, last) = (least(before)?, least(last)?);
        // Also true of sums that overflow: an infinite improvement is one.
        if last < before && self.delta <= before - last {
            return None;
        }
        let inner = match &self.inner {
            Some(rule) => format!("; {}", rule.stop(curve, others)?),
            None => String::new(),
        };
        Some(format!(
            "best value {} did not improve{} in the last {} reports{inner}",
            self.direction.loss(before),
            if self.delta == 0.0 { String::new() } else { format!(" by {}", self.delta) },
            self.patience,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Standing;
    use crate::fixture::{curve, rule};

    fn check(settings: &[(&str, &str)], values: &[f64], stopped: bool) {
        let judged = curve("r", Standing::Running, Direction::Minimize, values);
        let got = rule("patient", settings, Direction::Minimize).stop::<Curve>(&judged, &[]);
        assert_eq!(got.is_some(), stopped, "{settings:?} {values:?}: {got:?}");
    }

    #[test]
    fn who_gets_better_goes_on() {
        check(&[], &[5.0, 4.0, 3.0, 2.0, 1.0, 0.5, 0.4], false);
        check(&[], &[1.0; 5], false);
        check(&[], &[1.0; 6], true);
        check(&[("patience", "2")], &[3.0, 2.0, 2.5, 1.9], false);
        check(&[("patience", "2")], &[3.0, 2.0, 2.5, 2.0], true);
        check(&[("patience", "2"), ("min_delta", "0.5")], &[3.0, 2.0, 1.9, 1.6], true);
        check(&[("patience", "2"), ("min_delta", "0.5")], &[3.0, 2.0, 1.9, 1.5], false);
        check(&[("patience", "2"), ("min_delta", "1")], &[f64::MAX, 0.0, -f64::MAX], false);
    }

    #[test]
    fn another_rule_is_asked_as_well() {
        let way = Direction::Minimize;
        let judged = curve("r", Standing::Running, way, &[1.0; 9]);
        let with = [("rule", "threshold"), ("rule.upper", "2")];
        assert_eq!(rule("patient", &with, way).stop::<Curve>(&judged, &[]), None);
        let with = [("rule", "threshold"), ("rule.upper", "0.5")];
        let why = rule("patient", &with, way).stop::<Curve>(&judged, &[]).unwrap();
        let want = "best value 1 did not improve in the last 5 reports; value 1 at step 1 is above \
                    upper, which is 0.5";
        assert_eq!(why, want);
    }
}
