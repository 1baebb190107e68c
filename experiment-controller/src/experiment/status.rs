//! What an experiment says of itself: the whole status, computed from what was seen.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use proto::kinds::{ExperimentStatus, OptimalTrial};

use super::verdict::Verdict;
use crate::controllers::conditions::{self, Fact};
use crate::index::{Class, Record, Trials};

/// Most bytes that all name lists together may take in a status.
pub(super) const NAMES_BYTES_MAX: usize = 64 * 1024;

/// Most bytes that the list of optimal trials may take in a status; it is written anew whenever
/// one of them changes.
const OPTIMAL_BYTES_MAX: usize = 16 * 1024;

/// Where in its life an experiment is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Accepted, or going on.
    Running,
    /// Open, and its owner wants no new trials for now.
    Paused,
    /// Taken up again after its end.
    Restarting,
    /// At its end for this reason, as just decided.
    Ending(Verdict),
    /// Ended before; only the counts may still change.
    Ended,
}

/// The status after a look at the experiment's trials.
pub(super) fn status(
    old: &ExperimentStatus,
    trials: &Trials,
    phase: &Phase,
    now: &Time,
) -> ExperimentStatus {
    let mut new = old.clone();
    new.start_time.get_or_insert_with(|| now.clone());
    if conditions::find(&new.conditions, "Created").is_none() {
        let message = "Experiment is created";
        let fact = Fact { type_: "Created", holds: true, reason: "ExperimentCreated", message };
        conditions::set(&mut new.conditions, &fact, now);
    }
    count(&mut new, trials);
    list(&mut new, trials);
    new.current_optimal_trial =
        trials.best().map(|(name, it)| optimal(name, it)).unwrap_or_default();
    new.optimal_trials = front(trials);
    tell(&mut new, trials, phase, now);
    new
}

/// A verdict's message, and that the best trial is none that its owner could use, where it is so.
pub(super) fn message(verdict: &Verdict, trials: &Trials) -> String {
    let infeasible = trials.best().is_some_and(|(_, it)| !it.is_feasible());
    format!("{}{}", verdict.message(), if infeasible { INFEASIBLE } else { "" })
}

/// What is added to a message while no trial is feasible.
const INFEASIBLE: &str = "; no trial keeps every constraint, so the best one is that which breaks \
                          them least";

fn tell(new: &mut ExperimentStatus, trials: &Trials, phase: &Phase, now: &Time) {
    match phase {
        Phase::Running => {
            let infeasible = trials.best().is_some_and(|(_, it)| !it.is_feasible());
            let message =
                format!("Experiment is running{}", if infeasible { INFEASIBLE } else { "" });
            let (type_, reason) = ("Running", "ExperimentRunning");
            let fact = Fact { type_, holds: true, reason, message: &message };
            conditions::set(&mut new.conditions, &fact, now);
            conditions::lower(&mut new.conditions, "Suspended", now);
        }
        Phase::Paused => {
            let message = "Experiment is paused: what runs goes on, and no new trial is made";
            let (type_, reason) = ("Suspended", "ExperimentSuspended");
            conditions::set(
                &mut new.conditions,
                &Fact { type_, holds: true, reason, message },
                now,
            );
        }
        Phase::Restarting => {
            new.completion_time = None;
            new.conditions.retain(|it| it.type_ != "Succeeded" && it.type_ != "Failed");
            let (reason, message) = ("ExperimentRestarting", "Experiment is restarted");
            let fact = Fact { type_: "Restarting", holds: true, reason, message };
            conditions::set(&mut new.conditions, &fact, now);
        }
        Phase::Ending(verdict) => {
            new.completion_time.get_or_insert_with(|| now.clone());
            conditions::lower(&mut new.conditions, "Running", now);
            conditions::lower(&mut new.conditions, "Suspended", now);
            let message = message(verdict, trials);
            conditions::set(&mut new.conditions, &verdict.fact(&message), now);
        }
        Phase::Ended => {}
    }
}

fn count(new: &mut ExperimentStatus, trials: &Trials) {
    let tally = trials.tally();
    let number = |it: u32| i32::try_from(it).unwrap_or(i32::MAX);
    new.trials = number(tally.total());
    new.trials_pending = number(tally.pending);
    new.trials_running = number(tally.running);
    new.trials_succeeded = number(tally.succeeded);
    new.trials_failed = number(tally.failed);
    new.trials_killed = number(tally.killed);
    new.trials_early_stopped = number(tally.early_stopped);
    new.trial_metrics_unavailable = number(tally.metrics_unavailable);
}

/// Fills the name lists, newest first; what runs comes before what ended, until the bytes are
/// spent.
fn list(new: &mut ExperimentStatus, trials: &Trials) {
    let mut left = NAMES_BYTES_MAX;
    let mut window = |class| {
        let mut names = Vec::new();
        for name in trials.names(class) {
            // Quotes and comma.
            let bytes = name.len() + 3;
            if left < bytes {
                break;
            }
            left -= bytes;
            names.push(name.to_owned());
        }
        names
    };
    new.running_trial_list = window(Class::Running);
    new.pending_trial_list = window(Class::Pending);
    new.failed_trial_list = window(Class::Failed);
    new.metrics_unavailable_trial_list = window(Class::MetricsUnavailable);
    new.killed_trial_list = window(Class::Killed);
    new.early_stopped_trial_list = window(Class::EarlyStopped);
    new.succeeded_trial_list = window(Class::Succeeded);
}

/// The trials that no other beats, by the first objective; those that stand most alone where not
/// all fit.
fn front(trials: &Trials) -> Vec<OptimalTrial> {
    let mut left = OPTIMAL_BYTES_MAX;
    let fitting = trials.front().map_while(|(name, record)| {
        let one = optimal(name, record);
        // Plain data: writing it as JSON cannot fail.
        let bytes = serde_json::to_string(&one).map_or(0, |it| it.len() + 1);
        left = left.checked_sub(bytes)?;
        Some((record.losses.first().copied().unwrap_or_default(), one))
    });
    let mut chosen: Vec<(f64, OptimalTrial)> = fitting.collect();
    chosen.sort_by(|a, b| a.0.total_cmp(&b.0));
    chosen.into_iter().map(|(_, one)| one).collect()
}

fn optimal(name: &str, record: &Record) -> OptimalTrial {
    OptimalTrial {
        best_trial_name: name.to_owned(),
        parameter_assignments: record.assignments.clone(),
        observation: record.observation.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(second: i64) -> Time {
        Time(jiff::Timestamp::from_second(second).unwrap())
    }

    fn check(
        old: &ExperimentStatus,
        phase: &Phase,
        want: &[(&str, &str, &str)],
    ) -> ExperimentStatus {
        let new = status(old, &Trials::default(), phase, &now(7));
        let got: Vec<_> = new
            .conditions
            .iter()
            .map(|it| (it.type_.as_str(), it.status.as_str(), it.reason.as_str()))
            .collect();
        assert_eq!(got, want);
        new
    }

    #[test]
    fn conditions_follow_the_life() {
        const CREATED: (&str, &str, &str) = ("Created", "True", "ExperimentCreated");
        let running = ("Running", "True", "ExperimentRunning");
        let was_running = ("Running", "False", "ExperimentRunning");
        let one = check(&ExperimentStatus::default(), &Phase::Running, &[CREATED, running]);
        assert_eq!(one.start_time, Some(now(7)));

        let succeeded = ("Succeeded", "True", "ExperimentMaxTrialsReached");
        let end = Phase::Ending(Verdict::TrialsMaxReached);
        let two = check(&one, &end, &[CREATED, was_running, succeeded]);
        assert_eq!(two.completion_time, Some(now(7)));
        assert_eq!(check(&two, &Phase::Ended, &[CREATED, was_running, succeeded]), two);

        let restarting = ("Restarting", "True", "ExperimentRestarting");
        let three = check(&two, &Phase::Restarting, &[CREATED, was_running, restarting]);
        assert_eq!(three.completion_time, None);
        check(&three, &Phase::Running, &[CREATED, restarting, running]);
    }

    #[test]
    fn a_refused_spec_is_failed_with_every_fault() {
        let verdict = Verdict::InvalidSpec("spec.objective: must be specified".into());
        let created = ("Created", "True", "ExperimentCreated");
        let failed = ("Failed", "True", "InvalidSpec");
        let new = check(&ExperimentStatus::default(), &Phase::Ending(verdict), &[created, failed]);
        assert_eq!(new.conditions[1].message, "spec.objective: must be specified");
    }
}
