//! How much memory a container takes: its process and all below it.

use super::super::identity;
use std::fs;
use std::time::Duration;

/// How often is looked.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(200);
const PAGE: u64 = 4096;

/// Bytes that the process and those below it have to themselves. Memory that several of them share,
/// such as what the workers of a data loader have from their parent, counts once.
pub(super) fn used(pid: i32) -> u64 {
    let tree = tree(pid);
    let quick: u64 = tree.iter().map(|pid| resident(*pid)).sum();
    if tree.len() < 2 {
        return quick;
    }
    // The exact sum is dear, and never larger than the quick one.
    let exact: Option<u64> = tree.iter().map(|pid| proportional(*pid)).sum();
    exact.map_or(quick, |it| it.min(quick))
}

/// The process and all below it.
fn tree(pid: i32) -> Vec<i32> {
    let mut all = vec![pid];
    let mut at = 0;
    while let Some(pid) = all.get(at).copied() {
        at += 1;
        all.extend(children(pid));
    }
    all
}

fn children(pid: i32) -> Vec<i32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let mut found = Vec::new();
    for thread in threads {
        let Ok(text) = fs::read_to_string(thread.path().join("children")) else {
            // A kernel that does not list children: every process knows its parent.
            return identity::all()
                .into_iter()
                .filter(|it| it.parent == pid)
                .map(|it| it.pid)
                .collect();
        };
        found.extend(text.split_whitespace().filter_map(|it| it.parse::<i32>().ok()));
    }
    found
}

/// Resident, less what is mapped from files.
fn resident(pid: i32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
    let mut numbers = text.split(' ').skip(1).map(|it| it.trim().parse::<u64>().unwrap_or(0));
    let (all, shared) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    all.saturating_sub(shared) * PAGE
}

/// The same, what is shared divided by those who share it.
fn proportional(pid: i32) -> Option<u64> {
    let text = match fs::read_to_string(format!("/proc/{pid}/smaps_rollup")) {
        Ok(text) => text,
        // It has just ended.
        Err(_) if identity::stat(pid).is_none() => return Some(0),
        Err(_) => return None,
    };
    let line =
        text.lines().find_map(|it| it.strip_prefix("Pss_Anon:").or(it.strip_prefix("Pss:")))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_takes_something() {
        let pid = i32::try_from(std::process::id()).unwrap();
        assert!((1..1 << 40).contains(&used(pid)), "{}", used(pid));
        assert_eq!(used(i32::MAX), 0);
    }

    #[test]
    fn what_is_below_counts() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let pid = i32::try_from(std::process::id()).unwrap();
        let below = tree(pid).contains(&i32::try_from(child.id()).unwrap());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(below);
    }
}
