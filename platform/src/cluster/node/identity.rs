//! Who a process is: a pid alone is reused, a pid with its start time and boot is not.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

/// A process of this machine, for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Identity {
    /// The process id.
    pub pid: i32,
    /// Clock ticks between the boot and its start.
    pub start: u64,
    /// The boot that it lives in.
    pub boot: String,
}

/// What became of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It runs.
    Alive,
    /// It is gone, or its pid is another's by now.
    Gone,
    /// The machine was started again since.
    Rebooted,
}

impl Identity {
    /// This process.
    pub fn own() -> Self {
        let pid = Pid::this().as_raw();
        Self { pid, start: stat(pid).map_or(0, |stat| stat.start), boot: boot() }
    }

    /// What became of it.
    pub fn fate(&self) -> Fate {
        self.judge(&boot(), stat(self.pid).as_ref())
    }

    fn judge(&self, boot: &str, found: Option<&Stat>) -> Fate {
        match found {
            _ if self.boot != boot => Fate::Rebooted,
            Some(stat) if stat.start == self.start && stat.state != 'Z' => Fate::Alive,
            _ => Fate::Gone,
        }
    }
}

/// Whether a process has a handler for a signal; not, when it is gone.
pub fn catches(pid: i32, signal: Signal) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|it| u64::from_str_radix(it.trim(), 16).ok()).unwrap_or(0);
    caught >> (signal as i32 - 1) & 1 == 1
}

/// One line of `/proc/<pid>/stat`, as far as it is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Process id.
    pub pid: i32,
    /// Its parent.
    pub parent: i32,
    /// Its process group.
    pub group: i32,
    /// Its session.
    pub session: i32,
    /// `Z` for a zombie, and other letters.
    pub state: char,
    /// Clock ticks between the boot and its start.
    pub start: u64,
}

/// Looks a process up; none if it is gone.
pub fn stat(pid: i32) -> Option<Stat> {
    parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// All processes.
pub fn all() -> Vec<Stat> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| stat(entry.file_name().to_str()?.parse().ok()?)).collect()
}

/// Kills what a vanished shim left: all of its session, and what left that session but still has
/// the pod's folder in its environment. True if there was anything: it may take a moment to end.
pub(super) fn kill_left_behind(shim: &Identity, pod: &Path) -> bool {
    if shim.boot != boot() || shim.pid <= 1 {
        return false;
    }
    let mut any = false;
    let mark = format!("QALAM_POD_DIR={}", pod.join("dir").display());
    for process in all().into_iter().filter(|process| process.state != 'Z') {
        let marked = || {
            let environ = fs::read(format!("/proc/{}/environ", process.pid)).unwrap_or_default();
            environ.split(|byte| *byte == 0).any(|entry| entry == mark.as_bytes())
        };
        if process.session == shim.pid || marked() {
            any = true;
            let _gone_already = kill(Pid::from_raw(process.pid), Signal::SIGKILL);
        }
    }
    any
}

/// The id of the machine's present boot.
pub(super) fn boot() -> String {
    static BOOT: OnceLock<String> = OnceLock::new();
    let read = || fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    BOOT.get_or_init(|| read().trim().to_owned()).clone()
}

/// The name may hold spaces and brackets, so the fields are counted from its last bracket.
fn parse(line: &str) -> Option<Stat> {
    let pid = line.split(' ').next()?.parse().ok()?;
    let rest: Vec<&str> = line.rsplit_once(')')?.1.split_whitespace().collect();
    Some(Stat {
        pid,
        state: rest.first()?.chars().next()?,
        parent: rest.get(1)?.parse().ok()?,
        group: rest.get(2)?.parse().ok()?,
        session: rest.get(3)?.parse().ok()?,
        start: rest.get(19)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_alive_and_another_boot_is_told() {
        let own = Identity::own();
        assert_eq!(own.fate(), Fate::Alive);
        assert_eq!(Identity { start: own.start + 1, ..own.clone() }.fate(), Fate::Gone);
        assert_eq!(Identity { boot: "other".into(), ..own }.fate(), Fate::Rebooted);
    }

    #[test]
    fn names_with_brackets_do_not_shift_the_fields() {
        let line = "7 (a) b) S 1 2 3 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 123 0 0";
        let want = Stat { pid: 7, parent: 1, group: 2, session: 3, state: 'S', start: 123 };
        assert_eq!(parse(line), Some(want));
    }
}
