//! The life of a home and of the experiments in it: stopping, interrupting, going on, watching.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use crate::home::{Home, text};
use crate::screen::{Screen, missing};

/// An experiment whose trials run this command of a shell, with the parameter as `$1`.
fn manifest(name: &str, trials: u32, command: &str) -> String {
    let parallel = trials.min(2);
    format!(
        r#"apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata: {{name: {name}}}
spec:
  objective: {{type: maximize, objectiveMetricName: accuracy}}
  algorithm: {{algorithmName: random}}
  maxTrialCount: {trials}
  parallelTrialCount: {parallel}
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

/// A trial that says that it began, by a file too, and waits until the file `go` is there.
fn waiting(home: &Home) -> String {
    let work = home.work().display().to_string();
    let began = format!("mktemp {work}/began.XXXXXX > /dev/null; echo began");
    format!("{began}; until [ -e {work}/go ]; do sleep 0.05; done; echo accuracy=$1")
}

/// Waits until so many such trials have begun: a trial is Running before its process is there.
fn wait_begun(home: &Home, count: usize) {
    let began = |entry: &std::fs::DirEntry| entry.file_name().to_string_lossy().contains("began.");
    home.wait("the trials", || {
        let entries = std::fs::read_dir(home.work()).unwrap().flatten();
        (entries.filter(began).count() == count).then_some(())
    });
}

/// The processes whose command line or environment names this home, the caller's own apart.
fn processes(home: &Home) -> Vec<String> {
    let place = home.path().to_string_lossy().into_owned();
    let all = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        let folder = entry.path();
        let read = |file: &str| {
            String::from_utf8_lossy(&std::fs::read(folder.join(file)).ok()?).into_owned().into()
        };
        let (command, environment): (Option<String>, Option<String>) =
            (read("cmdline"), read("environ"));
        let named = command.as_ref()?.contains(&place) || environment?.contains(&place);
        named.then_some(command?)
    });
    all.collect()
}

fn running(home: &Home, experiment: &str) -> usize {
    home.succeeds(&["get", "trials", experiment]).matches("Running").count()
}

fn reports(home: &Home, experiment: &str) -> Vec<Value> {
    let json = home.succeeds(&["export", experiment, "--metrics", "-o", "json"]);
    serde_json::from_str(&json).unwrap()
}

#[test]
fn what_is_interrupted_runs_again_and_nothing_counts_as_failed() {
    let home = Home::new();
    let file = home.file("e.yaml", &manifest("e", 5, &waiting(&home)));
    let file = file.to_string_lossy();
    home.succeeds(&["run", &file, "--detach"]);
    wait_begun(&home, 2);
    let said = home.succeeds(&["down", "--stop"]);
    assert!(said.contains("down, 2 running pods ended"), "{said}");
    assert_eq!(processes(&home), [""; 0]);
    assert!(home.succeeds(&["down", "--stop"]).contains("not running, 0 running pods ended"));

    home.file("go", "");
    let output = home.qalam(&["run", &file]);
    assert!(output.status.success(), "{}\n{}", text(&output), home.log());
    assert!(text(&output).contains("has succeeded"), "{}", text(&output));
    let csv = home.succeeds(&["export", "e"]);
    assert_eq!(csv.lines().filter(|line| line.contains(",Succeeded,")).count(), 5, "{csv}");
    assert_eq!(csv.lines().count(), 6, "{csv}");
    let mut trials: Vec<String> =
        reports(&home, "e").iter().map(|it| it["trial"].to_string()).collect();
    trials.sort();
    let all = trials.len();
    trials.dedup();
    assert_eq!((all, trials.len()), (5, 5), "each trial reported once");
}

#[test]
fn pods_that_run_on_without_a_server_are_ended_too() {
    let home = Home::new();
    let file = home.file("e.yaml", &manifest("e", 1, &waiting(&home)));
    home.succeeds(&["run", &file.to_string_lossy(), "--detach"]);
    wait_begun(&home, 1);
    assert!(!home.succeeds(&["down"]).contains("ended"));
    home.wait("no server", || processes(&home).iter().all(|it| !it.contains("up\0")).then_some(()));
    assert_ne!(processes(&home), [""; 0], "the trial goes on");
    let said = home.succeeds(&["down", "--stop"]);
    assert!(said.contains("not running, 1 running pods ended"), "{said}");
    assert_eq!(processes(&home), [""; 0]);
}

#[test]
fn a_stopped_experiment_goes_on_when_it_is_asked_to() {
    let home = Home::new();
    let file = home.file("e.yaml", &manifest("e", 4, &waiting(&home)));
    let file = file.to_string_lossy();
    home.succeeds(&["run", &file, "--detach", "--set", "spec.resumePolicy=LongRunning"]);
    wait_begun(&home, 2);
    home.succeeds(&["stop", "e"]);
    home.file("go", "");
    let said = home.succeeds(&["resume", "e", "--trials", "5"]);
    assert!(said.contains("Experiment e has succeeded") && said.contains("5 trials"), "{said}");
    let states = home.succeeds(&["export", "e"]);
    let count = |state: &str| states.matches(state).count();
    assert_eq!((count(",Killed,"), count(",Succeeded,")), (2, 3), "{states}");

    let spent = home.qalam(&["resume", "e"]);
    assert_eq!(spent.status.code(), Some(2), "{}", text(&spent));
    assert!(text(&spent).contains("say --trials with more"), "{}", text(&spent));
    let file = home.file("never.yaml", &manifest("never", 1, "echo accuracy=$1"));
    home.succeeds(&["run", &file.to_string_lossy()]);
    let never = home.qalam(&["resume", "never", "--trials", "3"]);
    assert!(text(&never).contains("resumePolicy Never"), "{}", text(&never));
}

#[test]
fn a_stopped_experiment_keeps_what_it_found() {
    let home = Home::new();
    // The first two trials end at once, since there are two such files; the others wait.
    let first =
        "mkdir first 2>/dev/null || mkdir second 2>/dev/null || sleep 600; echo accuracy=$1";
    let file = home.file("e.yaml", &manifest("e", 9, first));
    let nothing = home.file("nothing.yaml", &manifest("nothing", 9, "sleep 600"));
    home.succeeds(&["run", &file.to_string_lossy(), "--detach"]);
    home.wait("two trials", || home.succeeds(&["get"]).contains("2/9").then_some(()));
    home.wait("two more", || (running(&home, "e") == 2).then_some(()));
    let said = home.succeeds(&["stop", "e"]);
    for expect in
        ["Experiment e was stopped", "4 trials, 2 stopped", "Best trial: e-", "(first trial: "]
    {
        assert!(said.contains(expect), "{expect} is not in: {said}");
    }
    assert!(home.succeeds(&["describe", "e"]).contains("ExperimentStopped"));
    assert!(home.succeeds(&["stop", "e"]).contains("e had ended already"));
    assert!(home.succeeds(&["best", "e", "-o", "args"]).starts_with("--lr="));

    home.succeeds(&["run", &nothing.to_string_lossy(), "--detach"]);
    home.wait("a trial", || (running(&home, "nothing") == 2).then_some(()));
    let said = home.succeeds(&["stop", "nothing"]);
    assert!(said.contains("No trial had measured"), "{said}");
    let unknown = home.qalam(&["stop", "nobody"]);
    assert!(text(&unknown).contains("no experiment \"nobody\""), "{}", text(&unknown));
}

#[test]
fn every_report_is_exported_with_its_step() {
    let home = Home::new();
    let lines = r#"for i in 1 2 3; do echo '{\"accuracy\": 0.'$i', \"step\": '$i'}'; done"#;
    let json = manifest("e", 2, lines).replace(
        "  trialTemplate:",
        "  metricsCollectorSpec: {collector: {kind: StdOut}, source: {fileSystemPath: {format: JSON}}}\n  trialTemplate:",
    );
    let file = home.file("e.yaml", &json);
    home.succeeds(&["run", &file.to_string_lossy()]);
    let all = reports(&home, "e");
    let steps: Vec<(i64, f64)> = all
        .iter()
        .map(|it| (it["step"].as_i64().unwrap(), it["value"].as_f64().unwrap()))
        .collect();
    assert_eq!(steps, [(1, 0.1), (2, 0.2), (3, 0.3), (1, 0.1), (2, 0.2), (3, 0.3)], "{all:?}");
    let csv = home.succeeds(&["export", "e", "--metrics"]);
    assert!(
        csv.starts_with("trial,metric,step,time,value\r\n") && csv.lines().count() == 7,
        "{csv}"
    );

    let kubeconfig = home.path().join("kubeconfig");
    let cluster = ["export", "e", "--metrics", "--kubeconfig", &kubeconfig.to_string_lossy()];
    let refused = home.qalam(&cluster);
    assert!(text(&refused).contains("say --database HOST:PORT"), "{}", text(&refused));
    let database = home.server().unwrap()["database"].as_str().unwrap().to_owned();
    assert_eq!(home.succeeds(&[&cluster[..], &["--database", &database]].concat()), csv);
}

#[test]
fn a_running_trial_is_followed_line_by_line() {
    let home = Home::new();
    let file = home.file("e.yaml", &manifest("e", 1, &waiting(&home)));
    home.succeeds(&["run", &file.to_string_lossy(), "--detach"]);
    wait_begun(&home, 1);
    let mut follow = home.command(&["logs", "e", "-f"]);
    let mut follow = follow.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(follow.stdout.take().unwrap()));
    assert_eq!(lines.next().unwrap().unwrap(), "began", "it comes while the trial runs");
    home.file("go", "");
    assert!(lines.next().unwrap().unwrap().starts_with("accuracy="));
    assert!(lines.next().is_none() && follow.wait().unwrap().success());
}

#[test]
fn several_experiments_run_one_after_the_other_from_standard_input_too() {
    let home = Home::new();
    let both = [manifest("one", 2, "echo accuracy=$1"), manifest("two", 2, "echo accuracy=$1")];
    let mut run = home.command(&["run", "-"]);
    let run = run.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = run.spawn().unwrap();
    child.stdin.take().unwrap().write_all(both.join("---\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}\n{}", text(&output), home.log());
    let said = text(&output);
    for expect in ["Experiment one has succeeded", "Experiment two has succeeded"] {
        assert!(said.contains(expect), "{expect} is not in: {said}");
    }
    let file = home.file("bad.yaml", &manifest("three", 1, "exit 3"));
    let good = home.file("good.yaml", &manifest("four", 1, "echo accuracy=$1"));
    let output = home.qalam(&["run", &file.to_string_lossy(), &good.to_string_lossy()]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("Experiment four has succeeded"), "{}", text(&output));
}

#[test]
fn a_bar_is_drawn_and_leaves_nothing_behind() {
    if let Some(why) = missing() {
        return eprintln!("{why}");
    }
    let home = Home::new();
    let file = home.file("e.yaml", &manifest("e", 2, &waiting(&home)));
    let file = file.to_string_lossy();
    let screen = Screen::run(&home.command(&["run", &file]));
    screen.wait("─ 0/2 trials · 2 running");
    home.file("go", "");
    let (status, shown) = screen.end();
    assert_eq!(status, Some(0), "{shown}");
    let (first, rest) = shown.split_once('\n').unwrap();
    assert!(first.starts_with("dashboard  http://127.0.0.1:"), "{shown}");
    assert!(rest.starts_with("Experiment e has succeeded"), "{shown}");
    assert!(!shown.contains(['━', '─']) && shown.contains("(first trial: "), "{shown}");

    for variable in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let mut command = home.command(&["run", &file, "--new"]);
        let command = command.env(variable.0, variable.1);
        let (status, shown) = Screen::run(command).end();
        assert_eq!(status, Some(0), "{shown}");
        let lines: Vec<&str> = shown.lines().filter(|it| it.contains("/2 trials")).collect();
        assert!(!lines.is_empty() && !shown.contains(['━', '─']), "{variable:?}: {shown}");
    }
}

#[test]
fn ctrl_c_asks_and_does_what_it_is_told() {
    if let Some(why) = missing() {
        return eprintln!("{why}");
    }
    let home = Home::new();
    let file = home.file("e.yaml", &manifest("e", 2, &waiting(&home)));
    let command = home.command(&["run", &file.to_string_lossy()]);

    let ask = |answer: &str| {
        let mut screen = Screen::run(&command);
        screen.wait("2 running");
        screen.press("\u{3}");
        screen.wait("[l/s/c]");
        screen.press(answer);
        screen
    };
    let mut screen = ask("c\n");
    screen.wait("─ 0/2 trials");
    screen.press("\u{3}");
    screen.wait_for("[l/s/c]", 2);
    screen.press("l\n");
    let (status, shown) = screen.end();
    assert_eq!(status, Some(130), "{shown}");
    assert!(shown.contains("experiment e goes on") && !shown.contains('─'), "{shown}");
    let (status, shown) = ask("\u{3}").end();
    assert_eq!(status, Some(130), "{shown}");
    assert_eq!(running(&home, "e"), 2, "{shown}");

    let (status, shown) = ask("s\n").end();
    assert_eq!(status, Some(130), "{shown}");
    assert!(shown.contains("Experiment e was stopped") && !shown.contains('─'), "{shown}");
    assert_eq!(running(&home, "e"), 0, "{shown}");
}

#[test]
fn a_paused_experiment_makes_no_trials_until_it_is_resumed() {
    let home = Home::new();
    home.start();
    let file = home.file("e.yaml", &manifest("e", 4, &waiting(&home)));
    home.succeeds(&["run", &file.to_string_lossy(), "--detach"]);
    wait_begun(&home, 2);
    let said = home.succeeds(&["pause", "e"]);
    assert!(said.contains("qalam resume e"), "{said}");
    home.file("go", "");
    let row = || home.succeeds(&["get", "experiments"]).lines().nth(1).unwrap().to_owned();
    // Those that ran end, and no other takes their place, over a restart of the server too.
    home.wait("the end of what ran", || row().contains("2/4").then_some(()));
    home.succeeds(&["down"]);
    home.start();
    std::thread::sleep(std::time::Duration::from_millis(700));
    let paused = row();
    assert!(paused.contains("Suspended") && paused.contains("2/4"), "{paused}");
    wait_begun(&home, 2);

    let said = home.succeeds(&["resume", "e", "--quiet"]);
    assert!(said.contains("4 trials"), "{said}");
    assert_eq!(home.qalam(&["pause", "e"]).status.code(), Some(2), "it has ended");
}
