//! What a trial says of itself.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use metrics_collector::Summary;
use proto::kinds::{Metric, Observation, TrialStatus};

use super::value::Wanted;
use super::verdict::Verdict;
use crate::controllers::conditions::{self, Fact};

/// The status of a trial whose workload is there.
pub(super) fn running(old: &TrialStatus, now: &Time) -> TrialStatus {
    let mut new = created(old, now);
    let (reason, message) = ("TrialRunning", "Trial is running");
    let fact = Fact { type_: "Running", holds: true, reason, message };
    conditions::set(&mut new.conditions, &fact, now);
    new
}

/// Condition of a trial that is being stopped early: its workload has its grace period.
pub(super) const STOPPING: &str = "Stopping";

/// The status of a trial that a rule has given up, before anything is done about it.
pub(super) fn stopping(old: &TrialStatus, why: &str, now: &Time) -> TrialStatus {
    let mut new = old.clone();
    let fact = Fact { type_: STOPPING, holds: true, reason: "EarlyStopping", message: why };
    conditions::set(&mut new.conditions, &fact, now);
    new
}

/// What a trial says at its end.
#[derive(Debug)]
pub(super) struct Ending<'a> {
    /// How it ended.
    pub verdict: &'a Verdict,
    /// What it measured.
    pub observation: Option<Observation>,
    /// Its completion number.
    pub number: i64,
    /// Output that was not read, if any was missed.
    pub missing: Option<&'a str>,
}

/// The status of a trial that has just ended.
pub(super) fn ended(old: &TrialStatus, ending: &Ending<'_>, now: &Time) -> TrialStatus {
    let mut new = created(old, now);
    conditions::lower(&mut new.conditions, "Running", now);
    conditions::lower(&mut new.conditions, STOPPING, now);
    if let Some(message) = ending.missing {
        let (type_, reason) = ("LogsIncomplete", "LogsIncomplete");
        conditions::set(&mut new.conditions, &Fact { type_, holds: true, reason, message }, now);
    }
    let (reason, message) = (ending.verdict.reason(), ending.verdict.message());
    let type_ = ending.verdict.type_();
    let fact = Fact { type_, holds: true, reason: &reason, message: &message };
    conditions::set(&mut new.conditions, &fact, now);
    new.observation.clone_from(&ending.observation);
    new.completion_number = Some(ending.number);
    new.completion_time = Some(now.clone());
    new
}

/// The status of a trial that somebody else has ended: its number is added, and what it measured
/// if nobody said so.
pub(super) fn numbered(
    old: &TrialStatus,
    number: i64,
    observation: Option<Observation>,
    now: &Time,
) -> TrialStatus {
    let mut new = old.clone();
    new.observation = new.observation.or(observation);
    conditions::lower(&mut new.conditions, "Running", now);
    new.completion_number = Some(number);
    new.completion_time.get_or_insert_with(|| now.clone());
    new
}

/// What was measured, in the order of what is wanted; metrics without reports are left out.
pub(super) fn observation(wanted: &Wanted, summaries: &[Summary]) -> Option<Observation> {
    let metric = |name: &str| {
        let found = summaries.iter().find(|it| it.metric == name)?;
        let text = |it: &str| if it.is_empty() { "unavailable".into() } else { it.to_owned() };
        Some(Metric {
            name: name.to_owned(),
            min: text(&found.min),
            max: text(&found.max),
            latest: text(&found.latest),
        })
    };
    let metrics: Vec<Metric> = wanted.names().filter_map(metric).collect();
    (!metrics.is_empty()).then_some(Observation { metrics })
}

fn created(old: &TrialStatus, now: &Time) -> TrialStatus {
    let mut new = old.clone();
    new.start_time.get_or_insert_with(|| now.clone());
    if conditions::find(&new.conditions, "Created").is_none() {
        let (reason, message) = ("TrialCreated", "Trial is created");
        let fact = Fact { type_: "Created", holds: true, reason, message };
        conditions::set(&mut new.conditions, &fact, now);
    }
    new
}

#[cfg(test)]
mod tests {
    use proto::kinds::{ObjectiveSpec, TrialSpec};

    use super::*;

    fn now() -> Time {
        Time(jiff::Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn an_end_comes_with_its_number_its_time_and_what_was_measured() {
        let before = running(&TrialStatus::default(), &now());
        let ending = Ending {
            verdict: &Verdict::Killed,
            observation: None,
            number: 3,
            missing: Some("pod p"),
        };
        let after = ended(&before, &ending, &now());
        let told: Vec<_> =
            after.conditions.iter().map(|it| (it.type_.as_str(), it.status.as_str())).collect();
        let want = [
            ("Created", "True"),
            ("Running", "False"),
            ("LogsIncomplete", "True"),
            ("Killed", "True"),
        ];
        assert_eq!(told, want);
        assert_eq!((after.completion_number, after.completion_time), (Some(3), Some(now())));
    }

    #[test]
    fn metrics_stand_in_the_order_of_the_objective() {
        let objective = ObjectiveSpec {
            objective_metric_name: "z".into(),
            additional_metric_names: vec!["a".into(), "gone".into()],
            ..Default::default()
        };
        let spec = TrialSpec { objective: Some(objective), ..Default::default() };
        let wanted = Wanted::of_trial(&spec);
        let summary = |metric: &str| Summary {
            metric: metric.into(),
            latest: "nan".into(),
            ..Default::default()
        };
        let seen = observation(&wanted, &[summary("a"), summary("z")]).unwrap();
        let names: Vec<&str> = seen.metrics.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["z", "a"]);
        assert_eq!(
            (seen.metrics[0].min.as_str(), seen.metrics[0].latest.as_str()),
            ("unavailable", "nan")
        );
        assert_eq!(observation(&wanted, &[]), None);
    }
}
