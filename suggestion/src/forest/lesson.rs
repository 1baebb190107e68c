//! What the finished trials teach: for each a number that is smaller the better it was.
//!
//! Feasible trials come first, by loss; then the infeasible ones, by how much they break their
//! constraints; then those that failed, as bad as the worst (SMAC3, Lindauer et al., JMLR 23, 2022,
//! imputes crashed runs by the worst too). Numbers become normal scores, so that neither huge
//! losses nor a skewed scale hide the differences among the good ones.

use crate::history::{State, Trial};
use crate::normal;

/// So many trials a model learns from at most: the better half of them the best, the others from
/// evenly over time.
const TRIALS_MAX: usize = 1000;

/// Trials to learn from, the best first.
#[derive(Clone, Debug)]
pub(crate) struct Lesson {
    /// Where each is among the finished ones.
    pub(crate) trials: Vec<usize>,
    /// What each came to.
    pub(crate) targets: Vec<f64>,
}

/// How good a trial was: the class first, the value within it.
type Standing = (u8, f64);

impl Lesson {
    /// What `finished` teach; nothing where no trial was measured or failed.
    pub(crate) fn new(finished: &[Trial]) -> Lesson {
        let mut order: Vec<(Standing, usize)> = standings(finished)
            .into_iter()
            .enumerate()
            .filter_map(|(i, standing)| Some((standing?, i)))
            .collect();
        order.sort_by(|((a, x), i), ((b, y), j)| a.cmp(b).then(x.total_cmp(y)).then(i.cmp(j)));
        let targets = targets(&order.iter().map(|(standing, _)| *standing).collect::<Vec<_>>());
        let all = order.iter().map(|(_, i)| *i).zip(targets).collect::<Vec<_>>();
        let (trials, targets) = bounded(all).into_iter().unzip();
        Lesson { trials, targets }
    }
}

/// The best, and of the rest as many, evenly over time.
fn bounded(mut all: Vec<(usize, f64)>) -> Vec<(usize, f64)> {
    if all.len() <= TRIALS_MAX {
        return all;
    }
    let mut rest = all.split_off(TRIALS_MAX / 2);
    rest.sort_by_key(|(i, _)| *i);
    let wanted = TRIALS_MAX - all.len();
    all.extend((0..wanted).map(|k| rest[k * rest.len() / wanted]));
    all
}

/// How good each finished trial was; none of those that tell nothing.
fn standings(finished: &[Trial]) -> Vec<Option<Standing>> {
    let scores = scores(finished);
    let breaches = breaches(finished);
    let standing = |(i, trial): (usize, &Trial)| match scores[i] {
        Some(score) if trial.is_feasible() => Some((0, score)),
        Some(_) => Some((1, breaches[i])),
        None if trial.state == State::Failed => Some((2, 0.0)),
        None => None,
    };
    finished.iter().enumerate().map(standing).collect()
}

/// One number for the losses of each trial that was measured: the loss, or for several objectives
/// how many trials are better in all of them (Fonseca and Fleming, ICGA 1993).
fn scores(finished: &[Trial]) -> Vec<Option<f64>> {
    let better = |a: &[f64], b: &[f64]| a != b && a.iter().zip(b).all(|(a, b)| a <= b);
    let measured = || finished.iter().map(|trial| &trial.losses[..]).filter(|it| !it.is_empty());
    let score = |trial: &Trial| match &trial.losses[..] {
        [] => None,
        [loss] => Some(*loss),
        losses => Some(measured().filter(|other| better(other, losses)).count() as f64),
    };
    finished.iter().map(score).collect()
}

/// By how much each trial breaks its constraints, each in shares of the worst breach; a metric
/// that was not measured counts as the worst.
fn breaches(finished: &[Trial]) -> Vec<f64> {
    let constraints = finished.iter().map(|trial| trial.violations.len()).max().unwrap_or(0);
    let broken = |trial: &Trial, c: usize| trial.violations.get(c).map(|it| it.max(0.0));
    let worst = |c| {
        let all = finished.iter().filter_map(|trial| broken(trial, c));
        all.filter(|it| it.is_finite()).fold(f64::MIN_POSITIVE, f64::max)
    };
    let worst: Vec<f64> = (0..constraints).map(worst).collect();
    let breach = |trial: &Trial| {
        let share = |(c, violation): (usize, &f64)| match violation {
            it if it.is_nan() => 1.0,
            it => (it.max(0.0) / worst[c]).min(1.0),
        };
        trial.violations.iter().enumerate().map(share).sum()
    };
    finished.iter().map(breach).collect()
}

/// Normal scores of standings in ascending order; equal ones share the middle of theirs.
fn targets(sorted: &[Standing]) -> Vec<f64> {
    let n = sorted.len() as f64;
    let mut targets = Vec::with_capacity(sorted.len());
    for equal in sorted.chunk_by(|a, b| a == b) {
        let middle = targets.len() as f64 + equal.len() as f64 / 2.0;
        targets.extend(equal.iter().map(|_| normal::quantile(middle / n)));
    }
    targets
}
