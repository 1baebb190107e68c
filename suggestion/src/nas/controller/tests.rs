//! Gradients against differences, and draws against their probabilities.

use super::*;
use crate::Seed;

const SHAPE: Shape =
    Shape { layers: 4, choices: 3, hidden: 5, temperature: 1.3, tanh_const: Some(2.25) };

/// The loss whose gradient is taken, written from its formula.
fn loss(pass: &Pass, advantages: &[f64], wishes: &Wishes) -> f64 {
    let layers = pass.shape.layers;
    let of = |(b, advantage): (usize, &f64)| {
        let rows = &pass.architectures[b];
        let (mut log_probability, mut entropy, mut divergence) = (0.0, 0.0, 0.0);
        for (layer, row) in pass.layers.iter().zip(rows) {
            let shares = layer.shares.row(b);
            log_probability += shares[row[0]].ln();
            entropy -= shares.iter().map(|p| p * p.ln()).sum::<f64>();
            for (link, connected) in layer.links.iter().zip(&row[1..]) {
                let (p, t) = (link.share[b], wishes.skip_target);
                log_probability += if *connected == 1 { p.ln() } else { (1.0 - p).ln() };
                entropy -= p * p.ln() + (1.0 - p) * (1.0 - p).ln();
                divergence += p * (p / t).ln() + (1.0 - p) * ((1.0 - p) / (1.0 - t)).ln();
            }
        }
        let divergence = wishes.skip / (layers as f64 - 1.0).max(1.0) * divergence;
        -advantage * log_probability - wishes.entropy * entropy + divergence
    };
    advantages.iter().enumerate().map(of).sum::<f64>() / advantages.len() as f64
}

/// Every derivative agrees with a central difference to 1e-7 of the largest.
fn check(shape: Shape, wishes: Wishes) {
    let mut stream = Seed(4).stream(0);
    let mut weights = Weights::new(&shape, &mut stream);
    weights.all_mut().into_iter().for_each(|it| *it *= 8.0);
    let drawn = Pass::new(&shape, &weights, Source::Draw(3, &mut stream)).architectures;
    let given: Vec<_> = drawn.iter().map(Vec::as_slice).collect();
    let advantages = [0.7, -1.2, 0.4];
    let pass = |weights: &Weights| {
        loss(&Pass::new(&shape, weights, Source::Given(&given)), &advantages, &wishes)
    };
    let gradient =
        Pass::new(&shape, &weights, Source::Given(&given)).gradient(&advantages, &wishes);
    let slopes: Vec<f64> = gradient.all().into_iter().flatten().copied().collect();
    let largest = slopes.iter().fold(0.0f64, |most, it| most.max(it.abs()));
    assert!(1e-3 < largest);
    let sizes = weights.all().map(Array2::len);
    let mut place = 0;
    for (matrix, size) in sizes.into_iter().enumerate() {
        for k in 0..size {
            let moved = |by: f64| {
                let mut weights = weights.clone();
                *weights.all_mut()[matrix].iter_mut().nth(k).unwrap() += by;
                pass(&weights)
            };
            let difference = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            let gap = (difference - slopes[place]).abs();
            assert!(gap < 1e-7 * largest.max(1.0), "matrix {matrix}, {k}: off by {gap}");
            place += 1;
        }
    }
}

#[test]
fn gradients_are_those_of_the_loss() {
    check(SHAPE, Wishes { entropy: 0.3, skip: 0.8, skip_target: 0.4 });
    let plain = Wishes { entropy: 0.0, skip: 0.0, skip_target: 0.4 };
    check(Shape { tanh_const: None, temperature: 1.0, ..SHAPE }, plain);
    check(Shape { layers: 1, ..SHAPE }, plain);
}

/// 4,000 draws: the share of each choice is within 4.5 standard deviations of what the pass says,
/// which 1 choice in 147,000 is not by chance.
#[test]
fn draws_follow_their_probabilities() {
    let mut stream = Seed(5).stream(0);
    let mut weights = Weights::new(&SHAPE, &mut stream);
    weights.all_mut().into_iter().for_each(|it| *it *= 10.0);
    let pass = Pass::new(&SHAPE, &weights, Source::Draw(4000, &mut stream));
    let near = |count: usize, share: f64| {
        let expected = 4000.0 * share;
        assert!((count as f64 - expected).abs() < 4.5 * (expected * (1.0 - share)).sqrt());
    };
    let first = &pass.layers[0];
    for k in 0..3 {
        let count = pass.architectures.iter().filter(|rows| rows[0][0] == k).count();
        near(count, first.shares[[0, k]]);
    }
    // Given what came before, connections have chances of their own: their sum is compared.
    let link = &pass.layers[1].links[0];
    near(
        pass.architectures.iter().filter(|rows| rows[1][1] == 1).count(),
        link.share.sum() / 4000.0,
    );
}

#[test]
fn adam_takes_steps_of_its_rate() {
    // Kingma and Ba, §2.1: the first step is of the rate's size, whatever the gradient's.
    let mut weights = Weights::zeros(&SHAPE);
    let mut gradient = Weights::zeros(&SHAPE);
    gradient.start[[0, 0]] = 1e5;
    gradient.start[[0, 1]] = -0.1;
    Adam::new(&SHAPE).step(&mut weights, &gradient, 0.01);
    assert!((weights.start[[0, 0]] + 0.01).abs() < 1e-6);
    assert!((weights.start[[0, 1]] - 0.01).abs() < 1e-6);
    assert_eq!(weights.start[[0, 2]], 0.0);
}
