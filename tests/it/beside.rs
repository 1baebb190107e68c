//! The life of experiments beside and after each other: deleted, replaced, two at once, elsewhere.

use std::process::Stdio;

use serde_json::Value;

use crate::home::{Home, text};

fn manifest(name: &str, trials: u32, script: &str) -> String {
    format!(
        r#"apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata: {{name: {name}}}
spec:
  objective: {{type: maximize, objectiveMetricName: accuracy}}
  algorithm: {{algorithmName: random}}
  maxTrialCount: {trials}
  parallelTrialCount: 2
  parameters:
  - {{name: x, parameterType: double, feasibleSpace: {{min: "0.1", max: "0.9"}}}}
  trialTemplate:
    primaryContainerName: main
    trialParameters: [{{name: x, reference: x}}]
    trialSpec:
      apiVersion: batch/v1
      kind: Job
      spec:
        template:
          spec:
            restartPolicy: Never
            containers:
            - {{name: main, image: host, command: [sh, -c, "{script}", sh, "${{trialParameters.x}}"]}}
"#
    )
}

/// Processes of the trials of a home: they write their pids into its working directory.
fn alive(home: &Home) -> usize {
    let pids = std::fs::read_to_string(home.work().join("pids")).unwrap_or_default();
    let there = |pid: &&str| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        !stat.is_empty() && !stat.contains(") Z ")
    };
    pids.lines().filter(there).count()
}

/// `$$$$` in a manifest is the shell's `$$`.
const FOR_EVER: &str = "echo $$$$ >> pids; sleep 600";

#[test]
fn a_deleted_experiment_ends_its_processes() {
    let home = Home::new();
    let file = home.file("e.yaml", &manifest("gone", 9, FOR_EVER));
    home.succeeds(&["run", &file.to_string_lossy(), "--detach"]);
    home.wait("two trials", || (alive(&home) == 2).then_some(()));
    home.succeeds(&["delete", "gone"]);
    home.wait("the end of the processes", || (alive(&home) == 0).then_some(()));
    home.wait("the end of the trials", || {
        let told = home.qalam(&["get", "trials", "gone"]);
        text(&told).contains("no trial or experiment").then_some(())
    });
    // The name is free again.
    let file = home.file("e.yaml", &manifest("gone", 2, "echo accuracy=$1"));
    home.succeeds(&["run", &file.to_string_lossy()]);
}

#[test]
fn a_running_experiment_is_replaced() {
    let home = Home::new();
    let file = home.file("e.yaml", &manifest("again", 9, FOR_EVER));
    let file = file.to_string_lossy().into_owned();
    home.succeeds(&["run", &file, "--detach"]);
    home.wait("two trials", || (alive(&home) == 2).then_some(()));
    home.file("e.yaml", &manifest("again", 3, "echo accuracy=$1"));
    let differs = home.qalam(&["run", &file]);
    assert_eq!(differs.status.code(), Some(2), "{}", text(&differs));
    assert!(text(&differs).contains("runs with another spec.maxTrialCount"), "{}", text(&differs));

    let said = home.succeeds(&["run", &file, "--new"]);
    assert!(said.contains("Experiment again-2 has succeeded"), "{said}");
    assert_eq!(alive(&home), 2, "the first goes on");
    let said = home.succeeds(&["run", &file, "--replace"]);
    assert!(said.contains("Experiment again has succeeded"), "{said}");
    assert_eq!(alive(&home), 0);
    let csv = home.succeeds(&["export", "again"]);
    assert_eq!(csv.lines().filter(|line| line.contains(",Succeeded,")).count(), 3, "{csv}");
}

#[test]
fn two_experiments_run_at_once() {
    let home = Home::new();
    let run = |name: &str| {
        let yaml = manifest(name, 5, "sleep 0.1; echo accuracy=$1");
        let file = home.file(&format!("{name}.yaml"), &yaml);
        let mut command = home.command(&["run", &file.to_string_lossy()]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let children = [run("left"), run("right")];
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}\n{}", text(&output), home.log());
    }
    for name in ["left", "right"] {
        let rows: Vec<Value> =
            serde_json::from_str(&home.succeeds(&["export", name, "-o", "json"])).unwrap();
        assert_eq!(rows.len(), 5, "{rows:?}");
        let own = |row: &Value| row["trial"].as_str().unwrap().starts_with(&format!("{name}-"));
        assert!(rows.iter().all(|row| own(row) && !row["accuracy"].is_null()));
    }
}

#[test]
fn other_namespaces_are_apart() {
    let home = Home::new();
    let yaml = manifest("e", 2, "echo accuracy=$1");
    let file = home.file("e.yaml", &yaml);
    let file = file.to_string_lossy();
    let namespace = "{apiVersion: v1, kind: Namespace, metadata: {name: team}}\n---\n";
    let both = home.file("both.yaml", &format!("{namespace}{yaml}"));
    home.succeeds(&["run", &both.to_string_lossy(), "-n", "team"]);
    assert!(home.succeeds(&["get", "-n", "team"]).contains("2/2"));
    assert!(!home.succeeds(&["get"]).contains("2/2"), "nothing in default");
    home.succeeds(&["run", &file]);
    home.succeeds(&["delete", "e"]);
    assert!(home.succeeds(&["best", "e", "-n", "team"]).contains("Best trial: e-"));

    let nowhere = home.qalam(&["run", &file, "-n", "nowhere"]);
    assert_ne!(nowhere.status.code(), Some(0));
    assert!(text(&nowhere).contains("nowhere"), "{}", text(&nowhere));
}
