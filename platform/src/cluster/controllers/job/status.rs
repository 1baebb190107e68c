//! What a job's status says, given its pods and the verdict.

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::{JobCondition, JobStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::observe::{Attempt, Phase};
use super::verdict::Verdict;

/// How many pods are how far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) active: i32,
    pub(super) ready: i32,
    pub(super) leaving: i32,
    pub(super) succeeded: i32,
    /// Those that failed, and those that vanished before they had succeeded.
    pub(super) failed: i32,
    /// Number of the next attempt.
    pub(super) next: u32,
}

impl Counts {
    /// Counts the pods that are there; what the status counted before and is gone still counts.
    pub(super) fn of(old: &JobStatus, seen: &[Attempt]) -> Counts {
        let count = |phase| seen.iter().filter(|it| it.phase == phase).count() as i32;
        let recorded = [old.active, old.terminating, old.succeeded, old.failed];
        let recorded: i32 = recorded.iter().map(|it| it.unwrap_or(0)).sum();
        let next = seen.iter().map(|it| it.number + 1).max().unwrap_or(0).max(recorded as u32);
        let (active, leaving) = (count(Phase::Active), count(Phase::Leaving));
        let succeeded = count(Phase::Succeeded).max(old.succeeded.unwrap_or(0));
        let ready = seen.iter().filter(|it| it.phase == Phase::Active && it.ready).count() as i32;
        let disrupted = count(Phase::Disrupted);
        let failed = next as i32 - active - leaving - succeeded - disrupted;
        // A pod that is leaving still holds its place: its replacement waits until it is gone.
        Counts { active: active + leaving, ready, leaving, succeeded, failed, next }
    }
}

/// Whether the verdict was given.
pub(super) fn is_finished(status: &JobStatus) -> bool {
    ended_at(status).is_some()
}

/// When the verdict was given.
pub(super) fn ended_at(status: &JobStatus) -> Option<Timestamp> {
    let conditions = status.conditions.as_deref().unwrap_or_default();
    let last = conditions
        .iter()
        .find(|it| (it.type_ == "Complete" || it.type_ == "Failed") && it.status == "True")?;
    Some(last.last_transition_time.as_ref().map_or(Timestamp::UNIX_EPOCH, |it| it.0))
}

/// The status after `created` more pods were made and the verdict, if any, was given.
pub(super) fn next(
    old: &JobStatus,
    counts: &Counts,
    created: i32,
    verdict: Option<Verdict>,
    suspended: bool,
    now: Timestamp,
) -> JobStatus {
    let mut status = old.clone();
    let some = |count: i32| (count > 0).then_some(count);
    let going = if verdict.is_some() || suspended { 0 } else { counts.active - counts.leaving };
    status.active = some(going + created);
    status.terminating = Some(counts.leaving + if verdict.is_some() { counts.active } else { 0 });
    status.ready = Some(if verdict.is_some() { 0 } else { counts.ready });
    status.succeeded = some(counts.succeeded);
    status.failed = some(counts.failed);
    if verdict.is_some() {
        status.terminating = Some(0);
    }
    if status.start_time.is_none() && !suspended {
        status.start_time = Some(Time(now));
    }
    if suspended {
        status.start_time = None;
    }
    set(&mut status, "Suspended", suspended, ("JobSuspended", "Job suspended"), now);
    if let Some(verdict) = verdict {
        set(&mut status, verdict.condition(), true, (verdict.reason(), verdict.message()), now);
        status.completion_time = (verdict == Verdict::Complete).then_some(Time(now));
    }
    status
}

/// Sets a condition; one that is false and was never true is left out.
fn set(status: &mut JobStatus, type_: &str, on: bool, why: (&str, &str), now: Timestamp) {
    let word = if on { "True" } else { "False" };
    let conditions = status.conditions.get_or_insert_default();
    let old = conditions.iter_mut().find(|it| it.type_ == type_);
    let new = JobCondition {
        type_: type_.into(),
        status: word.into(),
        reason: Some(why.0.into()),
        message: Some(why.1.into()),
        last_probe_time: Some(Time(now)),
        last_transition_time: Some(Time(now)),
    };
    match old {
        Some(same) if same.status == word => {}
        Some(other) => *other = new,
        None if on => conditions.push(new),
        None => {}
    }
    if conditions.is_empty() {
        status.conditions = None;
    }
}
