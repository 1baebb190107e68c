//! Homes that cannot be: idle, broken, read-only, full.

use std::path::Path;
use std::process::Command;

use super::experiment;
use crate::home::{Home, text};

#[test]
fn an_idle_home_leaves() {
    let home = Home::new();
    let output = home.qalam(&["up", "--address", "127.0.0.1:0", "--idle-exit", "1s"]);
    assert!(output.status.success(), "{}", text(&output));
    assert!(home.server().is_none());
    assert!(home.succeeds(&["status"]).contains("not running"));
}

#[test]
fn a_home_that_cannot_be_says_why() {
    let check = |home: &Home, path: &Path, parts: &[&str]| {
        for verb in ["get", "up"] {
            let output = home.command(&[verb]).env("QALAM_HOME", path).output().unwrap();
            let told = text(&output);
            assert_eq!(output.status.code(), Some(1), "{verb}: {told}");
            for part in parts.iter().copied().chain([&*path.to_string_lossy()]) {
                assert!(told.contains(part), "{verb}: {part} is not in: {told}");
            }
            assert!(!told.contains("panicked"), "{told}");
        }
    };
    let home = Home::new();
    std::fs::create_dir(home.path()).unwrap();
    std::fs::write(home.path().join("cluster.db"), "this is no database ".repeat(500)).unwrap();
    check(&home, &home.path(), &["cluster.db", "not a database"]);

    let home = Home::new();
    std::fs::create_dir(home.path()).unwrap();
    std::fs::write(home.path().join("observations.db"), "nor is this ".repeat(500)).unwrap();
    check(&home, &home.path(), &["observations.db", "not a database"]);

    let home = Home::new();
    let file = home.file("file", "");
    check(&home, &file.join("home"), &["Not a directory"]);
    // Nobody may write there, whoever he is.
    check(&home, Path::new("/proc/qalam"), &["No such file or directory"]);
}

/// A file system in memory, mounted as long as this lives.
struct Disk<'a>(&'a Path);

impl Disk<'_> {
    /// None where mounting is not allowed; with `CI=true` that is a failure.
    fn mount<'a>(path: &'a Path, options: &str) -> Option<Disk<'a>> {
        std::fs::create_dir_all(path).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(path);
        let output = mount.output().unwrap();
        if output.status.success() {
            return Some(Disk(path));
        }
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{}", text(&output));
        eprintln!("skipped: a disk cannot be mounted: {}", text(&output));
        None
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let _busy = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}

#[test]
fn a_read_only_home_says_so() {
    let home = Home::new();
    let path = home.path();
    let Some(_disk) = Disk::mount(&path, "ro") else { return };
    for verb in ["get", "up"] {
        let output = home.qalam(&[verb]);
        assert_eq!(output.status.code(), Some(1), "{}", text(&output));
        assert!(text(&output).contains("Read-only file system"), "{}", text(&output));
        assert!(text(&output).contains(&*path.to_string_lossy()), "{}", text(&output));
    }
}

#[test]
fn a_full_disk_refuses_and_loses_nothing() {
    let home = Home::new();
    let path = home.path();
    let Some(_disk) = Disk::mount(&path, "size=4m") else { return };
    let first = home.file("first.yaml", &experiment("first", "echo accuracy=$1").to_string());
    home.succeeds(&["run", &first.to_string_lossy()]);

    // Larger than what the write-ahead log still has room for.
    let fill = "head -c 5000000 /dev/zero > $QALAM_HOME/fill";
    let _full = home.shell(fill);
    let mut large = experiment("large", "echo accuracy=$1");
    large["metadata"]["annotations"] = serde_json::json!({"note": "n".repeat(200_000)});
    let large = home.file("large.yaml", &large.to_string());
    let large = large.to_string_lossy();
    let output = home.qalam(&["run", &large, "--detach"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("full"), "{}", text(&output));
    assert!(home.succeeds(&["get"]).contains("first"));

    std::fs::remove_file(path.join("fill")).unwrap();
    home.succeeds(&["run", &large]);
    home.succeeds(&["down"]);
    let all = home.succeeds(&["get"]);
    assert!(all.contains("first") && all.contains("large"), "{all}");
    home.succeeds(&["down"]);
}
