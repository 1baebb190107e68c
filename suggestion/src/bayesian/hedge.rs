//! Which acquisition function to follow: those whose proposals turned out well, more often.
//!
//! Hoffman, Brochu and de Freitas, *Portfolio Allocation for Bayesian Optimization* (UAI 2011,
//! algorithm 2, GP-Hedge): a function's gain is the sum of the rewards of what it proposed, a
//! proposal's reward is the negative mean that the newest model has there, and functions are drawn
//! in proportion to exp(η · gain). Only the proposals that were tried are known here, so a
//! function's gain is its mean reward for all T rounds, as in bandits with such partial
//! information, and η = 1 / √T.

use crate::forest::model::Surrogate;
use crate::history::Trial;
use crate::seed::Stream;

use super::{Acquisition, LABEL};

/// One of `acquisitions`, which are not empty, drawn by what their trials came to.
pub(super) fn choose(
    acquisitions: &[Acquisition],
    finished: &[Trial],
    model: &dyn Surrogate,
    stream: &mut Stream,
) -> Acquisition {
    if let [only] = acquisitions {
        return *only;
    }
    let tried = |it: &Acquisition| {
        let name = it.name();
        let mine = finished
            .iter()
            .filter(move |trial| trial.labels.get(LABEL).is_some_and(|label| label == name));
        mine.map(|trial| -model.predict(&trial.place).0).collect::<Vec<f64>>()
    };
    let rewards: Vec<Vec<f64>> = acquisitions.iter().map(tried).collect();
    let rounds = rewards.iter().map(Vec::len).sum::<usize>() as f64;
    // One more reward of 0, the mean of all targets, for those that had few.
    let mean = |rewards: &Vec<f64>| rewards.iter().sum::<f64>() / (rewards.len() + 1) as f64;
    let gains: Vec<f64> = rewards.iter().map(|it| rounds.sqrt() * mean(it)).collect();
    acquisitions[drawn(&gains, stream.unit())]
}

/// The index where the shares of exp(gain) reach `u`.
fn drawn(gains: &[f64], u: f64) -> usize {
    let most = gains.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = gains.iter().map(|gain| (gain - most).exp()).collect();
    let mut rest = u * weights.iter().sum::<f64>();
    let passed = |weight: &f64| {
        rest -= weight;
        0.0 <= rest
    };
    weights.iter().copied().take_while(passed).count().min(gains.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_drawn_by_gain() {
        // Shares of exp: 1 : 2 : 1.
        let gains = [5.0, 5.0 + 2f64.ln(), 5.0];
        let got: Vec<usize> = (0..8).map(|i| drawn(&gains, f64::from(i) / 8.0 + 0.01)).collect();
        assert_eq!(got, [0, 0, 1, 1, 1, 1, 2, 2]);
        assert_eq!(drawn(&[-1e300, 0.0], 0.0), 1);
        assert_eq!(drawn(&[0.0, 0.0], 1.0), 1);
    }
}
