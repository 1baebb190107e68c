//! What is said when an experiment has ended: the best trial, or what went wrong.

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::LogParams;
use proto::kinds::{Condition, Experiment, Trial};

use super::failure::Failure;
use super::place::Session;
use super::progress::Progress;
use super::trials::{self, between, holds};
use super::{best, logs, out, span};
use crate::experiment::STOPPED;
use crate::names::trial_name;
use crate::trial::value::Wanted;

/// How many trials are looked at for the first value.
const FIRST_MAX: u64 = 8;
/// How many trials of a front are shown.
const FRONT_MAX: usize = 10;
/// How many of a failed trial's last lines are shown.
const LOG_LINES: i64 = 10;
/// How many characters of each.
const LINE_CHARS: usize = 300;

/// Tells how it ended; the answer is the exit status.
pub(super) async fn tell(session: &Session, experiment: &Experiment) -> Result<(), Failure> {
    let status = experiment.status.clone().unwrap_or_default();
    if holds(&status.conditions, "Succeeded") {
        return out::say(&success(session, experiment).await?);
    }
    let mut text = summary(experiment);
    if let Some(condition) = status.conditions.last().filter(|it| !it.message.is_empty()) {
        text = format!("{text}\n{}", condition.message);
    }
    if let Some(trial) = first_fault(trials::of(session, &experiment.name_any()).await?) {
        text = format!("{text}\n{}", fault(session, &trial).await);
    }
    if let Some(best) = best_text(session, experiment).await? {
        text = format!("{text}\n\n{best}");
    }
    Err(Failure::Failed(text))
}

/// What is said of an experiment that its owner has stopped.
pub(super) async fn stopped(session: &Session, experiment: &Experiment) -> Result<String, Failure> {
    match best_text(session, experiment).await? {
        Some(_) => success(session, experiment).await,
        None => Ok(format!("{}\nNo trial had measured its objective yet.", summary(experiment))),
    }
}

async fn success(session: &Session, experiment: &Experiment) -> Result<String, Failure> {
    let name = experiment.name_any();
    let Some(best) = best_text(session, experiment).await? else { return Ok(summary(experiment)) };
    Ok(format!(
        "{}\n\n{best}\n\nGo on:\n  qalam best {name} -o args        the parameters as arguments\n  \
         qalam logs {name} --best         what the best trial printed\n  \
         qalam export {name}              every trial, as CSV",
        summary(experiment),
    ))
}

/// The best trial beside the first that measured its objective; none if none has.
async fn best_text(session: &Session, experiment: &Experiment) -> Result<Option<String>, Failure> {
    let status = experiment.status.clone().unwrap_or_default();
    if status.current_optimal_trial.best_trial_name.is_empty() {
        return Ok(None);
    }
    let wanted = Wanted::of(&experiment.spec);
    let first = first_value(session, experiment, &wanted).await?;
    let mut text = best::text(&wanted, &status.current_optimal_trial, first.as_deref());
    if let Some(front) = best::front(&wanted, &status.optimal_trials, FRONT_MAX) {
        text = format!("{text}\n\n{front}");
    }
    Ok(Some(text))
}

/// The first objective of the first trial that has one, among the first few.
async fn first_value(
    session: &Session,
    experiment: &Experiment,
    wanted: &Wanted,
) -> Result<Option<String>, Failure> {
    let Some(objective) = wanted.objectives().next() else { return Ok(None) };
    let (name, uid) = (experiment.name_any(), experiment.uid().unwrap_or_default());
    for index in 0..FIRST_MAX {
        let trial = session.api::<Trial>().get_opt(&trial_name(&name, &uid, index)).await?;
        let observed = trial.and_then(|it| it.status?.observation).unwrap_or_default();
        if let Some(value) = wanted.text(&observed, &objective.metric) {
            return Ok(Some(value.to_owned()));
        }
    }
    Ok(None)
}

/// `Experiment e has succeeded in 52s: 40 trials, 2 failed (ExperimentGoalReached).`
pub(super) fn summary(experiment: &Experiment) -> String {
    let status = experiment.status.clone().unwrap_or_default();
    let progress = Progress::of(&experiment.spec, &status);
    let took = between(status.start_time.as_ref(), status.completion_time.as_ref());
    let took = took.map_or_else(String::new, |it| format!(" in {}", span::show(it)));
    let ended = status.conditions.iter().rev().find(|it| it.status == "True");
    let (how, reason) = match ended {
        Some(it) if it.reason == STOPPED => ("was stopped", ""),
        Some(it) if it.type_ == "Succeeded" => ("has succeeded", it.reason.as_str()),
        Some(it) => ("has failed", it.reason.as_str()),
        None => ("has ended", ""),
    };
    let count = |count: u64, what: &str| match count {
        0 => String::new(),
        count => format!(", {count} {what}"),
    };
    let failed = count(progress.failed, "failed");
    let killed = count(u64::try_from(status.trials_killed).unwrap_or(0), "stopped");
    let reason = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
    format!(
        "Experiment {} {how}{took}: {} trial{}{failed}{killed}{reason}.",
        experiment.name_any(),
        progress.done,
        if progress.done == 1 { "" } else { "s" },
    )
}

/// The trial that failed first.
fn first_fault(trials: Vec<Trial>) -> Option<Trial> {
    let failed = trials.into_iter().filter(|trial| fault_condition(trial).is_some());
    failed.min_by_key(|trial| {
        trial.status.as_ref().and_then(|it| it.completion_number).unwrap_or(i64::MAX)
    })
}

fn fault_condition(trial: &Trial) -> Option<Condition> {
    let conditions = &trial.status.as_ref()?.conditions;
    let fault = |it: &&Condition| {
        it.status == "True" && (it.type_ == "Failed" || it.type_ == "MetricsUnavailable")
    };
    conditions.iter().rev().find(fault).cloned()
}

/// The trial's reason, its last lines, and a hint.
async fn fault(session: &Session, trial: &Trial) -> String {
    let name = trial.name_any();
    let condition = fault_condition(trial).unwrap_or_default();
    let mut text = format!("First failed trial: {name}\n  {}", condition.reason);
    if !condition.message.is_empty() {
        text = format!("{text}: {}", condition.message);
    }
    let lines = last_lines(session, trial).await.unwrap_or_default();
    if !lines.is_empty() {
        let lines: Vec<String> = lines.lines().map(shown).collect();
        text = format!("{text}\n  It printed last:\n{}", lines.join("\n"));
    }
    match hint(&condition, &lines) {
        Some(hint) => format!("{text}\n  Hint: {hint}"),
        None => text,
    }
}

/// The beginning of a line, set in: a program may print megabytes without a line end.
fn shown(line: &str) -> String {
    match line.char_indices().nth(LINE_CHARS) {
        Some((end, _)) => format!("    {}…", &line[..end]),
        None => format!("    {line}"),
    }
}

async fn last_lines(session: &Session, trial: &Trial) -> Result<String, Failure> {
    let Some(pod) = logs::pods(session, trial).await?.pop() else { return Ok(String::new()) };
    let params = LogParams {
        container: logs::container(trial, &pod),
        tail_lines: Some(LOG_LINES),
        ..LogParams::default()
    };
    Ok(session.api::<Pod>().logs(&pod.name_any(), &params).await?)
}

/// What most probably helps.
fn hint(condition: &Condition, log: &str) -> Option<&'static str> {
    let all = format!("{} {}\n{log}", condition.reason, condition.message);
    let has = |words: &[&str]| words.iter().any(|word| all.contains(word));
    if has(&["ModuleNotFoundError", "ImportError"]) {
        Some("activate the environment that has the module before `qalam run`; it is recorded")
    } else if has(&["exit code 127", "StartError", "CreateContainerError", "No such file"]) {
        Some("the command runs on this machine, in the directory where the experiment was started")
    } else if condition.type_ == "MetricsUnavailable" {
        Some("print the objective as name=value on a line of its own, or set metricsCollectorSpec")
    } else if has(&["DeadlineExceeded"]) {
        Some("the trial took longer than its deadline; raise it, or search smaller models")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::kinds::{ExperimentSpec, ExperimentStatus, TrialStatus};

    fn condition(type_: &str, reason: &str) -> Condition {
        Condition {
            type_: type_.into(),
            status: "True".into(),
            reason: reason.into(),
            ..Default::default()
        }
    }

    #[test]
    fn the_end_is_summed_up() {
        let mut experiment = Experiment::new("e", ExperimentSpec::default());
        experiment.status = Some(ExperimentStatus {
            trials_succeeded: 3,
            trials_failed: 1,
            conditions: vec![condition("Succeeded", "ExperimentGoalReached")],
            ..Default::default()
        });
        assert_eq!(
            summary(&experiment),
            "Experiment e has succeeded: 4 trials, 1 failed (ExperimentGoalReached)."
        );
        let mut stopped = experiment.clone();
        let status = stopped.status.as_mut().unwrap();
        (status.trials_failed, status.trials_killed) = (0, 2);
        status.conditions = vec![condition("Failed", STOPPED)];
        assert_eq!(summary(&stopped), "Experiment e was stopped: 5 trials, 2 stopped.");
    }

    #[test]
    fn the_first_fault_is_the_one_that_completed_first() {
        let trial = |name: &str, number: i64, type_: &str| {
            let mut trial = Trial::new(name, Default::default());
            trial.status = Some(TrialStatus {
                completion_number: Some(number),
                conditions: vec![condition(type_, "")],
                ..Default::default()
            });
            trial
        };
        let trials = vec![
            trial("a", 1, "Succeeded"),
            trial("b", 3, "Failed"),
            trial("c", 2, "MetricsUnavailable"),
        ];
        assert_eq!(first_fault(trials).map(|it| it.name_any()), Some("c".into()));
        assert_eq!(first_fault(vec![trial("a", 1, "Succeeded")]), None);
    }

    #[test]
    fn hints_follow_the_fault() {
        let check = |type_: &str, log: &str, expect: &str| {
            let got = hint(&condition(type_, ""), log).unwrap_or_default();
            assert!(got.contains(expect) && got.is_empty() == expect.is_empty(), "{log}: {got}");
        };
        check("Failed", "ModuleNotFoundError: No module named 'x'", "activate the environment");
        check("Failed", "sh: No such file or directory", "runs on this machine");
        check("MetricsUnavailable", "", "name=value");
        check("Failed", "Segmentation fault", "");
    }
}
