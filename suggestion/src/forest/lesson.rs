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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Point;

    fn trial(losses: &[f64], violations: &[f64], state: State) -> Trial {
        Trial {
            index: 0,
            point: Point(Vec::new()),
            place: Vec::new(),
            state,
            losses: losses.to_vec(),
            violations: violations.to_vec(),
            seconds: None,
            curve: Vec::new(),
            labels: Default::default(),
            resource: None,
            continues: None,
        }
    }

    fn good(loss: f64) -> Trial {
        trial(&[loss], &[], State::Succeeded)
    }

    #[test]
    fn failed_trials_are_as_bad_as_the_worst() {
        let failed = trial(&[], &[], State::Failed);
        let silent = trial(&[], &[], State::MetricsUnavailable);
        let lesson = Lesson::new(&[failed, good(1e300), good(-3.0), silent, good(2.0)]);
        assert_eq!(lesson.trials, [2, 4, 1, 0]);
        assert!(lesson.targets.is_sorted());
        assert!(lesson.targets.iter().all(|target| target.abs() < 2.0));
    }

    #[test]
    fn equal_trials_teach_the_same() {
        let lesson = Lesson::new(&[good(1.0), good(1.0), good(0.0), good(1.0)]);
        assert_eq!(lesson.targets[1..], [lesson.targets[3]; 3]);
        assert_eq!(Lesson::new(&[good(5.0), good(5.0)]).targets, [0.0, 0.0]);
        assert!(Lesson::new(&[]).targets.is_empty());
    }

    #[test]
    fn broken_constraints_come_after_kept_ones_by_how_much() {
        let bound = |loss, violation| trial(&[loss], &[violation, -1.0], State::Succeeded);
        let trials = [bound(0.0, 3.0), bound(1.0, f64::NAN), bound(9.0, -1.0), bound(2.0, 0.5)];
        assert_eq!(Lesson::new(&trials).trials, [2, 3, 0, 1]);
    }

    #[test]
    fn of_several_objectives_the_undominated_come_first() {
        let both = |a, b| trial(&[a, b], &[], State::Succeeded);
        let trials = [both(2.0, 2.0), both(0.0, 3.0), both(1.0, 1.0), both(3.0, 3.0)];
        let lesson = Lesson::new(&trials);
        assert_eq!(lesson.trials, [1, 2, 0, 3]);
        assert_eq!(lesson.targets[0], lesson.targets[1]);
    }

    #[test]
    fn long_histories_keep_the_best_and_some_of_all_times() {
        let trials: Vec<Trial> = (0..5000).map(|i| good(f64::from(5000 - i))).collect();
        let lesson = Lesson::new(&trials);
        assert_eq!(lesson.trials.len(), TRIALS_MAX);
        assert_eq!(lesson.trials[..3], [4999, 4998, 4997]);
        assert!(lesson.trials.contains(&0));
        let distinct: std::collections::BTreeSet<_> = lesson.trials.iter().collect();
        assert_eq!(distinct.len(), TRIALS_MAX);
    }
}
