//! Ends every pod of a home whose server is down, so that the next start runs them again.

use super::record::{Lock, PodPlan, PodState};
use super::shim;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Longest grace that a pod is given here, whatever it asks for: Kubernetes' default.
const GRACE_MAX: u64 = 30;
/// What a pod needs beyond its grace to be gone.
const BEYOND: Duration = Duration::from_secs(10);
/// Pause between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Asks every pod that runs to end, and waits until all have; answers how many there were.
///
/// Their shims write down that the home was stopped, and the next server tells it: who made such
/// a pod makes another, and does not count it as failed. Call it while no server runs.
///
/// # Errors
/// The pods' folders cannot be read, or a pod does not end.
pub fn halt(home: &Path) -> io::Result<usize> {
    let folders = match std::fs::read_dir(home.join("pods")) {
        Ok(folders) => folders,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let mut running: Vec<PathBuf> = Vec::new();
    for folder in folders {
        let folder = folder?.path();
        let Some(plan) = PodPlan::load(&folder)? else { continue };
        // A shim that has only just started holds no lock yet, and looks for the wish first.
        if PodState::load(&folder)?.is_none_or(|it| !it.finished) {
            shim::shut_down(&folder, plan.grace_seconds.min(GRACE_MAX))?;
        }
        if is_running(&folder)? {
            running.push(folder);
        }
    }
    let count = running.len();
    let began = Instant::now();
    loop {
        let Some(last) = running.last() else { return Ok(count) };
        if !is_running(last)? {
            running.pop();
            continue;
        }
        if Duration::from_secs(GRACE_MAX) + BEYOND < began.elapsed() {
            let text = format!("the pod in {} does not end", last.display());
            return Err(io::Error::new(io::ErrorKind::TimedOut, text));
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// A shim holds its pod's lock until nothing of the pod is left.
fn is_running(folder: &Path) -> io::Result<bool> {
    Ok(Lock::take(folder)?.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_ended_is_left_as_it_is() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(halt(home.path()).unwrap(), 0);
        let folder = home.path().join("pods/u");
        std::fs::create_dir_all(&folder).unwrap();
        PodPlan::default().save(&folder).unwrap();
        PodState { finished: true, ..Default::default() }.save(&folder).unwrap();
        assert_eq!(halt(home.path()).unwrap(), 0);
        assert!(!folder.join("stop").exists());
    }
}
