//! What a trial's labels say: which generation of which run it was drawn from, and when the search
//! began.

use std::collections::BTreeMap;

use crate::history::Trial;

/// The label for run and generation, with a dot between them.
const GENERATION: &str = "cmaes/generation";

/// The label for the number of trials that had ended when the search began.
const START: &str = "cmaes/start";

/// Which run and which generation of it a trial was drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) run: u64,
    pub(super) generation: u64,
}

impl Origin {
    /// What a trial was drawn from, if it was drawn from any generation.
    pub(super) fn of(trial: &Trial) -> Option<Origin> {
        let (run, generation) = trial.labels.get(GENERATION)?.split_once('.')?;
        Some(Origin { run: run.parse().ok()?, generation: generation.parse().ok()? })
    }

    /// The labels of a trial that is drawn from it, in a search that began after `start` trials.
    pub(super) fn labels(self, start: usize) -> BTreeMap<String, String> {
        let generation = format!("{}.{}", self.run, self.generation);
        [(GENERATION.to_owned(), generation), (START.to_owned(), start.to_string())].into()
    }
}

/// How many trials had ended when the search began that a trial belongs to.
pub(super) fn start(trial: &Trial) -> Option<usize> {
    trial.labels.get(START)?.parse().ok()
}
