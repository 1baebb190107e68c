//! The search in process: what the index knows becomes a history, and the answer assignments.

use std::collections::BTreeMap;

use ::suggestion::{Answer, Problem, Seed, State, Suggested, Told};
use proto::kinds::{ExperimentSpec, Suggestion, TrialAssignment};

use super::kept::{Kept, News};
use super::verdict::Verdict;
use crate::experiment;
use crate::index::{Class, Record, Trials};
use crate::names;
use crate::trial::value::Wanted;

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
    /// The search that answered before, if it is still there.
    pub kept: Option<Kept>,
    /// What it has to be told; every trial so far if there is none.
    pub news: News,
    /// Which suggestion comes first.
    pub first: u64,
    /// How many are wanted.
    pub count: usize,
}

/// Asks; answers also the search, to be kept for the next question. Takes as long as the algorithm
/// does: run it where blocking is allowed.
pub(super) fn ask(question: Question) -> (Verdict, Option<Kept>) {
    let Question { spec, experiment, uid, seed, kept, news, first, count } = question;
    let mut kept = match kept {
        Some(kept) => kept,
        None => match Problem::parse(&spec, seed) {
            Ok(problem) => Kept::new(spec, seed, problem),
            Err(faults) => {
                let faults: Vec<String> =
                    faults.into_iter().map(|it| it.under("spec").to_string()).collect();
                return (Verdict::Refused(faults.join("; ")), None);
            }
        },
    };
    let answer = kept.ask(news, first, count);
    let named = |all: Vec<Suggested>| -> Vec<TrialAssignment> {
        let name = |index| names::trial_name(&experiment, &uid, index);
        (first..).zip(all).map(|(index, it)| assignment(name(index), it)).collect()
    };
    let verdict = match answer {
        // Fewer than were asked for: the rest comes when more is known.
        Ok(Answer::Proposals(all)) if all.len() <= count => Verdict::Proposed(named(all)),
        Ok(Answer::Proposals(all)) => Verdict::Refused(format!(
            "the algorithm answered {} suggestions where {count} were asked for",
            all.len(),
        )),
        Ok(Answer::Exhausted(all)) => Verdict::Exhausted(named(all)),
        Ok(Answer::Wait(why)) => Verdict::Wait(why),
        Err(why) => Verdict::Refused(why.to_string()),
    };
    (verdict, Some(kept))
}

/// An assignment; what the algorithm wants of the trial is among its labels, and comes back in
/// those of the trial.
fn assignment(name: String, it: Suggested) -> TrialAssignment {
    TrialAssignment {
        name,
        parameter_assignments: it.assignments,
        early_stopping_rules: Vec::new(),
        labels: it.labels,
    }
}

/// Every assignment that waits for its trial: it is as good as running.
pub(super) fn waiting(suggestion: &Suggestion, trials: &Trials) -> Vec<Told> {
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
    waiting.collect()
}

/// A trial as a search is told of it. One that has ended counts once it has its number: that is
/// its place in the history.
pub(super) fn told(wanted: &Wanted, record: &Record) -> Told {
    let completion = record.completion.and_then(|it| u64::try_from(it).ok());
    let state = match record.class {
        _ if completion.is_none() => State::Active,
        Class::Pending | Class::Running => State::Active,
        Class::Succeeded => State::Succeeded,
        Class::EarlyStopped => State::EarlyStopped,
        Class::Failed | Class::Killed => State::Failed,
        Class::MetricsUnavailable => State::MetricsUnavailable,
    };
    let ended = state != State::Active;
    let value = |name: &str| Some((name.to_owned(), wanted.value(&record.observation, name)?));
    Told {
        index: record.index,
        completion: completion.filter(|_| ended),
        assignments: record.assignments.clone(),
        state,
        metrics: wanted.names().filter(|_| ended).filter_map(value).collect(),
        curve: Vec::new(),
        labels: record.labels.clone(),
        seconds: seconds(record).filter(|_| ended),
    }
}

/// How long a trial took, from when it was first seen.
fn seconds(record: &Record) -> Option<f64> {
    let (started, ended) = (record.started?, record.ended?);
    Some(ended.duration_since(started).as_secs_f64())
}
