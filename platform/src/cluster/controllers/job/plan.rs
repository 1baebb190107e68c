//! Decides: which pods to make, which to end, and what the job's status becomes.
//!
//! Attempts are numbered from 0 and a pod's name follows from its number, so that a step that is
//! repeated, or taken on an old view, creates nothing twice.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::batch::v1::{Job, JobStatus};

use super::indexes::Places;
use super::observe::{Attempt, Phase};
use super::policy;
use super::status::{self, Counts};
use super::verdict::Verdict;

/// First wait before a failed pod is replaced; it doubles with every failure. (A real cluster
/// begins at ten seconds: it spares a scheduler and an image registry, and here is neither.)
const BACKOFF_FIRST: Duration = Duration::from_secs(1);
/// Longest wait before a failed pod is replaced, as in Kubernetes.
const BACKOFF_MAX: Duration = Duration::from_secs(360);

/// How many pods one look makes; the pods' own events lead to the next look.
const CREATES_MAX: i32 = 500;

/// Longest wait for the next look; the queue of looks takes no date years ahead.
const LOOK_AGAIN_MAX: Duration = Duration::from_secs(86_400);

/// What to do about a job.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plan {
    /// Numbers of the attempts to make.
    pub(super) create: Vec<u32>,
    /// The completions that these are for, where completions are told apart.
    pub(super) indexes: Vec<u32>,
    /// Names of the pods to end.
    pub(super) end: Vec<String>,
    /// Whether the job itself has outlived its time after the end.
    pub(super) delete_job: bool,
    /// The status, if it changes.
    pub(super) status: Option<JobStatus>,
    /// The verdict, when this plan gives it.
    pub(super) verdict: Option<Verdict>,
    /// When to look again though nothing has changed.
    pub(super) look_again: Option<Duration>,
}

/// Decides from the job, its pods in the order of attempts, and the time.
pub(super) fn plan(job: &Job, seen: &[Attempt], now: Timestamp) -> Plan {
    let old = job.status.clone().unwrap_or_default();
    let spec = job.spec.clone().unwrap_or_default();
    if job.metadata.deletion_timestamp.is_some() {
        return Plan::nothing();
    }
    if status::is_finished(&old) {
        return after_the_end(&old, spec.ttl_seconds_after_finished, seen, now);
    }

    let (judged, fails) = policy::judge(&spec, seen);
    let seen = judged.as_slice();
    let counts = Counts::of(&old, seen);
    let suspended = spec.suspend == Some(true);
    let wanted = spec.completions.or(spec.parallelism).unwrap_or(1);
    let start = old.start_time.as_ref().map_or(now, |it| it.0);
    let deadline = spec.active_deadline_seconds.map(|it| later(start, it));
    let limit = spec.backoff_limit.unwrap_or(6);
    let counted = seen.iter().filter(|it| it.phase != Phase::Disrupted);
    let restarts: i32 = counted.map(|it| it.restarts).sum();

    let verdict = if !suspended && deadline.is_some_and(|it| it <= now) {
        Some(Verdict::DeadlineExceeded)
    } else if fails {
        Some(Verdict::PodFailurePolicy)
    } else if limit < counts.failed + restarts && counts.failed + restarts > 0 {
        Some(Verdict::TooManyFailures)
    } else if wanted <= counts.succeeded {
        Some(Verdict::Complete)
    } else {
        None
    };

    let wait = backoff(seen, counts.failed, now);
    let parallel = spec.parallelism.unwrap_or(1).min(wanted - counts.succeeded);
    let missing = if verdict.is_some() || suspended || wait.is_some() {
        0
    } else {
        (parallel - counts.active).clamp(0, CREATES_MAX)
    };
    let surplus = if verdict.is_some() || suspended {
        counts.active
    } else {
        (counts.active - parallel).max(0)
    };

    let mut indexes = Vec::new();
    let mut create: Vec<u32> = (counts.next..).take(missing as usize).collect();
    let mut status = status::next(&old, &counts, missing, verdict, suspended, now);
    if spec.completion_mode.as_deref() == Some("Indexed") {
        let places = Places::of(&old, seen);
        indexes = places.free(wanted, create.len());
        create.truncate(indexes.len());
        status.completed_indexes = Some(places.completed());
    }
    let until_deadline = deadline.map(|it| until(it, now));
    Plan {
        create,
        indexes,
        end: newest_active(seen, surplus as usize),
        delete_job: false,
        status: (status != old).then_some(status),
        verdict,
        look_again: if verdict.is_some() {
            None
        } else {
            wait.into_iter().chain(until_deadline).min()
        },
    }
}

impl Plan {
    fn nothing() -> Plan {
        Plan {
            create: Vec::new(),
            indexes: Vec::new(),
            end: Vec::new(),
            delete_job: false,
            status: None,
            verdict: None,
            look_again: None,
        }
    }
}

/// After the verdict: what still runs is ended, and the job goes when its time is over.
fn after_the_end(old: &JobStatus, ttl: Option<i32>, seen: &[Attempt], now: Timestamp) -> Plan {
    let mut plan = Plan::nothing();
    plan.end = newest_active(seen, usize::MAX);
    if let (Some(ttl), Some(ended)) = (ttl, status::ended_at(old)) {
        let due = later(ended, ttl.into());
        plan.delete_job = due <= now;
        plan.look_again = (!plan.delete_job).then(|| until(due, now));
    }
    plan
}

fn newest_active(seen: &[Attempt], count: usize) -> Vec<String> {
    let active = seen.iter().rev().filter(|it| it.phase == Phase::Active);
    active.take(count).map(|it| it.pod.clone()).collect()
}

/// How long the next pod must still wait after the latest failure; none when it need not.
fn backoff(seen: &[Attempt], failed: i32, now: Timestamp) -> Option<Duration> {
    let last =
        seen.iter().filter(|it| it.phase == Phase::Failed).filter_map(|it| it.ended).max()?;
    let doublings = u32::try_from(failed - 1).unwrap_or(0).min(16);
    let wait = BACKOFF_MAX.min(BACKOFF_FIRST * 2_u32.pow(doublings));
    let due = last + SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    (now < due).then(|| until(due, now))
}

/// So many seconds after; a manifest may name a time beyond all time.
fn later(start: Timestamp, seconds: i64) -> Timestamp {
    start.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

/// From now to then, at least a moment, so that a look that comes early is not repeated at once.
fn until(then: Timestamp, now: Timestamp) -> Duration {
    let left = Duration::try_from(then.duration_since(now)).unwrap_or_default();
    left.clamp(Duration::from_millis(10), LOOK_AGAIN_MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(spec: serde_json::Value, status: serde_json::Value) -> Job {
        serde_json::from_value(json!({
            "metadata": {"name": "j", "namespace": "n", "uid": "u"}, "spec": spec, "status": status,
        }))
        .unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000 + second).unwrap()
    }

    fn pods(phases: &[Phase]) -> Vec<Attempt> {
        let pod = |(number, phase): (usize, &Phase)| Attempt {
            number: number as u32,
            pod: format!("j-{number}"),
            phase: *phase,
            restarts: 0,
            ready: false,
            ended: matches!(phase, Phase::Failed | Phase::Succeeded).then(|| at(0)),
            index: Some(number as u32),
            codes: Vec::new(),
            conditions: Vec::new(),
        };
        phases.iter().enumerate().map(pod).collect()
    }

    fn spec(more: serde_json::Value) -> serde_json::Value {
        let mut spec = json!({"template": {"spec": {"containers": []}}});
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        spec
    }

    /// (spec, pods, seconds) → (attempts made, pods ended, verdict).
    fn check(
        more: serde_json::Value,
        phases: &[Phase],
        second: i64,
        want: (&[u32], &[&str], Option<Verdict>),
    ) {
        let job = job(spec(more), json!({"startTime": at(0).to_string()}));
        let got = plan(&job, &pods(phases), at(second));
        let end: Vec<&str> = got.end.iter().map(String::as_str).collect();
        assert_eq!((&got.create[..], &end[..], got.verdict), want, "{job:?} {phases:?}");
    }

    #[test]
    fn pods_are_made_until_enough_have_succeeded() {
        use Phase::{Active, Leaving, Succeeded};
        check(json!({}), &[], 0, (&[0], &[], None));
        check(json!({}), &[Active], 0, (&[], &[], None));
        check(json!({}), &[Leaving], 0, (&[], &[], None));
        check(json!({}), &[Succeeded], 0, (&[], &[], Some(Verdict::Complete)));
        let five = json!({"completions": 5, "parallelism": 2});
        check(five.clone(), &[], 0, (&[0, 1], &[], None));
        check(five.clone(), &[Succeeded, Succeeded, Succeeded, Succeeded], 0, (&[4], &[], None));
        check(five, &[Succeeded, Active, Active, Active], 0, (&[], &["j-3"], None));
    }

    #[test]
    fn a_huge_job_is_made_in_portions() {
        let huge = json!({"completions": i32::MAX, "parallelism": i32::MAX});
        let made = plan(&job(spec(huge), json!({})), &[], at(0));
        assert_eq!(made.create.len(), CREATES_MAX as usize);
        assert_eq!(made.status.unwrap().active, Some(CREATES_MAX));
    }

    #[test]
    fn failures_wait_and_then_are_too_many() {
        use Phase::{Active, Failed};
        check(json!({"backoffLimit": 0}), &[Failed], 0, (&[], &[], Some(Verdict::TooManyFailures)));
        check(json!({"backoffLimit": 1}), &[Failed], 0, (&[], &[], None));
        check(json!({"backoffLimit": 1}), &[Failed], 1, (&[1], &[], None));
        check(json!({"backoffLimit": 2}), &[Failed, Failed], 1, (&[], &[], None));
        check(json!({"backoffLimit": 2}), &[Failed, Failed], 2, (&[2], &[], None));
        let two = json!({"backoffLimit": 0, "completions": 2, "parallelism": 2});
        check(two, &[Failed, Active], 0, (&[], &["j-1"], Some(Verdict::TooManyFailures)));
    }

    #[test]
    fn a_deadline_ends_what_runs_and_a_suspended_job_runs_nothing() {
        use Phase::Active;
        let deadline = json!({"activeDeadlineSeconds": 5});
        check(deadline.clone(), &[Active], 4, (&[], &[], None));
        check(deadline, &[Active], 5, (&[], &["j-0"], Some(Verdict::DeadlineExceeded)));
        let never = json!({"activeDeadlineSeconds": i64::MAX});
        check(never, &[Active], 4, (&[], &[], None));
        check(json!({"suspend": true}), &[Active], 0, (&[], &["j-0"], None));
        check(json!({"suspend": true}), &[], 0, (&[], &[], None));
    }

    #[test]
    fn a_pod_that_went_down_with_its_home_is_made_again_and_not_counted() {
        use Phase::{Active, Disrupted, Failed};
        let none = json!({"backoffLimit": 0});
        check(none.clone(), &[Disrupted], 0, (&[1], &[], None));
        check(none.clone(), &[Disrupted, Active], 0, (&[], &[], None));
        check(none.clone(), &[Disrupted, Disrupted], 0, (&[2], &[], None));
        check(none, &[Disrupted, Failed], 0, (&[], &[], Some(Verdict::TooManyFailures)));
    }

    #[test]
    fn indexed_completions_are_each_made_once() {
        use Phase::{Active, Failed, Succeeded};
        let three = json!({"completionMode": "Indexed", "completions": 4, "parallelism": 3});
        let check = |phases: &[Phase], want: &[u32], completed: &str| {
            let got = plan(&job(spec(three.clone()), json!({})), &pods(phases), at(100));
            assert_eq!(got.indexes, want, "{phases:?}");
            assert_eq!(got.create.len(), want.len());
            let status = got.status.unwrap();
            assert_eq!(status.completed_indexes.as_deref(), Some(completed));
        };
        check(&[], &[0, 1, 2], "");
        check(&[Succeeded, Active], &[2, 3], "0");
        check(&[Failed, Active, Active], &[0], "");
        check(&[Succeeded, Succeeded, Active], &[3], "0,1");
    }

    #[test]
    fn a_failure_policy_decides_what_counts() {
        let policy = json!({"backoffLimit": 0, "podFailurePolicy": {"rules": [
            {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
            {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}},
            {"action": "Ignore", "onExitCodes": {"operator": "NotIn", "values": [1]}},
        ]}});
        let check = |code: i32, want: Option<Verdict>| {
            let mut seen = pods(&[Phase::Failed]);
            seen[0].codes = vec![("c".into(), code)];
            let got = plan(&job(spec(policy.clone()), json!({})), &seen, at(100));
            assert_eq!(got.verdict, want, "{code}");
        };
        check(42, Some(Verdict::PodFailurePolicy));
        check(1, Some(Verdict::TooManyFailures));
        check(7, None);
    }

    #[test]
    fn a_pod_that_vanished_counts_as_failed() {
        let job = job(spec(json!({})), json!({"startTime": at(0).to_string(), "active": 1}));
        let got = plan(&job, &[], at(0));
        assert_eq!(got.create, [1]);
        assert_eq!(got.status.unwrap().failed, Some(1));
    }

    #[test]
    fn a_finished_job_goes_when_its_time_is_over() {
        let done = json!({"conditions": [
            {"type": "Complete", "status": "True", "lastTransitionTime": at(0).to_string()}]});
        let job = job(spec(json!({"ttlSecondsAfterFinished": 10})), done);
        let early = plan(&job, &[], at(4));
        assert_eq!((early.delete_job, early.look_again), (false, Some(Duration::from_secs(6))));
        assert!(plan(&job, &[], at(10)).delete_job);

        let mut late = job.clone();
        late.spec.as_mut().unwrap().ttl_seconds_after_finished = Some(i32::MAX);
        assert_eq!(plan(&late, &[], at(4)).look_again, Some(LOOK_AGAIN_MAX));
    }

    #[test]
    fn the_same_look_twice_changes_nothing() {
        let first = job(spec(json!({})), json!({}));
        let status = plan(&first, &[], at(0)).status.unwrap();
        let mut second = first.clone();
        second.status = Some(status);
        let again = plan(&second, &pods(&[Phase::Active]), at(1));
        assert_eq!((again.status, again.create), (None, Vec::new()));
    }
}
