//! What to do next for a trial: values in, a value out.

use std::time::Duration;

use platform::workload::Why;

use crate::stopping::LOOK_EVERY;

/// Longest wait for logs whose pods are known: a slow disk or API, not a lost cause.
pub(super) const LOGS_WAIT_MAX: Duration = Duration::from_secs(30);
/// Longest wait for a pod to be seen at all after its workload has ended.
pub(super) const PODS_WAIT_MAX: Duration = Duration::from_secs(5);

/// How the workload stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Workload {
    /// It is not there.
    Absent,
    /// It is there, and has not ended.
    Running,
    /// It has succeeded, and what it says of that.
    Succeeded(Why),
    /// It has failed, and what it says of that.
    Failed(Why),
}

/// How far the logs are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Logs {
    /// Nothing is missing, or nothing is read from logs.
    Complete,
    /// Logs of known pods are being read; the trial's end has waited this long.
    Reading(Duration),
    /// No pod was seen; the trial's end has waited this long.
    NoPod(Duration),
}

/// How far a trial is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    /// It says that it runs.
    pub running: bool,
    /// It says that it has ended; only its number is missing.
    pub ended: bool,
    /// Its experiment has ended.
    pub orphaned: bool,
    /// An early-stopping rule has just fired, and which.
    pub stop: Option<String>,
    /// It is being stopped early, for this reason.
    pub stopping: Option<String>,
    /// What other trials report may be its end.
    pub watched: bool,
    /// How its workload stands.
    pub workload: Workload,
    /// Its workload is being deleted.
    pub leaving: bool,
    /// How far its logs are read.
    pub logs: Logs,
}

/// How a trial's run came to its end, before its metrics are looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The workload succeeded.
    Succeeded(Why),
    /// The workload failed.
    Failed(Why),
    /// A rule fired.
    Stopped(String),
    /// The experiment ended.
    Killed,
}

/// The next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Make the workload.
    Create,
    /// Say that the trial runs.
    Begin,
    /// Say that it is being stopped early, and why; then as [`Plan::Leave`].
    Stop(String),
    /// Delete the workload: its pods are told to end, and have their grace period for it.
    Leave,
    /// Look at the metrics and say how it ended; `missing` tells that logs were not all read.
    Conclude {
        /// How the run ended.
        end: End,
        /// Some of its output was not read.
        missing: bool,
    },
    /// Give the number that an ended trial lacks.
    Number,
    /// Look again after this long, or when something changes.
    Later(Duration),
    /// Nothing to do until something changes.
    Wait,
}

/// Decides.
pub(super) fn plan(seen: &Progress) -> Plan {
    if seen.ended {
        return Plan::Number;
    }
    let end = match (&seen.workload, &seen.stopping) {
        // What was decided stands, however the workload took it.
        (Workload::Running, Some(_)) if seen.leaving => return Plan::Wait,
        (Workload::Running, Some(_)) => return Plan::Leave,
        (_, Some(why)) => End::Stopped(why.clone()),
        (Workload::Succeeded(why), None) => End::Succeeded(why.clone()),
        (Workload::Failed(why), None) => End::Failed(why.clone()),
        _ if seen.orphaned => return Plan::Conclude { end: End::Killed, missing: false },
        (Workload::Absent, None) => return Plan::Create,
        (Workload::Running, None) => return running(seen),
    };
    let left = match seen.logs {
        Logs::Complete => return Plan::Conclude { end, missing: false },
        Logs::Reading(waited) => LOGS_WAIT_MAX.saturating_sub(waited),
        Logs::NoPod(waited) => PODS_WAIT_MAX.saturating_sub(waited),
    };
    if left.is_zero() { Plan::Conclude { end, missing: true } } else { Plan::Later(left) }
}

fn running(seen: &Progress) -> Plan {
    match &seen.stop {
        Some(why) => Plan::Stop(why.clone()),
        None if !seen.running => Plan::Begin,
        None if seen.watched => Plan::Later(LOOK_EVERY),
        None => Plan::Wait,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut Progress), want: Plan) {
        let mut seen = Progress {
            running: true,
            ended: false,
            orphaned: false,
            stop: None,
            stopping: None,
            watched: false,
            workload: Workload::Running,
            leaving: false,
            logs: Logs::Reading(Duration::ZERO),
        };
        change(&mut seen);
        assert_eq!(plan(&seen), want, "{seen:?}");
    }

    fn conclude(end: End) -> Plan {
        Plan::Conclude { end, missing: false }
    }

    #[test]
    fn a_trial_is_made_and_begins() {
        check(|it| it.workload = Workload::Absent, Plan::Create);
        check(|it| it.running = false, Plan::Begin);
        check(|_| {}, Plan::Wait);
    }

    #[test]
    fn an_end_waits_for_the_logs_but_not_for_ever() {
        let ended = Workload::Succeeded(Why::default());
        let with = |logs| {
            let workload = ended.clone();
            move |it: &mut Progress| (it.workload, it.logs) = (workload, logs)
        };
        let end = End::Succeeded(Why::default());
        check(with(Logs::Complete), conclude(end.clone()));
        check(with(Logs::Reading(Duration::ZERO)), Plan::Later(LOGS_WAIT_MAX));
        check(with(Logs::NoPod(Duration::ZERO)), Plan::Later(PODS_WAIT_MAX));
        let late = Plan::Conclude { end, missing: true };
        check(with(Logs::Reading(LOGS_WAIT_MAX)), late.clone());
        check(with(Logs::NoPod(PODS_WAIT_MAX)), late);
    }

    #[test]
    fn a_stop_is_said_before_it_is_done_and_waits_for_the_end() {
        check(|it| it.stop = Some("bad".into()), Plan::Stop("bad".into()));
        check(|it| it.watched = true, Plan::Later(LOOK_EVERY));
        let stopping = |workload: Workload, leaving: bool, logs: Logs| {
            move |it: &mut Progress| {
                it.stopping = Some("bad".into());
                (it.workload, it.leaving, it.logs) = (workload, leaving, logs);
            }
        };
        let reading = Logs::Reading(Duration::ZERO);
        check(stopping(Workload::Running, false, reading), Plan::Leave);
        check(stopping(Workload::Running, true, reading), Plan::Wait);
        check(stopping(Workload::Absent, false, reading), Plan::Later(LOGS_WAIT_MAX));
        let end = conclude(End::Stopped("bad".into()));
        check(stopping(Workload::Absent, false, Logs::Complete), end.clone());
        let failed = Workload::Failed(Why::default());
        check(stopping(failed, false, Logs::Complete), end);
    }

    #[test]
    fn what_still_runs_is_stopped_when_the_experiment_ends() {
        check(|it| it.orphaned = true, conclude(End::Killed));
        let unmade = |it: &mut Progress| (it.orphaned, it.workload) = (true, Workload::Absent);
        check(unmade, conclude(End::Killed));
        let done = |it: &mut Progress| {
            it.orphaned = true;
            it.logs = Logs::Complete;
            it.workload = Workload::Failed(Why::default());
        };
        check(done, conclude(End::Failed(Why::default())));
    }

    #[test]
    fn an_ended_trial_gets_its_number_and_nothing_else() {
        check(|it| it.ended = true, Plan::Number);
    }
}
