//! `parego`: any number of objectives, each time weighed another way, and one Gaussian process for
//! the sum.
//!
//! Knowles, *ParEGO: A Hybrid Algorithm with On-Line Landscape Approximation for Expensive
//! Multiobjective Optimization Problems* (IEEE Trans. Evol. Comput. 10, 2006, §III): weights λ are
//! drawn, the losses become one by the augmented Chebyshev function (equation 2), and the place with
//! the largest expected improvement of that is tried. Under constraints the improvement is
//! multiplied by the probability that they are kept.

use crate::acquire::{self, Effort};
use crate::chart::Chart;
use crate::gp::ensemble::Ensemble;
use crate::gp::explain;
use crate::gp::feasible::Feasible;
use crate::gp::kernel::{Hyper, Metric};
use crate::gp::lesson::{self, Lesson};
use crate::gp::warp::Warp;
use crate::gp::{Belief, STARTUP, added};
use crate::history::Trial;
use crate::problem::Problem;
use crate::registry::{Algorithm, fits};
use crate::seed::Stream;
use crate::settings::RANDOM_STATE;
use crate::sobol::Sobol;
use crate::suggester::{Asked, Fitted, Proposal, Suggester, Turn};

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "parego",
    about: "A Gaussian process of all objectives, weighed another way each time; for any number.",
    settings: &[STARTUP, RANDOM_STATE],
    check: fits,
    make: |problem| Box::new(Parego::new(problem)),
};

/// ρ: how much the sum counts beside the worst.
const RHO: f64 = 0.05;

/// From how many of the best trials places nearby are looked at.
const CENTERS: usize = 5;

/// How many candidates are answered, in case that the first are taken.
const CANDIDATES: usize = 64;

struct Parego {
    first: Sobol,
    startup: usize,
    constraints: Fitted<Vec<Hyper>>,
}

impl Parego {
    fn new(problem: &Problem) -> Parego {
        let d = problem.space.dimensions();
        let startup = problem.settings.size(STARTUP.name).unwrap_or(d.clamp(5, 10));
        // Two trials are the least that can be told apart.
        let first = Sobol::new(d, problem.seed);
        Parego { first, startup: startup.max(2), constraints: Fitted::none() }
    }
}

impl Suggester for Parego {
    fn ask(&mut self, turn: &Turn, stream: &mut Stream) -> Asked {
        let lesson = Lesson::new(turn.finished);
        if lesson.measured < self.startup {
            let point = turn.space.believed(&self.first.point(turn.index));
            return Asked::Candidates(vec![Proposal::at(point)]);
        }
        let metric = Metric::new(turn.space);
        let trials = lesson.trials(turn.finished);
        let places = lesson.places(turn.finished);
        let losses = weighed(&trials, &weights(turn.problem.objectives.len(), stream));

        // Other weights are other losses, so nothing of them can be kept.
        let explanations = explain::among(&[Warp::HalfLog], &metric, &places, &losses);
        let mut ensemble = Ensemble::new(&metric, &explanations, &places, &losses);
        let n = lesson::checkpoint(turn.finished.len());
        let hypers = self.constraints.at(turn, n, |finished| {
            let trials = Lesson::brief(finished).trials(finished);
            Feasible::fitted(&metric, &trials, turn.problem.constraints.len())
        });
        let mut feasible = Feasible::new(&metric, hypers, &trials);
        let kept: Vec<bool> = trials.iter().map(|trial| trial.is_feasible()).collect();
        let any = kept.contains(&true);
        if any {
            ensemble.improve_on(&kept);
        }
        let active = turn.active.iter().map(|trial| &trial.place[..]);
        ensemble.believe(active.clone());
        active.for_each(|place| {
            feasible.believe(place);
        });

        let order = if any { ensemble.order() } else { lesson.order() };
        let order = order.into_iter().filter(|i| kept[*i] || !any);
        let centers: Vec<Vec<f64>> = order.take(CENTERS).map(|i| places[i].to_vec()).collect();
        let chart = Chart::new(turn.space);
        let belief = Belief::new(turn);
        let score = |places: &[Vec<f64>]| {
            let mut scores = feasible.log_probability(places);
            if any {
                scores = added(scores, &ensemble.log_ei(places));
            }
            belief.added(scores, places)
        };
        let found = acquire::maximise(&chart, &centers, Effort::usual(chart.axes()), stream, score);
        let best = found.iter().take(CANDIDATES);
        Asked::Candidates(best.map(|(_, place)| Proposal::at(chart.point(place))).collect())
    }
}

/// λ: numbers that are together 1, every choice as likely (as lengths of time between events).
fn weights(objectives: usize, stream: &mut Stream) -> Vec<f64> {
    let spans: Vec<f64> = (0..objectives).map(|_| -(1.0 - stream.unit()).ln()).collect();
    let total: f64 = spans.iter().sum();
    let share = |span: f64| if 0.0 < total { span / total } else { 1.0 / objectives as f64 };
    spans.into_iter().map(share).collect()
}

/// max λₖ fₖ + ρ Σ λₖ fₖ (equation 2) of each trial. The losses f are drawn in above the median and
/// then brought to [0, 1]; failed trials have the worst.
fn weighed(trials: &[&Trial], weights: &[f64]) -> Vec<f64> {
    let (mut worst, mut sums) = (vec![0.0f64; trials.len()], vec![0.0; trials.len()]);
    for (k, weight) in weights.iter().enumerate() {
        for (i, loss) in normalised(trials, k).into_iter().enumerate() {
            worst[i] = worst[i].max(weight * loss);
            sums[i] += weight * loss;
        }
    }
    worst.into_iter().zip(sums).map(|(worst, sum)| worst + RHO * sum).collect()
}

fn normalised(trials: &[&Trial], k: usize) -> Vec<f64> {
    let known: Vec<f64> = trials.iter().filter_map(|trial| trial.losses.get(k)).copied().collect();
    let (known, _) = Warp::HalfLog.apply(&known);
    let least = known.iter().copied().fold(f64::INFINITY, f64::min);
    let most = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let share = |x: f64| if least < most { (x - least) / (most - least) } else { 0.0 };
    let mut known = known.into_iter().map(share);
    let next =
        |trial: &&Trial| if trial.losses.is_empty() { 1.0 } else { known.next().unwrap_or(1.0) };
    trials.iter().map(next).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Seed;
    use crate::history::State;
    use crate::space::Point;

    fn trial(losses: &[f64]) -> Trial {
        Trial {
            index: 0,
            point: Point(Vec::new()),
            place: Vec::new(),
            state: State::Succeeded,
            losses: losses.to_vec(),
            violations: Vec::new(),
            seconds: None,
            curve: Vec::new(),
            labels: Default::default(),
            resource: None,
            continues: None,
        }
    }

    #[test]
    fn weights_are_spread_evenly_over_all_choices() {
        let mut stream = Seed(1).stream(0);
        let n = 4000;
        let all: Vec<Vec<f64>> = (0..n).map(|_| weights(3, &mut stream)).collect();
        assert!(all.iter().all(|it| (it.iter().sum::<f64>() - 1.0).abs() < 1e-12));
        // Of a triangle, the corner beyond one half is a quarter.
        let corner = all.iter().filter(|it| 0.5 < it[0]).count() as f64 / n as f64;
        assert!((corner - 0.25).abs() < 0.03, "{corner}");
        assert_eq!(weights(1, &mut stream), [1.0]);
    }

    #[test]
    fn losses_are_weighed_as_the_paper_has_it() {
        let all = [trial(&[0.0, 9.0]), trial(&[1.0, 5.0]), trial(&[2.0, 1.0]), trial(&[])];
        let trials: Vec<&Trial> = all.iter().collect();
        let near = |got: f64, want: f64| assert!((got - want).abs() < 1e-12, "{got}, not {want}");
        let got = weighed(&trials, &[0.25, 0.75]);
        // The best of one objective is the worst of the other.
        near(got[0], 0.75 + RHO * 0.75);
        near(got[2], 0.25 + RHO * 0.25);
        near(got[3], 0.75 + RHO);
        assert!(got[1] < got[0], "{got:?}");
    }
}
