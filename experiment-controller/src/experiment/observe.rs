//! What there is to see of an experiment, as values to decide on.

use kube::ResourceExt;
use proto::kinds::{Condition, Experiment, ExperimentSpec, Suggestion};

use super::accept;
use super::child::Proposed;
use super::plan::{Budget, Progress};
use super::verdict::STOPPED;
use crate::controllers::conditions;
use crate::index::Trials;

/// Where an experiment is in its life, before anything is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its trials are to be made and watched.
    Open,
    /// It ended; only counts may still change.
    Ended,
    /// It ended for want of budget and now has more, or was stopped and no longer is.
    Reopened,
}

/// What was seen of an accepted experiment.
#[derive(Debug)]
pub(super) struct Seen {
    /// The spec that counts.
    pub spec: ExperimentSpec,
    /// The owner has edited what no longer counts.
    pub edited: bool,
    /// Where it is in its life.
    pub stage: Stage,
    /// Its budget.
    pub budget: Budget,
    /// How far it is.
    pub progress: Progress,
    /// Assignments without a trial, oldest first.
    pub proposed: Vec<Proposed>,
}

/// Puts together what is known.
pub(super) fn observe(experiment: &Experiment, suggestion: &Suggestion, trials: &Trials) -> Seen {
    let (spec, edited) = accept::effective(experiment, suggestion);
    let budget = accept::budget(&spec);
    let proposed = proposed(suggestion, trials);
    let status = suggestion.status.clone().unwrap_or_default();
    let failed = conditions::find(&status.conditions, "Failed").filter(|it| it.status == "True");
    let progress = Progress {
        tally: trials.tally(),
        goal_reached: trials.goal_reached(),
        stop_wanted: stop_wanted(experiment),
        paused: spec.suspend,
        measured: trials.best().is_some(),
        proposed: u32::try_from(proposed.len()).unwrap_or(u32::MAX),
        exhausted: status.exhausted,
        search_failed: failed.map(|it| it.message.clone()),
    };
    let stage = stage(experiment, &spec, &budget, progress.tally.total());
    Seen { spec, edited, stage, budget, progress, proposed }
}

/// Whether an experiment has ended.
pub fn ended(experiment: &Experiment) -> bool {
    let conditions = conditions_of(experiment);
    ["Succeeded", "Failed"].iter().any(|it| conditions::holds(conditions, it))
}

/// Annotation of an experiment: `"true"` stops it and keeps what was found.
pub const STOP_ANNOTATION: &str = "qalam.dev/stop";

fn stop_wanted(experiment: &Experiment) -> bool {
    experiment.annotations().get(STOP_ANNOTATION).is_some_and(|it| it == "true")
}

/// Katib's rule: only one that ran out of budget may go on, and only if its owner said so. So may
/// one that was stopped.
fn stage(experiment: &Experiment, spec: &ExperimentSpec, budget: &Budget, total: u32) -> Stage {
    if !ended(experiment) {
        return Stage::Open;
    }
    let mut ends = conditions_of(experiment).iter().filter(|it| it.status == "True");
    let resumable_end = ends.any(|it| match (it.type_.as_str(), it.reason.as_str()) {
        ("Succeeded", "ExperimentMaxTrialsReached") => true,
        (type_, STOPPED) => type_ == "Succeeded" || type_ == "Failed",
        _ => false,
    });
    let resumable = matches!(spec.resume_policy.as_str(), "LongRunning" | "FromVolume");
    let more = budget.trials_max.is_none_or(|max| total < max);
    let goes_on = resumable_end && resumable && more && !stop_wanted(experiment);
    if goes_on { Stage::Reopened } else { Stage::Ended }
}

fn conditions_of(experiment: &Experiment) -> &[Condition] {
    experiment.status.as_ref().map_or(&[], |it| &it.conditions)
}

/// The assignments that have no trial yet, oldest first.
///
/// The window of a suggestion ends with the newest assignment and has no gaps, so a place in it
/// tells the index.
pub fn proposed(suggestion: &Suggestion, trials: &Trials) -> Vec<Proposed> {
    let Some(status) = &suggestion.status else { return Vec::new() };
    let made = u64::try_from(status.suggestion_count).unwrap_or(0);
    let first = made.saturating_sub(status.suggestions.len() as u64);
    let numbered = (first..).zip(&status.suggestions);
    let waiting = numbered.filter(|(index, _)| !trials.has(*index));
    waiting.map(|(index, it)| Proposed { index, assignment: it.clone() }).collect()
}

/// Name of the experiment's owner-to-be: a suggestion of a deleted namesake is not ours.
pub fn owns(experiment: &Experiment, suggestion: &Suggestion) -> bool {
    let uid = experiment.uid();
    suggestion.metadata.owner_references.iter().flatten().any(|it| Some(&it.uid) == uid.as_ref())
}

#[cfg(test)]
mod tests {
    use proto::kinds::{ExperimentStatus, SuggestionStatus, TrialAssignment};
    use serde_json::json;

    use super::*;

    fn ended_for(reason: &str) -> Experiment {
        let mut it = Experiment::new("e", ExperimentSpec::default());
        let condition = json!({"type": "Succeeded", "status": "True", "reason": reason});
        it.status = Some(ExperimentStatus {
            conditions: vec![serde_json::from_value(condition).unwrap()],
            ..Default::default()
        });
        it
    }

    fn check(reason: &str, policy: &str, max: Option<u32>, want: Stage) {
        let spec = ExperimentSpec { resume_policy: policy.into(), ..Default::default() };
        let budget = Budget { parallel: 1, trials_max: max, failures_max: None };
        assert_eq!(stage(&ended_for(reason), &spec, &budget, 5), want, "{reason} {policy} {max:?}");
    }

    #[test]
    fn only_what_ran_out_of_budget_is_taken_up_again() {
        check("ExperimentMaxTrialsReached", "LongRunning", Some(6), Stage::Reopened);
        check("ExperimentMaxTrialsReached", "FromVolume", None, Stage::Reopened);
        check("ExperimentMaxTrialsReached", "LongRunning", Some(5), Stage::Ended);
        check("ExperimentMaxTrialsReached", "Never", Some(6), Stage::Ended);
        check("ExperimentGoalReached", "LongRunning", None, Stage::Ended);
        check("ExperimentStopped", "LongRunning", Some(6), Stage::Reopened);
        check("ExperimentStopped", "LongRunning", Some(5), Stage::Ended);
        check("ExperimentStopped", "Never", None, Stage::Ended);
    }

    #[test]
    fn what_is_to_be_stopped_is_not_taken_up_again() {
        let spec = ExperimentSpec { resume_policy: "LongRunning".into(), ..Default::default() };
        let budget = Budget { parallel: 1, trials_max: None, failures_max: None };
        let check = |word: &str, want: Stage| {
            let mut experiment = ended_for(STOPPED);
            experiment.annotations_mut().insert(STOP_ANNOTATION.into(), word.into());
            assert_eq!(stage(&experiment, &spec, &budget, 5), want, "{word}");
        };
        check("true", Stage::Ended);
        check("false", Stage::Reopened);
    }

    #[test]
    fn a_place_in_the_window_tells_the_index() {
        let named = |name: &str| TrialAssignment { name: name.into(), ..Default::default() };
        let mut suggestion = Suggestion::new("e", Default::default());
        suggestion.status = Some(SuggestionStatus {
            suggestion_count: 7,
            suggestions: vec![named("a"), named("b")],
            ..Default::default()
        });
        let seen = proposed(&suggestion, &Trials::default());
        let seen: Vec<_> = seen.iter().map(|it| (it.index, it.assignment.name.as_str())).collect();
        assert_eq!(seen, [(5, "a"), (6, "b")]);
    }
}
