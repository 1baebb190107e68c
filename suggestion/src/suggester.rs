//! The contract of a search algorithm: a pure value that is shown a history and asked.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::Trial;
use crate::seed::Stream;
use crate::space::{Point, Space};

/// A search algorithm, made from the settings of one experiment.
///
/// What it answers depends on the [`Turn`] alone: no clock, no memory, no other chance than the
/// turn's stream. So nothing need be saved, and a repeated question has the same answer.
pub trait Suggester: Send + Sync {
    /// Proposes what to try as suggestion `turn.index`.
    fn ask(&self, turn: &Turn, stream: &mut Stream) -> Asked;
}

/// What an algorithm sees when it is asked for one suggestion.
pub struct Turn<'a> {
    /// Where to search.
    pub space: &'a Space,
    /// Trials that ended, in the order of completion, with losses and curves.
    pub finished: &'a [Trial],
    /// Trials that run or wait, in the order of their indexes; then the earlier members of the
    /// same batch. Whoever ignores them proposes the same place twice.
    pub active: &'a [Trial],
    /// Number of the suggestion asked for, from 0.
    pub index: u64,
    /// Keys of all points of the history.
    pub(crate) taken: &'a BTreeSet<Vec<u64>>,
}

impl Turn<'_> {
    /// Whether a point was never tried.
    pub fn is_new(&self, point: &Point) -> bool {
        !self.taken.contains(&point.key()) && self.active.iter().all(|trial| trial.point != *point)
    }
}

/// What an algorithm answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// Proposals, best first; the first that repeats nothing is taken. At least one.
    Candidates(Vec<Proposal>),
    /// Nothing now; the reason says what must happen first.
    Wait(String),
    /// There is nothing left to propose, whatever happens.
    Exhausted,
}

/// A point to try, and what the algorithm wants of the trial.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// Where.
    pub point: Point,
    /// How much of the resource (epochs, say) to spend, where the algorithm decides it.
    pub resource: Option<f64>,
    /// Index of the trial that this one continues, from its checkpoint.
    pub continues: Option<u64>,
    /// What the algorithm wants to read again in the trial's labels.
    pub labels: BTreeMap<String, String>,
    /// May repeat a point that was tried before: promotion to a higher rung, replication.
    pub repeats: bool,
}

impl Proposal {
    /// A new trial at `point`, and nothing more.
    pub fn at(point: Point) -> Proposal {
        Proposal { point, resource: None, continues: None, labels: BTreeMap::new(), repeats: false }
    }
}
