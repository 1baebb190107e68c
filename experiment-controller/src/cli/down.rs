//! `qalam down`: ends the home's server; running trials go on, or end with it.

use std::time::{Duration, Instant};

use clap::Args;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{DeleteParams, ListParams};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::failure::Failure;
use super::place::Place;
use super::{home, out};
use crate::roles::State;

/// How long the server may take to end.
const END_MAX: Duration = Duration::from_secs(20);
/// How long stopped pods may take to end: their grace period, and a little.
const PODS_MAX: Duration = Duration::from_secs(40);
/// Pause between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Arguments of `qalam down`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  qalam down               running trials go on; the next start takes them up again
  qalam down --stop        running trials end, too; unfinished experiments fail or retry them")]
pub(super) struct Down {
    /// End running trials, too
    #[arg(long)]
    stop: bool,
}

/// Ends the server of this home, if one runs.
pub(super) async fn run(place: &Place, args: &Down) -> Result<(), Failure> {
    let state = place.state()?;
    let root = state.root().display();
    let Some(server) = state.server().filter(|_| state.is_locked()) else {
        return out::say(&format!("home {root}: not running"));
    };
    let ended = if args.stop { stop_pods(&state).await? } else { 0 };
    kill(Pid::from_raw(server.pid), Signal::SIGTERM)
        .map_err(|error| Failure::Failed(format!("process {}: {error}", server.pid)))?;
    let began = Instant::now();
    while state.is_locked() {
        if END_MAX < began.elapsed() {
            let pid = server.pid;
            return Err(Failure::Failed(format!("the server (process {pid}) does not end")));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let pods = if args.stop { format!(", {ended} running pods ended") } else { String::new() };
    out::say(&format!("home {root}: down{pods}"))
}

/// Deletes every pod that has not ended, and waits until they are gone; answers how many.
async fn stop_pods(state: &State) -> Result<usize, Failure> {
    let (client, _) = home::client(state).await?;
    let all: Api<Pod> = Api::all(client.clone());
    let running = all.list(&ListParams::default()).await?.items;
    let running: Vec<Pod> = running.into_iter().filter(|pod| !has_ended(pod)).collect();
    for pod in &running {
        let (namespace, name) = identity(pod);
        let api: Api<Pod> = Api::namespaced(client.clone(), &namespace);
        match api.delete(&name, &DeleteParams::default()).await {
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            other => drop(other?),
        }
    }
    let began = Instant::now();
    for pod in &running {
        let (namespace, name) = identity(pod);
        let api: Api<Pod> = Api::namespaced(client.clone(), &namespace);
        let there = |found: &Pod| found.metadata.uid == pod.metadata.uid && !has_ended(found);
        while api.get_opt(&name).await?.as_ref().is_some_and(there) {
            if PODS_MAX < began.elapsed() {
                return Err(Failure::Failed(format!("pod {namespace}/{name} does not end")));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
    Ok(running.len())
}

fn identity(pod: &Pod) -> (String, String) {
    let text = |it: &Option<String>| it.clone().unwrap_or_default();
    (text(&pod.metadata.namespace), text(&pod.metadata.name))
}

fn has_ended(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|it| it.phase.as_deref());
    matches!(phase, Some("Succeeded" | "Failed"))
}
