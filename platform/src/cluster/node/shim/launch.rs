//! Starts one container: its view of the file system, its program, its output.

use super::super::record::{Cause, ContainerPlan, log_file};
use super::care::Patient;
use super::mounts::{self, Isolation};
use super::pump::{Log, Pump};
use super::reap::{Exit, Reaper};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;
use std::thread;

/// Bytes at which a container's log begins a new file, if that is set; one older file is kept.
const LOG_BYTES: &str = "QALAM_LOG_BYTES";
/// The same where nothing is set: with the older file at most twice as much a container.
const LOG_BYTES_USUAL: u64 = 128 << 20;

/// What it takes to start a container.
pub(super) struct Launch<'a> {
    pub(super) pod: &'a Path,
    pub(super) container: &'a ContainerPlan,
    /// Its place in the plan.
    pub(super) index: usize,
    pub(super) restart: u32,
    pub(super) isolation: &'a Isolation,
    pub(super) reaper: &'a Reaper,
}

/// A container that runs.
pub(super) struct Started {
    /// Its process, the leader of its process group.
    pub(super) pid: i32,
    pub(super) pump: Pump,
}

impl Launch<'_> {
    /// Starts it, or says why it cannot be started.
    pub(super) fn start(&self) -> Result<Started, Cause> {
        let log = self.open_log().map_err(|error| {
            Cause::new("StartError", format!("the log file cannot be written: {error}"))
        })?;
        // A thread of its own, since namespaces belong to threads and are inherited from them.
        let spawned = thread::scope(|scope| {
            let thread =
                thread::Builder::new().name("launch".into()).spawn_scoped(scope, || self.spawn());
            thread
                .map_err(|error| Cause::new("StartError", error.to_string()))?
                .join()
                .unwrap_or_else(|_panic| {
                    Err(Cause::new("StartError", "the shim failed while it started this"))
                })
        });
        let mut child = spawned?;
        let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else {
            unreachable!("both are piped");
        };
        let pump = Pump::start(log, out, err)
            .map_err(|error| Cause::new("StartError", format!("its output: {error}")))?;
        Ok(Started { pid: child.id().cast_signed(), pump })
    }

    fn open_log(&self) -> io::Result<Log> {
        let path = log_file(self.pod, &self.container.name, self.restart);
        fs::create_dir_all(path.parent().unwrap_or(self.pod))?;
        let bound = std::env::var(LOG_BYTES).ok().and_then(|it| it.parse().ok());
        Log::open(path, bound.unwrap_or(LOG_BYTES_USUAL))
    }

    fn spawn(&self) -> Result<Child, Cause> {
        let container = self.container;
        if !container.mounts.is_empty() && *self.isolation == Isolation::Namespaces {
            let staging =
                self.pod.join("mounts").join(format!("{}-{}", container.name, self.restart));
            mounts::enter(container, &staging)
                .map_err(|why| Cause::new("MountDenied", format!("{:?}: {why}", container.name)))?;
        }
        if !container.dir.is_dir() {
            let dir = container.dir.display();
            let message = format!("workingDir {dir} is not a folder on this machine; create it");
            return Err(Cause::new("StartError", message));
        }
        let program = find(container)?;
        let mut command = Command::new(&program);
        command
            .arg0(&container.argv[0])
            .args(&container.argv[1..])
            .env_clear()
            .envs(&container.env)
            .current_dir(&container.dir)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        self.reaper.start(self.index, || command.spawn()).map_err(|error| {
            let message = format!("{} cannot be executed: {error}", program.display());
            Cause::new("StartError", message)
        })
    }
}

/// Starts a command in a container that runs: in its view of the file system, with its environment.
pub(super) fn beside(patient: &Patient, argv: &[String]) -> Result<(i32, Receiver<Exit>), String> {
    let mut container = patient.plan.clone();
    container.argv = argv.to_vec();
    let spawn = || -> Result<(i32, Receiver<Exit>), String> {
        if !container.mounts.is_empty() && patient.isolation == Isolation::Namespaces {
            mounts::join(patient.pid).map_err(|error| format!("its file system: {error}"))?;
        }
        let program = find(&container).map_err(|cause| cause.message)?;
        let mut command = Command::new(&program);
        command
            .arg0(&container.argv[0])
            .args(&container.argv[1..])
            .env_clear()
            .envs(&container.env)
            .current_dir(&container.dir)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let started = patient.reaper.start_beside(|| command.spawn());
        let (child, ended) = started
            .map_err(|error| format!("{} cannot be executed: {error}", program.display()))?;
        Ok((child.id().cast_signed(), ended))
    };
    // A thread of its own, since namespaces belong to threads and are inherited from them.
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("beside".into()).spawn_scoped(scope, spawn);
        let thread = thread.map_err(|error| error.to_string())?;
        thread.join().unwrap_or_else(|_panic| Err("the shim failed while it started this".into()))
    })
}

/// Finds the program as a shell would: a name without `/` on the container's own PATH.
fn find(container: &ContainerPlan) -> Result<PathBuf, Cause> {
    let name = container.argv.first().map(String::as_str).unwrap_or_default();
    let there = |path: &PathBuf| {
        fs::metadata(path)
            .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    if name.contains('/') {
        let path = container.dir.join(name);
        return Some(path).filter(there).ok_or_else(|| {
            let message = format!("command {name:?} is no executable file on this machine");
            Cause::new("StartError", message)
        });
    }
    let path = container.env.get("PATH").map(String::as_str).unwrap_or_default();
    let mut places = path.split(':').filter(|place| !place.is_empty() && !name.is_empty());
    places.find_map(|place| Some(container.dir.join(place).join(name)).filter(there)).ok_or_else(
        || {
            let message = format!(
                "command {name:?} was not found on PATH={path}; images are not pulled, the command \
             runs on this machine: install it, or set PATH"
            );
            Cause::new("StartError", message)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_on_the_path_of_the_container() {
        let container = |name: &str| ContainerPlan {
            argv: vec![name.into()],
            env: [("PATH".to_owned(), "/nowhere:/bin".to_owned())].into(),
            dir: "/bin".into(),
            ..ContainerPlan::default()
        };
        for (name, want) in [
            ("sh", Ok("/bin/sh")),
            ("/bin/sh", Ok("/bin/sh")),
            ("./sh", Ok("/bin/./sh")),
            (
                "no-such-program",
                Err("command \"no-such-program\" was not found on PATH=/nowhere:/bin"),
            ),
            ("/etc/passwd", Err("command \"/etc/passwd\" is no executable file")),
            ("", Err("command \"\" was not found")),
        ] {
            match (find(&container(name)), want) {
                (Ok(got), Ok(want)) => assert_eq!(got, Path::new(want)),
                (Err(got), Err(want)) => assert!(got.message.starts_with(want), "{}", got.message),
                (got, want) => panic!("{name}: got {got:?}, want {want:?}"),
            }
        }
    }
}
