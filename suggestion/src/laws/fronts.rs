//! Does learning pay with several objectives and under constraints?

use proto::kinds::{ConstraintSpec, ExperimentSpec, ObjectiveSpec};

use crate::analysis::hypervolume::hypervolume;
use crate::fixture::{experiment, real, told};
use crate::{Answer, History, Problem, Seed, Told, suggest};

/// Two distances, to places that are apart, and a strip that is forbidden.
fn outcome(x: &[f64]) -> ([f64; 2], f64) {
    let distance = |at: [f64; 3]| x.iter().zip(at).map(|(x, c)| (x - c).powi(2)).sum::<f64>();
    ([distance([0.2, 0.3, 0.5]), distance([0.7, 0.8, 0.5])], 0.1 - (x[0] - 0.45).abs())
}

/// Their problem: two objectives and a constraint.
pub(super) fn spec(algorithm: &str) -> ExperimentSpec {
    let cube: Vec<_> = ["x", "y", "z"].map(|name| real(name, 0.0, 1.0)).into();
    let objective = |name: &str| ObjectiveSpec {
        type_: "minimize".into(),
        objective_metric_name: name.into(),
        ..Default::default()
    };
    ExperimentSpec {
        objective: None,
        objectives: vec![objective("near"), objective("far")],
        constraints: vec![ConstraintSpec {
            metric_name: "strip".into(),
            comparison: "less".into(),
            value: "0".into(),
        }],
        ..experiment(algorithm, &[], &cube)
    }
}

/// The volume that the trials dominate which keep the constraint, after `trials` trials.
fn volume(algorithm: &str, seed: u64, trials: u64) -> f64 {
    let problem = Problem::parse(&spec(algorithm), Seed(seed)).unwrap();
    let mut lived: Vec<Told> = Vec::new();
    let mut front = Vec::new();
    for index in 0..trials {
        let history = History::new(&problem, lived.clone());
        let Answer::Proposals(mut one) = suggest(&problem, &history, index, 1).unwrap() else {
            panic!("{algorithm} ended early")
        };
        let assignments = one.remove(0).assignments;
        let x: Vec<f64> = assignments.iter().map(|it| it.value.parse().unwrap()).collect();
        let (losses, strip) = outcome(&x);
        if strip <= 0.0 {
            front.push(losses);
        }
        let metrics = [("near", losses[0]), ("far", losses[1]), ("strip", strip)];
        let metrics = metrics.map(|(name, value)| (name.to_owned(), value)).into();
        lived.push(Told { metrics, ..told(index, assignments, Some(0.0)) });
    }
    hypervolume(&front, &[0.6, 0.6])
}

/// Those that model objectives and constraints dominate more than random search does, over six
/// seeds together by a tenth.
#[test]
fn modelling_the_front_beats_random() {
    let all = |algorithm: &str| -> f64 { (0..6).map(|seed| volume(algorithm, seed, 24)).sum() };
    let random = all("random");
    for algorithm in ["ehvi", "parego", "auto"] {
        let got = all(algorithm);
        assert!(1.1 * random < got, "{algorithm}: {got} and {random}");
    }
}
