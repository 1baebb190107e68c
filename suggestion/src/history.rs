//! What happened so far, and what to try next, as the outside of the crate says it.

use std::collections::{BTreeMap, BTreeSet};

use proto::kinds::ParameterAssignment;

use crate::problem::Problem;
use crate::space::Point;

/// Label of a trial: how much of the resource (epochs, say) the search wants spent on it.
pub const RESOURCE_LABEL: &str = "qalam.dev/resource";
/// Label of a trial: the index of the trial that it continues.
pub const CONTINUES_LABEL: &str = "qalam.dev/continues";

/// How a trial stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Proposed, waiting or running.
    Active,
    /// Ended with its metrics.
    Succeeded,
    /// Stopped before its end; its metrics count as far as they go.
    EarlyStopped,
    /// Ended without success: a bad region, or bad luck.
    Failed,
    /// Ended well, but the objective was never reported.
    MetricsUnavailable,
}

/// One trial, as the outside tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Which suggestion of the experiment it was, from 0.
    pub index: u64,
    /// The order of completion, unique in the experiment; none while active.
    pub completion: Option<u64>,
    /// Its values, as text.
    pub assignments: Vec<ParameterAssignment>,
    /// How it stands.
    pub state: State,
    /// The value of each metric by its strategy, by metric name.
    pub metrics: BTreeMap<String, f64>,
    /// Reports of the objective so far, as (step, value), in the order of steps.
    pub curve: Vec<(f64, f64)>,
    /// Labels that the algorithm gave it (lineage, bracket, generation).
    pub labels: BTreeMap<String, String>,
    /// How long it ran, where that is known.
    pub seconds: Option<f64>,
}

/// One trial, as algorithms see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Which suggestion it was, from 0.
    pub index: u64,
    /// Where it is in the unit cube.
    pub point: Point,
    /// The same in numbers ([`crate::space::Space::place`]).
    pub place: Vec<f64>,
    /// How it stands.
    pub state: State,
    /// One loss for each objective, smaller is better; empty unless every one was measured as a
    /// finite number.
    pub losses: Vec<f64>,
    /// By how much it breaks each constraint, at most 0 where it keeps it; empty unless the
    /// losses were measured. NaN where the constraint's metric was not.
    pub violations: Vec<f64>,
    /// How long it ran, where that is known; finite and positive.
    pub seconds: Option<f64>,
    /// The first objective's reports as (step, loss), finite ones only.
    pub curve: Vec<(f64, f64)>,
    /// Labels that the algorithm gave it.
    pub labels: BTreeMap<String, String>,
    /// How much of the resource it spends, where the problem has one.
    pub resource: Option<f64>,
    /// Index of the trial that it continues, from its checkpoint.
    pub continues: Option<u64>,
}

impl Trial {
    /// The first objective's loss, if it was measured.
    pub fn loss(&self) -> Option<f64> {
        self.losses.first().copied()
    }

    /// Whether it was measured and keeps every constraint.
    pub fn is_feasible(&self) -> bool {
        !self.losses.is_empty() && self.violations.iter().all(|violation| *violation <= 0.0)
    }

    /// A number for what the trial came to: equal for equal trials, hardly for others.
    fn fingerprint(&self) -> u64 {
        let mut hash = Fnv::new();
        hash.feed(self.index);
        hash.feed(self.state as u64);
        self.point.key().into_iter().for_each(|word| hash.feed(word));
        let numbers = self.losses.iter().chain(&self.violations).chain(&self.seconds);
        numbers.for_each(|number| hash.feed(number.to_bits()));
        for (step, loss) in &self.curve {
            hash.feed(step.to_bits());
            hash.feed(loss.to_bits());
        }
        hash.feed(self.resource.map_or(0, f64::to_bits));
        for byte in self.labels.iter().flat_map(|(name, value)| name.bytes().chain(value.bytes())) {
            hash.feed(u64::from(byte));
        }
        hash.0
    }
}

/// For each of some trials a number for it and all before it.
pub(crate) fn chain(trials: &[Trial]) -> Vec<u64> {
    let link = |chained: &mut u64, trial: &Trial| {
        *chained = linked(*chained, trial);
        Some(*chained)
    };
    trials.iter().scan(0, link).collect()
}

/// The number of a trial and all before it, whose number is `before`.
fn linked(before: u64, trial: &Trial) -> u64 {
    let mut hash = Fnv::new();
    hash.feed(before);
    hash.feed(trial.fingerprint());
    hash.0
}

/// A hash that is the same on every machine (Fowler, Noll and Vo's 1a, over words).
struct Fnv(u64);

impl Fnv {
    fn new() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }

    fn feed(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x0000_0100_0000_01b3);
        self.0 ^= self.0 >> 29;
    }
}

/// Every trial so far: what ended, in the order of completion, and what did not, by index.
///
/// Trials whose values are not of this space are left out: they say nothing about it.
#[derive(Clone, Debug, Default)]
pub struct History {
    pub(crate) finished: Vec<Trial>,
    /// For each finished trial a number for it and all before it.
    pub(crate) chain: Vec<u64>,
    pub(crate) active: Vec<Trial>,
    /// Keys of all their points.
    pub(crate) taken: BTreeSet<Vec<u64>>,
}

impl History {
    /// Sorts and translates what was told into points and losses of `problem`. The order of
    /// `told` changes nothing.
    pub fn new(problem: &Problem, mut told: Vec<Told>) -> History {
        told.sort_by_key(|told| (told.completion, told.index));
        let mut history = History::default();
        for told in told {
            history.tell(problem, told);
        }
        history
    }

    /// Adds one trial: a finished one after all that were told, or an active one, or the end of
    /// an active one. For the same history as [`History::new`], finished ones come in the order
    /// of completion and active ones in that of their indexes.
    pub fn tell(&mut self, problem: &Problem, told: Told) {
        let Some(trial) = translated(problem, told) else { return };
        self.active.retain(|active| active.index != trial.index);
        self.taken.insert(trial.point.key());
        if trial.state == State::Active {
            return self.active.push(trial);
        }
        self.chain.push(linked(self.chain.last().copied().unwrap_or_default(), &trial));
        self.finished.push(trial);
    }

    /// How many trials count.
    pub fn len(&self) -> usize {
        self.finished.len() + self.active.len()
    }

    /// Whether no trial counts.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A trial in the algorithms' terms; none where its values are not of this space.
fn translated(problem: &Problem, told: Told) -> Option<Trial> {
    let point = problem.space.point_of(&told.assignments)?;
    let measured = matches!(told.state, State::Succeeded | State::EarlyStopped);
    let loss = |objective: &crate::Objective| objective.loss(*told.metrics.get(&objective.metric)?);
    let losses = problem.objectives.iter().map(loss).collect::<Option<Vec<_>>>();
    let violation = |it: &crate::Constraint| {
        told.metrics.get(&it.metric).map_or(f64::NAN, |value| it.violation(*value))
    };
    let violations = problem.constraints.iter().map(violation).collect();
    let losses = losses.filter(|_| measured).unwrap_or_default();
    let reports = told
        .curve
        .iter()
        .filter_map(|(step, value)| Some((*step, problem.objectives.first()?.loss(*value)?)));
    Some(Trial {
        index: told.index,
        place: problem.space.place(&point),
        point,
        state: told.state,
        violations: if losses.is_empty() { Vec::new() } else { violations },
        losses,
        seconds: told.seconds.filter(|seconds| seconds.is_finite() && 0.0 < *seconds),
        curve: reports.collect(),
        resource: problem.resource.as_ref().and_then(|it| it.read(&told.assignments)),
        continues: told.labels.get(CONTINUES_LABEL).and_then(|it| it.parse().ok()),
        labels: told.labels,
    })
}

/// One suggestion, as the outside hears it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Suggested {
    /// The values to try, as text, in the order of the manifest.
    pub assignments: Vec<ParameterAssignment>,
    /// Labels for the trial; they come back in [`Told::labels`]. What it spends and what it
    /// continues is among them.
    pub labels: BTreeMap<String, String>,
    /// How much of the resource (epochs, say) to spend, where the algorithm decides it; it is the
    /// value of its parameter among the assignments, too.
    pub resource: Option<f64>,
    /// Index of the trial that this one continues.
    pub continues: Option<u64>,
}

/// What an algorithm answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// As many suggestions as were asked for; fewer (never none) where the algorithm must see
    /// more before it can go on: ask again later.
    Proposals(Vec<Suggested>),
    /// Nothing now; the reason says what must happen first.
    Wait(String),
    /// The space holds nothing new. May follow fewer proposals than were asked for.
    Exhausted(Vec<Suggested>),
}
