//! What the searches at several fidelities share: trials that stand on rungs, and go on from rung
//! to rung with more of the resource.
//!
//! A *configuration* is a point; each of its trials stands on one *rung* of one *bracket*. A trial
//! on a higher rung continues the one below it, from its checkpoint. Which rung a trial stands on
//! is in its labels, so that all of it can be read from the history alone.

mod brackets;
mod ledger;

pub(crate) use brackets::{Brackets, Step};
pub(crate) use ledger::{Ledger, best};

use proto::FieldError;

use crate::history::Trial;
use crate::registry::Draft;
use crate::resource::RESOURCE_NAME;
use crate::seed::Stream;
use crate::settings::{Range, SettingSpec, Settings};
use crate::space::Point;
use crate::suggester::{Proposal, Turn};

/// Label of a trial: the number of its bracket, from 0.
const BRACKET_LABEL: &str = "qalam.dev/bracket";
/// Label of a trial: its rung in the bracket, from 0.
const RUNG_LABEL: &str = "qalam.dev/rung";

/// Which parameter is the resource.
pub(crate) const RESOURCE: SettingSpec = SettingSpec {
    name: RESOURCE_NAME,
    default: "none: must be set",
    range: Range::Text("the name of a parameter"),
    meaning: "The parameter that says how much a trial spends (epochs, say): not searched, but set \
              by the algorithm.",
};

/// How much more the next rung spends.
pub(crate) const ETA: SettingSpec = SettingSpec {
    name: "eta",
    default: "3",
    range: Range::Between {
        lo: f64::NEG_INFINITY,
        hi: f64::INFINITY,
        fault: "eta should be a whole number from 2 on",
    },
    meaning: "One of so many goes on to the next rung, and spends so many times as much.",
};

/// `eta` as Katib reads it: cut to a whole number, and 3 where that is not positive.
pub(crate) fn eta(settings: &Settings) -> u64 {
    match settings.number("eta").unwrap_or(3.0) {
        eta if eta < 1.0 => 3,
        eta => (eta as u64).clamp(2, 1 << 16),
    }
}

/// What keeps a search at several fidelities from being done: no resource, or an `eta` of 1.
pub(crate) fn check(draft: &Draft) -> Vec<FieldError> {
    let path = "algorithm.algorithmSettings";
    if draft.resource.is_none() {
        return vec![FieldError::new(path, "resource_name must be set.")];
    }
    if draft.settings.number("eta").is_some_and(|eta| (1.0..2.0).contains(&eta)) {
        return vec![FieldError::new(path, "eta should be a whole number from 2 on")];
    }
    Vec::new()
}

/// A place on a rung.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Slot {
    /// Number of the bracket.
    pub(crate) bracket: u64,
    /// The rung in it.
    pub(crate) rung: usize,
    /// What a trial spends there.
    pub(crate) resource: f64,
}

impl Slot {
    /// A new configuration on this rung.
    pub(crate) fn begin(self, point: Point) -> Proposal {
        let mut proposal = Proposal { resource: Some(self.resource), ..Proposal::at(point) };
        proposal.labels.insert(BRACKET_LABEL.into(), self.bracket.to_string());
        proposal.labels.insert(RUNG_LABEL.into(), self.rung.to_string());
        proposal
    }

    /// The configuration of a trial, going on to this rung.
    pub(crate) fn promote(self, trial: &Trial) -> Proposal {
        let continues = Some(trial.index);
        Proposal { continues, repeats: true, ..self.begin(trial.point.clone()) }
    }

    /// Bracket and rung of a trial, if it stands on one.
    pub(crate) fn of(trial: &Trial) -> Option<(u64, usize)> {
        let number = |label: &str| trial.labels.get(label)?.parse::<u64>().ok();
        Some((number(BRACKET_LABEL)?, usize::try_from(number(RUNG_LABEL)?).ok()?))
    }
}

/// The owner's next own point, else one drawn from the parameters' distributions.
pub(crate) fn draw(turn: &Turn, stream: &mut Stream) -> Point {
    turn.given().unwrap_or_else(|| crate::random::draw(turn.space, stream))
}
