//! Does learning pay? Algorithms that look at results must beat those that do not.

use crate::fixture::{experiment, int, names, real, told};
use crate::{Answer, History, Problem, Seed, suggest};

use proto::kinds::ParameterSpec;

/// A function to minimise over parsed values; names come as their number.
struct Landscape {
    name: &'static str,
    parameters: Vec<ParameterSpec>,
    loss: fn(&[f64]) -> f64,
}

fn landscapes() -> Vec<Landscape> {
    let cube = |n: usize, lo: f64, hi: f64| -> Vec<ParameterSpec> {
        (0..n).map(|i| real(&format!("x{i}"), lo, hi)).collect()
    };
    let mut mixed = cube(2, 0.0, 1.0);
    mixed.extend([int("n", 1, 32), names("c", 4)]);
    vec![
        Landscape {
            name: "sphere",
            parameters: cube(5, -5.0, 5.0),
            loss: |x| x.iter().map(|x| (x - 1.0).powi(2)).sum(),
        },
        Landscape {
            name: "branin",
            parameters: vec![real("x", -5.0, 10.0), real("y", 0.0, 15.0)],
            loss: branin,
        },
        Landscape { name: "hartmann", parameters: cube(6, 0.0, 1.0), loss: hartmann },
        Landscape {
            name: "rosenbrock",
            parameters: cube(4, -2.0, 2.0),
            loss: |x| {
                let step = |x: &[f64]| 100.0 * (x[1] - x[0] * x[0]).powi(2) + (1.0 - x[0]).powi(2);
                x.windows(2).map(step).sum::<f64>().ln_1p()
            },
        },
        Landscape {
            name: "ripples",
            parameters: cube(10, -5.0, 5.0),
            loss: |x| {
                x.iter().map(|x| (x - 1.0).powi(2) + 2.0 - 2.0 * (3.0 * (x - 1.0)).cos()).sum()
            },
        },
        Landscape {
            name: "mixed",
            parameters: mixed,
            loss: |x| {
                let off = [0.4, 0.0, 0.8, 1.2][x[3] as usize];
                (x[0] - 0.3).powi(2) + (x[1] - 0.8).powi(2) + (x[2] - 20.0).abs() / 32.0 + off
            },
        },
    ]
}

/// Branin and Hoo (1972); least value 0.397887.
fn branin(x: &[f64]) -> f64 {
    use std::f64::consts::PI;
    let bow = x[1] - 5.1 / (4.0 * PI * PI) * x[0] * x[0] + 5.0 / PI * x[0] - 6.0;
    bow * bow + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * x[0].cos() + 10.0
}

/// Hartmann's function of six variables; least value −3.32237.
fn hartmann(x: &[f64]) -> f64 {
    const A: [[f64; 6]; 4] = [
        [10.0, 3.0, 17.0, 3.5, 1.7, 8.0],
        [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
        [3.0, 3.5, 1.7, 10.0, 17.0, 8.0],
        [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
    ];
    const P: [[f64; 6]; 4] = [
        [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
        [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
        [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650],
        [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
    ];
    let term = |i: usize| {
        let distance: f64 = (0..6).map(|j| A[i][j] * (x[j] - P[i][j]).powi(2)).sum();
        [1.0, 1.2, 3.0, 3.2][i] * (-distance).exp()
    };
    -(0..4).map(term).sum::<f64>()
}

/// The best loss after `trials` trials, `batch` at a time.
fn best(landscape: &Landscape, algorithm: &str, seed: u64, trials: u64, batch: usize) -> f64 {
    let spec = experiment(algorithm, &[], &landscape.parameters);
    let problem = Problem::parse(&spec, Seed(seed)).unwrap();
    let mut lived = Vec::new();
    while (lived.len() as u64) < trials {
        let history = History::new(&problem, lived.clone());
        let Answer::Proposals(all) =
            suggest(&problem, &history, lived.len() as u64, batch).unwrap()
        else {
            panic!("{algorithm} ended early")
        };
        for suggested in all {
            let number = |text: &str| text.trim_start_matches('c').parse().unwrap();
            let x: Vec<f64> = suggested.assignments.iter().map(|it| number(&it.value)).collect();
            let index = lived.len() as u64;
            lived.push(told(index, suggested.assignments, Some((landscape.loss)(&x))));
        }
    }
    lived.iter().map(|trial| trial.metrics["loss"]).fold(f64::INFINITY, f64::min)
}

/// TPE wins at least 13 of 16 paired seeds against random search on every landscape. Were it no
/// better than random, a landscape would pass with probability 697 / 2^16 = 1.1 %, and all of them
/// with 10^-12.
#[test]
fn tpe_beats_random() {
    let batches: &[usize] = if super::full() { &[1, 2, 4, 8] } else { &[4] };
    for landscape in landscapes() {
        for batch in batches {
            let wins = |seed: &u64| {
                best(&landscape, "tpe", *seed, 60, *batch)
                    < best(&landscape, "random", *seed, 60, *batch)
            };
            let wins = (0..16).filter(wins).count();
            assert!(13 <= wins, "{}, {batch} at a time: {wins} of 16", landscape.name);
        }
    }
}

/// Those that breed win at least 13 of 16 paired seeds against random search where there is a slope
/// to follow. Were one no better than random, it would pass both with probability 0.01 %.
#[test]
fn breeding_beats_random() {
    let slopes = landscapes().into_iter().filter(|it| ["sphere", "mixed"].contains(&it.name));
    for landscape in slopes {
        for algorithm in ["nsga2", "nsga3", "de", "regularized-evolution", "local-search"] {
            let wins = |seed: &u64| {
                best(&landscape, algorithm, *seed, 80, 4) < best(&landscape, "random", *seed, 80, 4)
            };
            let wins = (0..16).filter(wins).count();
            assert!(13 <= wins, "{algorithm} on {}: {wins} of 16", landscape.name);
        }
    }
}

/// Prints mean losses for people who tune an algorithm; run with `--ignored --nocapture`.
#[test]
#[ignore = "for people"]
fn table() {
    for landscape in landscapes() {
        for algorithm in ["random", "sobol", "tpe"] {
            for trials in [50, 100] {
                let all: f64 =
                    (0..20).map(|seed| best(&landscape, algorithm, seed, trials, 1)).sum();
                let batch: f64 =
                    (0..20).map(|seed| best(&landscape, algorithm, seed, trials, 4)).sum();
                eprintln!(
                    "{:10} {algorithm:8} {trials:4} {:9.4} {:9.4}",
                    landscape.name,
                    all / 20.0,
                    batch / 20.0
                );
            }
        }
    }
}
