//! `cmaes`: a normal distribution that learns from each generation of trials where to go, how far,
//! and in which directions.
//!
//! CMA-ES after Hansen, *The CMA Evolution Strategy: A Tutorial* (arXiv:1604.00772), with active
//! covariance update. Axes with levels keep a margin (`margin.rs`), names have a distribution of
//! their own (`categories.rs`); where there are many axes only variances are learned.
//!
//! Nothing is kept: trials carry a label that says which generation they were drawn from, and the
//! state is found again by going through the finished ones.

mod categories;
mod covariance;
mod gaussian;
mod layout;
mod margin;
mod origin;
mod rate;
mod restart;
mod search;
mod strategy;
#[cfg(test)]
mod tests;

use proto::FieldError;

use crate::problem::Problem;
use crate::registry::{Algorithm, Draft};
use crate::seed::Stream;
use crate::settings::{RANDOM_STATE, Range, SettingSpec};
use crate::sobol::Sobol;
use crate::space::Kind;
use crate::suggester::{Asked, Fitted, Proposal, Suggester, Turn};

use layout::Layout;
use restart::Restarts;
use search::{Plan, Search};

const YES_OR_NO: &[&str] = &["false", "true", "False", "True"];

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "cmaes",
    about: "Moves a normal distribution downhill and learns its shape; for numbers, from 100 trials.",
    settings: &[
        SettingSpec {
            name: "restart_strategy",
            default: "none",
            range: Range::Choice {
                of: &["none", "None", "ipop", "bipop"],
                fault: "restart_strategy should be one of none, ipop, bipop",
            },
            meaning: "What follows when a run has converged: ipop goes on elsewhere with larger \
                      generations, bipop with larger and smaller ones in turn.",
        },
        SettingSpec {
            name: "sigma",
            default: "0",
            range: Range::AtLeast { min: 0.0, fault: "sigma should be great or equal than zero" },
            meaning: "First step size, as a share of each axis; 0 takes 0.2.",
        },
        SettingSpec {
            name: "popsize",
            default: "4 + 3 ln(parameters)",
            range: Range::Whole { min: 4, fault: "popsize should be great or equal than four" },
            meaning: "How many trials are a generation.",
        },
        SettingSpec {
            name: "inc_popsize",
            default: "2",
            range: Range::Whole { min: 1, fault: "inc_popsize should be great than zero" },
            meaning: "By what ipop and bipop multiply the size of generations.",
        },
        SettingSpec {
            name: "n_startup_trials",
            default: "as many as a generation",
            range: Range::Whole {
                min: 0,
                fault: "n_startup_trials should be great or equal than zero",
            },
            meaning: "How many trials spread over the whole space must be measured first.",
        },
        SettingSpec {
            name: "lr_adapt",
            default: "false",
            range: Range::Choice { of: YES_OR_NO, fault: "lr_adapt should be true or false" },
            meaning: "Lets learning rates follow the noise: slower, and safer among many optima.",
        },
        SettingSpec {
            name: "use_separable_cma",
            default: "false up to 100 parameters",
            range: Range::Choice {
                of: YES_OR_NO,
                fault: "use_separable_cma should be true or false",
            },
            meaning: "Learns a variance for each parameter and nothing between them.",
        },
        RANDOM_STATE,
    ],
    check,
    make: |problem| Box::new(Cmaes::new(problem)),
};

/// From how many ordered axes on only variances are learned.
const FULL_MAX: usize = 100;

/// Larger generations are of no use, and would take long to be complete.
const POPULATION_MAX: usize = 1 << 16;

/// How often a point is drawn until it is a new one.
const DRAWS_MAX: i32 = 48;

/// The first step size, as a share of each axis.
const SIGMA: f64 = 0.2;

fn check(draft: &Draft) -> Vec<FieldError> {
    let number = |kind: Kind| matches!(kind, Kind::Real | Kind::Integer | Kind::Ordinal);
    let numbers = draft.space.axes().filter(|axis| number(axis.kind)).count();
    let text = "cmaes only supports two or more dimensional continuous search space.";
    (numbers < 2).then(|| FieldError::new("parameters", text)).into_iter().collect()
}

struct Cmaes {
    plan: Plan,
    startup: usize,
    /// What the start and all draws are made of, by index.
    sobol: Sobol,
    /// The state, and how many trials had ended when it began.
    kept: Fitted<(usize, Search)>,
}

impl Cmaes {
    fn new(problem: &Problem) -> Cmaes {
        let (space, settings) = (&problem.space, &problem.settings);
        let layout = Layout::new(space);
        let yes = |name| settings.text(name).map(|text| text.eq_ignore_ascii_case("true"));
        let restarts = match settings.text("restart_strategy") {
            Some("ipop") => Restarts::Ipop,
            Some("bipop") => Restarts::Bipop,
            _ => Restarts::None,
        };
        let lambda = settings.size("popsize").map(|size| size.min(POPULATION_MAX));
        let lambda = lambda.unwrap_or(strategy::population(layout.len()));
        let separable = yes("use_separable_cma").unwrap_or(FULL_MAX < layout.ordered());
        let plan = Plan {
            lambda,
            sigma: settings.number("sigma").filter(|sigma| 0.0 < *sigma).unwrap_or(SIGMA),
            restarts,
            growth: settings.whole("inc_popsize").map_or(2.0, |growth| growth as f64),
            adapts: yes("lr_adapt").unwrap_or(false) && !separable,
            separable,
        };
        let startup = settings.size("n_startup_trials").unwrap_or(lambda);
        Cmaes {
            plan,
            startup,
            sobol: Sobol::new(space.dimensions(), problem.seed),
            kept: Fitted::none(),
        }
    }

    /// How many trials had ended when the search began; none if it has not.
    fn start(&self, turn: &Turn) -> Option<usize> {
        let begun = turn.finished.iter().chain(turn.active).find_map(origin::start);
        let n = turn.finished.len();
        begun.map(|start| start.min(n)).or_else(|| {
            let measured = turn.finished.iter().filter(|trial| trial.loss().is_some()).count();
            (self.startup <= measured).then_some(n)
        })
    }

    /// The state after all finished trials.
    fn state(&mut self, turn: &Turn, start: usize) -> &(usize, Search) {
        let kept = self.kept.take(turn).filter(|(_, (of, _))| *of == start);
        let (from, (_, mut search)) = kept.unwrap_or_else(|| {
            let search = Search::begun(turn, &self.plan, &turn.finished[..start]);
            (start, (start, search))
        });
        let n = turn.finished.len();
        (from..n).for_each(|at| search.learn(turn, at, &self.sobol));
        self.kept.keep(turn, n, (start, search))
    }
}

impl Suggester for Cmaes {
    fn ask(&mut self, turn: &Turn, stream: &mut Stream) -> Asked {
        let units = self.sobol.point(turn.index);
        let Some(start) = self.start(turn) else {
            return Asked::Candidates(vec![Proposal::at(turn.space.believed(&units))]);
        };
        let (_, search) = self.state(turn, start);
        let mut point = search.point(turn.space, &units, 1.0);
        for attempt in 1..DRAWS_MAX {
            if turn.is_open(&point) {
                break;
            }
            // The longer nothing new is found, the farther away it is looked for.
            let units: Vec<f64> = units.iter().map(|_| stream.unit().max(1e-12)).collect();
            let reach = 1.2f64.powi((attempt - 8).max(0));
            point = search.point(turn.space, &units, reach);
        }
        let labels = search.origin().labels(start);
        Asked::Candidates(vec![Proposal { labels, ..Proposal::at(point) }])
    }
}
