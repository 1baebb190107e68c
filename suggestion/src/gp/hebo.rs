//! `hebo`: several acquisition functions at once, each right about something.
//!
//! Cowen-Rivers et al., *HEBO: Pushing the Limits of Sample-Efficient Hyper-parameter Optimisation*
//! (JAIR 74, 2022): a Gaussian process over bent axes (`gp/bend.rs`) and changed losses
//! (`gp/warp.rs`), and of expected improvement, probability of improvement and the lower confidence
//! bound the places that none of the three would give up for another (MACE: Lyu et al., *Batch
//! Bayesian Optimization via Multi-objective Acquisition Ensemble*, ICML 2018), found by breeding.
//! One of these is drawn. Constraints take part as in `gp`: the log of the probability that they
//! are kept is subtracted from each opinion.

use super::{Gp, Learned, STARTUP};

use crate::analysis::pareto;
use crate::chart::Chart;
use crate::problem::Problem;
use crate::registry::{Algorithm, fits};
use crate::seed::Stream;
use crate::settings::RANDOM_STATE;
use crate::suggester::{Asked, Proposal, Suggester, Turn};

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "hebo",
    about: "Weighs three acquisition functions over bent axes; for uneven, noisy losses.",
    settings: &[STARTUP, RANDOM_STATE],
    check: fits,
    make: |problem| Box::new(Hebo::new(problem)),
};

/// How many places are bred from, and how many times.
const POPULATION: usize = 100;
const GENERATIONS: usize = 14;

/// The share of the first generation that is near the best trials.
const NEAR: f64 = 0.4;

/// υ and δ of the confidence bound, as HEBO has them.
const UPSILON: f64 = 0.5;
const DELTA: f64 = 0.01;

struct Hebo(Gp);

impl Hebo {
    fn new(problem: &Problem) -> Hebo {
        Hebo(Gp::bending(problem))
    }
}

/// How many deviations the confidence bound goes down after `n` trials of `d` parameters
/// (Srinivas et al., *Gaussian Process Optimization in the Bandit Setting*, ICML 2010, as HEBO
/// scales it).
fn kappa(n: usize, d: usize) -> f64 {
    let n = n.max(1) as f64;
    let rounds = (2.0 + d as f64 / 2.0) * n.ln();
    (2.0 * UPSILON * (rounds + (std::f64::consts::PI.powi(2) / DELTA).ln())).sqrt()
}

impl Suggester for Hebo {
    fn ask(&mut self, turn: &Turn, stream: &mut Stream) -> Asked {
        let Some(Learned { ensemble, feasible, kept, centers }) = self.0.learned(turn) else {
            return self.0.unlearned(turn);
        };
        let chart = Chart::new(turn.space);
        let kappa = kappa(turn.finished.len(), chart.axes());
        let belief = super::Belief::new(turn);
        let opinions = |places: &[Vec<f64>]| -> Vec<[f64; 3]> {
            let mut all = match kept {
                true => ensemble.opinions(places, kappa),
                false => vec![[0.0; 3]; places.len()],
            };
            let favour = belief.added(feasible.log_probability(places), places);
            for (opinion, favour) in all.iter_mut().zip(favour) {
                opinion.iter_mut().for_each(|it| *it -= favour);
            }
            all
        };
        let mut front = bred(&chart, &centers, stream, opinions);
        // Drawn without preference; the others follow in case that it is taken.
        for i in (1..front.len()).rev() {
            front.swap(i, stream.below(i as u64 + 1) as usize);
        }
        Asked::Candidates(front.iter().map(|place| Proposal::at(chart.point(place))).collect())
    }
}

/// Places that no other is better than in all opinions.
fn bred(
    chart: &Chart,
    centers: &[Vec<f64>],
    stream: &mut Stream,
    opinions: impl Fn(&[Vec<f64>]) -> Vec<[f64; 3]>,
) -> Vec<Vec<f64>> {
    let near = (POPULATION as f64 * NEAR) as usize;
    let one = |k: usize| match centers.get(k % centers.len().max(1)) {
        Some(center) if k < near => chart.near(center, 0.5, 0.1, stream),
        _ => chart.anywhere(stream),
    };
    let mut places: Vec<Vec<f64>> = (0..POPULATION).map(one).collect();
    let mut seen = opinions(&places);
    let share = 1.0 / chart.axes() as f64;
    for generation in 0..GENERATIONS {
        let step = 0.2 * 0.7f64.powi(generation as i32);
        let child = |k: usize| {
            let parent = &places[k % places.len()];
            let other = &places[stream.below(places.len() as u64) as usize];
            let mixed = chart.crossed(parent, other, stream);
            chart.near(&mixed, if k.is_multiple_of(2) { share } else { 0.5 }, step, stream)
        };
        let children: Vec<Vec<f64>> = (0..POPULATION).map(child).collect();
        seen.extend(opinions(&children));
        places.extend(children);
        let kept = survivors(&seen);
        places = kept.iter().map(|i| places[*i].clone()).collect();
        seen = kept.iter().map(|i| seen[*i]).collect();
    }
    pareto::front(&seen).into_iter().map(|i| places[i].clone()).collect()
}

/// The best [`POPULATION`] by front, and within the last front by crowding.
fn survivors(seen: &[[f64; 3]]) -> Vec<usize> {
    let mut kept = Vec::new();
    for front in pareto::fronts(seen) {
        let room = POPULATION - kept.len();
        if front.len() <= room {
            kept.extend(front);
            continue;
        }
        let opinions: Vec<[f64; 3]> = front.iter().map(|i| seen[*i]).collect();
        let crowding = pareto::crowding(&opinions);
        let mut order: Vec<usize> = (0..front.len()).collect();
        order.sort_by(|a, b| crowding[*b].total_cmp(&crowding[*a]));
        kept.extend(order.into_iter().take(room).map(|at| front[at]));
        break;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Seed;
    use crate::fixture::{real, space};

    #[test]
    fn the_front_of_three_bowls_lies_between_their_bottoms() {
        let space = space(&[real("x", 0.0, 1.0), real("y", 0.0, 1.0)]);
        let chart = Chart::new(&space);
        let bottoms = [(0.2, 0.2), (0.8, 0.2), (0.5, 0.8)];
        let opinions = |places: &[Vec<f64>]| {
            let far = |p: &Vec<f64>, (x, y): (f64, f64)| (p[0] - x).powi(2) + (p[1] - y).powi(2);
            places.iter().map(|p| bottoms.map(|bottom| far(p, bottom))).collect()
        };
        let front = bred(&chart, &[], &mut Seed(1).stream(0), opinions);
        assert!(80 <= front.len(), "{}", front.len());
        // Inside the triangle, but for a few near its edges.
        let inside = |p: &&Vec<f64>| {
            let side = |(ax, ay): (f64, f64), (bx, by): (f64, f64)| {
                (bx - ax) * (p[1] - ay) - (by - ay) * (p[0] - ax)
            };
            (0..3).all(|k| -0.03 < side(bottoms[k], bottoms[(k + 1) % 3]))
        };
        let share = front.iter().filter(inside).count() as f64 / front.len() as f64;
        assert!(0.9 < share, "{share}");
        for (x, y) in bottoms {
            assert!(front.iter().any(|p| (p[0] - x).abs() + (p[1] - y).abs() < 0.1), "{x} {y}");
        }
    }
}
