//! The files of a pod's folder: what the shim is told (`pod.json`) and what it tells (`state.json`).
//!
//! ```text
//! $QALAM_HOME/pods/<uid>/pod.json      written once by the node, before the shim starts
//!                        lock          held by the shim for as long as it lives: a pod has one
//!                        state.json    written by the shim, replaced whole at every change
//!                        stop          seconds of grace, and the reason if it is not that the pod is deleted
//!                        control       a pipe that wakes the shim to look at `stop`
//!                        logs/<container>/<restart>.log
//!                        dir/          $QALAM_POD_DIR: the scratch folder, with one entry per volume
//!                        serviceaccount/   what a pod finds of its service account
//! ```
//! An older shim may write for a newer node: fields are only ever added, each with a default.

use super::identity::Identity;
use super::probe::Care;
use jiff::Timestamp;
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// The reason of a pod that ended because the home was stopped with all that ran.
pub const NODE_SHUTDOWN: &str = "NodeShutdown";
/// The reason of a pod that was lost when the machine was restarted.
pub const NODE_LOST: &str = "NodeLost";

/// What the shim runs. Everything is resolved: no name is left to look up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PodPlan {
    /// The pod's uid; also the name of its folder.
    pub uid: String,
    /// `namespace/name`, for messages.
    pub name: String,
    /// Where the node listens for "the state changed".
    pub notify: Option<PathBuf>,
    /// Seconds between SIGTERM and SIGKILL.
    pub grace_seconds: u64,
    /// Seconds that the pod may be active.
    pub deadline_seconds: Option<u64>,
    /// Run one after the other before the others; sidecars among them stay.
    pub init: Vec<ContainerPlan>,
    /// Run together.
    pub containers: Vec<ContainerPlan>,
}

/// One container: a process group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ContainerPlan {
    /// Unique in the pod.
    pub name: String,
    /// Program and arguments, `$(VAR)` already expanded.
    pub argv: Vec<String>,
    /// The whole environment; nothing is inherited.
    pub env: BTreeMap<String, String>,
    /// The directory that it starts in.
    pub dir: PathBuf,
    /// Folders and files to be seen at other paths.
    pub mounts: Vec<MountPlan>,
    /// What follows its end.
    pub restart: Restart,
    /// An init container that stays for the pod's whole life.
    pub sidecar: bool,
    /// What is asked of it and done for it while it lives.
    pub care: Care,
}

/// A folder or file of the host that a container sees at `path`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct MountPlan {
    /// The volume's name.
    pub volume: String,
    /// What is mounted.
    pub source: PathBuf,
    /// Where; absolute.
    pub path: PathBuf,
    /// Whether writes are refused.
    pub read_only: bool,
    /// Left out where it cannot be had.
    pub optional: bool,
}

/// When an ended container is started again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Restart {
    /// Whatever its exit code was.
    Always,
    /// When its exit code was not 0.
    OnFailure,
    /// Not.
    #[default]
    Never,
}

/// What the shim knows of its pod.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PodState {
    /// Who wrote this.
    pub shim: Identity,
    /// When the shim took the pod over.
    pub started_at: Option<Timestamp>,
    /// By container name, init containers included.
    pub containers: BTreeMap<String, ContainerState>,
    /// Whether all init containers did their work.
    pub initialized: bool,
    /// Why the pod failed as a whole, if it did.
    pub failure: Option<Cause>,
    /// What could not be done as asked, though the pod runs.
    pub warnings: Vec<Cause>,
    /// Whether everything has ended: no process is left and nothing will be written again.
    pub finished: bool,
}

/// Why something is as it is: a CamelCase word for programs and a sentence for people.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// One word.
    pub reason: String,
    /// A sentence with the way out.
    pub message: String,
}

impl Cause {
    /// A cause.
    pub fn new(reason: &str, message: impl Into<String>) -> Self {
        Self { reason: reason.into(), message: message.into() }
    }
}

/// One container's past and present.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ContainerState {
    /// Now.
    pub now: Phase,
    /// How the run before this one ended.
    pub last: Option<Ended>,
    /// How often it was started again; names the log file.
    pub restarts: u32,
    /// Whether its probes say that it has started up; none where nobody asks.
    pub started: Option<bool>,
    /// Whether its probes say that it is ready; none where nobody asks.
    pub ready: Option<bool>,
}

impl ContainerState {
    /// Whether it runs, and has started up.
    #[must_use]
    pub fn is_started(&self) -> bool {
        matches!(self.now, Phase::Running { .. }) && self.started != Some(false)
    }

    /// Whether it runs, and is ready.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.is_started() && self.ready != Some(false)
    }
}

/// Where a container is in its life.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Phase {
    /// Not started, or waiting to be started again.
    Waiting(Cause),
    /// Has a process.
    Running {
        /// Since when.
        since: Timestamp,
        /// Its process, the leader of its process group.
        pid: i32,
    },
    /// Will not run again, unless it is restarted.
    Ended(Ended),
}

impl Default for Phase {
    fn default() -> Self {
        Self::Waiting(Cause::new("PodInitializing", ""))
    }
}

/// How a run of a container ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ended {
    /// The exit code; 128 + signal for a signal.
    pub code: i32,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// `Completed`, `Error`, `StartError`, …
    pub cause: Cause,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Timestamp,
}

impl ContainerState {
    /// Nobody saw how it ended: a running container is counted as killed.
    pub fn lose(&mut self, at: Timestamp) {
        if let Phase::Running { since, .. } = self.now {
            let cause = Cause::new("ContainerStatusUnknown", "its end was not seen");
            let (started_at, finished_at) = (since, at);
            self.now =
                Phase::Ended(Ended { code: 137, signal: None, cause, started_at, finished_at });
        }
    }
}

impl PodState {
    /// Reads `state.json`; none if the shim has not written one yet.
    pub fn load(pod: &Path) -> io::Result<Option<Self>> {
        load(&pod.join("state.json"))
    }

    /// Replaces `state.json`. A power failure may bring the old one back, see [`PodState::settle`].
    pub fn save(&self, pod: &Path) -> io::Result<()> {
        replace(&pod.join("state.json"), self)
    }

    /// Makes the saved state survive a power failure. Only the final one need: whoever finds an
    /// earlier one after a reboot knows from its boot id that the pod was lost (`NodeLost`).
    pub fn settle(pod: &Path) -> io::Result<()> {
        File::open(pod.join("state.json"))?.sync_all()?;
        File::open(pod)?.sync_all()
    }
}

impl PodPlan {
    /// Reads `pod.json`; none if there is none.
    pub fn load(pod: &Path) -> io::Result<Option<Self>> {
        load(&pod.join("pod.json"))
    }

    /// Writes `pod.json`.
    pub fn save(&self, pod: &Path) -> io::Result<()> {
        replace(&pod.join("pod.json"), self)
    }

    /// All containers, in starting order.
    pub fn all(&self) -> impl Iterator<Item = &ContainerPlan> {
        self.init.iter().chain(&self.containers)
    }
}

/// Held by the shim of a pod; whoever else holds it may be sure that none begins meanwhile.
#[derive(Debug)]
pub struct Lock(#[allow(dead_code, reason = "held, not read")] Flock<File>);

impl Lock {
    /// Takes the lock of a pod; none if somebody holds it.
    ///
    /// # Errors
    /// When the pod has no folder, or the lock cannot be written there.
    pub fn take(pod: &Path) -> io::Result<Option<Self>> {
        let path = pod.join("lock");
        let file = File::options().create(true).truncate(false).write(true).open(path)?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => Ok(Some(Self(lock))),
            Err((_, Errno::EWOULDBLOCK)) => Ok(None),
            Err((_, errno)) => Err(errno.into()),
        }
    }
}

/// The folder of a pod.
pub fn pod_folder(home: &Path, uid: &str) -> PathBuf {
    home.join("pods").join(uid)
}

/// The log file of one run of a container.
pub fn log_file(pod: &Path, container: &str, restart: u32) -> PathBuf {
    pod.join("logs").join(container).join(format!("{restart}.log"))
}

/// Where the older part of a log file is that has reached its bound.
pub fn rotated(log: &Path) -> PathBuf {
    log.with_extension("log.1")
}

fn load<T: serde::de::DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes beside the file and renames, so that a reader sees the old or the new, never a part.
fn replace<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    let beside = path.with_extension("new");
    fs::write(&beside, serde_json::to_vec(value)?)?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_survives_its_file() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(PodState::load(folder.path()).unwrap(), None);
        let mut state = PodState { finished: true, ..PodState::default() };
        state.containers.insert("main".into(), ContainerState::default());
        state.save(folder.path()).unwrap();
        assert_eq!(PodState::load(folder.path()).unwrap(), Some(state));
    }

    #[test]
    fn a_pod_has_one_shim() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::take(folder.path()).unwrap();
        assert!(first.is_some() && Lock::take(folder.path()).unwrap().is_none());
        drop(first);
        assert!(Lock::take(folder.path()).unwrap().is_some());
        assert!(Lock::take(&folder.path().join("none")).is_err());
    }

    #[test]
    fn a_state_of_another_version_is_read() {
        let old: PodState = serde_json::from_str(r#"{"finished":true,"later":1}"#).unwrap();
        assert!(old.finished);
    }
}
