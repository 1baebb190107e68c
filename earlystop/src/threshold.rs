//! `threshold`: stops a trial whose values leave the range in which a sound run stays.
//!
//! As Optuna's pruner of that name. A value that is no number (a loss that diverged) is outside of
//! every range.

use proto::FieldError;
use suggestion::Direction;
use suggestion::settings::{Range, SettingSpec, Settings};

use crate::curve::Curve;
use crate::registry::Entry;
use crate::rule::{Bar, Decide};

/// Any number, or none.
const BOUND: Range = Range::OrNone(&Range::Between {
    lo: f64::NEG_INFINITY,
    hi: f64::INFINITY,
    fault: "a bound must be a finite number, got {}",
});

pub(crate) const ENTRY: Entry = Entry {
    name: "threshold",
    about: "Stops a trial one of whose values is below lower, above upper, NaN or infinite.",
    settings: &[
        SettingSpec {
            name: "lower",
            default: "None",
            range: BOUND,
            meaning: "Smallest value of the objective that a sound trial reports.",
        },
        SettingSpec {
            name: "upper",
            default: "None",
            range: BOUND,
            meaning: "Largest value of the objective that a sound trial reports.",
        },
        SettingSpec {
            name: "start_step",
            default: "1",
            range: Range::Whole { min: 1, fault: "start_step must be greater than zero, got {}" },
            meaning: "From which step on the bounds hold. A value that is no number counts at once.",
        },
    ],
    compares: false,
    inner: false,
    check,
    make: |draft| {
        Box::new(Threshold {
            direction: draft.direction,
            lower: draft.settings.number("lower").unwrap_or(f64::NEG_INFINITY),
            upper: draft.settings.number("upper").unwrap_or(f64::INFINITY),
            start: draft.settings.size("start_step").unwrap_or(1),
        })
    },
};

fn check(settings: &Settings) -> Vec<FieldError> {
    match (settings.number("lower"), settings.number("upper")) {
        (Some(lower), Some(upper)) if upper < lower => vec![FieldError::new(
            "algorithmSettings",
            format!("upper must not be less than lower, which is {lower}, got {upper}"),
        )],
        _ => Vec::new(),
    }
}

#[derive(Debug)]
struct Threshold {
    direction: Direction,
    /// In the owner's units, as `upper`.
    lower: f64,
    upper: f64,
    start: usize,
}

impl Decide for Threshold {
    fn stop(&self, curve: &Curve, _: &[&Curve]) -> Option<String> {
        if let Some(step) = curve.broken() {
            return Some(format!("a value at step {step} is no finite number"));
        }
        let judged = curve.points().iter().filter(|(step, _)| self.start as f64 <= *step);
        let mut values = judged.map(|(step, loss)| (*step, self.direction.loss(*loss)));
        let (step, value) = values.find(|(_, it)| *it < self.lower || self.upper < *it)?;
        let (side, bound) = if value < self.lower {
            ("below lower", self.lower)
        } else {
            ("above upper", self.upper)
        };
        Some(format!("value {value} at step {step} is {side}, which is {bound}"))
    }

    /// Of two bounds, that on the bad side of the objective: a rule that is told beforehand has
    /// but one, on the best value so far.
    fn bar(&self, _: &[&Curve]) -> Option<Bar> {
        let worst = match self.direction {
            Direction::Minimize => self.upper,
            Direction::Maximize => self.lower,
        };
        let loss = self.direction.loss(worst);
        worst.is_finite().then_some(Bar { loss, start: self.start })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Standing;
    use crate::fixture::{curve, rule};

    fn check(settings: &[(&str, &str)], values: &[f64], want: &str) {
        for way in [Direction::Minimize, Direction::Maximize] {
            let judged = curve("r", Standing::Running, way, values);
            let got = rule("threshold", settings, way).stop::<Curve>(&judged, &[]);
            assert_eq!(got.unwrap_or_default(), want, "{settings:?} {values:?}");
        }
    }

    #[test]
    fn values_stay_in_the_range() {
        let range = [("lower", "-1"), ("upper", "2.5")];
        check(&range, &[-1.0, 0.0, 2.5], "");
        check(&range, &[0.0, 2.6, 0.0], "value 2.6 at step 2 is above upper, which is 2.5");
        check(&range, &[-1.5], "value -1.5 at step 1 is below lower, which is -1");
        check(&[("lower", "0"), ("start_step", "3")], &[-1.0, -1.0, 0.0], "");
        check(&[("upper", "None")], &[1e300], "");
    }

    #[test]
    fn what_is_no_number_is_outside_of_every_range() {
        check(&[], &[1.0, f64::NAN], "a value at step 2 is no finite number");
        check(&[], &[f64::INFINITY], "a value at step 1 is no finite number");
    }
}
