//! Which trials count as good.

use crate::history::{State, Trial};
use crate::space::Point;

/// More good trials than this blur the picture of where the best lie.
const GOOD_MAX: usize = 25;

/// Splits all trials into the best ⌈γ n⌉ of the `n` measured ones, and the others: the rest, what
/// failed, and what still runs. Each in the order of completion; of equal losses the earlier is
/// better.
pub(super) fn split<'a>(
    finished: &'a [Trial],
    active: &'a [Trial],
    gamma: f64,
) -> (Vec<&'a Point>, Vec<&'a Point>) {
    let mut losses: Vec<(f64, usize)> = Vec::with_capacity(finished.len());
    losses.extend(finished.iter().enumerate().filter_map(|(i, trial)| Some((trial.loss()?, i))));
    let n = ((gamma * losses.len() as f64).ceil() as usize).min(GOOD_MAX).min(losses.len());
    let worst = match n.checked_sub(1) {
        Some(last) => {
            let order =
                |a: &(f64, usize), b: &(f64, usize)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
            Some(*losses.select_nth_unstable_by(last, order).1)
        }
        None => None,
    };
    let is_good = |i: usize, trial: &Trial| match (trial.loss(), worst) {
        (Some(loss), Some((bar, at))) => loss.total_cmp(&bar).then(i.cmp(&at)).is_le(),
        _ => false,
    };

    let (mut good, mut others) = (Vec::new(), Vec::new());
    for (i, trial) in finished.iter().enumerate() {
        if is_good(i, trial) {
            good.push(&trial.point);
        } else if trial.loss().is_some() || trial.state == State::Failed {
            others.push(&trial.point);
        }
    }
    others.extend(active.iter().map(|trial| &trial.point));
    (good, others)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Coordinate;

    fn check(losses: &[Option<f64>], gamma: f64, want: &[usize]) {
        let trial = |(i, loss): (usize, &Option<f64>)| Trial {
            index: i as u64,
            point: Point(vec![Coordinate::Level(i as u64)]),
            state: if loss.is_some() { State::Succeeded } else { State::Failed },
            place: Vec::new(),
            losses: loss.iter().copied().collect(),
            violations: Vec::new(),
            seconds: None,
            curve: Vec::new(),
            labels: Default::default(),
        };
        let trials: Vec<_> = losses.iter().enumerate().map(trial).collect();
        let (good, others) = split(&trials, &trials[..1], gamma);
        let got: Vec<_> = good.iter().map(|point| point.key()[0] as usize).collect();
        assert_eq!(got, want, "{losses:?}");
        assert_eq!(good.len() + others.len(), trials.len() + 1);
    }

    #[test]
    fn the_best_are_good_and_ties_go_to_the_earlier() {
        check(&[Some(3.0), Some(1.0), None, Some(2.0)], 0.5, &[1, 3]);
        check(&[Some(1.0); 4], 0.5, &[0, 1]);
        check(&[None, None], 0.5, &[]);
        check(&[Some(5.0)], 0.01, &[0]);
        check(&[Some(0.0); 1000], 0.9, &(0..25).collect::<Vec<_>>());
    }
}
