//! What happened so far, and what to try next, as the outside of the crate says it.

use std::collections::{BTreeMap, BTreeSet};

use proto::kinds::ParameterAssignment;

use crate::problem::Problem;
use crate::space::Point;

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
}

/// One trial, as algorithms see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Which suggestion it was, from 0.
    pub index: u64,
    /// Where it is in the unit cube.
    pub point: Point,
    /// How it stands.
    pub state: State,
    /// One loss for each objective, smaller is better; empty unless every one was measured as a
    /// finite number.
    pub losses: Vec<f64>,
    /// The first objective's reports as (step, loss), finite ones only.
    pub curve: Vec<(f64, f64)>,
    /// Labels that the algorithm gave it.
    pub labels: BTreeMap<String, String>,
}

impl Trial {
    /// The first objective's loss, if it was measured.
    pub fn loss(&self) -> Option<f64> {
        self.losses.first().copied()
    }
}

/// Every trial so far: what ended, in the order of completion, and what did not, by index.
///
/// Trials whose values are not of this space are left out: they say nothing about it.
#[derive(Clone, Debug, Default)]
pub struct History {
    pub(crate) finished: Vec<Trial>,
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
            let Some(trial) = translated(problem, told) else { continue };
            history.taken.insert(trial.point.key());
            match trial.state {
                State::Active => history.active.push(trial),
                _ => history.finished.push(trial),
            }
        }
        history
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
    let reports = told
        .curve
        .iter()
        .filter_map(|(step, value)| Some((*step, problem.objectives.first()?.loss(*value)?)));
    Some(Trial {
        index: told.index,
        point,
        state: told.state,
        losses: losses.filter(|_| measured).unwrap_or_default(),
        curve: reports.collect(),
        labels: told.labels,
    })
}

/// One suggestion, as the outside hears it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Suggested {
    /// The values to try, as text, in the order of the manifest.
    pub assignments: Vec<ParameterAssignment>,
    /// Labels for the trial; they come back in [`Told::labels`].
    pub labels: BTreeMap<String, String>,
    /// How much of the resource (epochs, say) to spend, where the algorithm decides it.
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
