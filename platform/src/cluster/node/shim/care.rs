//! Tends a container that runs: its hooks, its probes, its memory. Threads that ask, and tell the
//! supervisor.

use super::super::probe::{Action, Care, ProbePlan};
use super::super::record::ContainerPlan;
use super::launch;
use super::memory;
use super::mounts::Isolation;
use super::reap::{Exit, Reaper};
use super::supervise::Happening;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

/// How often a thread that waits looks whether its container is gone.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Longest that a hook after the start may take.
const HOOK_MAX: Duration = Duration::from_secs(24 * 3600);

/// What was found out about a container.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Health {
    /// It has started up.
    Started,
    /// It is ready, or is not, and why.
    Ready(bool, String),
    /// It must be ended, and why.
    Dead(String),
    /// It takes more memory than it may: it is being killed.
    TooLarge(String),
}

/// A container as those see it who tend it.
#[derive(Clone)]
pub(super) struct Patient {
    pub(super) index: usize,
    pub(super) pid: i32,
    pub(super) plan: ContainerPlan,
    pub(super) isolation: Isolation,
    pub(super) reaper: Arc<Reaper>,
    pub(super) sender: Sender<Happening>,
    /// Set once the container is gone.
    pub(super) gone: Arc<AtomicBool>,
}

impl Patient {
    /// Starts all that the container's plan asks for.
    pub(super) fn tend(self) {
        let care = self.plan.care.clone();
        if let Some(limit) = care.memory {
            let watched = self.clone();
            self.spawn("memory", move || watched.watch_memory(limit));
        }
        if care.post_start.is_none()
            && care.startup.is_none()
            && care.liveness.is_none()
            && care.readiness.is_none()
        {
            return;
        }
        let patient = self.clone();
        self.spawn("tend", move || patient.begin(&care));
    }

    fn spawn(&self, name: &str, work: impl FnOnce() + Send + 'static) {
        if let Err(error) = thread::Builder::new().name(name.into()).spawn(work) {
            super::complain(&format!("container {:?} is not tended: {error}", self.plan.name));
        }
    }

    fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    /// Waits; false if the container went meanwhile.
    fn wait(&self, span: Duration) -> bool {
        let end = Instant::now() + span;
        loop {
            if self.is_gone() {
                return false;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            thread::sleep(left.min(LOOK_EVERY));
        }
    }

    fn tell(&self, health: Health) {
        if !self.is_gone() {
            let (container, pid) = (self.index, self.pid);
            // Nobody listens any more when the pod has ended.
            let _over = self.sender.send(Happening::Health { container, pid, health });
        }
    }

    fn begin(self, care: &Care) {
        if let Some(hook) = &care.post_start
            && let Err(why) = self.act(hook, HOOK_MAX)
        {
            return self.tell(Health::Dead(format!("PostStartHook failed: {why}")));
        }
        if let Some(probe) = &care.startup {
            let (mut good, mut bad) = (0, 0);
            if !self.wait(probe.first()) {
                return;
            }
            loop {
                match self.act(&probe.action, Duration::from_secs(probe.timeout)) {
                    Ok(()) => (good, bad) = (good + 1, 0),
                    Err(why) => {
                        (good, bad) = (0, bad + 1);
                        if probe.failures <= bad {
                            return self.tell(Health::Dead(format!("Startup probe failed: {why}")));
                        }
                    }
                }
                if probe.successes <= good {
                    break;
                }
                if !self.wait(Duration::from_secs(probe.period)) {
                    return;
                }
            }
        }
        self.tell(Health::Started);
        if let Some(probe) = care.readiness.clone() {
            let patient = self.clone();
            self.spawn("readiness", move || patient.ask(&probe, true));
        }
        if let Some(probe) = &care.liveness {
            self.ask(probe, false);
        }
    }

    /// Asks one question until the container is gone.
    fn ask(&self, probe: &ProbePlan, readiness: bool) {
        let (mut good, mut bad) = (0_u32, 0_u32);
        if !self.wait(probe.first()) {
            return;
        }
        loop {
            match self.act(&probe.action, Duration::from_secs(probe.timeout)) {
                Ok(()) => {
                    (good, bad) = (good.saturating_add(1), 0);
                    if readiness && good == probe.successes {
                        self.tell(Health::Ready(true, String::new()));
                    }
                }
                Err(why) => {
                    (good, bad) = (0, bad.saturating_add(1));
                    if readiness && bad == probe.failures {
                        self.tell(Health::Ready(false, format!("Readiness probe failed: {why}")));
                    } else if !readiness && probe.failures <= bad {
                        return self.tell(Health::Dead(format!("Liveness probe failed: {why}")));
                    }
                }
            }
            if !self.wait(Duration::from_secs(probe.period)) {
                return;
            }
        }
    }

    /// Does something beside the container.
    pub(super) fn act(&self, action: &Action, limit: Duration) -> Result<(), String> {
        match action {
            Action::Sleep(seconds) => {
                self.wait(Duration::from_secs(*seconds).min(limit));
                Ok(())
            }
            Action::Exec(argv) => self.exec(argv, limit),
            Action::Tcp { host, port } => self.connect(host.as_deref(), *port, limit).map(drop),
            Action::Http { host, port, tls: true, .. } => {
                self.connect(host.as_deref(), *port, limit).map(drop)
            }
            Action::Http { host, port, path, headers, .. } => {
                let stream = self.connect(host.as_deref(), *port, limit)?;
                let name = host.as_deref().unwrap_or(&self.plan.care.ip);
                get(stream, &format!("{name}:{port}"), path, headers, limit)
            }
        }
    }

    fn exec(&self, argv: &[String], limit: Duration) -> Result<(), String> {
        let (pid, ended) = launch::beside(self, argv)?;
        let exit = ended.recv_timeout(limit);
        if exit.is_err() {
            let _gone_already = killpg(Pid::from_raw(pid), Signal::SIGKILL);
        }
        match exit {
            Ok(Exit::Code(0)) => Ok(()),
            Ok(Exit::Code(code)) => Err(format!("{:?} exited with {code}", argv.join(" "))),
            Ok(Exit::Signal(signal)) => {
                Err(format!("{:?} was ended by signal {signal}", argv.join(" ")))
            }
            Err(_) => Err(format!("command timed out after {} s", limit.as_secs())),
        }
    }

    /// At the pod's address; programs that listen on 127.0.0.1 alone are found, too.
    fn connect(&self, host: Option<&str>, port: u16, limit: Duration) -> Result<TcpStream, String> {
        let hosts = match host {
            Some(host) => vec![host],
            None => vec![self.plan.care.ip.as_str(), "127.0.0.1"],
        };
        let mut why = String::new();
        for host in hosts {
            let address = (host, port).to_socket_addrs().ok().and_then(|mut it| it.next());
            let Some(address) = address else {
                why = format!("host {host:?} has no address");
                continue;
            };
            match TcpStream::connect_timeout(&address, limit) {
                Ok(stream) => return Ok(stream),
                Err(error) => why = format!("dial tcp {address}: {error}"),
            }
        }
        Err(why)
    }

    fn watch_memory(&self, limit: u64) {
        while self.wait(memory::LOOK_EVERY) {
            let used = memory::used(self.pid);
            if limit < used {
                let told = format!("took {used} bytes of memory, {limit} are allowed");
                self.tell(Health::TooLarge(told));
                let _gone_already = killpg(Pid::from_raw(self.pid), Signal::SIGKILL);
            }
        }
    }

    /// Asks the container to end, after its hook; kills it after `grace`.
    pub(super) fn end(self, grace: Duration) {
        let name = self.plan.name.clone();
        let work = move || {
            let until = Instant::now() + grace;
            if let Some(hook) = &self.plan.care.pre_stop
                && let Err(why) = self.act(hook, grace)
            {
                super::complain(&format!("container {name:?}: PreStopHook failed: {why}"));
            }
            if self.is_gone() {
                return;
            }
            let _gone_already = killpg(Pid::from_raw(self.pid), Signal::SIGTERM);
            if self.wait(until.saturating_duration_since(Instant::now())) {
                let _gone_already = killpg(Pid::from_raw(self.pid), Signal::SIGKILL);
            }
        };
        if thread::Builder::new().name("end".into()).spawn(work).is_err() {
            super::complain("no thread is left to end a container with grace");
        }
    }
}

fn get(
    mut stream: TcpStream,
    host: &str,
    path: &str,
    headers: &[(String, String)],
    limit: Duration,
) -> Result<(), String> {
    let told = |error: std::io::Error| format!("Get \"http://{host}{path}\": {error}");
    stream.set_read_timeout(Some(limit)).map_err(told)?;
    stream.set_write_timeout(Some(limit)).map_err(told)?;
    let mut request = format!(
        "GET {path} HTTP/1.1\r\nConnection: close\r\nUser-Agent: kube-probe/1.36\r\nAccept: */*\r\n"
    );
    if headers.iter().all(|(name, _)| !name.eq_ignore_ascii_case("host")) {
        request += &format!("Host: {host}\r\n");
    }
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    stream.write_all((request + "\r\n").as_bytes()).map_err(told)?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).map_err(told)?;
    let code = line.split(' ').nth(1).and_then(|it| it.parse::<u16>().ok());
    match code {
        Some(200..=399) => Ok(()),
        Some(code) => Err(format!("HTTP probe failed with statuscode: {code}")),
        None => Err(format!("Get \"http://{host}{path}\": no HTTP answer")),
    }
}
