//! `qalam resume`: an experiment that was paused or stopped, or ran out of budget, goes on.

use clap::Args;
use kube::ResourceExt;
use kube::api::{Patch, PatchParams};
use proto::kinds::{Condition, Experiment};
use serde_json::{Value, json};

use super::best::get;
use super::failure::Failure;
use super::place::Session;
use super::{follow, launch, out};
use crate::experiment::{STOP_ANNOTATION, STOPPED, ended};

/// Arguments of `qalam resume`.
#[derive(Args, Debug)]
#[command(
    after_help = "One that was paused goes on in any case. Of those that have ended, only an experiment whose resumePolicy is LongRunning or FromVolume goes on: `qalam tune` makes such
ones, and `qalam run --set spec.resumePolicy=LongRunning` does. Trials that were ended by `qalam
stop` count; with --trials more may be added.

Examples:
  qalam resume quickstart
  qalam resume quickstart --trials 100"
)]
pub(super) struct Resume {
    /// Name of the experiment
    experiment: String,

    /// How many trials there may be from now on, those that were made included
    #[arg(long, value_parser = clap::value_parser!(i32).range(1..))]
    trials: Option<i32>,

    /// Let it go on, and leave
    #[arg(long)]
    detach: bool,

    /// Show no progress
    #[arg(short, long)]
    quiet: bool,
}

/// Takes the stop back, raises the budget, and follows.
pub(super) async fn run(session: &Session, args: &Resume) -> Result<(), Failure> {
    let name = &args.experiment;
    let experiment = get(session, name).await?;
    let change = change(&experiment, args.trials).map_err(Failure::Refused)?;
    let api = session.api::<Experiment>();
    api.patch(name, &PatchParams::default(), &Patch::Merge(change)).await?;
    // The controllers take the end back in a moment; until then it looks as if it had ended.
    follow::until_open(session, name).await?;
    if args.detach {
        return out::say(&format!("experiment {name} goes on"));
    }
    launch::attend(session, name, args.quiet).await
}

/// The edit with which the experiment goes on; else why it does not.
pub(crate) fn change(experiment: &Experiment, trials: Option<i32>) -> Result<Value, String> {
    let (name, spec) = (experiment.name_any(), &experiment.spec);
    let conditions = experiment.status.as_ref().map_or(&[][..], |it| &it.conditions);
    let end =
        |it: &&Condition| it.status == "True" && ["Succeeded", "Failed"].contains(&&*it.type_);
    let reason = conditions.iter().find(end).map(|it| it.reason.as_str());
    match reason {
        None | Some(STOPPED | "ExperimentMaxTrialsReached") => {}
        Some(other) => return Err(format!("experiment {name} has ended by {other}, for good")),
    }
    if ended(experiment) && !["LongRunning", "FromVolume"].contains(&spec.resume_policy.as_str()) {
        return Err(format!(
            "experiment {name} has the resumePolicy {}, which is fixed: it has ended for good; \
             `qalam run FILE --new --set spec.resumePolicy=LongRunning` begins one that can go on",
            spec.resume_policy
        ));
    }
    if !ended(experiment) && spec.suspend && trials.is_none() {
        return Ok(json!({"spec": {"suspend": false}}));
    }
    let made = experiment.status.as_ref().map_or(0, |it| it.trials);
    let most = trials.or(spec.max_trial_count);
    if let Some(most) = most.filter(|most| *most <= made) {
        return Err(format!(
            "experiment {name} has made {made} trials and may have {most}; say --trials with more"
        ));
    }
    let mut change = json!({"metadata": {"annotations": {STOP_ANNOTATION: null}}});
    if let Some(trials) = trials {
        change["spec"]["maxTrialCount"] = trials.into();
    }
    if spec.suspend {
        change["spec"]["suspend"] = false.into();
    }
    Ok(change)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::kinds::{ExperimentSpec, ExperimentStatus};

    #[test]
    fn only_what_may_go_on_does() {
        let check = |reason: &str, policy: &str, trials: Option<i32>, expect: &str| {
            let spec = ExperimentSpec {
                resume_policy: policy.into(),
                max_trial_count: Some(5),
                ..Default::default()
            };
            let mut experiment = Experiment::new("e", spec);
            let condition = json!({"type": "Succeeded", "status": "True", "reason": reason});
            let conditions = match reason {
                "" => vec![],
                _ => vec![serde_json::from_value(condition).unwrap()],
            };
            experiment.status =
                Some(ExperimentStatus { trials: 5, conditions, ..Default::default() });
            let got = change(&experiment, trials).map_or_else(|why| why, |it| it.to_string());
            assert!(got.contains(expect), "{got}");
        };
        check(STOPPED, "LongRunning", Some(9), r#""maxTrialCount":9"#);
        check(STOPPED, "LongRunning", None, "has made 5 trials and may have 5; say --trials");
        check("ExperimentMaxTrialsReached", "FromVolume", Some(6), STOP_ANNOTATION);
        check(STOPPED, "Never", Some(9), "has the resumePolicy Never");
        check(
            "ExperimentGoalReached",
            "LongRunning",
            Some(9),
            "by ExperimentGoalReached, for good",
        );
        check("", "Never", Some(6), STOP_ANNOTATION);
    }
}
