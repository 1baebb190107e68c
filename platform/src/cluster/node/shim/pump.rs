//! Copies a container's output into its log file, record by record, as it comes.

use super::super::record::rotated;
use jiff::Timestamp;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::process::{ChildStderr, ChildStdout};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// How long the rest of a line is waited for. A program that writes a line in two parts keeps it
/// whole in the log; a progress bar without a newline is still seen at once.
const PATIENCE_MS: u16 = 40;
const CHUNK_BYTES: usize = 64 * 1024;

/// A pump that runs; its end is told when both streams have ended.
pub(super) struct Pump {
    ended: Receiver<()>,
}

impl Pump {
    /// Starts to copy.
    pub(super) fn start(log: Log, out: ChildStdout, err: ChildStderr) -> io::Result<Self> {
        let (sender, ended) = channel();
        thread::Builder::new().name("pump".into()).spawn(move || {
            copy(log, out, err);
            // Nobody waits any more when the container was given up.
            let _given_up = sender.send(());
        })?;
        Ok(Self { ended })
    }

    /// Waits until everything was copied, or `limit`: a stray process may hold the pipe for ever.
    pub(super) fn drain(&self, limit: Duration) {
        let _gave_up = self.ended.recv_timeout(limit);
    }
}

/// A log file that does not grow without bound.
pub(super) struct Log {
    path: PathBuf,
    file: File,
    size: u64,
    /// Bytes at which a new file is begun; the one before is kept, older ones are not.
    bound: u64,
}

impl Log {
    /// Opens the file, to write on at its end.
    pub(super) fn open(path: PathBuf, bound: u64) -> io::Result<Log> {
        let file = File::options().create(true).append(true).open(&path)?;
        let size = file.metadata()?.len();
        Ok(Log { path, file, size, bound })
    }

    /// Writes whole records.
    fn write(&mut self, records: &[u8]) -> io::Result<()> {
        if self.bound <= self.size {
            fs::rename(&self.path, rotated(&self.path))?;
            *self = Log::open(self.path.clone(), self.bound)?;
        }
        self.file.write_all(records)?;
        self.size += records.len() as u64;
        Ok(())
    }
}

fn copy(mut log: Log, mut out: ChildStdout, mut err: ChildStderr) {
    let mut streams = [Records::new("stdout"), Records::new("stderr")];
    let mut open = [true, true];
    let mut chunk = vec![0; CHUNK_BYTES];
    while open[0] || open[1] {
        let waits = streams.iter().any(Records::pending);
        let ready = wait([out.as_fd(), err.as_fd()], open, waits);
        for index in 0..2 {
            if !ready[index] {
                // Nothing came in time: what there is of the line is shown.
                if ready == [false, false] {
                    streams[index].flush(Timestamp::now());
                }
                continue;
            }
            let count =
                if index == 0 { out.read(&mut chunk) } else { err.read(&mut chunk) }.unwrap_or(0);
            if count == 0 {
                open[index] = false;
                streams[index].flush(Timestamp::now());
            } else {
                streams[index].push(&chunk[..count], Timestamp::now());
            }
        }
        for records in &mut streams {
            // A full disk must not end the container: its output is lost, its work is not.
            if !records.done.is_empty() {
                let _disk_full = log.write(&records.done);
                records.done.clear();
            }
        }
    }
}

/// Which of the open streams have something to read (or have ended).
fn wait(fds: [BorrowedFd<'_>; 2], open: [bool; 2], impatient: bool) -> [bool; 2] {
    let which: Vec<usize> = (0..2).filter(|index| open[*index]).collect();
    let mut polled: Vec<PollFd<'_>> =
        which.iter().map(|index| PollFd::new(fds[*index], PollFlags::POLLIN)).collect();
    let timeout = if impatient { PollTimeout::from(PATIENCE_MS) } else { PollTimeout::NONE };
    let mut ready = [false, false];
    if poll(&mut polled, timeout).is_ok() {
        for (index, fd) in which.into_iter().zip(&polled) {
            ready[index] = fd.any().unwrap_or(true);
        }
    }
    ready
}

/// Cuts one stream into records.
struct Records {
    stream: &'static str,
    /// The beginning of a line.
    line: Vec<u8>,
    /// Finished records, to be written.
    done: Vec<u8>,
}

impl Records {
    fn new(stream: &'static str) -> Self {
        Self { stream, line: Vec::new(), done: Vec::new() }
    }

    fn pending(&self) -> bool {
        !self.line.is_empty()
    }

    fn push(&mut self, bytes: &[u8], now: Timestamp) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            match part.strip_suffix(b"\n") {
                Some(end) => {
                    self.line.extend_from_slice(end);
                    self.record('F', now);
                }
                None => self.line.extend_from_slice(part),
            }
        }
        if CHUNK_BYTES <= self.line.len() {
            self.record('P', now);
        }
    }

    fn flush(&mut self, now: Timestamp) {
        if self.pending() {
            self.record('P', now);
        }
    }

    fn record(&mut self, tag: char, now: Timestamp) {
        let head = format!("{now:.9} {} {tag} ", self.stream);
        self.done.extend_from_slice(head.as_bytes());
        self.done.append(&mut self.line);
        self.done.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_bound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("0.log");
        let mut log = Log::open(path.clone(), 10).unwrap();
        for record in ["one one one\n", "two\n", "three three\n", "four\n"] {
            log.write(record.as_bytes()).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "four\n");
        assert_eq!(fs::read_to_string(rotated(&path)).unwrap(), "two\nthree three\n");
    }

    #[test]
    fn lines_are_whole_unless_they_are_long_in_coming() {
        let now: Timestamp = "2026-01-01T00:00:00.5Z".parse().unwrap();
        let mut records = Records::new("stdout");
        records.push(b"one\nt", now);
        records.push(b"wo\n\n10 ", now);
        records.flush(now);
        records.push(b"%\n", now);
        records.flush(now);
        let time = "2026-01-01T00:00:00.500000000Z stdout";
        let want = format!("{time} F one\n{time} F two\n{time} F \n{time} P 10 \n{time} F %\n");
        assert_eq!(String::from_utf8(records.done).unwrap(), want);
    }
}
