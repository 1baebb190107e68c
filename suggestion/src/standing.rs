//! How trials stand among each other: one number for each, whatever the objectives and
//! constraints, so that an algorithm made for one loss can search any problem.

use crate::analysis::pareto;
use crate::history::Trial;
use crate::suggester::Turn;

/// One number for each finished trial of the turn, smaller is better; none where it was not
/// measured.
///
/// - With one objective it is the loss.
/// - With several it is the number of the trial's front ([`pareto::ranks`]), and within a front
///   behind the point the place by crowding, the loneliest first.
/// - Under constraints it is that for the trials that keep all of them. The others are beyond the
///   worst of these, by the sum of their violations (Deb, *An efficient constraint handling method
///   for genetic algorithms*, Comput. Methods Appl. Mech. Eng. 186, 2000, equation 4), each divided
///   by the largest that was seen. What was not measured counts as the largest.
pub(crate) fn scores(turn: &Turn) -> Vec<Option<f64>> {
    of(turn.finished)
}

/// [`scores`] of some trials.
pub(crate) fn of(trials: &[Trial]) -> Vec<Option<f64>> {
    let mut scores = vec![None; trials.len()];
    let feasible: Vec<usize> = (0..trials.len()).filter(|i| trials[*i].is_feasible()).collect();
    let losses: Vec<&[f64]> = feasible.iter().map(|i| trials[*i].losses.as_slice()).collect();
    let standings = match losses.first() {
        Some(first) if 1 < first.len() => fronts(&losses),
        _ => losses.iter().map(|losses| losses[0]).collect(),
    };
    for (i, standing) in feasible.iter().zip(&standings) {
        scores[*i] = Some(*standing);
    }
    let beyond = Beyond::new(&standings);
    for (i, violation) in violations(trials) {
        scores[i] = Some(beyond.score(violation));
    }
    scores
}

/// The number of each point's front, and within it a share that grows with crowding.
fn fronts(losses: &[&[f64]]) -> Vec<f64> {
    let mut standings = vec![0.0; losses.len()];
    for (rank, front) in pareto::fronts(losses).into_iter().enumerate() {
        let points: Vec<&[f64]> = front.iter().map(|i| losses[*i]).collect();
        let crowding = pareto::crowding(&points);
        let mut order: Vec<usize> = (0..front.len()).collect();
        order.sort_by(|a, b| crowding[*b].total_cmp(&crowding[*a]));
        for (place, at) in order.into_iter().enumerate() {
            standings[front[at]] = rank as f64 + place as f64 / front.len() as f64;
        }
    }
    standings
}

/// Where trials that break a constraint stand: beyond the worst that keep them all.
struct Beyond {
    worst: f64,
    spread: f64,
}

impl Beyond {
    fn new(standings: &[f64]) -> Beyond {
        let best = standings.iter().copied().fold(f64::INFINITY, f64::min);
        let worst = standings.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        match worst - best {
            _ if standings.is_empty() => Beyond { worst: 0.0, spread: 1.0 },
            spread if 0.0 < spread => Beyond { worst, spread },
            _ => Beyond { worst, spread: 1.0 },
        }
    }

    /// Beyond the worst even where the numbers are too coarse for the violation; finite.
    fn score(&self, violation: f64) -> f64 {
        (self.worst + self.spread * violation).max(self.worst.next_up()).min(f64::MAX)
    }
}

/// The measured trials that break a constraint, and the sum of their violations.
pub(crate) fn violations(trials: &[Trial]) -> Vec<(usize, f64)> {
    let breaks = |trial: &Trial| !trial.losses.is_empty() && !trial.is_feasible();
    let broken: Vec<usize> = (0..trials.len()).filter(|i| breaks(&trials[*i])).collect();
    let constraints = broken.first().map_or(0, |i| trials[*i].violations.len());
    let mut sums: Vec<(usize, f64)> = broken.iter().map(|i| (*i, 0.0)).collect();
    for k in 0..constraints {
        let seen = broken.iter().map(|i| trials[*i].violations[k]);
        let largest = seen.filter(|violation| violation.is_finite()).fold(0.0, f64::max);
        for (i, sum) in &mut sums {
            let violation = trials[*i].violations[k];
            *sum += match violation {
                _ if violation <= 0.0 => 0.0,
                _ if violation.is_finite() => violation / largest,
                _ => 1.0,
            };
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::State;
    use crate::space::Point;

    fn trial(losses: &[f64], violations: &[f64]) -> Trial {
        Trial {
            index: 0,
            point: Point(Vec::new()),
            place: Vec::new(),
            state: State::Succeeded,
            losses: losses.to_vec(),
            violations: violations.to_vec(),
            seconds: None,
            curve: Vec::new(),
            labels: Default::default(),
            resource: None,
            continues: None,
        }
    }

    fn check(trials: &[(&[f64], &[f64])], want: &[Option<f64>]) {
        let trials: Vec<_> = trials.iter().map(|(losses, broken)| trial(losses, broken)).collect();
        assert_eq!(of(&trials), want);
    }

    #[test]
    fn one_objective_stands_for_itself() {
        check(&[(&[3.0], &[]), (&[], &[]), (&[-1e300], &[])], &[Some(3.0), None, Some(-1e300)]);
        check(&[], &[]);
    }

    #[test]
    fn what_breaks_constraints_stands_behind_by_how_much() {
        let nan = f64::NAN;
        check(
            &[
                (&[3.0], &[-1.0]),
                (&[5.0], &[0.0]),
                (&[0.0], &[1.0]),
                (&[0.0], &[4.0]),
                (&[0.0], &[nan]),
            ],
            &[Some(3.0), Some(5.0), Some(5.5), Some(7.0), Some(7.0)],
        );
        // Each in its own unit; nobody keeps both.
        check(
            &[(&[1.0], &[10.0, -1.0]), (&[2.0], &[5.0, 0.1]), (&[3.0], &[nan, nan])],
            &[Some(1.0), Some(1.5), Some(2.0)],
        );
        check(&[(&[1e300], &[0.0]), (&[0.0], &[2.0])], &[Some(1e300), Some(1e300f64.next_up())]);
        check(
            &[(&[f64::MAX], &[0.0]), (&[0.0], &[f64::INFINITY])],
            &[Some(f64::MAX), Some(f64::MAX)],
        );
    }

    #[test]
    fn several_objectives_stand_by_front_and_crowding() {
        check(
            &[
                (&[0.0, 9.0], &[]),
                (&[9.0, 0.0], &[]),
                (&[1.0, 5.0], &[]),
                (&[5.0, 1.0], &[]),
                (&[2.0, 4.0], &[]),
                (&[9.0, 9.0], &[]),
                (&[], &[]),
            ],
            &[Some(0.0), Some(0.2), Some(0.8), Some(0.4), Some(0.6), Some(1.0), None],
        );
        let lonely = (&[0.0, 9.0][..], &[-1.0][..]);
        check(&[lonely, (&[0.0, 0.0], &[2.0])], &[Some(0.0), Some(1.0)]);
    }

    #[test]
    fn equal_objectives_and_huge_ones_are_survived() {
        check(&[(&[1.0, 1.0], &[]), (&[1.0, 1.0], &[])], &[Some(0.0), Some(0.5)]);
        let huge = [f64::MAX, f64::MIN];
        check(
            &[(&huge, &[]), (&huge, &[]), (&[0.0, 0.0], &[])],
            &[Some(0.0), Some(0.333_333_333_333_333_3), Some(0.666_666_666_666_666_6)],
        );
    }
}
