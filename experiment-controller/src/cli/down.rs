//! `qalam down`: ends the home's server; running trials go on, or end with it.

use std::time::{Duration, Instant};

use clap::Args;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use platform::cluster::node::halt::halt;

use super::failure::Failure;
use super::out;
use super::place::Place;
use crate::roles::{Server, State};

/// How long the server may take to end.
const END_MAX: Duration = Duration::from_secs(20);
/// Pause between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Arguments of `qalam down`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  qalam down               running trials go on; the next start takes them up again
  qalam down --stop        running trials end, too; the next start runs them once more
  qalam up                 starts it again, as any verb that needs it does")]
pub(super) struct Down {
    /// End running trials, too; they do not count as failed, and run again after the next start
    #[arg(long)]
    stop: bool,
}

/// Ends the server of this home, if one runs.
pub(super) async fn run(place: &Place, args: &Down) -> Result<(), Failure> {
    let state = place.state()?;
    let root = state.root().display();
    let server = state.server().filter(|_| state.is_locked());
    if let Some(server) = &server {
        end(&state, server).await?;
    }
    let how = if server.is_some() { "down" } else { "not running" };
    if !args.stop || !state.root().is_dir() {
        return out::say(&format!("home {root}: {how}"));
    }
    // With the lock in hand, nobody starts a server that would take the pods over.
    let Some(_lock) = state.lock()? else {
        return Err(Failure::Failed(format!(
            "another command has started the home {root} again; its trials go on"
        )));
    };
    let ended = halt(state.root())?;
    out::say(&format!("home {root}: {how}, {ended} running pods ended"))
}

/// Ends the server, and waits until it is gone.
async fn end(state: &State, server: &Server) -> Result<(), Failure> {
    let pid = server.pid;
    kill(Pid::from_raw(pid), Signal::SIGTERM)
        .map_err(|error| Failure::Failed(format!("process {pid}: {error}")))?;
    let began = Instant::now();
    while state.is_locked() {
        if END_MAX < began.elapsed() {
            return Err(Failure::Failed(format!("the server (process {pid}) does not end")));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}
