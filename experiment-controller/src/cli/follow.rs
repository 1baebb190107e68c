//! Watches an experiment until it ends: a bar on a terminal, plain lines elsewhere.

use std::io::{BufRead, IsTerminal};
use std::pin::pin;
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use kube::runtime::wait::await_condition;
use kube::runtime::{WatchStreamExt, watcher};
use proto::kinds::{Experiment, Trial};
use tokio::sync::oneshot;

use super::bar::Bar;
use super::failure::Failure;
use super::place::Session;
use super::progress::Progress;
use super::trials::settled;
use super::{home, left, stop};
use crate::experiment::ended;

/// How often the elapsed time is brought up to date.
const TICK: Duration = Duration::from_millis(500);
/// Plain lines come no closer than this.
const LINE_EVERY: Duration = Duration::from_secs(1);

/// How long it may take until an experiment goes on.
const OPEN_MAX: Duration = Duration::from_secs(30);

/// What Ctrl-C asks.
const QUESTION: &str = "The experiment goes on meanwhile. What now?
  l  leave it running (default; also Ctrl-C once more)
  s  stop it, and keep its results
  c  continue watching
[l/s/c] ";

/// How following ended.
#[derive(Debug)]
pub(super) enum End {
    /// The experiment succeeded or failed.
    Finished(Box<Experiment>),
    /// The caller went away; the experiment goes on.
    Left,
    /// The caller stopped the experiment.
    Stopped(Box<Experiment>),
}

/// Follows the experiment until it ends or the caller goes away. A home that is lost on the way
/// is started again: it takes up what was unfinished.
pub(super) async fn follow(session: &Session, name: &str, quiet: bool) -> Result<End, Failure> {
    let mut session = session.clone();
    let mut display = Display::new(quiet);
    let mut interrupts = Interrupts::new()?;
    loop {
        if let Some(end) = attempt(&session, name, &mut display, &mut interrupts).await? {
            return Ok(end);
        }
        let Some(state) = session.state.clone() else { continue };
        if !home::answers(&state).await {
            display.note("the home is gone; starting it again");
            home::ensure(&state).await?;
        }
        session.client = home::client(&state).await?.0;
    }
}

/// Waits until an experiment that goes on says so no more that it has ended.
pub(super) async fn until_open(session: &Session, name: &str) -> Result<(), Failure> {
    let open = |it: Option<&Experiment>| it.is_none_or(|it| !ended(it));
    let waited = await_condition(session.api::<Experiment>(), name, open);
    match tokio::time::timeout(OPEN_MAX, waited).await {
        Ok(found) => Ok(found.map(drop).map_err(anyhow::Error::from)?),
        Err(_) => Err(Failure::Failed(format!(
            "experiment {name} did not go on in time; `qalam describe {name}` may say why"
        ))),
    }
}

/// Follows as long as the API answers; none when it was lost.
async fn attempt(
    session: &Session,
    name: &str,
    display: &mut Display,
    interrupts: &mut Interrupts,
) -> Result<Option<End>, Failure> {
    let api = session.api::<Experiment>();
    let mut seen = pin!(watcher::watch_object(api, name).default_backoff().fuse());
    let mut tick = tokio::time::interval(TICK);
    let mut latest: Option<Experiment> = None;
    loop {
        tokio::select! {
            experiment = seen.try_next() => match experiment {
                Ok(Some(Some(experiment))) => {
                    if settled(&experiment) {
                        display.show(&experiment);
                        let experiment = Box::new(experiment);
                        return Ok(Some(match interrupts.stopping {
                            true => End::Stopped(experiment),
                            false => End::Finished(experiment),
                        }));
                    }
                    latest = Some(experiment);
                }
                Ok(Some(None)) => {
                    return Err(Failure::Failed(format!("experiment {name} was deleted")));
                }
                Ok(None) => return Ok(None),
                Err(error) => {
                    tracing::debug!("the watch ended: {error}");
                    return Ok(None);
                }
            },
            _ = tick.tick() => if let Some(experiment) = &latest {
                display.learn(session, experiment).await;
                display.show(experiment);
            },
            // The answer is awaited alone: nothing may be drawn over the question.
            () = interrupts.one() => match interrupts.ask(&mut display.bar).await {
                Choice::Continue => {}
                Choice::Leave => return Ok(Some(End::Left)),
                Choice::Stop => {
                    display.note("stopping the trials that run; results are kept");
                    stop::ask(session, name).await?;
                    interrupts.stopping = true;
                }
            },
        }
    }
}

/// Where progress goes.
struct Display {
    bar: Bar,
    how: How,
    watch: left::Watch,
    last: (Option<Instant>, Progress),
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
enum How {
    /// A bar that is drawn over and over.
    Bar,
    /// A line whenever something has changed.
    Lines,
    /// Not at all.
    Quiet,
}

impl How {
    /// A bar where the terminal can move back, and its owner has nothing against that.
    fn choose(quiet: bool, terminal: bool, variable: impl Fn(&str) -> Option<String>) -> How {
        let plain = variable("TERM").is_none_or(|it| it.is_empty() || it == "dumb")
            || variable("NO_COLOR").is_some_and(|it| !it.is_empty());
        match (quiet, terminal && !plain) {
            (true, _) => How::Quiet,
            (false, true) => How::Bar,
            (false, false) => How::Lines,
        }
    }
}

impl Display {
    fn new(quiet: bool) -> Display {
        let terminal = std::io::stderr().is_terminal();
        let how = How::choose(quiet, terminal, |name| std::env::var(name).ok());
        Display {
            bar: Bar::default(),
            how,
            watch: left::Watch::default(),
            last: (None, Progress::default()),
        }
    }

    /// Brings up to date what the time left is guessed from.
    async fn learn(&mut self, session: &Session, experiment: &Experiment) {
        if self.how != How::Quiet
            && let Some(status) = &experiment.status
        {
            self.watch.learn(&session.api::<Trial>(), status).await;
        }
    }

    fn show(&mut self, experiment: &Experiment) {
        if self.how == How::Quiet {
            return;
        }
        let progress =
            Progress::of(&experiment.spec, &experiment.status.clone().unwrap_or_default());
        let over = ended(experiment);
        let pace = self.watch.pace(experiment, Timestamp::now());
        let line = progress.line(left::left(&pace).filter(|_| !over));
        if self.how == How::Lines {
            let due = self.last.0.is_none_or(|it| LINE_EVERY <= it.elapsed());
            if progress != self.last.1 && (due || over) {
                eprintln!("{line}");
                self.last = (Some(Instant::now()), progress);
            }
            return;
        }
        self.bar.draw(progress.done, progress.total, &line);
    }

    fn note(&mut self, text: &str) {
        self.bar.clear();
        eprintln!("{text}");
    }
}

/// What the caller wants after Ctrl-C.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Choice {
    Continue,
    Leave,
    Stop,
}

/// Ctrl-C, and on a terminal the question that follows it.
struct Interrupts {
    signal: tokio::signal::unix::Signal,
    /// The caller chose to stop the experiment.
    stopping: bool,
}

impl Interrupts {
    fn new() -> Result<Interrupts, Failure> {
        let kind = tokio::signal::unix::SignalKind::interrupt();
        Ok(Interrupts { signal: tokio::signal::unix::signal(kind)?, stopping: false })
    }

    /// Waits for Ctrl-C.
    async fn one(&mut self) {
        self.signal.recv().await;
    }

    /// Asks what the caller wants. A second Ctrl-C leaves.
    async fn ask(&mut self, bar: &mut Bar) -> Choice {
        if self.stopping || !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
            return Choice::Leave;
        }
        bar.clear();
        eprint!("{QUESTION}");
        let (send, answer) = oneshot::channel();
        // A thread of its own: the runtime must be able to end while it waits for a line.
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = std::io::stdin().lock().read_line(&mut line);
            // Nobody listens any more after a second Ctrl-C.
            let _ = send.send(if read.is_ok() { line } else { String::new() });
        });
        tokio::select! {
            line = answer => choice(&line.unwrap_or_default()),
            _ = self.signal.recv() => {
                eprintln!();
                Choice::Leave
            }
        }
    }
}

fn choice(line: &str) -> Choice {
    match line.trim().chars().next() {
        Some('s' | 'S') => Choice::Stop,
        Some('c' | 'C') => Choice::Continue,
        _ => Choice::Leave,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_only_for_terminals_that_draw() {
        let check = |quiet: bool, terminal: bool, set: &[(&str, &str)], expect: How| {
            let variable = |name: &str| {
                let found = set.iter().find(|(it, _)| *it == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(How::choose(quiet, terminal, variable), expect, "{set:?}");
        };
        let xterm = ("TERM", "xterm-256color");
        check(false, true, &[xterm], How::Bar);
        check(false, true, &[xterm, ("NO_COLOR", "")], How::Bar);
        check(false, true, &[xterm, ("NO_COLOR", "1")], How::Lines);
        check(false, true, &[("TERM", "dumb")], How::Lines);
        check(false, true, &[], How::Lines);
        check(false, false, &[xterm], How::Lines);
        check(true, true, &[xterm], How::Quiet);
    }

    #[test]
    fn leaving_is_the_default() {
        let check = |line: &str, expect: Choice| assert_eq!(choice(line), expect, "{line}");
        check("", Choice::Leave);
        check("\n", Choice::Leave);
        check(" stop\n", Choice::Stop);
        check("C\n", Choice::Continue);
    }
}
