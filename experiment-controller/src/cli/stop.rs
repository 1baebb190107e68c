//! `qalam stop`: ends experiments and keeps what they found.

use clap::Args;
use kube::api::{Patch, PatchParams};
use kube::runtime::wait::await_condition;
use proto::kinds::Experiment;
use serde_json::json;

use super::best::get;
use super::failure::Failure;
use super::place::Session;
use super::trials::settled;
use super::{ending, out};
use crate::experiment::{STOP_ANNOTATION, ended};

/// Arguments of `qalam stop`.
#[derive(Args, Debug)]
#[command(after_help = "Trials that run are ended; results, logs and the best trial stay.

Examples:
  qalam stop quickstart
  qalam stop quickstart && qalam best quickstart -o args
  qalam down --stop                interrupts everything, to go on at the next start")]
pub(super) struct Stop {
    /// Names of the experiments
    #[arg(required = true, value_name = "EXPERIMENT")]
    experiments: Vec<String>,
}

/// Stops them, waits until they have ended, and tells how.
pub(super) async fn run(session: &Session, args: &Stop) -> Result<(), Failure> {
    let mut running = Vec::new();
    // All are asked before one is waited for, and none if a name is wrong.
    for name in &args.experiments {
        running.push(get(session, name).await?);
    }
    for (experiment, name) in running.iter().zip(&args.experiments) {
        if !ended(experiment) {
            ask(session, name).await?;
        }
    }
    for (experiment, name) in running.iter().zip(&args.experiments) {
        if ended(experiment) {
            out::say(&format!("{name} had ended already. {}", ending::summary(experiment)))?;
            continue;
        }
        let over = |it: Option<&Experiment>| it.is_none_or(settled);
        let last = await_condition(session.api::<Experiment>(), name, over).await;
        match last.map_err(anyhow::Error::from)? {
            Some(last) => out::say(&ending::stopped(session, &last).await?)?,
            None => return Err(Failure::Failed(format!("experiment {name} was deleted"))),
        }
    }
    Ok(())
}

/// Asks the controllers to stop the experiment.
pub(super) async fn ask(session: &Session, name: &str) -> Result<(), Failure> {
    let patch = json!({"metadata": {"annotations": {STOP_ANNOTATION: "true"}}});
    let api = session.api::<Experiment>();
    api.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await?;
    Ok(())
}
