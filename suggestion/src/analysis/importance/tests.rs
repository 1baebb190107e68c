//! Importances are those that Optuna 5.0.0 gives for the same trials.
//!
//! The trials: `points(n, 5)` of `analysis/points.rs` as x = −5 + 10 u₀, y = −5 + 10 u₁,
//! k = 1 + ⌊8 u₂⌋, c = name ⌊3 u₃⌋ and z = u₄, with the loss x² + y² / 2 + 0.8 (k − 3)² + (0, 6 or 2
//! for the name). They were added to a study with `create_trial`; the numbers are those of
//! `get_param_importances` with `FanovaImportanceEvaluator` (mean over seeds 0 … 4; their standard
//! deviation is at most 0.033 for 60 trials, 0.0051 for 300) and `PedAnovaImportanceEvaluator`. For
//! fANOVA k was a `FloatDistribution(0.5, 8.5)`: with an `IntDistribution` Optuna weighs the first
//! and the last integer half, and here all of them are equally likely.

use proto::kinds::ParameterAssignment;

use super::{fanova, ped_anova};
use crate::analysis::points::points;
use crate::fixture::{experiment, int, names, real};
use crate::space::Point;
use crate::{Problem, Seed};

fn trials(n: usize) -> (Problem, Vec<Point>, Vec<f64>) {
    let parameters = [
        real("x", -5.0, 5.0),
        real("y", -5.0, 5.0),
        int("k", 1, 8),
        names("c", 3),
        real("z", 0.0, 1.0),
    ];
    let problem = Problem::parse(&experiment("random", &[], &parameters), Seed(1)).unwrap();
    let mut places = Vec::new();
    let mut losses = Vec::new();
    for u in points(n, 5) {
        let (x, y, k, c) = (
            -5.0 + 10.0 * u[0],
            -5.0 + 10.0 * u[1],
            1.0 + (u[2] * 8.0).floor(),
            (u[3] * 3.0) as usize,
        );
        let value = |name: &str, value: String| ParameterAssignment { name: name.into(), value };
        let values = [
            value("x", x.to_string()),
            value("y", y.to_string()),
            value("k", k.to_string()),
            value("c", format!("c{c}")),
            value("z", u[4].to_string()),
        ];
        places.push(problem.space.point_of(&values).unwrap());
        losses.push(x * x + 0.5 * y * y + 0.8 * (k - 3.0).powi(2) + [0.0, 6.0, 2.0][c]);
    }
    (problem, places, losses)
}

fn check(got: &[f64], want: [f64; 5], tolerance: f64) {
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= tolerance;
    assert!(got.iter().zip(&want).all(near), "{got:.4?}\n{want:.4?}");
    assert!((got.iter().sum::<f64>() - 1.0).abs() < 1e-9);
}

#[test]
fn ped_anova_is_optunas() {
    let (problem, places, losses) = trials(60);
    let want = [
        0.262_556_639_588_198_97,
        0.219_021_949_360_864_83,
        0.364_039_587_915_456_54,
        0.112_595_182_369_299_26,
        0.041_786_640_766_180_32,
    ];
    check(&ped_anova(&problem.space, &places, &losses), want, 1e-6);
    let (problem, places, losses) = trials(300);
    let want = [
        0.491_807_463_714_369_6,
        0.193_728_181_948_445_68,
        0.246_604_661_075_103_54,
        0.058_821_377_451_894_08,
        0.009_038_315_810_187_05,
    ];
    check(&ped_anova(&problem.space, &places, &losses), want, 1e-6);
}

/// The mean over some seeds, as the wanted numbers are.
fn mean_fanova(n: usize) -> Vec<f64> {
    const SEEDS: u64 = 5;
    let (problem, places, losses) = trials(n);
    let mut mean = vec![0.0; 5];
    for seed in 0..SEEDS {
        let got = fanova(&problem.space, &places, &losses, Seed(seed));
        mean.iter_mut().zip(&got).for_each(|(sum, it)| *sum += it / SEEDS as f64);
        assert_eq!(got, fanova(&problem.space, &places, &losses, Seed(seed)), "equal seeds");
    }
    mean
}

#[test]
fn fanova_is_optunas_but_for_chance() {
    check(&mean_fanova(300), [0.5403, 0.0467, 0.3904, 0.0201, 0.0025], 0.01);
    check(&mean_fanova(60), [0.4288, 0.0746, 0.4135, 0.0534, 0.0297], 0.05);
}

#[test]
fn where_nothing_differs_nothing_matters() {
    let (problem, places, _) = trials(20);
    let flat = vec![1.0; 20];
    assert_eq!(fanova(&problem.space, &places, &flat, Seed(1)), [0.0; 5]);
    assert_eq!(ped_anova(&problem.space, &places, &flat), [0.0; 5]);
    assert_eq!(fanova(&problem.space, &[], &[], Seed(1)), [0.0; 5]);
    assert_eq!(ped_anova(&problem.space, &[], &[]), [0.0; 5]);
}
