//! Decides: whether a time has come, which old jobs go, and when to look again.

use std::time::Duration;

use croner::Cron;
use croner::parser::CronParser;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use kube::{Resource, ResourceExt};
use serde_json::{Value, json};

/// Most times that were missed and are looked at one by one; of more, only the last ones count.
const MISSED_MAX: usize = 100;
/// Longest wait for the next look.
const LOOK_AGAIN_MAX: Duration = Duration::from_secs(3600);

/// What to do about a cron job.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Plan {
    /// Make the job of that time.
    pub(super) create: Option<Timestamp>,
    pub(super) delete: Vec<String>,
    pub(super) status: Option<Value>,
    pub(super) look_again: Option<Duration>,
}

/// A schedule, in the form of cron with five fields, or `@daily` and its like.
pub(in crate::cluster) fn parse(schedule: &str) -> Result<Cron, String> {
    if schedule.contains("TZ=") {
        return Err("write the time zone into spec.timeZone".into());
    }
    CronParser::new().parse(schedule).map_err(|error| error.to_string())
}

/// A time zone by its name; that of this machine where none is named.
pub(in crate::cluster) fn zone(name: Option<&str>) -> Result<TimeZone, String> {
    match name {
        None => Ok(TimeZone::system()),
        Some(name) => TimeZone::get(name).map_err(|error| error.to_string()),
    }
}

fn has(job: &Job, type_: &str) -> bool {
    let conditions = job.status.as_ref().and_then(|it| it.conditions.as_ref());
    conditions.is_some_and(|it| it.iter().any(|it| it.type_ == type_ && it.status == "True"))
}

/// Decides from the cron job, its jobs, and the time.
pub(super) fn plan(cron: &CronJob, jobs: &[Job], now: Timestamp) -> Plan {
    let spec = cron.spec.clone();
    let (complete, failed): (Vec<&Job>, Vec<&Job>) = (
        jobs.iter().filter(|it| has(it, "Complete")).collect(),
        jobs.iter().filter(|it| has(it, "Failed")).collect(),
    );
    let active: Vec<&Job> =
        jobs.iter().filter(|it| !has(it, "Complete") && !has(it, "Failed")).collect();
    let mut plan = Plan::default();
    for (list, keep) in [
        (&complete, spec.successful_jobs_history_limit.unwrap_or(3)),
        (&failed, spec.failed_jobs_history_limit.unwrap_or(1)),
    ] {
        plan.delete.extend(surplus(list, usize::try_from(keep).unwrap_or(0)));
    }
    let mut last =
        cron.status.as_ref().and_then(|it| it.last_schedule_time.as_ref()).map(|it| it.0);
    let usable = parse(&spec.schedule).ok().zip(zone(spec.time_zone.as_deref()).ok());
    let suspended = spec.suspend == Some(true) || cron.metadata.deletion_timestamp.is_some();
    if let Some((schedule, zone)) = usable.filter(|_| !suspended) {
        let made = cron.metadata.creation_timestamp.as_ref().map_or(now, |it| it.0);
        let mut since = last.unwrap_or(made);
        if let Some(seconds) = spec.starting_deadline_seconds {
            since = since.max(now - SignedDuration::from_secs(seconds.clamp(0, 1 << 32)));
        }
        if let Some(due) = latest(&schedule, &zone, since, now) {
            match spec.concurrency_policy.as_deref() {
                Some("Forbid") if !active.is_empty() => {}
                policy => {
                    if policy == Some("Replace") {
                        plan.delete.extend(active.iter().map(|it| it.name_any()));
                    }
                    plan.create = Some(due);
                    last = Some(due);
                }
            }
        }
        plan.look_again = next(&schedule, &zone, now).map(|it| {
            let left = Duration::try_from(it.duration_since(now)).unwrap_or_default();
            (left + Duration::from_millis(20)).min(LOOK_AGAIN_MAX)
        });
    }
    plan.status = status(cron, &active, &complete, last);
    plan
}

/// The latest time after `since` that has come.
fn latest(schedule: &Cron, zone: &TimeZone, since: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let mut found = None;
    let times = schedule.iter_after(since.to_zoned(zone.clone()));
    for (count, time) in times.map(|it| it.timestamp()).take_while(|it| *it <= now).enumerate() {
        if MISSED_MAX <= count {
            // Far behind: the last hour is enough to find the latest time, where there is one.
            let recent = now - SignedDuration::from_hours(1);
            return match recent <= since {
                true => Some(time),
                false => latest(schedule, zone, recent, now).or(Some(time)),
            };
        }
        found = Some(time);
    }
    found
}

fn next(schedule: &Cron, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
    let found = schedule.find_next_occurrence(&now.to_zoned(zone.clone()), false).ok()?;
    Some(found.timestamp())
}

/// The oldest of those that have ended, above the number that is kept.
fn surplus(jobs: &[&Job], keep: usize) -> Vec<String> {
    let mut jobs = jobs.to_vec();
    jobs.sort_by_key(|it| {
        (it.status.as_ref().and_then(|it| it.start_time.clone()).map(|it| it.0), it.name_any())
    });
    let count = jobs.len().saturating_sub(keep);
    jobs.into_iter().take(count).map(|it| it.name_any()).collect()
}

fn status(
    cron: &CronJob,
    active: &[&Job],
    complete: &[&Job],
    last: Option<Timestamp>,
) -> Option<Value> {
    let second = |it: Timestamp| it.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let mut active: Vec<Value> = active.iter().map(|it| json!(it.object_ref(&()))).collect();
    active.sort_by_key(|it| it["name"].to_string());
    for it in &mut active {
        // The version changes with every write to the job.
        if let Some(fields) = it.as_object_mut() {
            fields.remove("resourceVersion");
        }
    }
    let ended = complete.iter().filter_map(|it| it.status.as_ref()?.completion_time.as_ref());
    let old = cron.status.clone().unwrap_or_default();
    let ended = ended.map(|it| it.0).chain(old.last_successful_time.as_ref().map(|it| it.0)).max();
    let status = json!({
        "active": if active.is_empty() { Value::Null } else { json!(active) },
        "lastScheduleTime": last.map(second), "lastSuccessfulTime": ended.map(second),
    });
    let before = json!(cron.status);
    let unchanged =
        status.as_object().into_iter().flatten().all(|(key, value)| before[key] == *value);
    (!unchanged).then_some(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cron(more: Value, last: Option<&str>) -> CronJob {
        let mut spec = json!({"schedule": "*/5 * * * *", "timeZone": "Etc/UTC",
            "jobTemplate": {"spec": {"template": {}}}});
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(json!({
            "metadata": {"name": "c", "creationTimestamp": "2026-01-01T00:01:00Z"},
            "spec": spec, "status": {"lastScheduleTime": last},
        }))
        .unwrap()
    }

    fn at(text: &str) -> Timestamp {
        format!("2026-01-01T{text}Z").parse().unwrap()
    }

    fn running() -> Job {
        serde_json::from_value(json!({"metadata": {"name": "c-1"}})).unwrap()
    }

    #[test]
    fn a_job_is_made_when_its_time_has_come() {
        let check =
            |more: Value, last: Option<&str>, jobs: &[Job], now: &str, want: Option<&str>| {
                let got = plan(&cron(more, last), jobs, at(now));
                assert_eq!(got.create, want.map(at), "{now}");
            };
        check(json!({}), None, &[], "00:04:59", None);
        check(json!({}), None, &[], "00:05:00", Some("00:05:00"));
        check(json!({}), Some("2026-01-01T00:05:00Z"), &[], "00:05:01", None);
        // Many missed times make one job, of the latest of them.
        check(json!({}), Some("2026-01-01T00:05:00Z"), &[], "23:59:00", Some("23:55:00"));
        check(json!({"startingDeadlineSeconds": 60}), None, &[], "00:07:00", None);
        check(json!({"suspend": true}), None, &[], "00:05:00", None);
        check(json!({"concurrencyPolicy": "Forbid"}), None, &[running()], "00:05:00", None);
        check(json!({"timeZone": "Asia/Kolkata"}), None, &[], "00:05:00", Some("00:05:00"));
        let replaced = plan(
            &cron(json!({"concurrencyPolicy": "Replace"}), None),
            &[running()],
            at("00:05:00"),
        );
        assert_eq!((replaced.create.is_some(), replaced.delete), (true, vec!["c-1".to_owned()]));
    }

    #[test]
    fn the_next_look_is_at_the_next_time() {
        let wait = plan(&cron(json!({}), None), &[], at("00:04:00")).look_again.unwrap();
        assert_eq!(wait.as_secs(), 60);
    }

    #[test]
    fn schedules_are_read_or_refused() {
        for (text, good) in [
            ("@daily", true),
            ("0 0 1 1 *", true),
            ("nonsense", false),
            ("TZ=UTC * * * * *", false),
        ] {
            assert_eq!(parse(text).is_ok(), good, "{text}");
        }
        assert!(zone(Some("Nowhere/Else")).is_err());
    }
}
