//! Densities against what they must sum to and be drawn as.

use super::*;
use crate::Seed;
use crate::fixture::{experiment, int, names, real};
use proto::kinds::{ParameterSpec, Prior, When};

/// The places of a space of x (real), c (three names), i (five numbers) and y, which counts only
/// with the first two names, on a lattice that is fine along x and y; each with its share of the
/// cube.
fn lattice(space: &Space) -> Vec<(Vec<f64>, f64)> {
    const FINE: u32 = 60;
    let middle = |k: u32, n: u32| (f64::from(k) + 0.5) / f64::from(n);
    let mut places = Vec::new();
    for (x, y) in (0..FINE * FINE).map(|k| (middle(k % FINE, FINE), middle(k / FINE, FINE))) {
        for (c, i) in (0..15).map(|k| (middle(k % 3, 3), middle(k / 3, 5))) {
            let point = space.point(&[x, c, i, y]);
            places.push((space.place(&point), 1.0 / f64::from(FINE * FINE * 15)));
        }
    }
    places
}

fn conditional() -> Space {
    let when = When { parameter: "c".into(), values: vec!["c0".into(), "c1".into()] };
    let y = ParameterSpec { when: Some(when), ..real("y", 0.0, 1.0) };
    let believed = Prior { value: "0.8".into(), confidence: "high".into() };
    let x = ParameterSpec { prior: Some(believed), ..real("x", 0.0, 1.0) };
    Space::parse(&experiment("", &[], &[x, names("c", 3), int("i", 1, 5), y])).unwrap()
}

fn check(units: &[[f64; 4]], believes: bool) {
    let space = conditional();
    let places: Vec<_> = units.iter().map(|units| space.place(&space.point(units))).collect();
    let trials: Vec<Weighted> =
        places.iter().enumerate().map(|(i, place)| (&place[..], 1.0 + i as f64)).collect();
    let density = Density::fit(&space, &trials, 0.5, believes);
    let weight = trials.iter().map(|(_, weight)| weight).sum::<f64>() + 0.5;

    // What is drawn lies where the density says: by name, and by half of x and y in each.
    let cell = |place: &[f64]| {
        let half = |x: f64| if x.is_nan() || x < 0.5 { 0 } else { 1 };
        place[1] as usize * 4 + half(place[0]) * 2 + half(place[3])
    };
    let (mut wanted, mut sums) = ([0.0; 12], Vec::new());
    for (place, share) in lattice(&space) {
        wanted[cell(&place)] += density.log(&place, &mut sums).exp() * share / weight;
    }
    let all: f64 = wanted.iter().sum();
    assert!((all - 1.0).abs() < 1e-3, "{units:?}: sums to {all}");
    let (mut stream, mut drawn) = (Seed(1).stream(0), [0.0; 12]);
    for _ in 0..10_000 {
        drawn[cell(&space.place(&density.draw(&mut stream)))] += 1e-4;
    }
    for (wanted, drawn) in wanted.iter().zip(drawn) {
        // Five standard deviations, and what the lattice is coarse by.
        let bound = 5.0 * (wanted * (1.0 - wanted) / 10_000.0).sqrt() + 1e-3;
        assert!((wanted - drawn).abs() < bound, "{units:?}: {wanted}, {drawn}");
    }
}

#[test]
fn densities_sum_to_one_and_draws_follow_them() {
    check(&[], false);
    check(&[], true);
    check(&[[0.1, 0.5, 0.4, 0.9]], false);
    check(&[[0.0, 0.0, 0.9, 0.3], [0.9, 0.9, 0.2, 0.3], [0.5, 0.2, 0.4, 0.7]], true);
}

/// By hand: one kernel of σ = 5^−1.3 = 0.123407 at ½ on the only axis, and a prior of the same
/// weight. At ½ the kernel's density is 1 / (σ √(2π) (2 Φ(1 / 2σ) − 1)) = 3.232908.
#[test]
fn one_kernel_is_as_by_hand() {
    let space = crate::fixture::space(&[real("x", 0.0, 1.0)]);
    let density = Density::fit(&space, &[(&[0.5], 1.0)], 1.0, false);
    let got = density.log(&[0.5], &mut Vec::new()).exp();
    assert!((got - 4.232_908).abs() < 1e-4, "{got}");
}
