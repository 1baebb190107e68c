//! What may change once an experiment exists: its three budgets and whether it is paused, and
//! nothing else of its spec.

use proto::FieldError;
use proto::kinds::Condition;
use serde_json::Value;

use super::super::completed_spec;
use super::Case;

const BUDGETS: [&str; 3] = ["parallelTrialCount", "maxTrialCount", "maxFailedTrialCount"];
/// Whether it is paused may change too, and takes up nothing that has ended.
const PAUSE: &str = "suspend";

pub(super) fn check(case: &Case<'_>) -> Vec<FieldError> {
    let Some(old) = case.old else { return Vec::new() };
    let before = completed_spec(old);
    let now = &case.object["spec"];
    let mut faults = Vec::new();

    let names = |spec: &Value| spec.as_object().map(|it| it.keys().cloned().collect::<Vec<_>>());
    let mut fields =
        [names(&before), names(now)].into_iter().flatten().flatten().collect::<Vec<_>>();
    fields.sort();
    fields.dedup();
    let changed = |field: &str| before.get(field) != now.get(field);
    let fixed = |it: &&String| *it != PAUSE && !BUDGETS.contains(&it.as_str());
    for field in fields.iter().filter(fixed).filter(|it| changed(it)) {
        let message = "only spec.parallelTrialCount, spec.maxTrialCount and \
                       spec.maxFailedTrialCount are editable; make a new experiment for the rest";
        faults.push(FieldError::new(format!("spec.{field}"), message));
    }
    if BUDGETS.iter().any(|field| changed(field)) {
        faults.extend(restart(case, old));
    }
    faults
}

/// A finished experiment goes on when its budget is raised, if it may.
fn restart(case: &Case<'_>, old: &Value) -> Option<FieldError> {
    let conditions: Vec<Condition> =
        serde_json::from_value(old["status"]["conditions"].clone()).unwrap_or_default();
    let holds = |kind: &str| conditions.iter().find(|it| it.type_ == kind && it.status == "True");
    let completed = holds("Succeeded").or(holds("Failed"))?;

    let policy = old["spec"]["resumePolicy"].as_str().unwrap_or("Never");
    let by_budget =
        completed.type_ == "Succeeded" && completed.reason == "ExperimentMaxTrialsReached";
    let stopped = completed.reason == crate::experiment::STOPPED;
    if !(by_budget || stopped) || !["LongRunning", "FromVolume"].contains(&policy) {
        let message = format!(
            "Experiment can be restarted if it is in succeeded state by reaching max trials and \
             spec.resumePolicy = LongRunning or spec.resumePolicy = FromVolume; it is {} by {}, \
             with resumePolicy {policy}: make a new experiment",
            completed.type_, completed.reason
        );
        return Some(FieldError::new("spec.resumePolicy", message));
    }
    let trials = old["status"]["trials"].as_i64().unwrap_or_default();
    let max = i64::from(case.spec.max_trial_count?);
    (max <= trials).then(|| {
        let message =
            format!("must be greater than status.trials count, which is {trials}, got {max}");
        FieldError::new("spec.maxTrialCount", message)
    })
}
