//! Learns of every process that ends under the shim, orphans included, and leaves no zombie.

use super::super::identity::stat;
use super::supervise::Happening;
use nix::errno::Errno;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::Pid;
use std::collections::BTreeMap;
use std::io;
use std::process::Child;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// By itself.
    Code(i32),
    /// By a signal.
    Signal(i32),
}

/// Who waits for a process.
enum Waiter {
    /// The supervisor: it is this container's.
    Container(usize),
    /// Whoever started it beside a container.
    Helper(Sender<Exit>),
}

/// The processes that somebody waits for.
#[derive(Default)]
pub(super) struct Reaper {
    awaited: Mutex<BTreeMap<i32, Waiter>>,
    born: Condvar,
}

/// Starts reaping; ends of containers are sent to `sender`.
pub(super) fn start(sender: Sender<Happening>) -> Arc<Reaper> {
    let reaper = Arc::new(Reaper::default());
    let own = Arc::clone(&reaper);
    thread::spawn(move || own.run(&sender));
    reaper
}

impl Reaper {
    /// Starts a process as `container`. Nothing is reaped meanwhile: so an early end is not taken
    /// for an orphan's, and a failed start is left to whom it belongs.
    pub(super) fn start(
        &self,
        container: usize,
        spawn: impl FnOnce() -> io::Result<Child>,
    ) -> io::Result<Child> {
        self.begin(Waiter::Container(container), spawn)
    }

    /// Starts a process beside the containers; how it ends is told to the receiver.
    pub(super) fn start_beside(
        &self,
        spawn: impl FnOnce() -> io::Result<Child>,
    ) -> io::Result<(Child, Receiver<Exit>)> {
        let (sender, ended) = channel();
        Ok((self.begin(Waiter::Helper(sender), spawn)?, ended))
    }

    fn begin(
        &self,
        waiter: Waiter,
        spawn: impl FnOnce() -> io::Result<Child>,
    ) -> io::Result<Child> {
        let mut awaited = self.lock();
        let child = spawn()?;
        awaited.insert(child.id().cast_signed(), waiter);
        self.born.notify_all();
        Ok(child)
    }

    fn run(&self, sender: &Sender<Happening>) {
        loop {
            let peeked = waitid(Id::All, WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT);
            let mut awaited = self.lock();
            let ended = match peeked {
                Ok(status) => reap(status.pid(), &mut awaited),
                Err(Errno::ECHILD) => {
                    let until = |awaited: &mut BTreeMap<i32, Waiter>| awaited.is_empty();
                    let born = self.born.wait_while(awaited, until);
                    drop(born.unwrap_or_else(PoisonError::into_inner));
                    continue;
                }
                // A status that nix cannot read (a real-time signal): reaped unseen, then missed.
                Err(_) => {
                    let _unreadable = waitpid(None, Some(WaitPidFlag::WNOHANG));
                    let lost = awaited.keys().copied().find(|pid| stat(*pid).is_none());
                    lost.and_then(|pid| Some((awaited.remove(&pid)?, Exit::Code(255))))
                }
            };
            drop(awaited);
            match ended {
                Some((Waiter::Container(container), exit))
                    if sender.send(Happening::Ended { container, exit }).is_err() =>
                {
                    return;
                }
                Some((Waiter::Container(_), _)) => {}
                // Whoever waited may have given up.
                Some((Waiter::Helper(sender), exit)) => drop(sender.send(exit)),
                None => {}
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<i32, Waiter>> {
        self.awaited.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn reap(pid: Option<Pid>, awaited: &mut BTreeMap<i32, Waiter>) -> Option<(Waiter, Exit)> {
    let exit = match waitpid(pid?, Some(WaitPidFlag::WNOHANG)) {
        Ok(WaitStatus::Exited(_, code)) => Exit::Code(code),
        Ok(WaitStatus::Signaled(_, signal, _)) => Exit::Signal(signal as i32),
        _ => return None,
    };
    Some((awaited.remove(&pid?.as_raw())?, exit))
}

/// Whether any process lives under the shim.
pub(super) fn childless() -> bool {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT | WaitPidFlag::WNOHANG;
    waitid(Id::All, flags) == Err(Errno::ECHILD)
}
