//! Trials that go wrong, each in its own way: told in status, events and on the command line.

use serde_json::{Value, json};

use super::{experiment, pod};
use crate::home::{Home, text};

/// A trial that goes wrong, and what is said of it.
struct Case {
    name: &'static str,
    script: &'static str,
    change: fn(&mut Value),
    /// The trial's condition.
    condition: &'static str,
    /// Parts of the condition's message; the command line says them too.
    said: &'static [&'static str],
}

const FINE: fn(&mut Value) = |_| {};
const FAILED: &str = "Failed";
const UNMEASURED: &str = "MetricsUnavailable";

const CASES: &[Case] = &[
    Case {
        name: "no-command",
        script: "",
        change: |it| {
            pod(it)["containers"][0]["command"] =
                json!(["no-such-program", "${trialParameters.lr}"])
        },
        condition: FAILED,
        said: &["exit code 127", "\"no-such-program\" was not found on PATH"],
    },
    Case {
        name: "no-command-at-all",
        script: "",
        change: |it| {
            let command = pod(it)["containers"][0]["command"].take();
            pod(it)["containers"][0]["args"] = command;
        },
        condition: FAILED,
        said: &["ImageNotPulled", "Set `command`"],
    },
    Case {
        name: "no-directory",
        script: "echo accuracy=1",
        change: |it| pod(it)["containers"][0]["workingDir"] = json!("/no/such/folder"),
        condition: FAILED,
        said: &["workingDir /no/such/folder is not a folder on this machine"],
    },
    Case {
        name: "code",
        script: "echo accuracy=0.5; echo out of luck >&2; exit 3",
        change: FINE,
        condition: FAILED,
        said: &["Container main ended with exit code 3", "out of luck"],
    },
    Case {
        name: "signal",
        script: "echo accuracy=0.5; kill -SEGV $$$$",
        change: FINE,
        condition: FAILED,
        said: &["Container main was ended by signal 11 (exit code 139)"],
    },
    Case {
        name: "silent",
        script: "true",
        change: FINE,
        condition: UNMEASURED,
        said: &["metric \"accuracy\" was never reported: nothing was printed"],
    },
    Case {
        name: "nan",
        script: "echo accuracy=nan",
        change: FINE,
        condition: UNMEASURED,
        said: &["was reported, but never as a finite number: last \"nan\""],
    },
    Case {
        name: "another-name",
        script: "echo acuracy=0.5",
        change: FINE,
        condition: UNMEASURED,
        said: &["1 line read, none matched", "did you mean \"acuracy\"?"],
    },
    Case {
        name: "endless",
        script: "echo accuracy=0.5; sleep 1000",
        change: |it| pod(it)["activeDeadlineSeconds"] = json!(1),
        condition: FAILED,
        said: &["DeadlineExceeded", "longer than its deadline of 1 seconds"],
    },
    Case {
        name: "endless-and-deaf",
        script: "trap '' TERM; while :; do sleep 1; done",
        change: |it| {
            it["spec"]["trialTemplate"]["trialSpec"]["spec"]["activeDeadlineSeconds"] = json!(1);
        },
        condition: FAILED,
        said: &["DeadlineExceeded"],
    },
    Case {
        name: "long-lines",
        script: "head -c 3000000 /dev/zero | tr '\\0' x; echo; exit 4",
        change: FINE,
        condition: FAILED,
        said: &["exit code 4", "xxx"],
    },
    Case {
        name: "garbage",
        script: "head -c 100000 /dev/urandom; exit 5",
        change: FINE,
        condition: FAILED,
        said: &["exit code 5"],
    },
];

#[test]
fn bad_trials_are_told_plainly() {
    let home = Home::new();
    for case in CASES {
        let mut manifest = experiment(case.name, case.script);
        (case.change)(&mut manifest);
        let file = home.file("bad.yaml", &manifest.to_string());
        let output = home.qalam(&["run", &file.to_string_lossy(), "--quiet"]);
        let told = text(&output);
        assert_eq!(output.status.code(), Some(1), "{}: {told}", case.name);
        let name = trial(&home, case.name);
        let described = home.succeeds(&["describe", &name]);
        let has = |part: &str, what: &str| {
            assert!(told.contains(part), "{} ({what}): {part} is not in: {told}", case.name);
        };
        has(&format!("Experiment {} has failed", case.name), "summary");
        has(&format!("First failed trial: {name}"), "summary");
        for part in case.said {
            has(part, "command line");
            let (status, events) = described.split_once("Events:").unwrap();
            assert!(status.contains(part), "{}: {part} is not in: {status}", case.name);
            assert!(events.contains(part), "{}: {part} is not in: {events}", case.name);
        }
        assert!(described.contains(&format!("{} ", case.condition)), "{}: {described}", case.name);
        assert!(told.len() < 20_000, "{}: {} bytes are said", case.name, told.len());
    }
}

/// The name of an experiment's only trial.
fn trial(home: &Home, experiment: &str) -> String {
    let csv = home.succeeds(&["export", experiment]);
    csv.lines().nth(1).unwrap().split(',').next().unwrap().to_owned()
}

#[test]
fn bad_output_does_not_hide_a_good_value() {
    let home = Home::new();
    for (name, script) in [
        ("after-a-long-line", "head -c 3000000 /dev/zero | tr '\\0' x; echo; echo accuracy=$1"),
        ("after-garbage", "head -c 100000 /dev/urandom; echo; echo accuracy=$1"),
        ("after-nan", "echo accuracy=nan; echo accuracy=$1; echo accuracy=inf"),
        ("without-a-newline", "printf accuracy=$1"),
    ] {
        let file = home.file("good.yaml", &experiment(name, script).to_string());
        home.succeeds(&["run", &file.to_string_lossy(), "--quiet"]);
        let best = home.succeeds(&["best", name, "-o", "json"]);
        let best: Value = serde_json::from_str(&best).unwrap();
        assert_eq!(best["metrics"]["accuracy"], best["parameters"]["lr"], "{name}");
    }
}

#[test]
fn failures_are_counted_against_their_limit() {
    let home = Home::new();
    let file = home.file("count", "");
    // Every second trial fails.
    let script = format!(
        "exec 9>>{0}.lock; flock 9; echo x >> {0}; n=$(wc -l < {0}); \
         [ $((n % 2)) = 0 ] && exit 1; echo accuracy=$1",
        file.display()
    );
    for (name, limit, status, trials, verdict) in [
        ("patient", 6, 0, "6 trials, 3 failed", "has succeeded"),
        ("strict", 2, 1, "4 trials, 2 failed", "(ExperimentFailed)"),
    ] {
        std::fs::write(&file, "").unwrap();
        let mut manifest = experiment(name, &script);
        manifest["spec"]["maxTrialCount"] = json!(6);
        manifest["spec"]["maxFailedTrialCount"] = json!(limit);
        let manifest = home.file("e.yaml", &manifest.to_string());
        let output = home.qalam(&["run", &manifest.to_string_lossy(), "--quiet"]);
        let told = text(&output);
        assert_eq!(output.status.code(), Some(status), "{told}");
        assert!(told.contains(trials) && told.contains(verdict), "{name}: {told}");
    }
}

#[test]
fn an_endless_trial_ends_with_its_experiment() {
    let home = Home::new();
    for verb in ["stop", "delete"] {
        let pids = home.file("pids", "");
        let script =
            format!("trap '' TERM; echo $$$$ >> {}; while :; do sleep 1; done", pids.display());
        let name = format!("endless-{verb}");
        let file = home.file("e.yaml", &experiment(&name, &script).to_string());
        home.succeeds(&["run", &file.to_string_lossy(), "--detach"]);
        let pid = home.wait("the trial", || {
            std::fs::read_to_string(&pids).unwrap().lines().next().map(str::to_owned)
        });
        let process = std::path::PathBuf::from(format!("/proc/{pid}/cwd"));
        assert!(process.exists());
        home.succeeds(&[verb, &name]);
        home.wait("the end of the process", || (!process.exists()).then_some(()));
        let there = home.succeeds(&["get", "experiments"]).contains(&name);
        assert_eq!(there, verb == "stop");
    }
    let trial = trial(&home, "endless-stop");
    let described = home.succeeds(&["describe", &trial]);
    assert!(described.contains("Trial is stopped: its experiment has ended"), "{described}");
    assert!(home.succeeds(&["describe", "endless-stop"]).contains("ExperimentStopped"));
}
