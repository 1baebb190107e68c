//! The contract of a search algorithm: a pure value that is shown a history and asked.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::Trial;
use crate::problem::Problem;
use crate::seed::Stream;
use crate::space::{Point, Space};

/// A search algorithm, made from the settings of one experiment.
///
/// What it answers depends on the [`Turn`] alone: no clock, no other chance than the turn's
/// stream. So nothing need be saved, and a repeated question has the same answer. It may keep what
/// it computed from the first finished trials ([`Fitted`]), as long as that changes no answer.
pub trait Suggester: Send {
    /// Proposes what to try as suggestion `turn.index`.
    fn ask(&mut self, turn: &Turn, stream: &mut Stream) -> Asked;

    /// Whether it tries the owner's own points itself (`Turn::given`): one that decides more of
    /// a trial than its point.
    fn places_given(&self) -> bool {
        false
    }
}

/// Something computed from the first `n` finished trials, kept for as long as they are the same.
#[derive(Debug, Default)]
pub struct Fitted<T>(Option<(usize, u64, T)>);

impl<T> Fitted<T> {
    /// Nothing yet.
    pub fn none() -> Fitted<T> {
        Fitted(None)
    }

    /// What `fit` makes of the first `n` finished trials; made again only where it was made of
    /// others. Whatever else `fit` looks at must not change.
    pub fn at(&mut self, turn: &Turn, n: usize, fit: impl FnOnce(&[Trial]) -> T) -> &T {
        let stamp = turn.stamp(n);
        let kept = self.0.take().filter(|(count, of, _)| (*count, *of) == (n, stamp));
        &self.0.insert(kept.unwrap_or_else(|| (n, stamp, fit(&turn.finished[..n])))).2
    }

    /// What was kept, if it was made of a beginning of the turn's finished trials: of how many,
    /// and what. For fits that can be continued to the same bits.
    pub fn take(&mut self, turn: &Turn) -> Option<(usize, T)> {
        let (n, stamp, fit) = self.0.take()?;
        (n <= turn.finished.len() && turn.stamp(n) == stamp).then_some((n, fit))
    }

    /// Keeps what was made of the first `n` finished trials.
    pub fn keep(&mut self, turn: &Turn, n: usize, fit: T) -> &mut T {
        &mut self.0.insert((n, turn.stamp(n), fit)).2
    }
}

/// What an algorithm sees when it is asked for one suggestion.
pub struct Turn<'a> {
    /// What is asked.
    pub problem: &'a Problem,
    /// Where to search: the problem's space.
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
    /// For each finished trial a number for it and all before it.
    pub(crate) chain: &'a [u64],
}

impl Turn<'_> {
    /// Whether a point may be tried: it never was, and nothing forbids it.
    pub fn is_open(&self, point: &Point) -> bool {
        !self.taken.contains(&point.key())
            && self.active.iter().all(|trial| trial.point != *point)
            && self.space.allows(point)
    }

    /// The owner's next own point that was not tried.
    pub(crate) fn given(&self) -> Option<Point> {
        self.problem.initial.iter().find(|point| self.is_open(point)).cloned()
    }

    /// Every trial: the finished ones in the order of completion, then those that run or wait.
    pub(crate) fn trials(&self) -> impl Iterator<Item = &Trial> {
        self.finished.iter().chain(self.active)
    }

    /// A number for the first `n` finished trials: equal for equal ones.
    fn stamp(&self, n: usize) -> u64 {
        n.checked_sub(1).map_or(0, |last| self.chain[last])
    }
}

/// Trials for an algorithm to look at that is asked in place of another.
pub(crate) struct Narrowed {
    finished: Vec<Trial>,
    active: Vec<Trial>,
    chain: Vec<u64>,
}

impl Narrowed {
    /// These trials: finished ones in the order of completion, and active ones by index.
    pub(crate) fn new(finished: Vec<Trial>, active: Vec<Trial>) -> Narrowed {
        let chain = crate::history::chain(&finished);
        Narrowed { finished, active, chain }
    }

    /// The same turn, with these trials alone; what was tried is tried all the same.
    pub(crate) fn turn<'a>(&'a self, turn: &'a Turn) -> Turn<'a> {
        Turn {
            problem: turn.problem,
            space: turn.space,
            finished: &self.finished,
            active: &self.active,
            index: turn.index,
            taken: turn.taken,
            chain: &self.chain,
        }
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
