//! Watches an experiment until it ends: a bar on a terminal, plain lines elsewhere.

use std::io::{BufRead, IsTerminal};
use std::pin::pin;
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use kube::api::DeleteParams;
use kube::runtime::{WatchStreamExt, watcher};
use proto::kinds::Experiment;
use tokio::sync::oneshot;

use super::failure::Failure;
use super::home;
use super::place::Session;
use super::progress::Progress;
use super::trials::{between, holds};

/// How often the elapsed time is brought up to date.
const TICK: Duration = Duration::from_millis(500);
/// Plain lines come no closer than this.
const LINE_EVERY: Duration = Duration::from_secs(1);

/// How following ended.
#[derive(Debug)]
pub(super) enum End {
    /// The experiment succeeded or failed.
    Finished(Box<Experiment>),
    /// The caller went away; the experiment goes on.
    Left,
    /// The caller stopped the experiment.
    Stopped,
}

/// Follows the experiment until it ends or the caller goes away. A home that is lost on the way
/// is started again: it takes up what was unfinished.
pub(super) async fn follow(session: &Session, name: &str, quiet: bool) -> Result<End, Failure> {
    let mut session = session.clone();
    let mut display = Display::new(quiet);
    let mut interrupts = Interrupts::new()?;
    loop {
        match attempt(&session, name, &mut display, &mut interrupts).await? {
            Some(end) => {
                display.bar.finish_and_clear();
                return Ok(end);
            }
            None => {
                let Some(state) = session.state.clone() else { continue };
                if !home::answers(&state).await {
                    display.note("the home is gone; starting it again");
                    home::ensure(&state).await?;
                }
                session.client = home::client(&state).await?.0;
            }
        }
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
    let mut seen = pin!(watcher::watch_object(api.clone(), name).default_backoff().fuse());
    let mut tick = tokio::time::interval(TICK);
    let mut latest: Option<Experiment> = None;
    loop {
        tokio::select! {
            experiment = seen.try_next() => match experiment {
                Ok(Some(Some(experiment))) => {
                    display.show(&experiment);
                    if ended(&experiment) {
                        return Ok(Some(End::Finished(Box::new(experiment))));
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
            _ = tick.tick() => if let Some(experiment) = &latest { display.show(experiment) },
            choice = interrupts.next(&display.bar) => match choice {
                Choice::Continue => {}
                Choice::Leave => return Ok(Some(End::Left)),
                Choice::Stop => {
                    api.delete(name, &DeleteParams::background()).await?;
                    return Ok(Some(End::Stopped));
                }
            },
        }
    }
}

fn ended(experiment: &Experiment) -> bool {
    let conditions = experiment.status.as_ref().map(|it| it.conditions.as_slice());
    let conditions = conditions.unwrap_or_default();
    holds(conditions, "Succeeded") || holds(conditions, "Failed")
}

/// Where progress goes.
struct Display {
    bar: ProgressBar,
    plain: bool,
    last: (Option<Instant>, Progress),
}

impl Display {
    fn new(quiet: bool) -> Display {
        let terminal = std::io::stderr().is_terminal() && !quiet;
        let target = match terminal {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(None, target);
        Display { bar, plain: !terminal && !quiet, last: (None, Progress::default()) }
    }

    fn show(&mut self, experiment: &Experiment) {
        let status = experiment.status.clone().unwrap_or_default();
        let progress = Progress::of(&experiment.spec, &status);
        let elapsed = between(status.start_time.as_ref(), None).unwrap_or_default();
        let line = progress.line(elapsed);
        if self.plain {
            let due = self.last.0.is_none_or(|it| LINE_EVERY <= it.elapsed());
            if progress != self.last.1 && (due || ended(experiment)) {
                eprintln!("{line}");
                self.last = (Some(Instant::now()), progress);
            }
            return;
        }
        if let Some(total) = progress.total.filter(|it| self.bar.length() != Some(*it)) {
            let style = ProgressStyle::with_template("{bar:24} {wide_msg}");
            self.bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            self.bar.set_length(total);
        }
        self.bar.set_position(progress.done);
        self.bar.set_message(line);
    }

    fn note(&self, text: &str) {
        self.bar.suspend(|| eprintln!("{text}"));
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
}

impl Interrupts {
    fn new() -> Result<Interrupts, Failure> {
        let kind = tokio::signal::unix::SignalKind::interrupt();
        Ok(Interrupts { signal: tokio::signal::unix::signal(kind)? })
    }

    /// Waits for Ctrl-C, asks, and answers. A second Ctrl-C leaves.
    async fn next(&mut self, bar: &ProgressBar) -> Choice {
        self.signal.recv().await;
        if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
            return Choice::Leave;
        }
        bar.suspend(|| {
            eprintln!("\n[l]eave it running (default), [s]top and delete it, [c]ontinue watching?");
        });
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
            _ = self.signal.recv() => Choice::Leave,
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
    fn leaving_is_the_default() {
        let check = |line: &str, expect: Choice| assert_eq!(choice(line), expect, "{line}");
        check("", Choice::Leave);
        check("\n", Choice::Leave);
        check(" stop\n", Choice::Stop);
        check("C\n", Choice::Continue);
    }
}
