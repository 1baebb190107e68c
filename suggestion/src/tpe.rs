//! `tpe`, `multivariate-tpe`, `motpe`: try what looks like the good trials and unlike the others.
//!
//! The tree-structured Parzen estimator of Bergstra et al., *Algorithms for Hyper-Parameter
//! Optimization* (NeurIPS 2011, §4), in the multivariate form of Falkner et al., *BOHB* (ICML 2018,
//! §4): trials are split into good and others (`split.rs`), each set becomes a density
//! (`density.rs`), and of some draws from the good density l the one with the largest l/g is
//! proposed, which is where the expected improvement is largest. What its parts are worth:
//! Watanabe, *Tree-Structured Parzen Estimator: Understanding Its Algorithm Components and Their
//! Roles for Better Empirical Performance* (arXiv:2304.11127, 2023).
//!
//! Running trials count among the others, so that a batch does not crowd (the constant liar of
//! Ginsbourger et al., 2010), and so do failed ones. Several objectives are split by fronts and
//! hypervolume (Ozaki et al., *Multiobjective Tree-Structured Parzen Estimator*, JAIR 73, 2022). An
//! owner's beliefs are the prior of the good density: what trials show outweighs them in time
//! (Souza et al., *Bayesian Optimization with a Prior for the Optimum*, ECML PKDD 2021).

mod density;
mod kernel;
mod quick;
mod settings;
mod split;

pub(crate) use settings::{ALGORITHM, MOTPE, MULTIVARIATE};

use density::{Density, Weighted};

use crate::Problem;
use crate::history::{State, Trial};
use crate::seed::Stream;
use crate::sobol::Sobol;
use crate::space::{Coordinate, Kind, Point, Space};
use crate::suggester::{Asked, Fitted, Proposal, Suggester, Turn};

/// More good trials than this blur the picture of where the best lie; of a front there may be more.
const GOOD_MAX: usize = 25;

/// More kernels than this add little to the density of the others but the time they take.
const OTHERS_MAX: usize = 500;

/// More draws than this change nothing but the time they take.
const CANDIDATES_MAX: usize = 10_000;

pub(crate) struct Tpe {
    /// Share of good trials.
    gamma: f64,
    prior_weight: f64,
    candidates: usize,
    startup: usize,
    /// What is proposed until there is enough to learn from.
    first: Sobol,
    split: Fitted<Split>,
}

/// The finished trials, split.
struct Split {
    /// How many were measured.
    measured: usize,
    /// The indexes of the good ones, the best first.
    good: Vec<usize>,
}

impl Tpe {
    /// One that learns from the first trial on.
    pub(crate) fn eager(problem: &Problem) -> Tpe {
        Tpe { startup: 0, ..Tpe::new(problem) }
    }

    fn new(problem: &Problem) -> Tpe {
        let set = &problem.settings;
        let candidates = set.size("n_EI_candidates").or(set.size("n_ei_candidates"));
        Tpe {
            gamma: set.number("gamma").unwrap_or(0.1),
            prior_weight: set.number("prior_weight").unwrap_or(1.0),
            candidates: candidates.unwrap_or(24).min(CANDIDATES_MAX),
            startup: set.size("n_startup_trials").unwrap_or(10),
            first: Sobol::new(problem.space.dimensions(), problem.seed),
            split: Fitted::none(),
        }
    }

    /// Splits the finished trials into the best ⌈γ n⌉ of the `n` measured ones, and the rest.
    fn split(&mut self, turn: &Turn) -> &Split {
        let gamma = self.gamma;
        let most = if turn.problem.objectives.len() == 1 { GOOD_MAX } else { usize::MAX };
        self.split.at(turn, turn.finished.len(), |finished| {
            let measured = finished.iter().filter(|trial| !trial.losses.is_empty()).count();
            let count = ((gamma * measured as f64).ceil() as usize).min(most);
            Split { measured, good: split::best(finished, count) }
        })
    }
}

impl Suggester for Tpe {
    fn ask(&mut self, turn: &Turn, stream: &mut Stream) -> Asked {
        let (startup, prior, candidates) = (self.startup, self.prior_weight, self.candidates);
        let Split { measured, good } = self.split(turn);
        if *measured < startup {
            let point = turn.space.believed(&self.first.point(turn.index));
            return Asked::Candidates(vec![Proposal::at(point)]);
        }
        let others = others(turn, good);
        let good = good_ones(turn, good);
        // Among so few the prior blurs more than it protects, but for names not yet tried.
        let names = turn.space.axes().any(|axis| axis.kind == Kind::Categorical);
        let least = if names { prior } else { prior / 2.0 };
        let good = Density::fit(turn.space, &good, least, turn.space.has_beliefs());
        let others = Density::fit(turn.space, &others, prior, false);

        let mut sums = Vec::new();
        let draw = |_| {
            let point = good.draw(stream);
            let place = turn.space.place(&point);
            (good.log(&place, &mut sums) - others.log(&place, &mut sums), point)
        };
        let mut drawn: Vec<(f64, Point)> = (0..candidates).map(draw).collect();
        drawn.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut points = drawn.into_iter().map(|(_, point)| rounded(turn.space, point)).peekable();
        let best = points.peek().cloned();
        let chosen = points.find(|point| turn.is_open(point)).or(best);
        Asked::Candidates(chosen.map(Proposal::at).into_iter().collect())
    }
}

/// The good trials: the best weighs twice what the last one does, and all together as many as they
/// are.
fn good_ones<'a>(turn: &Turn<'a>, good: &[usize]) -> Vec<Weighted<'a>> {
    let n = good.len() as f64;
    let weight = |rank: usize| 1.0 - 0.5 * rank as f64 / n;
    let mean = (0..good.len()).map(weight).sum::<f64>() / n;
    let one =
        |(rank, i): (usize, &usize)| (turn.finished[*i].place.as_slice(), weight(rank) / mean);
    good.iter().enumerate().map(one).collect()
}

/// The trials that are not good: measured, failed and running ones, each for one; of more than
/// [`OTHERS_MAX`] the newest half of that, and of the older every so many one that stands for so
/// many.
fn others<'a>(turn: &Turn<'a>, good: &[usize]) -> Vec<Weighted<'a>> {
    let mut is_good = vec![false; turn.finished.len()];
    good.iter().for_each(|i| is_good[*i] = true);
    let tells = |trial: &Trial| !trial.losses.is_empty() || trial.state == State::Failed;
    let ended = turn.finished.iter().zip(is_good).filter(|(trial, good)| !good && tells(trial));
    let all: Vec<&Trial> = ended.map(|(trial, _)| trial).chain(turn.active).collect();
    if all.len() <= OTHERS_MAX {
        return all.into_iter().map(|trial| (trial.place.as_slice(), 1.0)).collect();
    }
    let kept = OTHERS_MAX / 2;
    let (older, newest) = all.split_at(all.len() - kept);
    let weight = older.len() as f64 / kept as f64;
    let thinned = (0..kept).map(|k| (older[k * older.len() / kept].place.as_slice(), weight));
    thinned.chain(newest.iter().map(|trial| (trial.place.as_slice(), 1.0))).collect()
}

/// The point as it will be read back from its texts.
fn rounded(space: &Space, mut point: Point) -> Point {
    for (i, coordinate) in point.0.iter_mut().enumerate() {
        if let Coordinate::Real(u) = *coordinate {
            *coordinate = space.coordinate(i, u);
        }
    }
    point
}
