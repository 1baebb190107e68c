//! Decides what of a pod starts, restarts and ends, and writes down what happened.

mod health;

use super::super::identity::{self, Identity};
use super::super::record::{
    Cause, ContainerPlan, Ended, NODE_SHUTDOWN, Phase, PodPlan, PodState, Restart,
};
use super::care::Health;
use super::launch::Launch;
use super::mounts::Isolation;
use super::pump::Pump;
use super::reap::{Exit, Reaper};
use super::strays::kill_strays;
use anyhow::Context;
use jiff::Timestamp;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::fs;
use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

/// The first wait between restarts; doubled each time. The very first restart does not wait.
const BACKOFF: Duration = Duration::from_secs(10);
const BACKOFF_MAX: Duration = Duration::from_secs(300);
/// A container that ran this long is trusted again.
const BACKOFF_RESET: Duration = Duration::from_secs(600);
/// How long output may lag behind the end of its program.
const DRAIN: Duration = Duration::from_secs(2);
/// How long after its start a sidecar that does not catch SIGTERM is waited for, in case it will.
const SETTLE: Duration = Duration::from_secs(2);
/// How often it is looked at meanwhile.
const SETTLE_LOOK: Duration = Duration::from_millis(10);
const FOR_EVER: Duration = Duration::from_secs(3600);

/// What wakes the supervisor.
#[derive(Debug)]
pub(super) enum Happening {
    /// A container's process ended.
    Ended {
        /// Its place in the plan.
        container: usize,
        /// How.
        exit: Exit,
    },
    /// Somebody asks to look at `stop`.
    Control,
    /// Something was found out about a container.
    Health {
        /// Its place in the plan.
        container: usize,
        /// The process that it was about: it may be another by now.
        pid: i32,
        /// What.
        health: Health,
    },
}

/// Runs one pod to its end.
pub(super) struct Supervisor {
    pod: PathBuf,
    plan: PodPlan,
    isolation: Isolation,
    reaper: Arc<Reaper>,
    happenings: Receiver<Happening>,
    sender: Sender<Happening>,
    state: PodState,
    saved: PodState,
    slots: Vec<Slot>,
    begun: Instant,
    ending: Option<Ending>,
}

/// A container's place: init containers first, as in the plan.
#[derive(Default)]
struct Slot {
    stage: Stage,
    restarts_in_a_row: u32,
    /// Why it is being killed, if it takes too much memory.
    too_large: Option<String>,
    /// Whether it was told to end, since it does not do well.
    told: bool,
}

#[derive(Default)]
enum Stage {
    #[default]
    New,
    Live {
        pid: i32,
        pump: Pump,
        since: Instant,
        started_at: Timestamp,
        gone: Arc<AtomicBool>,
    },
    Backoff(Instant),
    Done {
        well: bool,
    },
}

/// The pod's end has begun.
struct Ending {
    kill_at: Instant,
    sidecars_told: bool,
    /// Sidecars are to be told, once they can hear it.
    sidecars_settle: bool,
}

impl Supervisor {
    pub(super) fn new(
        pod: PathBuf,
        plan: PodPlan,
        isolation: Isolation,
        reaper: Arc<Reaper>,
        (sender, happenings): (Sender<Happening>, Receiver<Happening>),
    ) -> Self {
        let slots: Vec<Slot> = plan.all().map(|_| Slot::default()).collect();
        let containers =
            plan.all().map(|container| (container.name.clone(), Default::default())).collect();
        let (shim, started_at) = (Identity::own(), Some(Timestamp::now()));
        let state = PodState { shim, started_at, containers, ..PodState::default() };
        let (saved, begun) = (PodState::default(), Instant::now());
        let ending = None;
        Self {
            pod,
            plan,
            isolation,
            reaper,
            happenings,
            sender,
            state,
            saved,
            slots,
            begun,
            ending,
        }
    }

    pub(super) fn run(mut self) -> anyhow::Result<()> {
        // Before anything starts: whoever finds no state knows that nothing has run.
        self.state.save(&self.pod).context("state.json")?;
        self.judge_mounts();
        self.look_for_stop();
        loop {
            self.advance();
            if self.ending.is_some() && !self.slots.iter().any(Slot::live) {
                return self.finish();
            }
            self.save();
            match self.happenings.recv_timeout(self.pause()) {
                Ok(Happening::Ended { container, exit }) => self.ended(container, exit),
                Ok(Happening::Control) => self.look_for_stop(),
                Ok(Happening::Health { container, pid, health }) => {
                    self.hear(container, pid, health);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => anyhow::bail!("the reaper is gone"),
            }
        }
    }

    fn look_for_stop(&mut self) {
        let Ok(text) = fs::read_to_string(self.pod.join("stop")) else { return };
        let (seconds, reason) = super::wish(&text);
        // A pod that is at its end already ends as it would have.
        if reason == NODE_SHUTDOWN && self.ending.is_none() {
            let message = "the home was stopped with all that ran; this did not count";
            self.state.failure.get_or_insert(Cause::new(NODE_SHUTDOWN, message));
        }
        self.end(Duration::from_secs(seconds.unwrap_or(self.plan.grace_seconds)));
    }

    /// Starts what may start and ends what must end, as of now.
    fn advance(&mut self) {
        if self.ending.is_none()
            && let Some(seconds) = self.plan.deadline_seconds
            && Duration::from_secs(seconds) <= self.begun.elapsed()
        {
            let message =
                format!("Pod was active on the node longer than its deadline of {seconds} seconds");
            self.fail(Cause::new("DeadlineExceeded", message));
        }
        if self.ending.is_none() {
            self.go_on();
        }
        self.go_down();
    }

    /// Init containers in order, then the others; the pod's end when the others are done.
    fn go_on(&mut self) {
        for index in 0..self.plan.init.len() {
            self.start_if_due(index);
            let sidecar = self.plan.init[index].sidecar;
            match self.slots[index].stage {
                Stage::Done { well: true } => {}
                Stage::Done { well: false } => return self.end(self.grace()),
                Stage::Live { .. } | Stage::Backoff(_) if sidecar => {}
                _ => return,
            }
        }
        self.state.initialized = true;
        let regular = self.plan.init.len()..self.slots.len();
        regular.clone().for_each(|index| self.start_if_due(index));
        let done = |index: usize| matches!(self.slots[index].stage, Stage::Done { .. });
        if self.ending.is_none() && regular.clone().all(done) {
            self.end(self.grace());
        }
    }

    fn start_if_due(&mut self, index: usize) {
        match self.slots[index].stage {
            _ if self.ending.is_some() => {}
            Stage::New => self.launch(index),
            Stage::Backoff(until) if until <= Instant::now() => {
                if let Some(state) =
                    self.state.containers.get_mut(&container(&self.plan, index).name)
                {
                    state.restarts += 1;
                }
                self.launch(index);
            }
            _ => {}
        }
    }

    fn launch(&mut self, index: usize) {
        let container = container(&self.plan, index);
        let restart = self.state.containers.get(&container.name).map_or(0, |state| state.restarts);
        let launch = Launch {
            pod: &self.pod,
            container,
            index,
            restart,
            isolation: &self.isolation,
            reaper: &self.reaper,
        };
        let started_at = Timestamp::now();
        match launch.start() {
            Ok(started) => {
                let (pid, pump, since) = (started.pid, started.pump, Instant::now());
                self.set_phase(index, Phase::Running { since: started_at, pid });
                let gone = Arc::new(AtomicBool::new(false));
                self.slots[index].stage = Stage::Live { pid, pump, since, started_at, gone };
                (self.slots[index].too_large, self.slots[index].told) = (None, false);
                self.expect(index);
                if let Some(patient) = self.patient(index) {
                    patient.tend();
                }
            }
            Err(cause) if cause.reason == "MountDenied" => {
                self.slots[index].stage = Stage::Done { well: false };
                self.fail(cause);
            }
            Err(cause) => {
                let ended =
                    Ended { code: 127, signal: None, cause, started_at, finished_at: started_at };
                self.settle(index, ended, Duration::ZERO);
            }
        }
    }

    /// A container's process is gone: so is its group, and its output is read to the end.
    fn ended(&mut self, index: usize, exit: Exit) {
        let stage = std::mem::replace(&mut self.slots[index].stage, Stage::Done { well: false });
        let Stage::Live { pid, pump, since, started_at, gone } = stage else { return };
        gone.store(true, Ordering::Relaxed);
        let _nobody_left = killpg(Pid::from_raw(pid), Signal::SIGKILL);
        if !self.slots.iter().any(Slot::live) {
            kill_strays();
        }
        pump.drain(DRAIN);
        let (code, signal) = match exit {
            Exit::Code(code) => (code, None),
            Exit::Signal(signal) => (128 + signal, Some(signal)),
        };
        let cause = match (code, signal) {
            _ if self.slots[index].too_large.is_some() => {
                Cause::new("OOMKilled", self.slots[index].too_large.clone().unwrap_or_default())
            }
            (0, _) => Cause::new("Completed", ""),
            (_, Some(signal)) => Cause::new("Error", format!("ended by signal {signal}")),
            _ => Cause::new("Error", ""),
        };
        let finished_at = Timestamp::now();
        let ended = Ended { code, signal, cause, started_at, finished_at };
        self.settle(index, ended, since.elapsed());
    }

    /// Writes an end down, and decides whether the container starts again.
    fn settle(&mut self, index: usize, ended: Ended, ran: Duration) {
        let container = container(&self.plan, index);
        let again = match container.restart {
            Restart::Always => true,
            Restart::OnFailure => ended.code != 0,
            Restart::Never => false,
        };
        let slot = &mut self.slots[index];
        if !again || self.ending.is_some() {
            slot.stage = Stage::Done { well: ended.code == 0 };
            self.set_phase(index, Phase::Ended(ended));
            return;
        }
        if BACKOFF_RESET <= ran {
            slot.restarts_in_a_row = 0;
        }
        let wait = backoff(slot.restarts_in_a_row);
        slot.restarts_in_a_row += 1;
        slot.stage = Stage::Backoff(Instant::now() + wait);
        let (seconds, name) = (wait.as_secs(), container.name.clone());
        let message = format!("back-off {seconds}s restarting container {name:?}");
        if let Some(state) = self.state.containers.get_mut(&name) {
            state.last = Some(ended);
            state.now = Phase::Waiting(Cause::new("CrashLoopBackOff", message));
        }
    }

    fn set_phase(&mut self, index: usize, phase: Phase) {
        if let Some(state) = self.state.containers.get_mut(&container(&self.plan, index).name) {
            state.now = phase;
        }
    }

    fn fail(&mut self, cause: Cause) {
        self.state.failure.get_or_insert(cause);
        self.end(self.grace());
    }

    fn grace(&self) -> Duration {
        Duration::from_secs(self.plan.grace_seconds)
    }

    /// Begins the pod's end, or brings it forward.
    fn end(&mut self, grace: Duration) {
        // A grace period may be given as "for ever".
        let kill_at = Instant::now() + grace.min(FOR_EVER * 24 * 365);
        if let Some(ending) = &mut self.ending {
            ending.kill_at = ending.kill_at.min(kill_at);
            return;
        }
        self.ending = Some(Ending { kill_at, sidecars_told: false, sidecars_settle: false });
        for index in 0..self.slots.len() {
            match self.slots[index].stage {
                Stage::Live { .. } if !container(&self.plan, index).sidecar => {
                    self.tell(index, grace.min(FOR_EVER * 24 * 365));
                }
                Stage::New | Stage::Backoff(_) => {
                    self.slots[index].stage = Stage::Done { well: false };
                }
                _ => {}
            }
        }
    }

    /// Sidecars are told when the containers that they serve are gone, and no earlier than they
    /// can hear it: a collector that has just started would die before it has read a line. The
    /// time is up for all.
    fn go_down(&mut self) {
        let Some(ending) = &mut self.ending else { return };
        let sidecar = |index: usize| container(&self.plan, index).sidecar;
        let served =
            self.slots.iter().enumerate().any(|(index, slot)| slot.live() && !sidecar(index));
        let due = !served && !ending.sidecars_told;
        let tell = due && self.slots.iter().all(Slot::hears);
        ending.sidecars_told |= tell;
        ending.sidecars_settle = due && !tell;
        let time_is_up = ending.kill_at <= Instant::now();
        for slot in &self.slots {
            let Stage::Live { pid, .. } = slot.stage else { continue };
            if tell {
                ask(pid);
            }
            if time_is_up {
                let _gone_already = killpg(Pid::from_raw(pid), Signal::SIGKILL);
            }
        }
    }

    /// Until when nothing has to be done, unless something happens.
    fn pause(&self) -> Duration {
        let now = Instant::now();
        let until = |time: Instant| time.saturating_duration_since(now);
        if self.ending.as_ref().is_some_and(|it| it.sidecars_settle) {
            return SETTLE_LOOK;
        }
        if let Some(ending) = &self.ending {
            // A process that cannot be killed at once is killed again.
            return until(ending.kill_at).max(Duration::from_millis(if ending.kill_at <= now {
                500
            } else {
                1
            }));
        }
        let deadline = self.plan.deadline_seconds.map(|it| left(it, self.begun.elapsed()));
        let restarts = self.slots.iter().filter_map(|slot| match slot.stage {
            Stage::Backoff(time) => Some(until(time)),
            _ => None,
        });
        restarts.chain(deadline).min().unwrap_or(FOR_EVER).min(FOR_EVER)
    }

    /// Tells the node, if there is something to tell. A full disk must not end a pod.
    fn save(&mut self) {
        if self.state == self.saved {
            return;
        }
        if let Err(error) = self.state.save(&self.pod) {
            super::complain(&format!("state.json: {error}"));
            return;
        }
        self.saved = self.state.clone();
        self.notify();
    }

    fn notify(&self) {
        // Without a node nobody listens; the next one reads the state.
        if let (Some(path), Ok(socket)) = (&self.plan.notify, UnixDatagram::unbound()) {
            // The queue of a busy node may be full for a moment.
            let _quiet = socket.set_write_timeout(Some(Duration::from_secs(1)));
            let _nobody_listens = socket.send_to(self.plan.uid.as_bytes(), path);
        }
    }

    fn finish(mut self) -> anyhow::Result<()> {
        kill_strays();
        self.state.finished = true;
        self.state.save(&self.pod).context("the final state.json")?;
        // The node need not wait for this disk: it makes the end durable in the API itself. This
        // is for an end that no node hears of.
        self.notify();
        match PodState::settle(&self.pod) {
            // The node was faster: the pod is deleted, and its folder with it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other.context("the final state.json"),
        }
    }
}

impl Slot {
    fn live(&self) -> bool {
        matches!(self.stage, Stage::Live { .. })
    }

    /// Whether SIGTERM would find what lives here ready for it.
    fn hears(&self) -> bool {
        match self.stage {
            Stage::Live { pid, since, .. } => {
                SETTLE <= since.elapsed() || identity::catches(pid, Signal::SIGTERM)
            }
            _ => true,
        }
    }
}

fn container(plan: &PodPlan, index: usize) -> &ContainerPlan {
    let init = plan.init.len();
    if index < init { &plan.init[index] } else { &plan.containers[index - init] }
}

/// What is left of a span after some of it is over.
fn left(seconds: u64, over: Duration) -> Duration {
    Duration::from_secs(seconds).saturating_sub(over)
}

fn backoff(restarts_in_a_row: u32) -> Duration {
    match restarts_in_a_row {
        0 => Duration::ZERO,
        n => BACKOFF.saturating_mul(1 << (n - 1).min(10)).min(BACKOFF_MAX),
    }
}

/// Asks a container to end.
fn ask(pid: i32) {
    let _gone_already = killpg(Pid::from_raw(pid), Signal::SIGTERM);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_restart_is_at_once_and_later_ones_wait_longer() {
        let seconds: Vec<u64> = (0..8).map(|n| backoff(n).as_secs()).collect();
        assert_eq!(seconds, [0, 10, 20, 40, 80, 160, 300, 300]);
        assert_eq!(backoff(u32::MAX), BACKOFF_MAX);
    }

    #[test]
    fn a_deadline_may_lie_beyond_all_time() {
        assert_eq!(left(5, Duration::from_secs(9)), Duration::ZERO);
        assert_eq!(left(u64::MAX, Duration::ZERO), Duration::from_secs(u64::MAX));
    }
}
