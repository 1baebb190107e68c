//! `nsga3`: for many objectives, breeds from trials that are spread over the directions in which
//! a compromise can lie.
//!
//! Deb and Jain, *An Evolutionary Many-Objective Optimization Algorithm Using
//! Reference-Point-Based Nondominated Sorting Approach, Part I* (IEEE Trans. Evol. Comput. 18,
//! 2014): as `nsga2`, but what is kept of the last front that fits is chosen by how few of the
//! survivors are near each reference direction. Draws of the paper are replaced by nearness, so that
//! survivors follow from the trials alone.

mod directions;

use super::nsga2::{SETTINGS, genetic};
use super::survival;

use crate::analysis::pareto;
use crate::history::Trial;
use crate::registry::{Algorithm, fits};

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "nsga3",
    about: "Breeds from trials in every direction of compromise; for three objectives or more.",
    settings: SETTINGS,
    check: fits,
    make: |problem| Box::new(genetic(problem, survivors)),
};

/// The best `count` by front; of the front that does not fit as a whole, those in directions where
/// there are fewest (algorithm 1).
fn survivors(trials: &[Trial], count: usize) -> Vec<usize> {
    let mut kept: Vec<usize> = Vec::new();
    for front in survival::fronts(trials) {
        let room = count - kept.len();
        let feasible = front.first().is_some_and(|i| trials[*i].is_feasible());
        if room < front.len() && feasible {
            kept.extend(niched(trials, &kept, &front, room, count));
        } else {
            kept.extend(front.into_iter().take(room));
        }
        if kept.len() == count {
            break;
        }
    }
    kept
}

/// `room` of the trials of `front`, where `kept` survive already (algorithms 2 to 4).
fn niched(
    trials: &[Trial],
    kept: &[usize],
    front: &[usize],
    room: usize,
    count: usize,
) -> Vec<usize> {
    let losses: Vec<&[f64]> =
        kept.iter().chain(front).map(|i| trials[*i].losses.as_slice()).collect();
    let directions = directions::all(losses[0].len(), count);
    let near: Vec<(usize, f64)> =
        normalised(&losses).iter().map(|point| directions::nearest(&directions, point)).collect();
    let mut members = vec![0; directions.len()];
    near[..kept.len()].iter().for_each(|(direction, _)| members[*direction] += 1);
    let mut open: Vec<(usize, usize, f64)> =
        front.iter().zip(&near[kept.len()..]).map(|(i, (way, far))| (*i, *way, *far)).collect();
    let mut chosen = Vec::new();
    while chosen.len() < room {
        let rank = |a: &(usize, usize, f64), b: &(usize, usize, f64)| {
            members[a.1].cmp(&members[b.1]).then(a.2.total_cmp(&b.2))
        };
        let Some(at) = (0..open.len()).min_by(|a, b| rank(&open[*a], &open[*b])) else { break };
        let (i, direction, _) = open.remove(at);
        members[direction] += 1;
        chosen.push(i);
    }
    chosen
}

/// The losses measured from the ideal point, in units of the intercepts of the plane through the
/// extreme points (algorithm 2, equations 3 to 5).
fn normalised(losses: &[&[f64]]) -> Vec<Vec<f64>> {
    let numbers = losses[0].len();
    // Halves, so that differences of huge numbers stay finite.
    let half = |point: &[f64], k: usize| point[k] / 2.0;
    let least = |k: usize| losses.iter().map(|point| half(point, k)).fold(f64::INFINITY, f64::min);
    let ideal: Vec<f64> = (0..numbers).map(least).collect();
    let shifted: Vec<Vec<f64>> = losses
        .iter()
        .map(|point| (0..numbers).map(|k| half(point, k) - ideal[k]).collect())
        .collect();
    let unit = intercepts(&shifted);
    let scaled = |point: &Vec<f64>| point.iter().zip(&unit).map(|(x, unit)| x / unit).collect();
    shifted.iter().map(scaled).collect()
}

/// Where the plane through the extreme points meets the axes; where it does not, the largest of
/// each number among the nondominated.
fn intercepts(shifted: &[Vec<f64>]) -> Vec<f64> {
    let numbers = shifted[0].len();
    let nadir = |k: usize| {
        let front = pareto::front(shifted);
        front.into_iter().map(|i| shifted[i][k]).fold(0.0, f64::max)
    };
    let nadir: Vec<f64> = (0..numbers).map(nadir).collect();
    // Equation 4: the achievement scalarising function of axis `axis`.
    let scalar = |point: &[f64], axis: usize| {
        let weighed = point.iter().enumerate();
        weighed.map(|(k, x)| if k == axis { *x } else { x / 1e-6 }).fold(0.0, f64::max)
    };
    let extreme = |axis: usize| {
        let order = |a: &&Vec<f64>, b: &&Vec<f64>| scalar(a, axis).total_cmp(&scalar(b, axis));
        shifted.iter().min_by(order).cloned().unwrap_or_default()
    };
    let plane = directions::solved((0..numbers).map(extreme).collect(), vec![1.0; numbers]);
    let intercept = |k: usize| {
        let met = plane.as_ref().map(|plane| 1.0 / plane[k]);
        let met = met.filter(|at| at.is_finite() && 1e-9 * nadir[k] < *at && 0.0 < *at);
        met.unwrap_or(if 0.0 < nadir[k] { nadir[k] } else { 1.0 })
    };
    (0..numbers).map(intercept).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_meets_the_axes_where_it_was_made_to() {
        let points = [[2.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 0.5], [0.5, 1.0, 0.2]];
        let shifted: Vec<Vec<f64>> = points.iter().map(|point| point.to_vec()).collect();
        assert_eq!(intercepts(&shifted), [2.0, 4.0, 0.5]);
        // No plane through equal points.
        assert_eq!(intercepts(&[vec![0.0, 3.0], vec![0.0, 3.0]]), [1.0, 3.0]);
    }

    #[test]
    fn the_last_front_is_thinned_where_it_is_crowded() {
        let at = |x: f64| Trial {
            index: 0,
            point: crate::space::Point(Vec::new()),
            place: Vec::new(),
            state: crate::State::Succeeded,
            losses: vec![x, 1.0 - x],
            violations: Vec::new(),
            seconds: None,
            curve: Vec::new(),
            labels: Default::default(),
            resource: None,
            continues: None,
        };
        let trials: Vec<Trial> = [0.0, 0.01, 0.02, 0.03, 0.26, 0.5, 0.74, 1.0].map(at).to_vec();
        let mut kept = survivors(&trials, 5);
        kept.sort_unstable();
        assert_eq!(kept, [0, 4, 5, 6, 7]);
        assert_eq!(survivors(&trials, 20).len(), 8);
    }
}
