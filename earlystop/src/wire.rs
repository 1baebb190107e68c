//! Rpc ⇄ domain: what Katib's controller asks of an early-stopping service, and our answer.

use proto::kinds::{EarlyStoppingSpec, Setting};
use proto::rpc::v1beta1 as rpc;
use rpc::trial_status::TrialConditionType as Condition;
use suggestion::Direction;
use tonic::Status;

use crate::{Bar, Standing};

/// The rule of a request, as a manifest has it.
pub(crate) fn spec(it: rpc::EarlyStoppingSpec) -> EarlyStoppingSpec {
    let setting = |it: rpc::EarlyStoppingSetting| Setting { name: it.name, value: it.value };
    EarlyStoppingSpec {
        algorithm_name: it.algorithm_name,
        algorithm_settings: it.algorithm_settings.into_iter().map(setting).collect(),
    }
}

/// Metric and direction of what a request optimises.
pub(crate) fn objective(it: &rpc::ObjectiveSpec) -> Result<(String, Direction), Status> {
    let direction = match it.r#type() {
        rpc::ObjectiveType::Minimize => Direction::Minimize,
        rpc::ObjectiveType::Maximize => Direction::Maximize,
        rpc::ObjectiveType::Unknown => {
            return Err(Status::invalid_argument("objective.type must be minimize or maximize"));
        }
    };
    if it.objective_metric_name.is_empty() {
        return Err(Status::invalid_argument("objective.objective_metric_name must be specified"));
    }
    Ok((it.objective_metric_name.clone(), direction))
}

/// How a trial of a request stands; none where its curve is no example to others.
pub(crate) fn standing(it: &rpc::Trial) -> Option<Standing> {
    match it.status.as_ref().map(rpc::TrialStatus::condition)? {
        Condition::Running => Some(Standing::Running),
        Condition::Succeeded => Some(Standing::Succeeded),
        Condition::Earlystopped => Some(Standing::Stopped),
        _ => None,
    }
}

/// (step, value) of a log: the step that was reported, else the place in the log.
pub(crate) fn reports(log: &rpc::ObservationLog) -> Vec<(f64, f64)> {
    let mut last = 0.0;
    let report = |it: &rpc::MetricLog| {
        let value: f64 = it.metric.as_ref()?.value.trim().parse().ok()?;
        last = it.step.map_or(last + 1.0, |step| step as f64);
        Some((last, value))
    };
    log.metric_logs.iter().filter_map(report).collect()
}

/// A bar as a rule: the trial is given up while its best value compares so with it.
pub(crate) fn rule(metric: String, direction: Direction, bar: &Bar) -> rpc::EarlyStoppingRule {
    let comparison = match direction {
        Direction::Minimize => rpc::ComparisonType::Greater,
        Direction::Maximize => rpc::ComparisonType::Less,
    };
    rpc::EarlyStoppingRule {
        name: metric,
        value: direction.loss(bar.loss).to_string(),
        comparison: comparison.into(),
        start_step: i32::try_from(bar.start).unwrap_or(i32::MAX),
    }
}
