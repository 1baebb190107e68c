//! `qalam delete`: an experiment, and all that is under it.

use clap::Args;
use kube::api::DeleteParams;
use proto::kinds::Experiment;

use super::failure::Failure;
use super::out;
use super::place::Session;

/// Arguments of `qalam delete`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  qalam delete quickstart          ends its trials, and deletes them with their logs
  qalam stop quickstart            ends its trials, and keeps everything")]
pub(super) struct Delete {
    /// Names of the experiments
    #[arg(required = true)]
    experiments: Vec<String>,
}

/// Deletes them.
pub(super) async fn run(session: &Session, args: &Delete) -> Result<(), Failure> {
    for name in &args.experiments {
        session.api::<Experiment>().delete(name, &DeleteParams::background()).await?;
        out::say(&format!("experiment {name} is deleted"))?;
    }
    Ok(())
}
