//! What the finished trials teach: places and losses, and of how many.

use crate::history::{State, Trial};
use crate::standing;

/// So many trials are learned from at most: arithmetic grows with their cube.
const TRIALS_MAX: usize = 300;

/// So many numbers are fitted to at most: that takes a thousand times the arithmetic.
const FITTED_MAX: usize = 150;

/// Trials to learn from.
#[derive(Clone, Debug)]
pub(crate) struct Lesson {
    /// Which of the finished ones, in the order of completion.
    chosen: Vec<usize>,
    /// What each came to; failed ones are as bad as the worst that was measured.
    pub(crate) losses: Vec<f64>,
    /// How many of all were measured.
    pub(crate) measured: usize,
}

impl Lesson {
    /// What `finished` teach of the losses.
    pub(crate) fn new(finished: &[Trial]) -> Lesson {
        Lesson::of(finished, TRIALS_MAX)
    }

    /// What they teach of the numbers of a kernel.
    pub(crate) fn brief(finished: &[Trial]) -> Lesson {
        Lesson::of(finished, FITTED_MAX)
    }

    /// Beyond `most` trials the better half are the best, and the others are from evenly over time.
    fn of(finished: &[Trial], most: usize) -> Lesson {
        let scores = standing::of(finished);
        let measured = scores.iter().flatten().count();
        let worst = scores.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
        let loss = |(i, trial): (usize, &Trial)| match scores[i] {
            Some(score) => Some((i, score)),
            None if trial.state == State::Failed && worst.is_finite() => Some((i, worst)),
            None => None,
        };
        let mut all: Vec<(usize, f64)> = finished.iter().enumerate().filter_map(loss).collect();
        if most < all.len() {
            all.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
            let mut rest = all.split_off(most / 2);
            rest.sort_by_key(|(i, _)| *i);
            let wanted = most - all.len();
            all.extend((0..wanted).map(|k| rest[k * rest.len() / wanted]));
            all.sort_by_key(|(i, _)| *i);
        }
        let (chosen, losses) = all.into_iter().unzip();
        Lesson { chosen, losses, measured }
    }

    /// The chosen ones.
    pub(crate) fn trials<'a>(&self, finished: &'a [Trial]) -> Vec<&'a Trial> {
        self.chosen.iter().map(|i| &finished[*i]).collect()
    }

    /// The losses of the chosen ones in objective `k`; failed ones are as bad as the worst that was
    /// measured.
    pub(crate) fn losses_in(&self, finished: &[Trial], k: usize) -> Vec<f64> {
        let loss = |i: &usize| finished[*i].losses.get(k).copied();
        let worst = self.chosen.iter().filter_map(loss).fold(f64::NEG_INFINITY, f64::max);
        self.chosen.iter().map(|i| loss(i).unwrap_or(worst)).collect()
    }

    /// The chosen ones as they stand, the best first; by their numbers here.
    pub(crate) fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.losses.len()).collect();
        order.sort_by(|a, b| self.losses[*a].total_cmp(&self.losses[*b]).then(a.cmp(b)));
        order
    }

    /// Where the chosen ones are.
    pub(crate) fn places<'a>(&self, finished: &'a [Trial]) -> Vec<&'a [f64]> {
        self.chosen.iter().map(|i| &finished[*i].place[..]).collect()
    }
}

/// The largest number of trials, at most `n`, at which numbers are fitted: every one at first, then
/// ever fewer, about one in twenty.
pub(crate) fn checkpoint(n: usize) -> usize {
    let stride = (n / 32).max(1).next_power_of_two();
    n / stride * stride
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_become_rarer() {
        let count = |n: usize| (1..=n).filter(|i| checkpoint(*i) == *i).count();
        assert_eq!(
            (count(32), checkpoint(33), checkpoint(131), checkpoint(10_000)),
            (32, 33, 128, 9728)
        );
    }
}
