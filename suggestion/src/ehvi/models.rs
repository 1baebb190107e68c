//! What is known of each objective and each constraint.

use crate::gp::explain::{self, Explanation};
use crate::gp::feasible::Feasible;
use crate::gp::kernel::{Hyper, Metric};
use crate::gp::lesson::Lesson;
use crate::gp::model::Model;
use crate::gp::warp::Warp;
use crate::history::Trial;
use crate::problem::Problem;

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
    pub(super) fn new(problem: &Problem, metric: &Metric, finished: &[Trial]) -> Fit {
        let (objectives, constraints) = (problem.objectives.len(), problem.constraints.len());
        let lesson = Lesson::brief(finished);
        let (places, trials) = (lesson.places(finished), lesson.trials(finished));
        let explained = |k: usize| {
            let losses = lesson.losses_in(finished, k);
            explain::among(&WARPS, metric, &places, &losses).swap_remove(0)
        };
        Fit {
            objectives: (0..objectives).map(explained).collect(),
            constraints: Feasible::fitted(metric, &trials, constraints),
        }
    }
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
    pub(super) fn new(metric: &Metric, fit: &Fit, lesson: &Lesson, finished: &[Trial]) -> Models {
        let (places, trials) = (lesson.places(finished), lesson.trials(finished));
        let model = |(k, it): (usize, &Explanation)| {
            let (values, _) = it.warp.apply(&lesson.losses_in(finished, k));
            Model::new(metric, &it.hyper, &places, &values)
        };
        let objectives: Vec<Model> = fit.objectives.iter().enumerate().map(model).collect();
        let seen = |trial: &&Trial| Seen {
            place: trial.place.clone(),
            means: objectives.iter().map(|model| model.mean(&trial.place)).collect(),
            kept: trial.is_feasible(),
        };
        let points = trials.iter().map(seen).collect();
        let constraints = Feasible::new(metric, &fit.constraints, &trials);
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
}
