//! `hyperband`: many configurations for a little, and ever fewer for ever more.
//!
//! Li et al. (JMLR 18, 2018); the brackets are in `fidelity/brackets.rs`. Settings, roundings and
//! texts are Katib's. What Katib keeps in the settings of its replies is read from the history here,
//! so any parallelism will do, rungs may be uneven, and failed trials are left behind.

use proto::FieldError;

use crate::fidelity::{self, Brackets, ETA, RESOURCE, Step};
use crate::novel;
use crate::problem::Problem;
use crate::registry::{Algorithm, Draft};
use crate::resource::RESOURCE_NAME;
use crate::seed::Stream;
use crate::settings::{RANDOM_STATE, Range, SettingSpec};
use crate::suggester::{Asked, Suggester, Turn};

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "hyperband",
    about: "Begins many trials with little of a resource; the best go on with more. Katib's, for any \
            parallelism.",
    settings: &[
        SettingSpec {
            name: "r_l",
            default: "none: must be set",
            range: Range::Between {
                lo: 0.0,
                hi: f64::INFINITY,
                fault: "r_l must be a positive float number.",
            },
            meaning: "The most of the resource that one trial spends; the least is 1, or a little \
                      more.",
        },
        RESOURCE,
        ETA,
        RANDOM_STATE,
    ],
    check,
    make: |problem| Box::new(Hyperband { brackets: brackets(problem) }),
};

fn check(draft: &Draft) -> Vec<FieldError> {
    let set = draft.settings;
    if set.number("r_l").is_none() || set.word(RESOURCE_NAME).is_none() {
        let text = "r_l and resource_name must be set.";
        return vec![FieldError::new("algorithm.algorithmSettings", text)];
    }
    fidelity::check(draft)
}

/// One round of brackets, as Katib does; as many as the owner's `maxTrialCount` pays for, where
/// there is one.
fn brackets(problem: &Problem) -> Brackets {
    let most = problem.settings.number("r_l").unwrap_or(1.0);
    let once = problem.trials_max.is_none();
    Brackets::new(1.0, most, fidelity::eta(&problem.settings), once)
}

struct Hyperband {
    brackets: Brackets,
}

impl Suggester for Hyperband {
    fn ask(&mut self, turn: &Turn, stream: &mut Stream) -> Asked {
        match self.brackets.step(turn, novel::is_exhausted(turn)) {
            Step::Begin(slot) => Asked::Candidates(vec![slot.begin(fidelity::draw(turn, stream))]),
            Step::Promote(slot, trial) => Asked::Candidates(vec![slot.promote(trial)]),
            Step::Wait(why) => Asked::Wait(why),
            Step::Done => Asked::Exhausted,
        }
    }

    fn places_given(&self) -> bool {
        true
    }
}
