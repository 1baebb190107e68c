//! Trials that install Python packages: each into an environment of its own.

use std::process::Command;

use crate::home::Home;
use crate::python;

/// A package that hardly any machine has.
const PACKAGE: &str = "toolz==0.12.1";

#[test]
fn what_a_trial_installs_stays_in_the_trial() {
    // Without a package index there is nothing to install.
    if python::interpreter(&[PACKAGE]).is_none() {
        return;
    }
    let has = || Command::new("python3").args(["-c", "import toolz"]).output().unwrap().status;
    let before = has().code();
    let home = Home::new();
    let script = format!(
        "python3 -m pip install --quiet {PACKAGE} && python3 -c \
         'import toolz; print(\"where=\" + toolz.__file__); print(\"accuracy=1\")'"
    );
    let told = home.succeeds(&[
        "tune",
        "--name",
        "p",
        "--maximize",
        "accuracy",
        "--param",
        "x=float:0..1",
        "--trials",
        "2",
        "--parallel",
        "2",
        "--",
        "sh",
        "-c",
        &script,
    ]);
    assert!(told.contains("2 trials"), "{told}");
    let log = home.succeeds(&["logs", "p", "--best"]);
    let place = home.path().join("pods").display().to_string();
    assert!(before == Some(0) || log.contains(&format!("where={place}")), "{log}");
    assert_eq!(has().code(), before, "the machine's own Python was changed");
}
