//! Servers and shims that are killed: every trial runs once, and is counted once.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use metrics_collector::{Query, SqliteStore, Store, TrialKey};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use super::{experiment, pod};
use crate::home::{Home, text};

const TRIALS: usize = 40;

/// An experiment of many short trials, each of which adds its name to `runs`.
fn many(name: &str, runs: &Path, trials: usize, seconds: &str) -> Value {
    let script =
        format!("echo $KATIB_TRIAL_NAME >> {}; sleep {seconds}; echo accuracy=$1", runs.display());
    let mut many = experiment(name, &script);
    many["spec"]["maxTrialCount"] = json!(trials);
    many["spec"]["parallelTrialCount"] = json!(4);
    many
}

/// The names of all trials, each of which must have succeeded.
fn succeeded(home: &Home, name: &str) -> BTreeSet<String> {
    let csv = home.succeeds(&["export", name]);
    let rows = csv.lines().skip(1).inspect(|row| assert!(row.contains(",Succeeded,"), "{csv}"));
    rows.filter_map(|row| row.split(',').next()).map(str::to_owned).collect()
}

/// Every trial ran once, and its one value is stored once.
fn once(home: &Home, runs: &Path, trials: &BTreeSet<String>) {
    let text = std::fs::read_to_string(runs).unwrap();
    let mut ran: Vec<&str> = text.lines().collect();
    ran.sort_unstable();
    assert!(ran.iter().copied().eq(trials.iter().map(String::as_str)), "{ran:?}\n{trials:?}");

    home.succeeds(&["down"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(&home.path().join("observations.db")).await.unwrap();
        for trial in trials {
            let key = TrialKey { namespace: "default".into(), trial: trial.clone() };
            let reports = store.read(&key, &Query::default()).await.unwrap();
            assert_eq!(reports.len(), 1, "{trial}: {reports:?}");
        }
    });
}

/// A span that differs from run to run, below a second.
fn moment() -> Duration {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Duration::from_millis(u64::from(now.subsec_micros() % 800))
}

#[test]
fn a_server_killed_at_any_moment_loses_and_doubles_nothing() {
    let full = std::env::var("QALAM_FULL").is_ok_and(|it| it == "1");
    // The trials take about as long as the kills.
    let (kills, seconds) = if full { (20, "1.5") } else { (3, "0.2") };
    let home = Home::new();
    let runs = home.file("runs", "");
    let file = home.file("e.yaml", &many("crash", &runs, TRIALS, seconds).to_string());
    let file = file.to_string_lossy();
    home.succeeds(&["run", &file, "--detach"]);
    for number in 0..kills {
        let pause = moment();
        eprintln!("kill {number} after {pause:?}");
        std::thread::sleep(pause);
        kill(home.pid().unwrap(), Signal::SIGKILL).unwrap();
        home.succeeds(&["get"]);
    }
    let output = home.qalam(&["run", &file]);
    let told = text(&output);
    if output.status.code() == Some(2) {
        assert!(told.contains("has already ended (Succeeded)"), "{told}");
    } else {
        assert!(output.status.success(), "{told}\n{}", home.log());
        assert!(told.contains("already runs; attached to it"), "{told}");
        assert!(told.contains("has succeeded") && told.contains("40 trials"), "{told}");
    }
    let trials = succeeded(&home, "crash");
    assert_eq!(trials.len(), TRIALS);
    once(&home, &runs, &trials);
}

#[test]
fn trials_go_on_while_the_home_is_down() {
    let home = Home::new();
    let runs = home.file("runs", "");
    let mut manifest = many("down", &runs, 6, "1");
    let command = &mut pod(&mut manifest)["containers"][0]["command"][2];
    *command = json!(command.as_str().unwrap().replace("sleep 1", "sleep 1; echo $0 > ended-$1"));
    let file = home.file("e.yaml", &manifest.to_string());
    let file = file.to_string_lossy();
    home.succeeds(&["run", &file, "--detach"]);
    home.wait("four trials", || {
        (4 <= std::fs::read_to_string(&runs).unwrap().lines().count()).then_some(())
    });
    assert!(home.succeeds(&["down"]).contains("down"));
    assert!(home.server().is_none());
    home.wait("the ends of four trials", || {
        let files = std::fs::read_dir(home.work()).unwrap().flatten();
        let ended = files.filter(|it| it.file_name().to_string_lossy().starts_with("ended-"));
        (4 <= ended.count()).then_some(())
    });
    home.succeeds(&["run", &file]);
    let trials = succeeded(&home, "down");
    assert_eq!(trials.len(), 6);
    once(&home, &runs, &trials);
}

#[test]
fn a_killed_shim_is_replaced_and_two_never_run_at_once() {
    let home = Home::new();
    let runs = home.file("runs", "");
    let script = format!(
        "exec 9>>{0}.lock; flock -n 9 || echo two >> {0}; echo one >> {0}; \
         [ $(grep -c one {0}) = 3 ] || sleep 1000; echo accuracy=$1",
        runs.display()
    );
    let mut manifest = experiment("shim", &script);
    manifest["spec"]["trialTemplate"]["trialSpec"]["spec"]["backoffLimit"] = json!(2);
    let file = home.file("e.yaml", &manifest.to_string());
    let file = file.to_string_lossy();
    home.succeeds(&["run", &file, "--detach"]);
    for count in 1..3 {
        home.wait("a run", || {
            (std::fs::read_to_string(&runs).unwrap().lines().count() == count).then_some(())
        });
        kill(running_shim(&home), Signal::SIGKILL).unwrap();
    }
    home.succeeds(&["run", &file]);
    assert_eq!(std::fs::read_to_string(&runs).unwrap(), "one\n".repeat(3));
    assert_eq!(succeeded(&home, "shim").len(), 1);
}

/// The shim of the pod that runs.
fn running_shim(home: &Home) -> Pid {
    home.wait("a running pod", || {
        let pods = std::fs::read_dir(home.path().join("pods")).unwrap().flatten();
        let states = pods.filter_map(|it| std::fs::read(it.path().join("state.json")).ok());
        let states = states.filter_map(|it| serde_json::from_slice::<Value>(&it).ok());
        let running = states.filter(|it| it["finished"] == false);
        let pids = running.filter_map(|it| it["shim"]["pid"].as_i64());
        pids.map(|it| Pid::from_raw(it as i32)).next()
    })
}

#[test]
fn shims_killed_too_often_fail_their_trial() {
    let home = Home::new();
    let runs = home.file("runs", "");
    let script = format!("echo one >> {}; sleep 1000", runs.display());
    let file = home.file("e.yaml", &experiment("lost", &script).to_string());
    let file = file.to_string_lossy();
    home.succeeds(&["run", &file, "--detach"]);
    home.wait("a run", || (!std::fs::read_to_string(&runs).unwrap().is_empty()).then_some(()));
    kill(running_shim(&home), Signal::SIGKILL).unwrap();
    let trial = home.wait("the end", || {
        let csv = home.succeeds(&["export", "lost"]);
        let failed = csv.lines().find(|line| line.contains(",Failed,"));
        failed.map(|line| line.split(',').next().unwrap_or_default().to_owned())
    });
    let described = home.succeeds(&["describe", &trial]);
    assert!(described.contains("ShimLost: the pod's supervisor was killed"), "{described}");
    assert_eq!(std::fs::read_to_string(&runs).unwrap(), "one\n");
}
