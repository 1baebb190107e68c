//! The in-pod collector: prints what is measured beside a program, so that the pod's log carries it.
//!
//! What it prints of a text file is the file's lines; of event files and endpoints, one report a
//! line, in the form of `parse/collected.rs`.

mod arguments;
mod events;
mod file;
mod scrape;

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

pub use arguments::Arguments;

/// How often is looked: far below the second in which a value must be readable.
const PAUSE: Duration = Duration::from_millis(100);

/// What is collected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The lines of a file.
    File(PathBuf),
    /// The scalars of TensorBoard's event files below a folder.
    Events {
        /// The folder.
        folder: PathBuf,
        /// The metrics that are wanted.
        metrics: Vec<String>,
    },
    /// What a Prometheus endpoint answers.
    Endpoint {
        /// Where; the first that answers is asked from then on.
        urls: Vec<String>,
        /// The metrics that are wanted.
        metrics: Vec<String>,
    },
}

/// Something that is looked at again and again.
trait Watch {
    /// Prints what is new; answers whether there was anything.
    fn look(&mut self, out: &mut dyn Write) -> io::Result<bool>;

    /// Prints what is left when nothing more will come.
    fn last(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

/// Prints to standard output until SIGTERM or SIGINT, then what is left.
///
/// Starts a thread with a runtime of its own, so that it may be called from anywhere.
///
/// # Errors
/// A file cannot be read, a URL is none, or nobody reads the output any more.
pub fn collect(what: &What) -> io::Result<()> {
    let run = || -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (mut term, mut int) = runtime.block_on(async {
            io::Result::Ok((signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?))
        })?;
        let stopped = || {
            runtime.block_on(async {
                tokio::select! {
                    _ = term.recv() => true,
                    _ = int.recv() => true,
                    () = tokio::time::sleep(PAUSE) => false,
                }
            })
        };
        let mut watch: Box<dyn Watch> = match what {
            What::File(path) => Box::new(file::File::new(path)),
            What::Events { folder, metrics } => Box::new(events::Events::new(folder, metrics)),
            What::Endpoint { urls, metrics } => Box::new(scrape::Endpoint::new(urls, metrics)?),
        };
        until(watch.as_mut(), &mut io::stdout().lock(), stopped)
    };
    std::thread::scope(|scope| match scope.spawn(run).join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

/// Looks until `stopped`, and then once more to the end.
///
/// `stopped` waits a little for something new, and says whether to end.
fn until(
    watch: &mut dyn Watch,
    out: &mut dyn Write,
    mut stopped: impl FnMut() -> bool,
) -> io::Result<()> {
    let mut ending = false;
    loop {
        if watch.look(out)? {
            continue;
        }
        if ending {
            return watch.last(out);
        }
        ending = stopped();
    }
}
