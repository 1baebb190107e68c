//! How fast the home is: ready, first trial, and 200 trials that do nothing.
//!
//! `cargo bench -p experiment-controller --bench home`; every figure is the median of several
//! rounds, each on a fresh home.

#![allow(missing_docs)]

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const ROUNDS: usize = 5;
const QALAM: &str = env!("CARGO_BIN_EXE_qalam");

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    // `cargo test` runs benches too, to see that they build.
    if !std::env::args().any(|it| it == "--bench") {
        return Ok(());
    }
    let mut ready = Vec::new();
    let mut warm = Vec::new();
    let mut cold = Vec::new();
    let mut many = Vec::new();
    for round in 0..ROUNDS {
        let home = tempfile::tempdir()?;
        let start = Instant::now();
        let mut server = up(home.path())?;
        ready.push(start.elapsed());
        warm.push(first_trial(home.path())?);
        if round == 0 {
            for _ in 0..3 {
                many.push(two_hundred(home.path(), many.len())?);
            }
        }
        end(&mut server)?;

        let home = tempfile::tempdir()?;
        cold.push(first_trial(home.path())?);
        Command::new(QALAM).args(["down", "--stop"]).env("QALAM_HOME", home.path()).output()?;
    }
    show("home ready, from the start of the process", &mut ready);
    show("first trial starts, after `run`, home already up", &mut warm);
    show("first trial starts, after `run`, home not up", &mut cold);
    show("200 trials of `true`, 8 in parallel, `run` to its end", &mut many);
    Ok(())
}

/// Starts a home in the foreground; it says so once it answers.
fn up(home: &Path) -> Outcome<Child> {
    let mut command = Command::new(QALAM);
    command.args(["up"]).env("QALAM_HOME", home).stdin(Stdio::null());
    let mut server = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut told = String::new();
    let output = server.stdout.take().ok_or("no output")?;
    let mut output = BufReader::new(output);
    output.read_line(&mut told)?;
    if told.contains("is up") {
        // What follows is read and thrown away, so that the server never waits for a reader.
        std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        return Ok(server);
    }
    Err(format!("the server did not get ready: {told}").into())
}

fn end(server: &mut Child) -> Outcome<()> {
    Command::new("kill").arg(server.id().to_string()).status()?;
    server.wait()?;
    Ok(())
}

/// From the start of `qalam run` to the moment at which the trial's own program begins.
fn first_trial(home: &Path) -> Outcome<Duration> {
    let mark = home.join("started");
    let script = format!("date +%s%N > {}; echo accuracy=1", mark.display());
    let manifest = experiment("first", 1, 1, &script);
    let file = home.join("first.yaml");
    fs::write(&file, manifest)?;
    let begin = SystemTime::now().duration_since(UNIX_EPOCH)?;
    run(home, &file)?;
    let started: u64 = fs::read_to_string(mark)?.trim().parse()?;
    Ok(Duration::from_nanos(started).saturating_sub(begin))
}

fn two_hundred(home: &Path, round: usize) -> Outcome<Duration> {
    let file = home.join("many.yaml");
    fs::write(&file, experiment(&format!("many-{round}"), 200, 8, "echo accuracy=1"))?;
    let begin = Instant::now();
    run(home, &file)?;
    Ok(begin.elapsed())
}

fn run(home: &Path, file: &Path) -> Outcome<()> {
    let mut command = Command::new(QALAM);
    command.args(["run", "--quiet"]).arg(file).env("QALAM_HOME", home).stdin(Stdio::null());
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
    .into())
}

fn experiment(name: &str, trials: u32, parallel: u32, script: &str) -> String {
    format!(
        r#"apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata: {{name: {name}}}
spec:
  objective: {{type: maximize, objectiveMetricName: accuracy}}
  algorithm: {{algorithmName: random}}
  maxTrialCount: {trials}
  parallelTrialCount: {parallel}
  parameters:
  - {{name: x, parameterType: double, feasibleSpace: {{min: "0", max: "1"}}}}
  trialTemplate:
    primaryContainerName: main
    trialParameters: [{{name: x, reference: x}}]
    trialSpec:
      apiVersion: batch/v1
      kind: Job
      spec:
        backoffLimit: 0
        template:
          spec:
            restartPolicy: Never
            containers:
            - name: main
              image: none
              command: [sh, -c, "{script}", "${{trialParameters.x}}"]
"#
    )
}

fn show(what: &str, figures: &mut [Duration]) {
    figures.sort();
    let count = figures.len();
    let (first, middle, last) = (figures[0], figures[count / 2], figures[count - 1]);
    println!("{what}: {middle:.1?} (min {first:.1?}, max {last:.1?}, n = {count})");
}
