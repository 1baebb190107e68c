//! The dashboard in a real browser: an experiment is created, watched, brushed, extended, stopped and
//! deleted by hand of `pages/pages.mjs`; what programs print harms nothing; axe finds nothing serious.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::home::{Home, text};

/// The folder of npm packages (playwright-core, axe-core, typescript): `QALAM_NPM`.
fn packages() -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("QALAM_NPM")?);
    folder.join("node_modules/playwright-core").is_dir().then_some(folder)
}

/// What is missing of what a browser test needs; with `CI=true` nothing may be.
fn missing() -> Option<String> {
    let there = |program: &str| Command::new(program).arg("--version").output().is_ok();
    let chromium = std::env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned());
    let why = if !there("node") {
        "node is not installed"
    } else if !Path::new(&chromium).exists() {
        "chromium is not installed"
    } else if packages().is_none() {
        "QALAM_NPM names no folder with playwright-core and axe-core"
    } else {
        return None;
    };
    assert!(std::env::var("CI").as_deref() != Ok("true"), "CI must not skip the pages: {why}");
    Some(why.to_owned())
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

#[test]
fn a_browser_creates_watches_brushes_extends_stops_and_deletes() {
    if let Some(why) = missing() {
        eprintln!("skipped: {why}");
        return;
    }
    let home = Home::new();
    home.start();
    let told = home.succeeds(&["ui"]);
    let link = told.split_whitespace().find(|it| it.contains("token=")).expect(&told);
    let mut node = Command::new("node");
    node.arg(root().join("tests/it/pages/pages.mjs")).arg(link);
    node.arg(root().join("tests/it/pages/experiment.yaml"));
    if std::env::var("UPDATE").as_deref() == Ok("1") {
        node.arg(root().join("docs"));
    }
    let output = node.output().unwrap();
    assert!(output.status.success(), "{}\n{}", text(&output), home.log());
}

#[test]
fn what_pages_compute_is_right() {
    let Ok(_) = Command::new("node").arg("--version").output() else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "CI must not skip the pages: no node");
        eprintln!("skipped: node is not installed");
        return;
    };
    let tests = root().join("experiment-controller/ui/test");
    let files = std::fs::read_dir(tests).unwrap().map(|it| it.unwrap().path());
    let output = Command::new("node").arg("--test").args(files).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
}
