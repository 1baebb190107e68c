//! What speaks gRPC: a search on another server, metrics that are read while a trial runs, and
//! the controllers as a process of their own.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Stdio};
use std::time::Instant;

use proto::rpc::v1beta1::GetObservationLogRequest;
use proto::rpc::v1beta1::db_manager_client::DbManagerClient;
use serde_json::Value;

use crate::home::{Home, text};

/// A process that ends with the test.
pub(crate) struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn start(home: &Home, arguments: &[&str]) -> Server {
    let mut command = home.command(arguments);
    Server(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

/// An address on which nobody listens.
pub(crate) fn free_address() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().to_string()
}

fn experiment(name: &str, algorithm: &str, trials: u32, script: &str) -> String {
    format!(
        r#"apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata: {{name: {name}}}
spec:
  objective: {{type: maximize, objectiveMetricName: accuracy}}
  algorithm: {{algorithmName: {algorithm}}}
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

/// A trial that prints its parameter.
const PRINT: &str = "echo accuracy=$1";

/// KatibConfig that says who serves `my-search`, with the namespace that it lies in.
fn katib_config(address: &str) -> String {
    format!(
        r#"apiVersion: v1
kind: Namespace
metadata: {{name: kubeflow}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: katib-config, namespace: kubeflow}}
data:
  katib-config.yaml: |
    apiVersion: config.kubeflow.org/v1beta1
    kind: KatibConfig
    runtime:
      suggestions:
      - {{algorithmName: my-search, address: "{address}"}}
---
"#
    )
}

/// What a condition of a suggestion or an experiment says, as `kubectl get -o json` tells it.
fn told(home: &Home, name: &str) -> String {
    home.succeeds(&["describe", name])
}

#[test]
fn a_search_on_another_server_is_used_and_awaited() {
    let home = Home::new();
    let address = free_address();
    let manifest = katib_config(&address) + &experiment("outside", "my-search", 5, PRINT);
    let file = home.file("e.yaml", &manifest);
    // The server is down: the experiment is taken, and says what it waits for.
    home.succeeds(&["run", &file.to_string_lossy(), "--detach"]);
    home.wait("word of the server that is down", || {
        let told = told(&home, "outside");
        (told.contains("SuggestionUnavailable") && told.contains(&address)).then_some(())
    });
    let _server = start(&home, &["suggest", "--listen", &address, "--alias", "my-search=random"]);
    let said = text(&home.qalam(&["run", &file.to_string_lossy()]));
    assert!(said.contains("Experiment outside has succeeded"), "{said}");
    let csv = home.succeeds(&["export", "outside"]);
    assert_eq!(csv.lines().filter(|line| line.contains(",Succeeded,")).count(), 5, "{csv}");
}

#[test]
fn the_end_of_the_space_on_another_server_ends_the_experiment() {
    let home = Home::new();
    let address = free_address();
    let _server = start(&home, &["suggest", "--listen", &address, "--alias", "my-search=random"]);
    let three = r#"parameterType: int, feasibleSpace: {min: "1", max: "3"}"#;
    let wide = r#"parameterType: double, feasibleSpace: {min: "0.1", max: "0.9"}"#;
    let manifest = experiment("small", "my-search", 9, PRINT).replace(wide, three);
    let file = home.file("e.yaml", &(katib_config(&address) + &manifest));
    let said = text(&home.qalam(&["run", &file.to_string_lossy()]));
    assert!(said.contains("3 trials (ExperimentSuggestionEndReached)"), "{said}");
}

#[test]
fn what_the_other_server_refuses_fails_the_experiment_with_its_words() {
    let home = Home::new();
    let address = free_address();
    let _server = start(&home, &["suggest", "--listen", &address]);
    let manifest = katib_config(&address) + &experiment("refused", "my-search", 5, PRINT);
    let file = home.file("e.yaml", &manifest);
    let output = home.qalam(&["run", &file.to_string_lossy()]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for expect in ["Experiment refused has failed", "my-search"] {
        assert!(said.contains(expect), "{expect} is not in: {said}");
    }
    assert!(told(&home, "refused").contains("SuggestionFailed"), "{}", told(&home, "refused"));
}

#[test]
fn a_name_that_nobody_serves_is_refused() {
    let home = Home::new();
    let file = home.file("e.yaml", &experiment("nobody", "my-search", 5, PRINT));
    let output = home.qalam(&["run", &file.to_string_lossy()]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains("spec.algorithm.algorithmName"), "{}", text(&output));
}

/// A value that a program printed is readable while it runs, though the program never flushes.
#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_readable_while_the_trial_runs() {
    let home = Home::new();
    home.start();
    let go = home.work().join("go");
    let printed = home.work().join("printed");
    // The value is printed when this test asks for it, and the trial ends when it is told to.
    let script = format!(
        "import os, time\nwhile not os.path.exists({go:?}): time.sleep(0.005)\n\
         print('accuracy=0.1')\nopen({printed:?}, 'w').close()\ntime.sleep(600)"
    );
    let flags = ["tune", "--maximize", "accuracy", "--param", "x=float:0..1", "--trials", "1"];
    let rest = ["--name", "live", "--detach", "--", "python3", "-c", &script];
    home.succeeds(&[&flags[..], &rest].concat());
    let trial = home.wait("a running trial", || {
        let trials: Vec<Value> =
            serde_json::from_str(&home.succeeds(&["export", "live", "-o", "json"])).unwrap();
        let trial = trials.first().filter(|it| it["state"] == "Running")?;
        trial["trial"].as_str().map(str::to_owned)
    });
    let address = home.server().unwrap()["database"].as_str().unwrap().to_owned();
    let mut client = DbManagerClient::connect(format!("http://{address}")).await.unwrap();
    let mut follow = home.command(&["logs", &trial, "-f"]);
    let mut follow = Server(follow.stdout(Stdio::piped()).spawn().unwrap());

    std::fs::write(&go, "").unwrap();
    home.wait("the print", || printed.exists().then_some(()));
    let began = Instant::now();
    let value = loop {
        let request = GetObservationLogRequest {
            trial_name: trial.clone(),
            metric_name: "accuracy".into(),
            ..Default::default()
        };
        let reply = client.get_observation_log(request).await.unwrap().into_inner();
        let logs = reply.observation_log.unwrap_or_default().metric_logs;
        if let Some(metric) = logs.into_iter().find_map(|it| it.metric) {
            break metric.value;
        }
        assert!(began.elapsed().as_secs() < 60, "the value did not come: {}", home.log());
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    };
    eprintln!("readable {:?} after it was printed", began.elapsed());
    assert_eq!(value, "0.1");
    let mut line = String::new();
    BufReader::new(follow.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "accuracy=0.1\n");
    let csv = home.succeeds(&["export", "live"]);
    assert!(csv.contains(",Running,"), "all of this while it runs: {csv}");
}

/// The controllers against a cluster that is not theirs: their own process, store and watches.
#[test]
fn the_controllers_run_against_another_cluster() {
    let home = Home::new();
    let mut up = home.command(&["up", "--no-controllers"]);
    let _cluster = Server(up.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    home.wait("the cluster", || home.server());
    let kubeconfig = home.path().join("kubeconfig").to_string_lossy().into_owned();
    let file = home.file("e.yaml", &experiment("apart", "tpe", 6, PRINT));
    let file = file.to_string_lossy().into_owned();
    home.succeeds(&["run", "--kubeconfig", &kubeconfig, &file, "--detach"]);
    assert!(home.succeeds(&["get", "trials", "apart"]).is_empty(), "nobody works on it yet");

    let database = home.work().join("other.db").to_string_lossy().into_owned();
    let flags = ["--install-crds", "--database", &database];
    let controllers = ["controller", "--kubeconfig", &kubeconfig];
    let _controllers = start(&home, &[&controllers[..], &flags].concat());
    let said = text(&home.qalam(&["run", "--kubeconfig", &kubeconfig, &file]));
    assert!(said.contains("Experiment apart has succeeded"), "{said}\n{}", home.log());
    let csv = home.succeeds(&["export", "apart", "--kubeconfig", &kubeconfig]);
    assert_eq!(csv.lines().filter(|line| line.contains(",Succeeded,")).count(), 6, "{csv}");
}
