//! `bohb`: Hyperband's brackets, filled by what was learnt.
//!
//! Falkner et al., *BOHB: Robust and Efficient Hyperparameter Optimization at Scale* (ICML 2018):
//! as `hyperband`, but of new configurations only a share is drawn, and the others come from a model
//! (`model.rs`).

use crate::fidelity::{self, Brackets, ETA, RESOURCE, Step};
use crate::model::{Model, SAMPLER};
use crate::novel;
use crate::problem::Problem;
use crate::registry::Algorithm;
use crate::seed::Stream;
use crate::settings::{RANDOM_STATE, Range, SettingSpec};
use crate::suggester::{Asked, Suggester, Turn};

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "bohb",
    about: "Hyperband that learns where good trials lie; the one to take when trials may be cut \
            short.",
    settings: &[
        RESOURCE,
        ETA,
        SettingSpec { default: "tpe", ..SAMPLER },
        SettingSpec {
            name: "random_fraction",
            default: "1/3",
            range: Range::Within {
                lo: 0.0,
                hi: 1.0,
                fault: "random_fraction should be between 0 and 1, inclusive",
            },
            meaning: "The share of new configurations that are drawn, whatever was learnt.",
        },
        SettingSpec {
            name: "min_points_in_model",
            default: "one more than parameters",
            range: Range::Whole { min: 1, fault: "min_points_in_model should be great than zero" },
            meaning: "How many trials of one resource, but for two, are enough to learn from.",
        },
        RANDOM_STATE,
    ],
    check: fidelity::check,
    make: |problem| {
        let sampler = problem.settings.text(SAMPLER.name).unwrap_or("tpe");
        Box::new(Bohb { brackets: brackets(problem), model: Model::new(problem, sampler) })
    },
};

/// The brackets between the bounds of the resource, over and over.
pub(crate) fn brackets(problem: &Problem) -> Brackets {
    let range = problem.resource.as_ref().map_or((1.0, 1.0), |it| (it.min(), it.max()));
    Brackets::new(range.0, range.1, fidelity::eta(&problem.settings), false)
}

struct Bohb {
    brackets: Brackets,
    model: Option<Model>,
}

impl Suggester for Bohb {
    fn ask(&mut self, turn: &Turn, stream: &mut Stream) -> Asked {
        match self.brackets.step(turn, novel::is_exhausted(turn)) {
            Step::Begin(slot) => {
                let modelled = self.model.as_mut().and_then(|model| model.ask(turn, stream));
                let point = modelled.unwrap_or_else(|| fidelity::draw(turn, stream));
                Asked::Candidates(vec![slot.begin(point)])
            }
            Step::Promote(slot, trial) => Asked::Candidates(vec![slot.promote(trial)]),
            Step::Wait(why) => Asked::Wait(why),
            Step::Done => Asked::Exhausted,
        }
    }

    fn places_given(&self) -> bool {
        true
    }
}
