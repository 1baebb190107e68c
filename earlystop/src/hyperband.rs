//! `hyperband`: successive halving in every bracket that fits, as a rule for any search.
//!
//! Hyperband (Li et al., JMLR 2018) hedges over how early it is safe to judge: from a bracket that
//! begins at `min_resource` steps with many trials, to one with few trials that all run to
//! `max_resource`. As a search it decides what to try as well; here the search is anybody's, and
//! each trial is put into a bracket by its number and sorted out at that bracket's rungs (as in
//! Optuna's pruner of that name; within a bracket as in `asha`).

use proto::FieldError;
use suggestion::Direction;
use suggestion::settings::{Range, SettingSpec, Settings};

use crate::asha::FACTOR;
use crate::curve::{Curve, Standing};
use crate::registry::Entry;
use crate::rule::Decide;
use crate::rungs::Rungs;

pub(crate) const ENTRY: Entry = Entry {
    name: "hyperband",
    about: "Sorts trials out as asha does, in brackets that begin at ever higher steps up to the \
            length of a full trial (Li et al., Hyperband, JMLR 2018, as a pruner).",
    settings: &[
        SettingSpec {
            name: "min_resource",
            default: "1",
            range: Range::Whole { min: 1, fault: "min_resource must be greater than zero, got {}" },
            meaning: "Step of the lowest rung of the lowest bracket.",
        },
        SettingSpec {
            name: "max_resource",
            default: "None",
            range: Range::OrNone(&Range::Whole {
                min: 1,
                fault: "max_resource must be greater than zero, got {}",
            }),
            meaning: "How many steps a full trial has; None takes the longest that succeeded, and \
                      stops nobody before one has.",
        },
        FACTOR,
    ],
    compares: true,
    inner: false,
    check,
    make: |draft| {
        Box::new(Hyperband {
            direction: draft.direction,
            least: draft.settings.size("min_resource").unwrap_or(1) as f64,
            most: draft.settings.size("max_resource").map(|it| it as f64),
            factor: draft.settings.number("reduction_factor").unwrap_or(3.0),
        })
    },
};

fn check(settings: &Settings) -> Vec<FieldError> {
    let least = settings.whole("min_resource").unwrap_or(1);
    match settings.whole("max_resource") {
        Some(most) if most < least => vec![FieldError::new(
            "algorithmSettings",
            format!(
                "max_resource must not be less than min_resource, which is {least}, got {most}"
            ),
        )],
        _ => Vec::new(),
    }
}

#[derive(Debug)]
struct Hyperband {
    direction: Direction,
    least: f64,
    most: Option<f64>,
    factor: f64,
}

impl Decide for Hyperband {
    fn stop(&self, curve: &Curve, others: &[&Curve]) -> Option<String> {
        let done = others.iter().filter(|it| it.standing == Standing::Succeeded);
        let longest = || done.filter_map(|it| it.last_step()).max_by(f64::total_cmp);
        let most = self.most.or_else(longest)?;
        self.rungs(most).stop(curve, others, self.direction)
    }
}

impl Hyperband {
    /// One bracket for each rung that fits between the least and the most, and one without any.
    fn rungs(&self, most: f64) -> Rungs {
        let mut brackets = 1;
        let mut rung = self.least * self.factor;
        while rung <= most {
            brackets += 1;
            rung *= self.factor;
        }
        Rungs { lowest: self.least, factor: self.factor, brackets, end: most }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::rule;

    fn flat(index: u64, standing: Standing, steps: u32) -> Curve {
        let reports: Vec<(f64, f64)> =
            (1..=steps).map(|step| (f64::from(step), index as f64)).collect();
        Curve::new(&index.to_string(), index, standing, Direction::Minimize, &reports)
    }

    #[test]
    fn brackets_fill_the_span() {
        let of = |least: f64, most: f64, factor: f64| {
            let it = Hyperband { direction: Direction::Minimize, least, most: None, factor };
            it.rungs(most).brackets
        };
        assert_eq!((of(1.0, 81.0, 3.0), of(1.0, 80.0, 3.0), of(5.0, 4.0, 3.0)), (5, 4, 1));
    }

    #[test]
    fn the_longest_trial_tells_how_many_steps_there_are() {
        let judged = |index: u64| flat(index, Standing::Running, 9);
        let running: Vec<Curve> = (0..30).map(|it| flat(it, Standing::Running, 9)).collect();
        let rule = rule("hyperband", &[], Direction::Minimize);
        assert!(running.iter().all(|it| rule.stop(it, &running).is_none()), "nobody knows yet");
        let mut all = running.clone();
        all.push(flat(100, Standing::Succeeded, 27));
        let stopped = (0..30).filter(|it| rule.stop(&judged(*it), &all).is_some()).count();
        assert!((10..28).contains(&stopped), "{stopped}");
    }

    #[test]
    fn a_full_trial_is_no_shorter_than_its_first_rung() {
        use proto::kinds::{EarlyStoppingSpec, Setting};
        let set = |name: &str, value: &str| Setting { name: name.into(), value: value.into() };
        let spec = EarlyStoppingSpec {
            algorithm_name: "hyperband".into(),
            algorithm_settings: vec![set("min_resource", "9"), set("max_resource", "3")],
        };
        let faults = crate::Rule::parse(&spec, Direction::Minimize).unwrap_err();
        assert!(faults[0].to_string().contains("max_resource must not be less"), "{faults:?}");
    }
}
