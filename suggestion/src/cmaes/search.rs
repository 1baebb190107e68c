//! The state of a search: the distributions, and how finished trials move them.
//!
//! Every λ trials that end are a generation, whichever distribution they were drawn from: with
//! several trials at a time some members of a generation come from the one before, and an owner's
//! own points come from none. They count as Hansen's injected solutions do.

use ndarray::Array1;

use crate::history::Trial;
use crate::seed::{Seed, Stream};
use crate::sobol::Sobol;
use crate::space::{Point, Space};
use crate::standing;
use crate::suggester::Turn;

use super::categories::Categories;
use super::covariance::Covariance;
use super::gaussian::Gaussian;
use super::layout::Layout;
use super::origin::Origin;
use super::rate::Rate;
use super::restart::{Record, Restarts, Spent};
use super::strategy::Strategy;

/// The share of the first trials that the search begins around.
const BEST: f64 = 0.1;

/// How far the shares of names lean to those of the better half of the first trials.
const LEAN: f64 = 0.5;

/// What the owner has set.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// λ of the first run.
    pub(super) lambda: usize,
    /// The first step size, as a share of each axis.
    pub(super) sigma: f64,
    pub(super) restarts: Restarts,
    /// By what λ is multiplied when generations are enlarged.
    pub(super) growth: f64,
    /// Whether learning rates follow the noise.
    pub(super) adapts: bool,
    /// Whether only variances are learned.
    pub(super) separable: bool,
}

/// The state after some finished trials.
#[derive(Clone, Debug)]
pub(super) struct Search {
    plan: Plan,
    layout: Layout,
    strategy: Strategy,
    gaussian: Gaussian,
    categories: Categories,
    rate: Option<Rate>,
    run: u64,
    spent: Spent,
    record: Record,
    /// Finished trials that wait for their generation to be complete, by their place in history.
    pool: Vec<usize>,
}

impl Search {
    /// The state that some first trials lead to, whatever they were drawn from.
    pub(super) fn begun(turn: &Turn, plan: &Plan, first: &[Trial]) -> Search {
        let layout = Layout::new(turn.space);
        let scored = first.iter().zip(standing::of(first));
        let mut order: Vec<(f64, &Trial)> =
            scored.filter_map(|(trial, score)| Some((score?, trial))).collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0));
        let order: Vec<&Trial> = order.into_iter().map(|(_, trial)| trial).collect();

        let mut categories = layout.even();
        let half = order.len().div_ceil(2);
        let levels = |trial: &&Trial| (1.0 / half as f64, layout.levels(&trial.point));
        categories.lean(&order[..half].iter().map(levels).collect::<Vec<_>>(), LEAN);
        let n = layout.ordered();
        let mut gaussian = promising(plan, &layout, &order);
        layout.keep_margin(turn.space, &mut gaussian);
        Search {
            plan: plan.clone(),
            layout,
            strategy: Strategy::new(n, plan.lambda, plan.separable),
            gaussian,
            categories,
            rate: plan.adapts.then(|| Rate::new(n)),
            run: 0,
            spent: Spent::default(),
            record: Record::default(),
            pool: Vec::new(),
        }
    }

    /// What the next trials are drawn from.
    pub(super) fn origin(&self) -> Origin {
        Origin { run: self.run, generation: self.gaussian.generation }
    }

    /// The point that even numbers, one for each parameter, lead to; `reach` stretches the way to
    /// it from the mean.
    pub(super) fn point(&self, space: &Space, units: &[f64], reach: f64) -> Point {
        let x = self.gaussian.at(&(self.layout.normals(units) * reach));
        self.layout.point(space, &x.mapv(inside), &self.categories, units)
    }

    /// Learns of one finished trial, number `at` of the history.
    pub(super) fn learn(&mut self, turn: &Turn, at: usize, sobol: &Sobol) {
        if Origin::of(&turn.finished[at]).is_some_and(|origin| origin.run < self.run) {
            return; // It was late: its run is over.
        }
        self.spent.count();
        self.pool.push(at);
        if self.pool.len() < self.strategy.lambda {
            return;
        }
        let pool = std::mem::take(&mut self.pool);
        let trials: Vec<Trial> = pool.iter().map(|at| turn.finished[*at].clone()).collect();
        let mut order: Vec<_> = trials.iter().zip(standing::of(&trials)).collect();
        // What was not measured is worst.
        order.sort_by(|a, b| match (a.1, b.1) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            (a, b) => b.is_some().cmp(&a.is_some()),
        });
        let measured: Vec<f64> = order.iter().filter_map(|(_, score)| *score).collect();
        let (Some(best), Some(worst)) = (measured.first(), measured.last()) else { return };
        self.update(turn.space, &order, measured.len(), sobol);
        let ends = self.record.ends((*best, *worst), &self.gaussian, &self.strategy);
        if ends && self.plan.restarts != Restarts::None {
            self.restart(turn.space, turn.problem.seed);
        }
    }

    /// Moves the distributions by one generation, best first; the first `measured` have a score.
    fn update(
        &mut self,
        space: &Space,
        order: &[(&Trial, Option<f64>)],
        measured: usize,
        sobol: &Sobol,
    ) {
        // No point that was not measured is a parent: the weights of the others have the sum 1.
        let weights = &self.strategy.weights;
        let parents: f64 = weights[..measured].iter().filter(|w| 0.0 < **w).sum();
        let weight = |(i, w): (usize, &f64)| match 0.0 < *w {
            true if i < measured => w / parents,
            true => 0.0,
            false => *w,
        };
        let weights: Vec<f64> = weights.iter().enumerate().map(weight).collect();

        let named = weights.iter().zip(order).take_while(|(w, _)| 0.0 < **w);
        let levels = named.map(|(w, (trial, _))| (*w, self.layout.levels(&trial.point)));
        self.categories.learn(&levels.collect::<Vec<_>>());
        if self.layout.ordered() == 0 {
            self.gaussian.generation += 1;
            return;
        }
        let step = |(weight, (trial, _)): (&f64, &(&Trial, _))| {
            let own = Origin::of(trial) == Some(self.origin());
            let drawn =
                own.then(|| self.gaussian.at(&self.layout.normals(&sobol.point(trial.index))));
            let x = self.layout.placed(space, trial, drawn.as_ref(), &self.gaussian.mean);
            (*weight, self.gaussian.step(&x, own))
        };
        let steps: Vec<_> = weights.iter().zip(order).map(step).collect();
        self.gaussian.learn(&self.strategy, &steps, self.rate.as_mut());
        self.layout.keep_margin(space, &mut self.gaussian);
    }

    /// Begins another run, anywhere.
    fn restart(&mut self, space: &Space, seed: Seed) {
        self.run += 1;
        // Streams of runs: indexes that no suggestion reaches, below that of the scrambling.
        let mut stream: Stream = seed.stream(u64::MAX - self.run);
        let units = [stream.unit(), stream.unit()];
        let plan = &self.plan;
        let (lambda, share) = self.spent.next(plan.restarts, plan.lambda, plan.growth, units);
        let units: Vec<f64> = (0..space.dimensions()).map(|_| stream.unit()).collect();
        let place = space.place(&space.believed(&units));
        let n = self.layout.ordered();
        let covariance = Covariance::identity(n, plan.separable);
        self.gaussian = Gaussian::new(self.layout.numbers(&place), plan.sigma * share, covariance);
        self.strategy = Strategy::new(n, lambda, plan.separable);
        self.rate = plan.adapts.then(|| Rate::new(n));
        self.categories = self.layout.even();
        self.record = Record::default();
        self.layout.keep_margin(space, &mut self.gaussian);
    }
}

/// A normal distribution around the best of some points, best first (Nomura et al., *Warm Starting
/// CMA-ES for Hyperparameter Optimization*, AAAI 2021, arXiv:2012.06932, §4): its covariance is
/// theirs and a ball's, Σ = α² I + Σᵢ (xᵢ − m) (xᵢ − m)ᵀ / N.
fn promising(plan: &Plan, layout: &Layout, order: &[&Trial]) -> Gaussian {
    let best = ((order.len() as f64 * BEST).ceil() as usize).max(1);
    let points: Vec<_> =
        order.iter().take(best).map(|trial| layout.numbers(&trial.place)).collect();
    let n = layout.ordered();
    let mut mean = Array1::zeros(n);
    let share = 1.0 / points.len() as f64;
    points.iter().for_each(|x| mean.scaled_add(share, x));
    if points.is_empty() {
        mean.fill(0.5);
    }
    let ball = Covariance::identity(n, plan.separable);
    let steps: Vec<_> = points.iter().map(|x| (share, x - &mean)).collect();
    let steps: Vec<_> = steps.iter().map(|(share, step)| (*share, step)).collect();
    let shape = ball.updated(plan.sigma.powi(2), &steps);
    let sigma = shape.log_deviation().exp();
    Gaussian::new(mean, sigma, shape.updated(sigma.powi(-2), &[]))
}

/// A number outside of [0, 1] is moved to the nearest end.
fn inside(u: f64) -> f64 {
    u.clamp(0.0, 1.0)
}
