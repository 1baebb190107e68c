//! `forest`: a random forest learns from the trials, and what it expects to improve most is tried.
//!
//! Sequential model-based optimisation as in SMAC: Hutter, Hoos and Leyton-Brown (LION 2011) and
//! Lindauer et al., *SMAC3: A Versatile Bayesian Optimization Package for Hyperparameter
//! Optimization* (JMLR 23, 2022). A Sobol sequence comes first; then each suggestion maximises the
//! logarithm of the expected improvement (`improvement.rs`) over a forest (`ensemble.rs`) of what
//! the trials came to (`lesson.rs`). Its trees are extra-trees: beside SMAC's bootstrap forest they
//! bend more smoothly between few trials and found better points on numeric axes. Trials that still run count as if they had come to what the
//! forest expects of them (the kriging believer of Ginsbourger et al., 2010). Now and then a
//! suggestion is drawn at random, so that no wrong belief lasts for ever.

pub(crate) mod candidates;
pub(crate) mod ensemble;
pub(crate) mod lesson;
pub(crate) mod model;
mod split;
pub(crate) mod table;
pub(crate) mod tree;

use candidates::Effort;
use ensemble::Recipe;
use model::Model;

use crate::history::Trial;
use crate::improvement::log_ei;
use crate::random;
use crate::registry::{Algorithm, fits};
use crate::seed::Stream;
use crate::settings::{RANDOM_STATE, Range, SettingSpec};
use crate::sobol::Sobol;
use crate::suggester::{Asked, Fitted, Proposal, Suggester, Turn};

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "forest",
    about: "Learns a random forest of the loss; for many categories and conditions.",
    settings: &[
        SettingSpec {
            name: "n_initial_points",
            default: "10",
            range: Range::Whole {
                min: 0,
                fault: "n_initial_points should be great or equal than zero",
            },
            meaning: "How many trials must have ended before learning begins.",
        },
        SettingSpec {
            name: "n_trees",
            default: "30",
            range: Range::Whole { min: 1, fault: "n_trees should be great than zero" },
            meaning: "How many trees the forest has; never more than 200.",
        },
        SettingSpec {
            name: "random_interleave",
            default: "6",
            range: Range::Whole {
                min: 0,
                fault: "random_interleave should be great or equal than zero",
            },
            meaning: "Each so-many-th suggestion is drawn at random; 0 for none.",
        },
        RANDOM_STATE,
    ],
    check: fits,
    make: |problem| {
        let settings = &problem.settings;
        Box::new(ForestSearch {
            initial: settings.size("n_initial_points").unwrap_or(10),
            recipe: Recipe::extra(settings.size("n_trees").unwrap_or(30).min(TREES_MAX)),
            interleave: settings.whole("random_interleave").unwrap_or(6),
            first: Sobol::new(problem.space.dimensions(), problem.seed),
            model: Fitted::none(),
        })
    },
};

/// More trees than these change nothing but the time they take.
const TREES_MAX: usize = 200;

struct ForestSearch {
    initial: usize,
    recipe: Recipe,
    /// Each so-many-th suggestion is random.
    interleave: u64,
    /// What is proposed until there is enough to learn from.
    first: Sobol,
    model: Fitted<Option<Model>>,
}

impl Suggester for ForestSearch {
    fn ask(&mut self, turn: &Turn, stream: &mut Stream) -> Asked {
        let n = turn.finished.len();
        let learned = if self.initial <= n {
            let fit = |finished: &[Trial]| {
                Model::of_trees(&self.recipe, turn.space, finished, turn.problem.seed)
            };
            self.model.at(turn, n, fit).as_ref()
        } else {
            None
        };
        let Some(model) = learned else {
            let point = turn.space.believed(&self.first.point(turn.index));
            return Asked::Candidates(vec![Proposal::at(point)]);
        };
        if 0 < self.interleave && turn.index % self.interleave == self.interleave - 1 {
            return Asked::Candidates(vec![Proposal::at(random::draw(turn.space, stream))]);
        }
        let surrogate = model.surrogate.believing(turn.active);
        let score = |place: &[f64]| {
            let (mean, variance) = surrogate.predict(place);
            log_ei(mean, variance.sqrt(), model.best)
        };
        let points = candidates::search(turn.space, &model.starts, Effort::USUAL, stream, score);
        Asked::Candidates(points.into_iter().map(Proposal::at).collect())
    }
}
