//! What a suggestion says of itself, and the window of assignments that it keeps.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use proto::kinds::{Setting, SuggestionStatus, TrialAssignment};

use super::verdict::Verdict;
use crate::controllers::conditions::{self, Fact};

/// Most bytes that the window may take, but for assignments whose trial does not exist yet. The
/// whole window is written with every answer, so this is paid for by each trial.
pub(super) const WINDOW_BYTES_MAX: usize = 16 * 1024;

/// The status after a question was answered.
///
/// `has` tells whether the trial of a suggestion exists: such an assignment may leave the window.
pub(super) fn answered(
    old: &SuggestionStatus,
    verdict: &Verdict,
    settings: &[Setting],
    has: impl Fn(u64) -> bool,
    now: &Time,
) -> SuggestionStatus {
    let mut new = begun(old, now);
    merge(&mut new.algorithm_settings, settings);
    let running =
        |message| Fact { type_: "Running", holds: true, reason: "SuggestionRunning", message };
    match verdict {
        Verdict::Proposed(more) | Verdict::Exhausted(more) => {
            new.suggestion_count += i32::try_from(more.len()).unwrap_or(i32::MAX);
            new.suggestions.extend(more.iter().cloned());
            new.exhausted = matches!(verdict, Verdict::Exhausted(_));
            shrink(&mut new, has);
            conditions::set(&mut new.conditions, &running("Suggestion is running"), now);
        }
        Verdict::Wait(why) => {
            let message = format!("Waiting: {why}");
            conditions::set(&mut new.conditions, &running(&message), now);
        }
        Verdict::Unavailable(why) => {
            let message = format!("No answer yet, asking again: {why}");
            let reason = "SuggestionUnavailable";
            let fact = Fact { type_: "Running", holds: false, reason, message: &message };
            conditions::set(&mut new.conditions, &fact, now);
        }
        Verdict::Refused(why) => {
            conditions::lower(&mut new.conditions, "Running", now);
            let (type_, reason) = ("Failed", "SuggestionFailed");
            let fact = Fact { type_, holds: true, reason, message: why };
            conditions::set(&mut new.conditions, &fact, now);
            new.completion_time = Some(now.clone());
        }
    }
    new
}

/// The status of a suggestion whose experiment has ended.
pub(super) fn settled(old: &SuggestionStatus, now: &Time) -> SuggestionStatus {
    if conditions::holds(&old.conditions, "Succeeded") {
        return old.clone();
    }
    let mut new = begun(old, now);
    let done = "Suggestion is succeeded";
    for (type_, message) in [("DeploymentReady", done), ("Running", done)] {
        let fact = Fact { type_, holds: false, reason: done, message };
        conditions::set(&mut new.conditions, &fact, now);
    }
    let message = "Experiment is succeeded";
    let fact = Fact { type_: "Succeeded", holds: true, reason: message, message };
    conditions::set(&mut new.conditions, &fact, now);
    new.completion_time.get_or_insert_with(|| now.clone());
    new
}

/// The status of a suggestion whose experiment goes on after its end.
pub(super) fn restarted(old: &SuggestionStatus, now: &Time) -> SuggestionStatus {
    let mut new = old.clone();
    new.conditions.retain(|it| it.type_ != "Succeeded");
    new.completion_time = None;
    let message = "Experiment is restarting";
    let fact = Fact { type_: "Running", holds: false, reason: message, message };
    conditions::set(&mut new.conditions, &fact, now);
    begun(&new, now)
}

fn begun(old: &SuggestionStatus, now: &Time) -> SuggestionStatus {
    let mut new = old.clone();
    new.start_time.get_or_insert_with(|| now.clone());
    if conditions::find(&new.conditions, "Created").is_none() {
        let message = "Suggestion is created";
        let fact = Fact { type_: "Created", holds: true, reason: "SuggestionCreated", message };
        conditions::set(&mut new.conditions, &fact, now);
    }
    if !conditions::holds(&new.conditions, "DeploymentReady") {
        // Nothing is deployed: the search runs in the controller, or at an address.
        let (type_, message) = ("DeploymentReady", "Search is ready");
        let fact = Fact { type_, holds: true, reason: type_, message };
        conditions::set(&mut new.conditions, &fact, now);
    }
    new
}

/// Settings that a service gave back override those of the same name.
fn merge(settings: &mut Vec<Setting>, more: &[Setting]) {
    for one in more {
        match settings.iter_mut().find(|it| it.name == one.name) {
            Some(old) => old.value.clone_from(&one.value),
            None => settings.push(one.clone()),
        }
    }
}

/// Drops the oldest assignments until the window fits; stops at one without a trial.
fn shrink(status: &mut SuggestionStatus, has: impl Fn(u64) -> bool) {
    let bytes = |it: &TrialAssignment| serde_json::to_string(it).map_or(0, |it| it.len() + 1);
    let mut sizes: Vec<usize> = status.suggestions.iter().map(bytes).collect();
    let mut total: usize = sizes.iter().sum();
    let made = u64::try_from(status.suggestion_count).unwrap_or(0);
    let first = made.saturating_sub(status.suggestions.len() as u64);
    let mut drop = 0;
    sizes.drain(..).zip(first..).all(|(size, index)| {
        let droppable = WINDOW_BYTES_MAX < total && has(index);
        if droppable {
            total -= size;
            drop += 1;
        }
        droppable
    });
    status.suggestions.drain(..drop);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Time {
        Time(jiff::Timestamp::UNIX_EPOCH)
    }

    fn assignments(count: usize) -> Vec<TrialAssignment> {
        let one = |n: usize| TrialAssignment { name: format!("{n:01000}"), ..Default::default() };
        (0..count).map(one).collect()
    }

    fn told(status: &SuggestionStatus) -> Vec<(&str, &str)> {
        status.conditions.iter().map(|it| (it.type_.as_str(), it.status.as_str())).collect()
    }

    #[test]
    fn the_window_is_bounded_but_keeps_what_has_no_trial() {
        let old = SuggestionStatus::default();
        let many = Verdict::Proposed(assignments(200));
        let new = answered(&old, &many, &[], |_| true, &now());
        assert_eq!(new.suggestion_count, 200);
        assert!(new.suggestions.len() < 70);
        assert_eq!(new.suggestions.last(), assignments(200).last());

        let new = answered(&old, &many, &[], |index| index < 10, &now());
        assert_eq!(new.suggestions.len(), 190);
    }

    #[test]
    fn conditions_follow_the_answers() {
        let ready = ("DeploymentReady", "True");
        let old = SuggestionStatus::default();
        let one = answered(&old, &Verdict::Wait("a rung".into()), &[], |_| true, &now());
        assert_eq!(told(&one), [("Created", "True"), ready, ("Running", "True")]);

        let away = answered(&one, &Verdict::Unavailable("down".into()), &[], |_| true, &now());
        assert_eq!(told(&away), [("Created", "True"), ready, ("Running", "False")]);

        let failed = answered(&one, &Verdict::Refused("no".into()), &[], |_| true, &now());
        assert_eq!(told(&failed).last(), Some(&("Failed", "True")));

        let settled = settled(&one, &now());
        assert_eq!(told(&settled).last(), Some(&("Succeeded", "True")));
        let later = Time(jiff::Timestamp::MAX);
        assert_eq!(super::settled(&settled, &later), settled, "said once");
        let again = restarted(&settled, &now());
        assert!(!told(&again).contains(&("Succeeded", "True")));
    }

    #[test]
    fn settings_of_a_service_override_by_name() {
        let setting = |name: &str, value: &str| Setting { name: name.into(), value: value.into() };
        let old =
            SuggestionStatus { algorithm_settings: vec![setting("s", "1")], ..Default::default() };
        let more = [setting("s", "2"), setting("t", "3")];
        let new = answered(&old, &Verdict::Wait(String::new()), &more, |_| true, &now());
        assert_eq!(new.algorithm_settings, more);
    }
}
