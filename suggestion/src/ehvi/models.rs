//! What is known of each objective and each constraint.

use crate::gp::explain::{self, Explanation};
use crate::gp::feasible::Feasible;
use crate::gp::kernel::{Hyper, Metric};
use crate::gp::model::Model;
use crate::gp::warp::Warp;
use crate::history::Trial;
use crate::seed::Stream;

/// How losses may be changed: near the best they keep their distances, so that volume means what
/// it means to the owner.
const WARPS: [Warp; 3] = [Warp::Linear, Warp::HalfLog, Warp::Log(1.0)];

/// What is found by looking at many numbers, and kept for a while.
pub(super) struct Fit {
    objectives: Vec<Explanation>,
    constraints: Vec<Hyper>,
}

impl Fit {
    /// What explains the trials best.
    pub(super) fn new(
        metric: &Metric,
        trials: &[&Trial],
        objectives: usize,
        constraints: usize,
    ) -> Fit {
        let places: Vec<&[f64]> = trials.iter().map(|trial| &trial.place[..]).collect();
        let explained = |k: usize| {
            let mut all = explain::among(&WARPS, metric, &places, &losses(trials, k));
            all.swap_remove(0)
        };
        Fit {
            objectives: (0..objectives).map(explained).collect(),
            constraints: Feasible::fitted(metric, trials, constraints),
        }
    }
}

/// The losses of trials in objective `k`; failed ones are as bad as the worst that was measured.
fn losses(trials: &[&Trial], k: usize) -> Vec<f64> {
    let known = trials.iter().filter_map(|trial| trial.losses.get(k)).copied();
    let worst = known.fold(f64::NEG_INFINITY, f64::max);
    trials.iter().map(|trial| trial.losses.get(k).copied().unwrap_or(worst)).collect()
}

/// A trial as the models see it.
pub(super) struct Seen {
    pub(super) place: Vec<f64>,
    /// What is expected of it in each objective: noise does not pass for luck.
    pub(super) means: Vec<f64>,
    /// Whether it keeps all constraints.
    pub(super) kept: bool,
}

/// A Gaussian process for each objective and each constraint.
pub(super) struct Models {
    objectives: Vec<Model>,
    constraints: Feasible,
    /// Every trial, running ones too.
    pub(super) points: Vec<Seen>,
}

impl Models {
    /// What `fit` makes of the trials.
    pub(super) fn new(metric: &Metric, fit: &Fit, trials: &[&Trial]) -> Models {
        let places: Vec<&[f64]> = trials.iter().map(|trial| &trial.place[..]).collect();
        let model = |(k, it): (usize, &Explanation)| {
            let (values, _) = it.warp.apply(&losses(trials, k));
            Model::new(metric, &it.hyper, &places, &values)
        };
        let objectives: Vec<Model> = fit.objectives.iter().enumerate().map(model).collect();
        let seen = |trial: &&Trial| Seen {
            place: trial.place.clone(),
            means: objectives.iter().map(|model| model.mean(&trial.place)).collect(),
            kept: trial.is_feasible(),
        };
        let points = trials.iter().map(seen).collect();
        let constraints = Feasible::new(metric, &fit.constraints, trials);
        Models { objectives, constraints, points }
    }

    /// How many objectives there are.
    pub(super) fn objectives(&self) -> usize {
        self.objectives.len()
    }

    /// Adds a trial that has not ended, as if it came out as expected.
    pub(super) fn believe(&mut self, place: &[f64]) {
        let kept = self.constraints.believe(place);
        let means = self.objectives.iter_mut().map(|model| model.believe(place)).collect();
        self.points.push(Seen { place: place.to_vec(), means, kept });
    }

    /// For each place mean and standard deviation in each objective.
    pub(super) fn predict(&self, places: &[Vec<f64>]) -> Vec<Vec<(f64, f64)>> {
        let all: Vec<_> = self.objectives.iter().map(|model| model.predict(places)).collect();
        (0..places.len()).map(|i| all.iter().map(|one| one[i]).collect()).collect()
    }

    /// The log of the probability that each place keeps all constraints.
    pub(super) fn log_feasible(&self, places: &[Vec<f64>]) -> Vec<f64> {
        self.constraints.log_probability(places)
    }

    /// At most `count` places near which to search: members of the front at random, or where
    /// constraints are likeliest kept.
    pub(super) fn centers(
        &self,
        front: Option<&[usize]>,
        count: usize,
        stream: &mut Stream,
    ) -> Vec<Vec<f64>> {
        let mut order: Vec<usize> = match front {
            Some(front) => front.to_vec(),
            None => self.by_feasibility().into_iter().take(count).collect(),
        };
        // The first steps of Fisher and Yates' shuffle.
        for k in 0..count.min(order.len()) {
            let other = k + stream.below((order.len() - k) as u64) as usize;
            order.swap(k, other);
        }
        order.into_iter().take(count).map(|i| self.points[i].place.clone()).collect()
    }

    /// All trials, those first that likeliest keep all constraints.
    fn by_feasibility(&self) -> Vec<usize> {
        let places: Vec<Vec<f64>> = self.points.iter().map(|it| it.place.clone()).collect();
        let logs = self.log_feasible(&places);
        let mut order: Vec<usize> = (0..places.len()).collect();
        order.sort_by(|a, b| logs[*b].total_cmp(&logs[*a]).then(a.cmp(b)));
        order
    }
}
