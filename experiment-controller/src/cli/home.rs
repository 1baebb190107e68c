//! The home as its clients see it: is one up, start one if not, wait until it answers.

use std::fs::OpenOptions;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use super::failure::Failure;
use crate::roles::State;

/// How long a home may take until it answers.
const START_MAX: Duration = Duration::from_secs(10);
/// How long a running home may take to answer when asked whether it is there.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// Pause between two looks at a home that starts.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How many lines of the log are shown when the home does not start.
const LOG_LINES: usize = 20;

/// Starts a detached home unless one is up, and returns once it answers.
pub(super) async fn ensure(state: &State) -> Result<(), Failure> {
    if answers(state).await {
        tell_other_version(state);
        return Ok(());
    }
    let unusable = |error: std::io::Error| {
        let root = state.root().display();
        let way_out = "say with QALAM_HOME or --home where the state may be kept";
        Failure::Failed(format!("the home {root} cannot be written: {error}; {way_out}"))
    };
    state.create().map_err(unusable)?;
    let log_start = std::fs::metadata(state.log()).map_or(0, |it| it.len());
    let mut child = spawn(state).map_err(unusable)?;
    let began = Instant::now();
    loop {
        if answers(state).await {
            return Ok(());
        }
        // A start that finds another home in the lock ends well; then the other one is awaited.
        let ended = child.try_wait()?.is_some_and(|status| !status.success());
        if ended || START_MAX < began.elapsed() {
            let what = if ended { "could not start" } else { "does not answer" };
            return Err(Failure::Failed(format!(
                "the home in {} {what}; its log {} ends with:\n{}",
                state.root().display(),
                state.log().display(),
                log_tail(state, log_start),
            )));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Whether this home's server answers, and it is this home's: the token says so.
pub(super) async fn answers(state: &State) -> bool {
    if state.server().is_none() {
        return false;
    }
    let Ok((client, _)) = client(state).await else { return false };
    let Ok(request) = http::Request::get("/api/v1/namespaces/default").body(Vec::new()) else {
        return false;
    };
    matches!(tokio::time::timeout(ANSWER_MAX, client.request_text(request)).await, Ok(Ok(_)))
}

/// A client of the home, and its default namespace.
pub(super) async fn client(state: &State) -> Result<(Client, String), Failure> {
    let unusable = |error: kube::config::KubeconfigError| {
        let path = state.kubeconfig();
        Failure::Failed(format!("{} cannot be used: {error}", path.display()))
    };
    let config = Kubeconfig::read_from(state.kubeconfig()).map_err(unusable)?;
    let options = KubeConfigOptions::default();
    let config = Config::from_custom_kubeconfig(config, &options).await.map_err(unusable)?;
    let namespace = config.default_namespace.clone();
    Ok((Client::try_from(config)?, namespace))
}

/// `qalam up --detached` in a session of its own (it calls setsid itself), its output in the log.
fn spawn(state: &State) -> std::io::Result<Child> {
    let log = OpenOptions::new().create(true).append(true).mode(0o600).open(state.log())?;
    let child = Command::new(std::env::current_exe()?)
        .args(["up", "--detached", "--home"])
        .arg(state.root())
        .current_dir(state.root())
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()?;
    Ok(child)
}

fn tell_other_version(state: &State) {
    let ours = env!("CARGO_PKG_VERSION");
    if let Some(server) = state.server().filter(|it| it.version != ours) {
        eprintln!(
            "qalam: the home runs version {}, this is {ours}; `qalam down` lets the next command \
             start the new one (running trials go on)",
            server.version
        );
    }
}

fn log_tail(state: &State, from: u64) -> String {
    let mut text = String::new();
    if let Ok(mut file) = std::fs::File::open(state.log()) {
        // What cannot be read is not shown; the path is.
        let _ = file.seek(SeekFrom::Start(from)).and_then(|_| file.read_to_string(&mut text));
    }
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
}
