//! `gp`: Gaussian processes say how good each place may be, and the most promising is tried.
//!
//! Bayesian optimisation (Jones, Schonlau and Welch, *Efficient Global Optimization of Expensive
//! Black-Box Functions*, 1998) with a kernel for mixed axes (`gp/kernel.rs`), several explanations
//! of what was observed (`gp/explain.rs`), expected improvement in logs, and running trials
//! believed to come out as expected. Where there is much noise, some suggestions go where the mean
//! is best: with luck in every observation, the best that is observed is as good as the places
//! among which luck chooses.
//!
//! Under constraints the improvement over the best trial that keeps them is multiplied by the
//! probability that they are kept (Schonlau, Welch and Jones, *Global versus Local Search in
//! Constrained Optimization of Computer Models*, 1998); while no trial keeps them, that probability
//! is all that counts. Several objectives are one number, the standing of a trial (`standing.rs`).

mod bend;
mod cholesky;
pub(crate) mod ensemble;
pub(crate) mod explain;
pub(crate) mod feasible;
mod fit;
pub(crate) mod hebo;
pub(crate) mod kernel;
pub(crate) mod lesson;
mod likelihood;
pub(crate) mod model;
mod posterior;
pub(crate) mod surrogate;
pub(crate) mod warp;

use ensemble::Ensemble;
use explain::Explanation;
use feasible::Feasible;
use kernel::{Hyper, Metric};
use lesson::Lesson;

use crate::acquire::{self, Effort};
use crate::chart::Chart;
use crate::history::Trial;
use crate::problem::Problem;
use crate::registry::{Algorithm, fits};
use crate::seed::Stream;
use crate::settings::{RANDOM_STATE, Range, SettingSpec};
use crate::sobol::Sobol;
use crate::suggester::{Asked, Fitted, Proposal, Suggester, Turn};

/// How many trials are measured before learning begins.
pub(crate) const STARTUP: SettingSpec = SettingSpec {
    name: "n_startup_trials",
    default: "as many as parameters, 5 to 10",
    range: Range::Whole { min: 0, fault: "n_startup_trials should be great or equal than zero" },
    meaning: "How many trials are measured before learning begins.",
};

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "gp",
    about: "Models the losses by Gaussian processes; finds most in up to 1,000 costly trials.",
    settings: &[STARTUP, RANDOM_STATE],
    check: fits,
    make: |problem| Box::new(Gp::new(problem)),
};

/// From how many of the best trials places nearby are looked at.
const CENTERS: usize = 5;

/// How many candidates are answered, in case that the first are taken.
const CANDIDATES: usize = 64;

/// Suggestions for the best mean, for each unit of noise in the variance; and at most.
const GREEDY: f64 = 1.5;
const GREEDY_MAX: f64 = 0.8;

/// See the file's head.
pub(crate) struct Gp {
    first: Sobol,
    startup: usize,
    /// Whether axes may be bent.
    bends: bool,
    fit: Fitted<(Vec<Explanation>, Vec<Hyper>)>,
}

/// What has been learned.
struct Learned {
    ensemble: Ensemble,
    feasible: Feasible,
    /// Whether a trial keeps all constraints.
    kept: bool,
    /// The best trials' places.
    centers: Vec<Vec<f64>>,
}

impl Gp {
    /// For a problem whose algorithm has the setting [`STARTUP`].
    pub(crate) fn new(problem: &Problem) -> Gp {
        let d = problem.space.dimensions();
        let startup = problem.settings.size(STARTUP.name).unwrap_or(d.clamp(5, 10));
        // Two trials are the least that can be told apart.
        Gp {
            first: Sobol::new(d, problem.seed),
            startup: startup.max(2),
            bends: false,
            fit: Fitted::none(),
        }
    }

    /// The same, with axes that may be bent (`gp/bend.rs`).
    pub(crate) fn bending(problem: &Problem) -> Gp {
        Gp { bends: true, ..Gp::new(problem) }
    }

    /// How many trials are measured before learning begins.
    pub(crate) fn startup(&self) -> usize {
        self.startup
    }

    /// What has been learned; nothing while there are too few trials.
    fn learned(&mut self, turn: &Turn) -> Option<Learned> {
        let lesson = Lesson::new(turn.finished);
        if lesson.measured < self.startup {
            return None;
        }
        // The standing of trials of several objectives has their constraints in it already.
        let single = turn.problem.objectives.len() == 1;
        let constraints = if single { turn.problem.constraints.len() } else { 0 };
        let losses = |lesson: &Lesson, finished: &[Trial]| match constraints {
            0 => lesson.losses.clone(),
            _ => lesson.losses_in(finished, 0),
        };
        let metric = Metric::new(turn.space);
        let n = lesson::checkpoint(turn.finished.len());
        let explain = if self.bends { explain::bent } else { explain::explanations };
        let (explanations, hypers) = self.fit.at(turn, n, |finished| {
            let lesson = Lesson::brief(finished);
            let (places, losses) = (lesson.places(finished), losses(&lesson, finished));
            let hypers = Feasible::fitted(&metric, &lesson.trials(finished), constraints);
            (explain(&metric, &places, &losses), hypers)
        });
        let (places, trials) = (lesson.places(turn.finished), lesson.trials(turn.finished));
        let losses = losses(&lesson, turn.finished);
        let mut ensemble = Ensemble::new(&metric, explanations, &places, &losses);
        let mut feasible = Feasible::new(&metric, hypers, &trials);
        let kept: Vec<bool> = trials.iter().map(|trial| trial.is_feasible()).collect();
        let any = constraints == 0 || kept.contains(&true);
        if 0 < constraints && any {
            ensemble.improve_on(&kept);
        }
        ensemble.believe(turn.active.iter().map(|trial| &trial.place[..]));
        turn.active.iter().for_each(|trial| {
            feasible.believe(&trial.place);
        });
        let order = if constraints == 0 { ensemble.order() } else { lesson.order() };
        let centers = order.into_iter().take(CENTERS).map(|i| places[i].to_vec()).collect();
        Some(Learned { ensemble, feasible, kept: any, centers })
    }

    /// What is tried before anything is learned.
    fn unlearned(&self, turn: &Turn) -> Asked {
        let point = turn.space.believed(&self.first.point(turn.index));
        Asked::Candidates(vec![Proposal::at(point)])
    }
}

impl Suggester for Gp {
    fn ask(&mut self, turn: &Turn, stream: &mut Stream) -> Asked {
        let Some(Learned { ensemble, feasible, kept, centers }) = self.learned(turn) else {
            return self.unlearned(turn);
        };
        let greedy = stream.unit() < (GREEDY * ensemble.noise()).min(GREEDY_MAX);
        let chart = Chart::new(turn.space);
        let belief = Belief::new(turn);
        let score = |places: &[Vec<f64>]| {
            let scores = match kept {
                // A mean is not to be multiplied by a probability.
                true if greedy && feasible.is_certain() => ensemble.gain(places),
                true => added(ensemble.log_ei(places), &feasible.log_probability(places)),
                false => feasible.log_probability(places),
            };
            belief.added(scores, places)
        };
        let found = acquire::maximise(&chart, &centers, Effort::usual(chart.axes()), stream, score);
        let best = found.iter().take(CANDIDATES);
        Asked::Candidates(best.map(|(_, place)| Proposal::at(chart.point(place))).collect())
    }
}

/// The sums of two logs each.
pub(crate) fn added(mut logs: Vec<f64>, others: &[f64]) -> Vec<f64> {
    logs.iter_mut().zip(others).for_each(|(log, other)| *log += other);
    logs
}

/// What the owner believes, as far as it still counts: its weight is 1 / n of the trials, times a
/// constant (Hvarfner et al., *πBO*, ICLR 2022, equation 6).
pub(crate) struct Belief<'a> {
    turn: &'a Turn<'a>,
    weight: f64,
}

/// β in πBO.
const BELIEF: f64 = 10.0;

impl<'a> Belief<'a> {
    /// The belief at a turn.
    pub(crate) fn new(turn: &'a Turn<'a>) -> Belief<'a> {
        let n = turn.finished.len().max(1) as f64;
        Belief { turn, weight: if turn.space.has_beliefs() { BELIEF / n } else { 0.0 } }
    }

    /// The scores of places, and what is believed of these.
    pub(crate) fn added(&self, mut scores: Vec<f64>, places: &[Vec<f64>]) -> Vec<f64> {
        if 0.0 < self.weight {
            for (score, place) in scores.iter_mut().zip(places) {
                *score += self.weight * self.turn.space.log_belief(place);
            }
        }
        scores
    }
}
