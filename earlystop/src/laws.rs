//! What holds for every stopping rule; each registered rule is checked with its defaults.

use proptest::prelude::*;
use proto::kinds::EarlyStoppingSpec;
use suggestion::Direction;

use crate::{Curve, Rule, registry};

/// How many random cases; QALAM_FULL=1 asks for many more.
fn cases() -> ProptestConfig {
    let full = std::env::var_os("QALAM_FULL").is_some();
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases([128, 4096][usize::from(full)])
    }
}

fn rules(direction: Direction) -> impl Iterator<Item = Rule> {
    registry::rules().iter().map(move |entry| {
        let spec =
            EarlyStoppingSpec { algorithm_name: entry.name.into(), algorithm_settings: Vec::new() };
        Rule::parse(&spec, direction).expect("every rule works with its defaults")
    })
}

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(Direction::Minimize), Just(Direction::Maximize)]
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        20 => -10.0..10.0f64,
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
        1 => Just(f64::MAX),
    ]
}

fn curves() -> impl Strategy<Value = Vec<Curve>> {
    let reports = prop::collection::vec((0u8..12, value()), 0..16);
    let curve = reports.prop_map(|reports| Curve {
        trial: String::new(),
        reports: reports.into_iter().map(|(step, value)| (f64::from(step), value)).collect(),
    });
    prop::collection::vec(curve, 0..10).prop_map(|mut curves| {
        (0..).zip(&mut curves).for_each(|(i, curve)| curve.trial = format!("t{i}"));
        curves
    })
}

/// The best loss of a curve, if it has any.
fn best(curve: &Curve, direction: Direction) -> Option<f64> {
    let values = curve.values_until(f64::INFINITY).into_iter();
    values.map(|value| direction.loss(value)).min_by(f64::total_cmp)
}

proptest! {
    #![proptest_config(cases())]

    /// Only running trials are stopped, each once, in their order, with a reason.
    #[test]
    fn stops_name_running_trials(finished in curves(), running in curves(), way in direction()) {
        for rule in rules(way) {
            let stops = rule.stops(&finished, &running);
            let mut names = running.iter().map(|curve| &curve.trial);
            prop_assert!(stops.iter().all(|stop| names.any(|name| *name == stop.trial)));
            prop_assert!(stops.iter().all(|stop| !stop.why.is_empty()));
        }
    }

    /// A curve better than all others is never stopped.
    #[test]
    fn the_best_goes_on(finished in curves(), running in curves(), way in direction()) {
        for rule in rules(way) {
            for stop in rule.stops(&finished, &running) {
                let stopped = running.iter().find(|curve| curve.trial == stop.trial).unwrap();
                let mine = best(stopped, way).unwrap();
                let others = finished.iter().filter_map(|curve| best(curve, way));
                prop_assert!(others.into_iter().any(|other| other < mine));
            }
        }
    }

    /// The order in which reports arrive changes nothing.
    #[test]
    fn arrival_does_not_matter(finished in curves(), running in curves(), way in direction()) {
        let turned = |curves: &[Curve]| -> Vec<Curve> {
            let mut curves = curves.to_vec();
            curves.iter_mut().for_each(|curve| curve.reports.reverse());
            curves
        };
        for rule in rules(way) {
            let (a, b) = (rule.stops(&finished, &running), rule.stops(&turned(&finished), &turned(&running)));
            prop_assert_eq!(a, b);
        }
    }

    /// What another running trial does changes nothing for this one's relative rule: a decision
    /// about each alone is the decision about all.
    #[test]
    fn decisions_are_separate(finished in curves(), running in curves(), way in direction()) {
        for rule in rules(way) {
            let all = rule.stops(&finished, &running);
            let one_by_one: Vec<_> =
                running.iter().flat_map(|curve| rule.stops(&finished, std::slice::from_ref(curve))).collect();
            prop_assert_eq!(all, one_by_one);
        }
    }

    /// Without anybody to compare with, everybody goes on.
    #[test]
    fn the_first_goes_on(running in curves(), way in direction()) {
        for rule in rules(way) {
            prop_assert_eq!(rule.stops(&[], &running), Vec::new());
        }
    }
}
