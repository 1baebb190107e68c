//! What happened so far, and what to try next, as the outside of the crate says it.

use std::collections::BTreeMap;

use proto::kinds::ParameterAssignment;

use crate::problem::Problem;

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

/// Every trial so far, finished ones in the order of completion.
#[derive(Clone, Debug, Default)]
pub struct History {}

impl History {
    /// Sorts and translates what was told into points and losses of `problem`.
    pub fn new(_problem: &Problem, _told: Vec<Told>) -> History {
        History {}
    }
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
    /// Exactly as many suggestions as were asked for.
    Proposals(Vec<Suggested>),
    /// Nothing now; the reason says what must happen first.
    Wait(String),
    /// The space holds nothing new. May follow fewer proposals than were asked for.
    Exhausted(Vec<Suggested>),
}
