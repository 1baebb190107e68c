//! `qalam pause`: no new trials until `qalam resume`.

use clap::Args;
use kube::api::{Patch, PatchParams};
use proto::kinds::Experiment;
use serde_json::json;

use super::best::get;
use super::failure::Failure;
use super::out;
use super::place::Session;
use crate::experiment::ended;

/// Arguments of `qalam pause`.
#[derive(Args, Debug)]
#[command(
    after_help = "Trials that run go on to their end; no new one is made until `qalam resume`.

Examples:
  qalam pause quickstart
  qalam resume quickstart"
)]
pub(super) struct Pause {
    /// Names of the experiments
    #[arg(required = true, value_name = "EXPERIMENT")]
    experiments: Vec<String>,
}

/// Pauses them all, or none if a name is wrong or one has ended.
pub(super) async fn run(session: &Session, args: &Pause) -> Result<(), Failure> {
    for name in &args.experiments {
        if ended(&get(session, name).await?) {
            return Err(Failure::Refused(format!("experiment {name} has ended already")));
        }
    }
    let api = session.api::<Experiment>();
    for name in &args.experiments {
        let patch = Patch::Merge(json!({"spec": {"suspend": true}}));
        api.patch(name, &PatchParams::default(), &patch).await?;
        out::say(&format!("{name} is paused: what runs goes on; qalam resume {name}"))?;
    }
    Ok(())
}
