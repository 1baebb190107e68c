//! The in-pod collector: prints a file's lines as they grow, so that the pod's log carries them.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use crate::follow::{Lines, Tail, Tailed};

/// How often the file is looked at: far below the second in which a value must be readable.
const PAUSE: Duration = Duration::from_millis(100);

/// Prints the lines of `path` to standard output until SIGTERM or SIGINT, then drains it.
///
/// Starts a thread with a runtime of its own, so that it may be called from anywhere.
///
/// # Errors
/// The file cannot be read, or nobody reads the output any more.
pub fn collect(path: &Path) -> io::Result<()> {
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
        copy(path, &mut io::stdout().lock(), stopped)
    };
    std::thread::scope(|scope| match scope.spawn(run).join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

/// Copies the file's lines to `out`, each flushed, until `stopped`; then once more to its end.
///
/// `stopped` waits a little for the file to grow, and says whether to end.
fn copy(path: &Path, out: &mut dyn Write, mut stopped: impl FnMut() -> bool) -> io::Result<()> {
    let mut tail = Tail::new(path);
    let mut lines = Lines::default();
    let mut ending = false;
    loop {
        match tail.read()? {
            Tailed::Bytes(bytes) => {
                for line in lines.push(&bytes) {
                    writeln!(out, "{}", line.text)?;
                    out.flush()?;
                }
            }
            Tailed::Restarted => last(&mut lines, out)?,
            Tailed::Nothing if ending => return last(&mut lines, out),
            Tailed::Nothing => ending = stopped(),
        }
    }
}

/// Prints the line that the file left without an end, and begins anew.
fn last(lines: &mut Lines, out: &mut dyn Write) -> io::Result<()> {
    let line = std::mem::take(lines).finish();
    line.map_or(Ok(()), |line| writeln!(out, "{}", line.text))?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};

    use super::*;

    /// Runs `steps`, one whenever the collector waits, and stops it after the last.
    fn check(steps: &[&dyn Fn(&Path)], want: &str) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.log");
        let mut left = steps.iter();
        let mut out = Vec::new();
        copy(&path, &mut out, || {
            let Some(step) = left.next() else { return true };
            step(&path);
            left.len() == 0
        })
        .unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), want);
    }

    fn add(path: &Path, text: &str) {
        let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    #[test]
    fn a_file_is_printed_as_it_grows_and_drained_at_the_end() {
        check(&[&|path| add(path, "a=1\nb="), &|path| add(path, "2\nc=3")], "a=1\nb=2\nc=3\n");
        check(&[&|_| {}], "");
    }

    #[test]
    fn a_file_that_is_cut_begins_anew() {
        check(
            &[&|path| add(path, "epoch=1 a=1\n"), &|path| fs::write(path, "a=2\n").unwrap()],
            "epoch=1 a=1\na=2\n",
        );
    }

    #[test]
    fn a_file_that_is_replaced_is_read_to_its_end_first() {
        check(
            &[&|path| add(path, "a=1\n"), &|path| {
                add(path, "a=2");
                fs::rename(path, path.with_extension("old")).unwrap();
                add(path, "a=3\n");
            }],
            "a=1\na=2\na=3\n",
        );
    }
}
