//! The search in process: what the index knows becomes a history, and the answer assignments.

use std::collections::BTreeMap;

use ::suggestion::{Answer, History, Problem, Seed, State, Suggested, Told};
use proto::kinds::{ExperimentSpec, Suggestion, TrialAssignment};

use super::verdict::Verdict;
use crate::experiment;
use crate::index::{Class, Record, Trials};
use crate::names;
use crate::trial::value;

/// A question to a search, complete in itself.
pub(super) struct Question {
    /// The spec that counts.
    pub spec: ExperimentSpec,
    /// Name of the experiment.
    pub experiment: String,
    /// Its uid.
    pub uid: String,
    /// Where randomness comes from.
    pub seed: Seed,
    /// Every trial so far.
    pub history: Vec<Told>,
    /// Which suggestion comes first.
    pub first: u64,
    /// How many are wanted.
    pub count: usize,
}

/// Asks. Takes as long as the algorithm does: run it where blocking is allowed.
pub(super) fn ask(question: Question) -> Verdict {
    let problem = match Problem::parse(&question.spec, question.seed) {
        Ok(problem) => problem,
        Err(faults) => {
            let faults: Vec<String> =
                faults.into_iter().map(|it| it.under("spec").to_string()).collect();
            return Verdict::Refused(faults.join("; "));
        }
    };
    let history = History::new(&problem, question.history);
    let answer = ::suggestion::suggest(&problem, &history, question.first, question.count);
    let named = |all: Vec<Suggested>| -> Vec<TrialAssignment> {
        let name = |index| names::trial_name(&question.experiment, &question.uid, index);
        (question.first..).zip(all).map(|(index, it)| assignment(name(index), it)).collect()
    };
    match answer {
        Ok(Answer::Proposals(all)) if all.len() == question.count => Verdict::Proposed(named(all)),
        Ok(Answer::Proposals(all)) => Verdict::Refused(format!(
            "the algorithm answered {} suggestions where {} were asked for",
            all.len(),
            question.count
        )),
        Ok(Answer::Exhausted(all)) => Verdict::Exhausted(named(all)),
        Ok(Answer::Wait(why)) => Verdict::Wait(why),
        Err(why) => Verdict::Refused(why.to_string()),
    }
}

fn assignment(name: String, it: Suggested) -> TrialAssignment {
    TrialAssignment {
        name,
        parameter_assignments: it.assignments,
        early_stopping_rules: Vec::new(),
        labels: it.labels,
    }
}

/// Every trial as a search is told of it, and every assignment that waits for its trial: it is
/// as good as running.
pub(super) fn history(
    spec: &ExperimentSpec,
    suggestion: &Suggestion,
    trials: &Trials,
) -> Vec<Told> {
    let waiting = experiment::proposed(suggestion, trials).into_iter().map(|it| Told {
        index: it.index,
        completion: None,
        assignments: it.assignment.parameter_assignments,
        state: State::Active,
        metrics: BTreeMap::new(),
        curve: Vec::new(),
        labels: it.assignment.labels,
        seconds: None,
    });
    trials.records().map(|(_, it)| told(spec, it)).chain(waiting).collect()
}

fn told(spec: &ExperimentSpec, record: &Record) -> Told {
    let mut metrics = BTreeMap::new();
    if let Some(objective) = &spec.objective {
        for name in value::names(objective) {
            if let Some(value) = value::value(objective, &record.observation, name) {
                metrics.insert(name.to_owned(), value);
            }
        }
    }
    let state = match record.class {
        Class::Pending | Class::Running => State::Active,
        Class::Succeeded => State::Succeeded,
        Class::EarlyStopped => State::EarlyStopped,
        Class::Failed | Class::Killed => State::Failed,
        Class::MetricsUnavailable => State::MetricsUnavailable,
    };
    Told {
        index: record.index,
        completion: record.completion.and_then(|it| u64::try_from(it).ok()),
        assignments: record.assignments.clone(),
        state,
        metrics,
        curve: Vec::new(),
        labels: record.labels.clone(),
        seconds: seconds(record),
    }
}

/// How long a trial took, from when it was first seen.
fn seconds(record: &Record) -> Option<f64> {
    let (started, ended) = (record.started?, record.ended?);
    Some(ended.duration_since(started).as_secs_f64())
}
