//! Processes that left their container: all that is below the shim when the pod is at its end.

use std::collections::BTreeSet;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::reap::childless;
use crate::cluster::node::identity;

/// Kills what left its container's process group, or lost its parent: all below the shim.
pub(super) fn kill_strays() {
    for _ in 0..100 {
        if childless() {
            return;
        }
        for pid in below(Pid::this().as_raw(), &identity::all()) {
            let _gone_already = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// All descendants of a process.
fn below(root: i32, processes: &[identity::Stat]) -> Vec<i32> {
    let mut known = BTreeSet::from([root]);
    loop {
        let count = known.len();
        let children = processes.iter().filter(|process| known.contains(&process.parent));
        let children: Vec<i32> = children.map(|process| process.pid).collect();
        known.extend(children);
        if known.len() == count {
            known.remove(&root);
            return known.into_iter().collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descendants_are_found_in_any_order() {
        let stat = |pid, parent| identity::Stat {
            pid,
            parent,
            group: 0,
            session: 0,
            state: 'S',
            start: 0,
        };
        let processes = [stat(5, 4), stat(2, 1), stat(4, 2), stat(3, 9)];
        assert_eq!(below(1, &processes), [2, 4, 5]);
    }
}
