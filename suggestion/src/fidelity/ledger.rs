//! Which trials stand on which rungs, read from a history.

use std::collections::{BTreeMap, BTreeSet};

use super::Slot;
use crate::history::{State, Trial};
use crate::standing;
use crate::suggester::Turn;

/// A trial on a rung.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run<'a> {
    pub(crate) trial: &'a Trial,
    /// How well it did, smaller is better; none where it cannot go on: it runs, failed, was stopped
    /// or not measured.
    pub(crate) score: Option<f64>,
}

impl Run<'_> {
    /// Whether it has ended, however.
    pub(crate) fn over(&self) -> bool {
        self.trial.state != State::Active
    }
}

/// All trials by bracket and rung; those of other searches are on none.
pub(crate) struct Ledger<'a> {
    rungs: BTreeMap<(u64, usize), Vec<Run<'a>>>,
    continued: BTreeSet<u64>,
}

impl<'a> Ledger<'a> {
    /// Reads a turn.
    pub(crate) fn new(turn: &Turn<'a>) -> Ledger<'a> {
        let mut ledger = Ledger { rungs: BTreeMap::new(), continued: BTreeSet::new() };
        let scores = standing::scores(turn);
        for (trial, score) in turn.finished.iter().zip(scores) {
            let score = score.filter(|_| trial.state == State::Succeeded);
            ledger.add(Run { trial, score });
        }
        turn.active.iter().for_each(|trial| ledger.add(Run { trial, score: None }));
        ledger
    }

    fn add(&mut self, run: Run<'a>) {
        self.continued.extend(run.trial.continues);
        if let Some(place) = Slot::of(run.trial) {
            self.rungs.entry(place).or_default().push(run);
        }
    }

    /// The trials on a rung.
    pub(crate) fn rung(&self, bracket: u64, rung: usize) -> &[Run<'a>] {
        self.rungs.get(&(bracket, rung)).map_or(&[], Vec::as_slice)
    }

    /// The largest number of a bracket that was begun.
    pub(crate) fn last_bracket(&self) -> Option<u64> {
        self.rungs.last_key_value().map(|((bracket, _), _)| *bracket)
    }

    /// Of the best `count` trials of some rung, the first that has not gone on.
    pub(crate) fn next_of(&self, runs: &[Run<'a>], count: usize) -> Option<&'a Trial> {
        let mut best = best(runs, count).into_iter().map(|run| run.trial);
        best.find(|trial| !self.continued.contains(&trial.index))
    }
}

/// The best `count` trials that can go on, the best first. Of equal ones the earlier suggestion is
/// better, so that it does not matter in which order they ended.
pub(crate) fn best<'a>(runs: &[Run<'a>], count: usize) -> Vec<Run<'a>> {
    let mut able: Vec<(f64, Run)> =
        runs.iter().filter_map(|run| Some((run.score?, *run))).collect();
    able.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.trial.index.cmp(&b.1.trial.index)));
    able.into_iter().take(count).map(|(_, run)| run).collect()
}
