//! Python for the tests: a virtual environment with the packages that a test names, made once
//! for each set of packages and kept beside the build.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// One environment is made at a time, so that two tests do not make the same one.
static MAKING: Mutex<()> = Mutex::new(());

/// The interpreter of an environment with exactly these requirements.
///
/// Says `skipped: why` and answers none where there is no Python or no package index; with
/// `CI=true` that is a failure instead.
pub(crate) fn interpreter(requirements: &[&str]) -> Option<PathBuf> {
    let _one_at_a_time = MAKING.lock().unwrap_or_else(|it| it.into_inner());
    match environment(requirements) {
        Ok(python) => Some(python),
        Err(why) if std::env::var("CI").as_deref() == Ok("true") => panic!("{why}"),
        Err(why) => {
            eprintln!("skipped: {why}");
            None
        }
    }
}

fn environment(requirements: &[&str]) -> Result<PathBuf, String> {
    let name: String = requirements.join("_").replace(|it: char| !it.is_alphanumeric(), "-");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python").join(name);
    let python = folder.join("bin/python");
    let complete = folder.join("complete");
    if complete.exists() {
        return Ok(python);
    }
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(|it| it.to_string())?;
    step(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    step(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(requirements))?;
    fs::write(&complete, "").map_err(|it| it.to_string())?;
    Ok(python)
}

fn step(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|it| format!("{command:?}: {it}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)))
}
