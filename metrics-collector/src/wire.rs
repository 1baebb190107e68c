//! Katib's observation log and our reports: the only place that knows how one becomes the other.

use jiff::Timestamp;
use proto::rpc::v1beta1::{
    GetObservationLogRequest, Metric, MetricLog, ObservationLog, ReportObservationLogRequest,
};
use tonic::Status;

use crate::report::{Position, Report};
use crate::store::{Query, StoreError, fingerprint};

/// The source of reports that programs push.
const PUSHED: &str = "push";

/// The reports of a request.
///
/// They have no place of their own. Time, metric, value and ordinal in the request stand for it:
/// the same request again is the same reports, and equal values within a request are several.
pub(crate) fn reports(request: &ReportObservationLogRequest) -> Result<Vec<Report>, Status> {
    let logs = request.observation_log.as_ref().map_or(&[][..], |it| &it.metric_logs);
    logs.iter().enumerate().map(|(ordinal, log)| report(ordinal, log)).collect()
}

fn report(ordinal: usize, log: &MetricLog) -> Result<Report, Status> {
    let field = format!("observation_log.metric_logs[{ordinal}]");
    let Some(Metric { name, value }) = &log.metric else {
        return Err(Status::invalid_argument(format!("{field}.metric: is missing")));
    };
    if name.is_empty() {
        return Err(Status::invalid_argument(format!("{field}.metric.name: is empty")));
    }
    let time = time(&log.time_stamp, &format!("{field}.time_stamp"))?;
    let micros = time.as_microsecond().to_le_bytes();
    let ordinal = (ordinal as u64).to_le_bytes();
    let offset = fingerprint(&[&micros, name.as_bytes(), value.as_bytes(), &ordinal]);
    Ok(Report {
        metric: name.clone(),
        value: value.clone(),
        time,
        step: log.step,
        position: Some(Position { source: PUSHED.to_owned(), offset }),
    })
}

/// What a request asks for; empty fields do not narrow it.
pub(crate) fn query(request: &GetObservationLogRequest) -> Result<Query, Status> {
    let bound = |text: &str, field: &str| -> Result<Option<Timestamp>, Status> {
        if text.is_empty() { Ok(None) } else { time(text, field).map(Some) }
    };
    Ok(Query {
        metric: (!request.metric_name.is_empty()).then(|| request.metric_name.clone()),
        from: bound(&request.start_time, "start_time")?,
        to: bound(&request.end_time, "end_time")?,
    })
}

/// Reports as an observation log, with times in UTC.
pub(crate) fn log(reports: Vec<Report>) -> ObservationLog {
    let log = |report: Report| MetricLog {
        time_stamp: report.time.to_string(),
        metric: Some(Metric { name: report.metric, value: report.value }),
        step: report.step,
    };
    ObservationLog { metric_logs: reports.into_iter().map(log).collect() }
}

/// The reports of an observation log that a server answered.
///
/// # Errors
/// A report has no metric, or a time that cannot be read.
pub(crate) fn read(log: &ObservationLog) -> Result<Vec<Report>, Status> {
    log.metric_logs.iter().enumerate().map(|(ordinal, log)| report(ordinal, log)).collect()
}

/// The code that tells a client its next move: try again, or call for help.
pub(crate) fn status(err: &StoreError) -> Status {
    match err {
        StoreError::Unavailable(_) => Status::unavailable(err.to_string()),
        StoreError::Damaged(_) | StoreError::Unknown(_) => Status::data_loss(err.to_string()),
    }
}

fn time(text: &str, field: &str) -> Result<Timestamp, Status> {
    text.parse().map_err(|_| {
        let message = format!(
            "{field}: must be a time in the form of RFC 3339 such as 2026-01-02T03:04:05.678Z, \
             got {text:?}"
        );
        Status::invalid_argument(message)
    })
}
