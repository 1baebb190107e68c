//! Which trials count as good.

use crate::analysis::{hypervolume, pareto};
use crate::history::{State, Trial};
use crate::standing;

/// The indexes of the `count` best trials, the best first; all that were measured where there are
/// fewer.
///
/// Trials that keep all constraints come first, then those that break them least. With one
/// objective the smaller loss is better, and trials that ran to their end are better than those
/// that were stopped; with several, the nearer to the front. Of equal ones the earlier is better.
pub(super) fn best(trials: &[Trial], count: usize) -> Vec<usize> {
    let feasible: Vec<usize> = (0..trials.len()).filter(|i| trials[*i].is_feasible()).collect();
    let several = feasible.first().is_some_and(|i| 1 < trials[*i].losses.len());
    let mut good = match several {
        true => nondominated(trials, feasible, count),
        false => smallest(trials, feasible, count),
    };
    if good.len() < count {
        let mut broken = standing::violations(trials);
        broken.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        good.extend(broken.into_iter().map(|(i, _)| i).take(count - good.len()));
    }
    good
}

/// The `count` smallest losses among `all`.
fn smallest(trials: &[Trial], all: Vec<usize>, count: usize) -> Vec<usize> {
    let stopped = |trial: &Trial| trial.state == State::EarlyStopped;
    let keyed = all.iter().map(|i| (stopped(&trials[*i]), trials[*i].losses[0], *i));
    let mut keyed: Vec<(bool, f64, usize)> = keyed.collect();
    let order = |a: &(bool, f64, usize), b: &(bool, f64, usize)| {
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2))
    };
    if 0 < count && count < keyed.len() {
        keyed.select_nth_unstable_by(count - 1, order);
    }
    keyed.truncate(count);
    keyed.sort_unstable_by(order);
    keyed.into_iter().map(|(.., i)| i).collect()
}

/// `count` of `all` by fronts; of the front that is too large, the ones that together dominate
/// most (Ozaki et al., *Multiobjective Tree-Structured Parzen Estimator*, JAIR 73, 2022, §4.1).
fn nondominated(trials: &[Trial], all: Vec<usize>, count: usize) -> Vec<usize> {
    let losses: Vec<&[f64]> = all.iter().map(|i| trials[*i].losses.as_slice()).collect();
    let mut good = Vec::new();
    for front in pareto::fronts(&losses) {
        let room = count - good.len();
        if front.len() <= room {
            good.extend(front.iter().map(|i| all[*i]));
            continue;
        }
        let points: Vec<Vec<f64>> = scaled(&front.iter().map(|i| losses[*i]).collect::<Vec<_>>());
        let reference = vec![BEYOND; losses[0].len()];
        let chosen = hypervolume::subset(&points, &reference, room);
        good.extend(chosen.into_iter().map(|at| all[front[at]]));
        break;
    }
    good
}

/// Where the reference point is when each objective of a front goes from 0 to 1.
const BEYOND: f64 = 1.1;

/// The points with each objective stretched to [0, 1]: units and huge numbers do not count.
fn scaled(points: &[&[f64]]) -> Vec<Vec<f64>> {
    let m = points.first().map_or(0, |point| point.len());
    let range = |j: usize| {
        let column = points.iter().map(|point| point[j]);
        column.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), x| (lo.min(x), hi.max(x)))
    };
    let ranges: Vec<(f64, f64)> = (0..m).map(range).collect();
    let share = |(x, (lo, hi)): (&f64, &(f64, f64))| match hi / 2.0 - lo / 2.0 {
        width if 0.0 < width => (x / 2.0 - lo / 2.0) / width,
        _ => 0.0,
    };
    points.iter().map(|point| point.iter().zip(&ranges).map(share).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Point;

    fn trial(losses: &[f64], violations: &[f64]) -> Trial {
        Trial {
            index: 0,
            point: Point(Vec::new()),
            state: if losses.is_empty() { State::Failed } else { State::Succeeded },
            place: Vec::new(),
            losses: losses.to_vec(),
            violations: violations.to_vec(),
            seconds: None,
            curve: Vec::new(),
            labels: Default::default(),
            resource: None,
            continues: None,
        }
    }

    fn check(trials: &[(&[f64], &[f64])], count: usize, want: &[usize]) {
        let trials: Vec<_> = trials.iter().map(|(losses, broken)| trial(losses, broken)).collect();
        assert_eq!(best(&trials, count), want, "{count} of {trials:?}");
    }

    #[test]
    fn the_best_are_good_and_ties_go_to_the_earlier() {
        check(&[(&[3.0], &[]), (&[1.0], &[]), (&[], &[]), (&[2.0], &[])], 2, &[1, 3]);
        check(&[(&[1.0], &[]), (&[1.0], &[]), (&[1.0], &[])], 2, &[0, 1]);
        check(&[(&[], &[])], 2, &[]);
        check(&[(&[5.0], &[])], 0, &[]);
        check(&[(&[5.0], &[])], 9, &[0]);
    }

    #[test]
    fn stopped_trials_are_behind_those_that_ended() {
        let mut trials = [trial(&[1.0], &[]), trial(&[3.0], &[]), trial(&[0.0], &[])];
        trials[0].state = State::EarlyStopped;
        assert_eq!(best(&trials, 3), [2, 1, 0]);
    }

    #[test]
    fn what_keeps_the_constraints_comes_first() {
        let trials: [(&[f64], &[f64]); 5] = [
            (&[1.0], &[2.0]),
            (&[9.0], &[-1.0]),
            (&[0.0], &[f64::NAN]),
            (&[8.0], &[0.0]),
            (&[5.0], &[0.5]),
        ];
        check(&trials, 5, &[3, 1, 4, 0, 2]);
        check(&trials, 3, &[3, 1, 4]);
    }

    #[test]
    fn of_a_front_those_are_good_that_dominate_most() {
        // 1 dominates 3; 0, 1, 2 and 4 are a front, in which 4 lies close to 1.
        let trials: [(&[f64], &[f64]); 5] = [
            (&[0.0, 1.0], &[]),
            (&[0.3, 0.3], &[]),
            (&[1.0, 0.0], &[]),
            (&[0.4, 0.4], &[]),
            (&[0.31, 0.29], &[]),
        ];
        check(&trials, 1, &[1]);
        check(&trials, 5, &[0, 1, 2, 4, 3]);
        let trials = trials.map(|(losses, broken)| trial(losses, broken));
        let mut three = best(&trials, 3);
        three.sort_unstable();
        assert_eq!(three, [0, 1, 2]);
    }

    #[test]
    fn huge_losses_of_several_objectives_are_survived() {
        let huge = f64::MAX;
        check(&[(&[-huge, huge], &[]), (&[huge, -huge], &[]), (&[0.0, 0.0], &[])], 1, &[2]);
    }
}
