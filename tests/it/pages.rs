//! The dashboard's pages in a real browser: headless Chromium, driven by `pages/drive.mjs`.
//!
//! With `UPDATE=1` the pictures of the README are taken anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use crate::home::{Home, text};

/// What drives the browser, and what looks for faults of accessibility.
const PACKAGES: &[&str] = &["playwright-core@1.65.1", "axe-core@4.11.0"];

/// A browser of the machine.
const BROWSERS: &[&str] = &["/usr/bin/chromium", "/usr/bin/chromium-browser"];

/// The packages are installed once, not by several tests at once.
static INSTALLING: Mutex<()> = Mutex::new(());

/// Says `skipped: why` where there is no browser or no Node.js; with `CI=true` that is a failure.
fn driver() -> Option<(PathBuf, &'static str)> {
    let _one_at_a_time = INSTALLING.lock().unwrap_or_else(|it| it.into_inner());
    match ready() {
        Ok(found) => Some(found),
        Err(why) if std::env::var("CI").as_deref() == Ok("true") => panic!("{why}"),
        Err(why) => {
            eprintln!("skipped: {why}");
            None
        }
    }
}

fn ready() -> Result<(PathBuf, &'static str), String> {
    let browser = BROWSERS.iter().find(|path| Path::new(path).exists());
    let browser = browser.ok_or("there is no Chromium; apt-get install chromium")?;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    if !folder.join("complete").exists() {
        fs::create_dir_all(&folder).map_err(|why| why.to_string())?;
        fs::write(folder.join("package.json"), "{\"private\": true}")
            .map_err(|it| it.to_string())?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--no-audit", "--no-fund"]).args(PACKAGES);
        let output = npm.current_dir(&folder).output().map_err(|why| format!("npm: {why}"))?;
        if !output.status.success() {
            return Err(format!("npm install: {}", text(&output)));
        }
        fs::write(folder.join("complete"), "").map_err(|why| why.to_string())?;
    }
    Ok((folder, browser))
}

/// Runs one part of the script against a home; answers what it printed.
fn drive(home: &Home, part: &str) -> Option<String> {
    let (folder, browser) = driver()?;
    let script = folder.join("drive.mjs");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::copy(root.join("tests/it/pages/drive.mjs"), &script).unwrap();
    let link = home.succeeds(&["ui"]);
    let link = link.split_whitespace().find(|it| it.starts_with("http://")).unwrap();
    let pictures = root.join("docs");
    let output = Command::new("node")
        .arg(&script)
        .args([part, link])
        .env("BROWSER", browser)
        .env("PICTURES", if std::env::var_os("UPDATE").is_some() { pictures } else { folder })
        .output()
        .unwrap();
    assert!(output.status.success(), "{}\n{}", text(&output), home.log());
    Some(text(&output))
}

#[test]
fn an_experiment_is_made_watched_brushed_stopped_and_deleted() {
    let home = Home::new();
    home.start();
    let Some(said) = drive(&home, "life") else { return };
    assert!(said.contains("deleted"), "{said}");
    // What the page showed as best is what the command line says.
    let shown = said.lines().find_map(|it| it.strip_prefix("best ")).unwrap();
    let best = home.succeeds(&["best", "made-in-the-page", "-o", "json"]);
    let best: serde_json::Value = serde_json::from_str(&best).unwrap();
    let value: f64 = best["metrics"]["accuracy"].as_str().unwrap().parse().unwrap();
    assert!((shown.parse::<f64>().unwrap() - value).abs() < 1e-5, "{shown} {value}");
}

#[test]
fn what_programs_print_and_are_called_harms_no_page() {
    let home = Home::new();
    let evil = "<img src=x onerror=alert(1)>";
    let script = "head -c 300000 /dev/zero | tr '\\0' x; printf '\\n<script>alert(1)</script>\\n\\033[31mred\\033[0m \\001\\007\\n\
                  \u{202e}gnp.exe\\naccuracy=0.5\\n'";
    let param = format!("kind={evil},b");
    home.succeeds(&[
        "tune",
        "--name",
        "evil",
        "--maximize",
        "accuracy",
        "--param",
        &param,
        "--trials",
        "2",
        "--",
        "sh",
        "-c",
        script,
    ]);
    drive(&home, "evil");
}

/// The pure parts of the pages, by Node.js's own test runner.
#[test]
fn the_pure_functions_of_the_pages_hold() {
    if driver().is_none() {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui");
    let mut node = Command::new("node");
    let mut tests: Vec<PathBuf> =
        fs::read_dir(root.join("test")).unwrap().map(|it| it.unwrap().path()).collect();
    tests.sort();
    let output = node.arg("--test").args(tests).current_dir(root).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
}
