//! Several objectives and constraints, which the laws of all algorithms do not have yet.

use proto::kinds::{ConstraintSpec, ExperimentSpec, ObjectiveSpec};

use crate::analysis::hypervolume::hypervolume;
use crate::fixture::{experiment, names, real, told};
use crate::{Answer, History, Problem, Seed, Told, suggest};

/// Two losses that cannot both be small; three numbers and a name make both smaller.
fn two_objectives(algorithm: &str) -> ExperimentSpec {
    let mut parameters: Vec<_> = (0..4).map(|i| real(&format!("x{i}"), 0.0, 1.0)).collect();
    parameters.push(names("c", 3));
    let objective = |metric: &str| ObjectiveSpec {
        type_: "minimize".into(),
        objective_metric_name: metric.into(),
        ..Default::default()
    };
    ExperimentSpec {
        objective: None,
        objectives: vec![objective("f"), objective("g")],
        ..experiment(algorithm, &[], &parameters)
    }
}

/// The losses f and g of 80 trials, 4 at a time.
fn losses(spec: &ExperimentSpec, seed: u64) -> Vec<[f64; 2]> {
    let problem = Problem::parse(spec, Seed(seed)).unwrap();
    let (mut lived, mut losses): (Vec<Told>, Vec<[f64; 2]>) = Default::default();
    while lived.len() < 80 {
        let (history, first) = (History::new(&problem, lived.clone()), lived.len() as u64);
        let Answer::Proposals(all) = suggest(&problem, &history, first, 4).unwrap() else {
            panic!("the space is endless")
        };
        for suggested in all {
            let number = |text: &str| text.trim_start_matches('c').parse::<f64>().unwrap();
            let x: Vec<f64> = suggested.assignments.iter().map(|it| number(&it.value)).collect();
            let far = x[1..4].iter().map(|x| (x - 0.6).abs()).sum::<f64>() + x[4] / 4.0;
            let (f, g) = (x[0] + far, 1.0 - x[0].sqrt() + far);
            let mut told = told(lived.len() as u64, suggested.assignments, Some(0.0));
            told.labels = suggested.labels;
            told.metrics = [("f".to_owned(), f), ("g".to_owned(), g)].into();
            lived.push(told);
            losses.push([f, g]);
        }
    }
    losses
}

/// At least 13 of 16 paired seeds against random search; no better than random would pass once in
/// a hundred.
#[test]
fn fronts_are_better_than_at_random() {
    for algorithm in ["nsga2", "nsga3", "de", "regularized-evolution"] {
        let volume =
            |algorithm, seed| hypervolume(&losses(&two_objectives(algorithm), seed), &[2.0, 2.0]);
        let wins = |seed: &u64| volume("random", *seed) < volume(algorithm, *seed);
        let wins = (0..16).filter(wins).count();
        assert!(13 <= wins, "{algorithm}: {wins} of 16");
    }
}

/// Where g must stay below a bound, most of the later trials keep it; of random ones few do.
#[test]
fn constraints_are_kept() {
    for algorithm in ["nsga2", "nsga3", "de", "regularized-evolution", "local-search"] {
        let mut spec = two_objectives(algorithm);
        spec.objectives.truncate(1);
        spec.constraints = vec![ConstraintSpec {
            metric_name: "g".into(),
            comparison: "less".into(),
            value: "0.6".into(),
        }];
        let kept = |losses: &[[f64; 2]]| losses.iter().filter(|it| it[1] <= 0.6).count();
        let all: Vec<Vec<[f64; 2]>> = (0..4).map(|seed| losses(&spec, seed)).collect();
        let (early, late): (usize, usize) = (
            all.iter().map(|it| kept(&it[..10])).sum(),
            all.iter().map(|it| kept(&it[60..])).sum(),
        );
        assert!(early < 10 && 24 < late, "{algorithm}: {early} of 40, then {late} of 80");
    }
}
