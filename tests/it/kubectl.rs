//! `kubectl`, unmodified, against a home: apply, get, describe, logs, delete.

use std::process::{Command, Output};

use crate::home::{Home, text};

/// The first manifest of anyone who comes from Katib, with its trial filled in.
pub(crate) const SEED: &str = r#"apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata: {name: random-search-example}
spec:
  objective: {type: maximize, goal: 0.99, objectiveMetricName: Validation-accuracy}
  algorithm: {algorithmName: random}
  maxTrialCount: 5
  parameters:
  - {name: learning_rate, parameterType: double, feasibleSpace: {min: "0.001", max: "0.1"}}
  - {name: batch_size, parameterType: int, feasibleSpace: {min: "16", max: "128"}}
  trialTemplate:
    primaryContainerName: training-container
    retain: true
    trialParameters:
    - {name: learningRate, description: Learning rate, reference: learning_rate}
    - {name: batchSize, description: Batch size, reference: batch_size}
    trialSpec:
      apiVersion: batch/v1
      kind: Job
      spec:
        template:
          spec:
            restartPolicy: Never
            containers:
            - name: training-container
              image: docker.io/kubeflowkatib/pytorch-mnist-cpu:latest
              command:
              - sh
              - -c
              - |
                echo "lr=$0 batch=$1"
                awk "BEGIN { printf \"Validation-accuracy=%f\", 0.98 - $0 - $1 / 1000 }"
              - ${trialParameters.learningRate}
              - ${trialParameters.batchSize}
"#;

/// `kubectl` on a home; none where it is missing, which is a failure with `CI=true`.
pub(crate) struct Kubectl<'a>(&'a Home);

impl Kubectl<'_> {
    pub(crate) fn new(home: &Home) -> Option<Kubectl<'_>> {
        match Command::new("kubectl").args(["version", "--client"]).output() {
            Ok(output) if output.status.success() => Some(Kubectl(home)),
            other => {
                let why = format!("kubectl cannot be run: {other:?}");
                assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{why}");
                eprintln!("skipped: {why}");
                None
            }
        }
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("kubectl");
        command.args(arguments).env("KUBECONFIG", self.0.path().join("kubeconfig"));
        // What kubectl keeps of discovery must not outlive this home.
        command.env("HOME", self.0.work()).current_dir(self.0.work()).output().unwrap()
    }

    pub(crate) fn succeeds(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}\n{}", text(&output), self.0.log());
        String::from_utf8(output.stdout).unwrap()
    }

    /// Names of all objects of some kinds.
    fn names(&self, kinds: &str) -> Vec<String> {
        let said = self.succeeds(&["get", kinds, "-A", "-o", "name"]);
        said.lines().map(str::to_owned).collect()
    }
}

#[test]
fn run_takes_the_seed_manifest() {
    let home = Home::new();
    let file = home.file("seed.yaml", SEED);
    let said = home.succeeds(&["run", &file.to_string_lossy()]);
    assert!(said.contains("Experiment random-search-example has succeeded"), "{said}");
    let csv = home.succeeds(&["export", "random-search-example"]);
    assert_eq!(csv.lines().filter(|line| line.contains(",Succeeded,")).count(), 5, "{csv}");
}

#[test]
fn kubectl_takes_an_experiment_from_apply_to_delete() {
    let home = Home::new();
    let Some(kubectl) = Kubectl::new(&home) else { return };
    home.start();
    home.file("seed.yaml", SEED);
    let applied = kubectl.succeeds(&["apply", "-f", "seed.yaml"]);
    assert_eq!(applied.trim(), "experiment.kubeflow.org/random-search-example created");
    let name = "experiment/random-search-example";
    kubectl.succeeds(&["wait", "--for=condition=Succeeded", name, "--timeout=60s"]);

    let listed = kubectl.succeeds(&["get", "experiment,trial,suggestion"]);
    for expect in [
        "experiment.kubeflow.org/random-search-example   Succeeded   True",
        "suggestion.kubeflow.org/random-search-example   Succeeded   True",
    ] {
        assert!(listed.contains(expect), "{expect} is not in: {listed}");
    }
    assert_eq!(listed.matches("trial.kubeflow.org/random-search-example-").count(), 5, "{listed}");
    // Defaults inside lists look like a change to kubectl; the completed object is the same.
    kubectl.succeeds(&["apply", "-f", "seed.yaml"]);
    let generation = ["get", name, "-o", "jsonpath={.metadata.generation}"];
    assert_eq!(kubectl.succeeds(&generation), "1");

    let told = kubectl.succeeds(&["describe", "experiment", "random-search-example"]);
    for expect in ["Current Optimal Trial:", "ExperimentCreated", "Objective Metric Name:"] {
        assert!(told.contains(expect), "{expect} is not in: {told}");
    }
    let best = "jsonpath={.status.currentOptimalTrial.bestTrialName}";
    let best = kubectl.succeeds(&["get", name, "-o", best]);
    let logs = kubectl.succeeds(&["logs", &format!("job/{best}")]);
    assert!(logs.contains("lr=0.") && logs.contains("Validation-accuracy=0."), "{logs}");
    let selector = format!("katib.kubeflow.org/trial={best}");
    assert_eq!(kubectl.succeeds(&["logs", "-l", &selector, "--tail=-1"]), logs);

    kubectl.succeeds(&["delete", name, "--cascade=foreground", "--timeout=60s"]);
    let kinds = "experiments,trials,suggestions,jobs,pods";
    assert_eq!(kubectl.names(kinds), Vec::<String>::new());
}

#[test]
fn kubectl_is_told_all_faults_at_once() {
    let home = Home::new();
    let Some(kubectl) = Kubectl::new(&home) else { return };
    home.start();
    let bad = SEED.replace("random}", "rnadom}").replace("\"0.001\"", "\"x\"");
    home.file("bad.yaml", &bad);
    let output = kubectl.run(&["apply", "-f", "bad.yaml"]);
    assert!(!output.status.success());
    for expect in ["spec.parameters[0].feasibleSpace.min", "spec.algorithm.algorithmName"] {
        assert!(text(&output).contains(expect), "{expect} is not in: {}", text(&output));
    }
}

#[test]
fn kubectl_explains_and_edits() {
    let home = Home::new();
    let Some(kubectl) = Kubectl::new(&home) else { return };
    home.start();
    let told = kubectl.succeeds(&["explain", "experiment.spec.objective"]);
    assert!(told.contains("objectiveMetricName"), "{told}");
    kubectl.succeeds(&["create", "namespace", "team"]);
    let slow = SEED.replace("echo \"lr", "sleep 600; echo \"lr");
    home.file("slow.yaml", &slow);
    kubectl.succeeds(&["apply", "-n", "team", "-f", "slow.yaml"]);
    let running =
        || kubectl.succeeds(&["get", "pods", "-n", "team"]).contains("Running").then_some(());
    home.wait("a running pod", running);
    kubectl.succeeds(&["delete", "namespace", "team", "--timeout=60s"]);
    assert_eq!(kubectl.names("experiments,trials,suggestions,jobs,pods"), Vec::<String>::new());
}
