//! The command line as people use it: the real binary, on homes of its own.

use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use serde_json::Value;

use crate::home::{Home, text};

/// A trial that prints its objective from its arguments; no Python, no files.
const SCRIPT: &str = "echo accuracy=$1";

fn tune<'a>(more: &[&'a str], trial: &[&'a str]) -> Vec<&'a str> {
    let flags = ["tune", "--maximize", "accuracy", "--param", "lr=float:0.1..0.9", "--seed", "7"];
    [&flags, more, &["--"], trial].concat()
}

fn manifest(name: &str, trials: u32, command: &str) -> String {
    format!(
        r#"apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata: {{name: {name}}}
spec:
  objective: {{type: maximize, objectiveMetricName: accuracy}}
  algorithm: {{algorithmName: random}}
  maxTrialCount: {trials}
  parallelTrialCount: 2
  maxFailedTrialCount: 0
  parameters:
  - {{name: lr, parameterType: double, feasibleSpace: {{min: "0.1", max: "0.9"}}}}
  trialTemplate:
    retain: true
    primaryContainerName: main
    trialParameters: [{{name: lr, reference: lr}}]
    trialSpec:
      apiVersion: batch/v1
      kind: Job
      spec:
        backoffLimit: 0
        template:
          spec:
            restartPolicy: Never
            containers:
            - {{name: main, image: host, command: [sh, -c, "{command}", sh, "${{trialParameters.lr}}"]}}
"#
    )
}

#[test]
fn a_dry_run_prints_a_manifest_that_is_valid() {
    let home = Home::new();
    let flags = ["--name", "dry", "--trials", "3", "--dry-run"];
    let yaml = home.succeeds(&tune(&flags, &["sh", "-c", SCRIPT, "sh", "{lr}"]));
    assert!(yaml.contains("${trialParameters.lr}") && yaml.contains("QALAM_PARAM_LR"), "{yaml}");
    let file = home.file("dry.yaml", &yaml);
    let valid = home.succeeds(&["validate", &file.to_string_lossy()]);
    assert_eq!(valid.trim(), "Experiment dry: valid");
    assert!(home.server().is_none(), "neither needs a home");
}

#[test]
fn bad_input_is_refused_with_all_its_faults() {
    let home = Home::new();
    let bad = manifest("bad", 0, SCRIPT).replace("\"0.1\"", "\"2\"").replace("random", "rnadom");
    let file = home.file("bad.yaml", &bad);
    let check = |arguments: &[&str], expect: &[&str]| {
        let output = home.qalam(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output));
        let said = text(&output);
        expect.iter().for_each(|it| assert!(said.contains(it), "{it} is not in: {said}"));
    };
    let faults = ["spec.maxTrialCount", "spec.parameters[0]", "spec.algorithm.algorithmName"];
    check(&["run", &file.to_string_lossy()], &faults);
    check(&["validate", &file.to_string_lossy()], &faults);
    check(&["run", "no-such-file.yaml"], &["no-such-file.yaml"]);
    check(&tune(&["--dry-run"], &["train", "{lrr}"]), &["did you mean {lr}?"]);
    check(&["tune", "--", "train"], &["--maximize METRIC", "--param name=form"]);
    check(&["frobnicate"], &["frobnicate"]);
    assert!(home.server().is_none(), "none of these needs a home");
}

#[test]
fn algorithms_of_other_servers_are_known_from_a_file() {
    let home = Home::new();
    let file = home.file("e.yaml", &manifest("e", 3, SCRIPT).replace("random", "mine"));
    let file = file.to_string_lossy();
    let config =
        home.file("katib.yaml", "runtime: {suggestions: [{algorithmName: mine, address: 'h:1'}]}");
    let config = config.to_string_lossy();
    let unknown = home.qalam(&["validate", &file]);
    assert!(text(&unknown).contains("unknown algorithm name mine"), "{}", text(&unknown));
    home.succeeds(&["validate", &file, "--katib-config", &config]);
    let point = "spec.initialPoints=[{\"lr\": \"0.5\"}]";
    let untold = home.qalam(&["validate", &file, "--katib-config", &config, "--set", point]);
    let expect = "spec.initialPoints: cannot be told to the server of the algorithm \"mine\"";
    assert!(text(&untold).contains(expect), "{}", text(&untold));
    let lost = home.qalam(&["run", &file, "--katib-config", "no-such-file"]);
    assert!(text(&lost).contains("no-such-file"), "{}", text(&lost));
    assert!(home.server().is_none(), "none of these needs a home");

    // The home itself was not told, and asks its own configuration.
    let output = home.qalam(&["run", &file, "--katib-config", &config]);
    assert!(text(&output).contains("unknown algorithm name mine"), "{}", text(&output));
}

#[test]
fn algorithms_are_told_with_their_settings() {
    let home = Home::new();
    let said = home.succeeds(&["algorithms", "tpe"]);
    for expect in ["SETTING", "gamma", "number in (0, 1)", "random_state"] {
        assert!(said.contains(expect), "{expect} is not in: {said}");
    }
    let page = home.succeeds(&["algorithms", "tpe", "--markdown"]);
    assert!(page.contains("## tpe") && page.contains("| `gamma` | "), "{page}");
    let unknown = home.qalam(&["algorithms", "best"]);
    assert!(text(&unknown).contains("no algorithm \"best\"; there are auto"), "{}", text(&unknown));
}

#[test]
fn a_field_that_nobody_knows_is_told_as_an_event() {
    let home = Home::new();
    let yaml = manifest("odd", 2, SCRIPT)
        .replace("  maxTrialCount", "  paralelTrialCount: 2\n  maxTrialCount");
    let file = home.file("odd.yaml", &yaml);
    home.succeeds(&["run", &file.to_string_lossy(), "--allow-unknown"]);
    let told = home.succeeds(&["describe", "odd"]);
    let expect =
        "spec.paralelTrialCount: is not a known field; did you mean \"parallelTrialCount\"?";
    assert!(told.contains("SpecRemark") && told.contains(expect), "{told}");
}

#[test]
fn tune_ends_with_the_best_trial() {
    let home = Home::new();
    let flags = ["--name", "best", "--trials", "6", "--parallel", "2"];
    let said = home.succeeds(&tune(&flags, &["sh", "-c", SCRIPT, "sh", "{lr}"]));
    assert!(said.contains("Best trial: best-") && said.contains("has succeeded"), "{said}");

    let best: Value =
        serde_json::from_str(&home.succeeds(&["best", "best", "-o", "json"])).unwrap();
    let lr = best["parameters"]["lr"].as_str().unwrap();
    assert_eq!(best["metrics"]["accuracy"], best["parameters"]["lr"]);
    assert_eq!(home.succeeds(&["best", "best", "-o", "args"]).trim(), format!("--lr={lr}"));
    assert_eq!(home.succeeds(&["logs", "best", "--best"]).trim(), format!("accuracy={lr}"));

    let csv = home.succeeds(&["export", "best"]);
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0], ["trial", "index", "state", "started", "ended", "accuracy", "lr"]);
    assert_eq!(rows.len(), 7, "{csv}");
    assert!(rows[1..].iter().all(|row| row[2] == "Succeeded" && row[5] == row[6]), "{csv}");
    let most = rows[1..].iter().map(|row| row[6].parse::<f64>().unwrap()).fold(0.0, f64::max);
    assert_eq!(lr.parse::<f64>().unwrap(), most);

    assert!(home.succeeds(&["get"]).contains("6/6"));
    assert!(home.succeeds(&["get", "trials", "best"]).contains("Succeeded"));
    assert!(home.succeeds(&["describe", "best"]).contains("Conditions:"));
    home.succeeds(&["delete", "best"]);
    assert!(home.succeeds(&["down"]).contains("down"));
    assert!(home.succeeds(&["status"]).contains("not running"));
}

#[test]
fn a_failed_trial_is_told_plainly() {
    let home = Home::new();
    let file = home.file("fails.yaml", &manifest("fails", 3, "echo it broke >&2; exit 3"));
    let output = home.qalam(&["run", &file.to_string_lossy()]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for expect in ["Experiment fails has failed", "First failed trial: fails-", "it broke"] {
        assert!(said.contains(expect), "{expect} is not in: {said}");
    }
}

#[test]
fn a_taken_name_is_offered_a_way_out() {
    let home = Home::new();
    let file = home.file("e.yaml", &manifest("taken", 2, SCRIPT));
    let file = file.to_string_lossy();
    home.succeeds(&["run", &file]);
    let again = home.qalam(&["run", &file]);
    assert_eq!(again.status.code(), Some(2), "{}", text(&again));
    assert!(text(&again).contains("--new") && text(&again).contains("--replace"));
    assert!(home.succeeds(&["run", &file, "--new"]).contains("Experiment taken-2 has succeeded"));
    home.succeeds(&["run", &file, "--replace", "--set", "spec.maxTrialCount=3"]);
    assert!(home.succeeds(&["get", "experiments", "taken"]).contains("3/3"));
}

#[test]
fn two_starts_end_with_one_server() {
    let home = Home::new();
    let start = || home.command(&["get"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let children = [start().unwrap(), start().unwrap()];
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}\n{}", text(&output), home.log());
    }
    let up = home.qalam(&["up"]);
    assert_eq!(up.status.code(), Some(1), "{}", text(&up));
    assert!(text(&up).contains("is up already: process"), "{}", text(&up));
    assert_eq!(home.log().matches("is up\n").count(), 1, "{}", home.log());
}

#[test]
fn a_killed_server_is_started_again_and_the_experiment_goes_on() {
    let home = Home::new();
    let file = home.file("e.yaml", &manifest("crash", 6, "sleep 0.3; echo accuracy=$1"));
    let file = file.to_string_lossy();
    home.succeeds(&["run", &file, "--detach"]);
    home.wait("a finished trial", || {
        let trials = home.succeeds(&["get", "trials", "crash"]);
        trials.contains("Succeeded").then_some(())
    });
    let first = home.pid().unwrap();
    kill(first, Signal::SIGKILL).unwrap();
    let output = home.qalam(&["run", &file]);
    assert!(output.status.success(), "{}\n{}", text(&output), home.log());
    assert!(text(&output).contains("already runs; attached to it"), "{}", text(&output));
    assert_ne!(home.pid(), Some(first));
    let csv = home.succeeds(&["export", "crash"]);
    assert_eq!(csv.lines().filter(|line| line.contains(",Succeeded,")).count(), 6, "{csv}");
}
