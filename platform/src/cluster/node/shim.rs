//! `qalam shim <pod-folder>`: runs one pod and outlives the server that asked for it.
//!
//! No async here: a shim costs an exec, a few small threads, and nothing while its pod runs.
//!
//! ```text
//! supervise   decides what starts, restarts and ends          (one thread, the main one)
//! launch      starts one container                            (a short thread per start)
//! care        probes, hooks, memory                           (threads while a container lives)
//! mounts      the container's view of the file system         (inside launch)
//! pump        its output → its log file                       (a thread per container)
//! reap        every process that ends under the shim → supervise
//! ```

mod care;
mod launch;
mod memory;
mod mounts;
mod pump;
mod reap;
mod strays;
mod supervise;

use super::record::{self, Lock, PodPlan, PodState};
use anyhow::{Context, bail};
use nix::sys::prctl::set_child_subreaper;
use nix::sys::stat::Mode;
use nix::unistd::{mkfifo, setsid};
use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;
use supervise::{Happening, Supervisor};

/// Forbids namespaces when set to `1`: mounts are then refused or told, never silently different.
pub const NO_NAMESPACES: &str = "QALAM_NO_NAMESPACES";

/// In place of a pod's folder: only tells whether containers can have their own view of the file
/// system.
pub(super) const SURVEY: &str = "--survey";

/// Looks at the lock before it counts as another shim's.
const LOCK_TRIES: u32 = 20;
/// Pause between two looks at the lock.
const LOCK_EVERY: Duration = Duration::from_millis(10);

/// Runs the pod whose folder is the only argument. Call it before any other thread exists: a user
/// namespace can be entered only by a process with one thread.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut args = args.into_iter();
    let (Some(pod), None) = (args.next(), args.next()) else {
        complain("usage: qalam shim <pod-folder>");
        return ExitCode::from(2);
    };
    if pod == SURVEY {
        return match mounts::isolate(true) {
            mounts::Isolation::Namespaces => ExitCode::SUCCESS,
            mounts::Isolation::Denied(why) => {
                complain(&why);
                ExitCode::FAILURE
            }
        };
    }
    match run(Path::new(&pod)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("shim of {}: {error:#}", pod.display()));
            ExitCode::FAILURE
        }
    }
}

fn run(pod: &Path) -> anyhow::Result<()> {
    // A server that died right after it had started a shim makes the next one start another.
    let Some(_lock) = take(pod).context("the lock")? else { return Ok(()) };
    if PodState::load(pod).context("state.json")?.is_some() {
        return Ok(());
    }
    let Some(plan) = PodPlan::load(pod).context("pod.json")? else {
        bail!("{} holds no pod.json", pod.display());
    };
    // Refused if the shim leads a group already, as under a shell: then its session will do.
    let _leads_already = setsid();
    set_child_subreaper(true).context("becoming the parent of orphans")?;
    let wanted = plan.all().any(|container| !container.mounts.is_empty());
    let isolation = mounts::isolate(wanted);

    let (sender, happenings) = channel();
    listen(pod, sender.clone())?;
    let reaper = reap::start(sender.clone());
    Supervisor::new(pod.to_owned(), plan, isolation, reaper, (sender, happenings)).run()
}

/// Takes the pod's lock; none if another shim has it. The node may have it for a moment, to look.
fn take(pod: &Path) -> std::io::Result<Option<Lock>> {
    for _ in 1..LOCK_TRIES {
        if let Some(lock) = Lock::take(pod)? {
            return Ok(Some(lock));
        }
        thread::sleep(LOCK_EVERY);
    }
    Lock::take(pod)
}

/// Wakes the supervisor whenever somebody writes to the pod's `control` pipe.
fn listen(pod: &Path, sender: Sender<Happening>) -> anyhow::Result<()> {
    let path = pod.join("control");
    if !path.exists() {
        mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR).context("the control pipe")?;
    }
    // Open for both, so that there is a writer always and reading waits instead of ending.
    let mut pipe =
        File::options().read(true).write(true).open(&path).context("the control pipe")?;
    thread::Builder::new().name("control".into()).spawn(move || {
        let mut byte = [0; 1];
        while pipe.read_exact(&mut byte).is_ok() && sender.send(Happening::Control).is_ok() {}
    })?;
    Ok(())
}

/// Asks a pod's shim to end its pod: SIGTERM, and SIGKILL after `grace_seconds`. Asking again with
/// a shorter time shortens it.
pub fn stop(pod: &Path, grace_seconds: u64) -> std::io::Result<()> {
    ask(pod, &grace_seconds.to_string())
}

/// The same because the node is shut down: the pod then says so, whatever its exit codes are.
pub(super) fn shut_down(pod: &Path, grace_seconds: u64) -> std::io::Result<()> {
    ask(pod, &format!("{grace_seconds} {}", record::NODE_SHUTDOWN))
}

fn ask(pod: &Path, text: &str) -> std::io::Result<()> {
    std::fs::write(pod.join("stop"), text)?;
    // Without a reader the shim has not started, and will find the file, or is gone.
    match nonblocking(&pod.join("control")) {
        Ok(mut pipe) => pipe.write_all(b"s"),
        Err(_) => Ok(()),
    }
}

/// The content of `stop`: seconds of grace, and perhaps a reason.
fn wish(text: &str) -> (Option<u64>, &str) {
    let (seconds, reason) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    (seconds.parse().ok(), reason)
}

fn nonblocking(path: &PathBuf) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let flags = nix::fcntl::OFlag::O_NONBLOCK.bits();
    File::options().write(true).custom_flags(flags).open(path)
}

/// The shim's own troubles go to its standard error, which the node keeps as `shim.log`.
fn complain(text: &str) {
    let _nobody_listens = writeln!(std::io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_to_stop_is_read() {
        assert_eq!(wish("30"), (Some(30), ""));
        assert_eq!(wish("5 NodeShutdown\n"), (Some(5), record::NODE_SHUTDOWN));
        assert_eq!(wish(""), (None, ""));
    }
}
