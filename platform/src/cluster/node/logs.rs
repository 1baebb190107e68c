//! Reads what a container printed, from its log file and as it grows.
//!
//! A log file holds one record a line, `<time> <stream> <F|P> <text>`: the CRI format of
//! Kubernetes. A `P` record has no newline yet; the text goes on in the next record.

use super::record::{Phase, PodState, log_file, pod_folder, rotated};
use bytes::Bytes;
use futures::Stream;
use futures::stream;
use jiff::Timestamp;
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

const CHUNK_BYTES: usize = 64 * 1024;
const POLL_MIN: Duration = Duration::from_millis(10);
const POLL_MAX: Duration = Duration::from_millis(80);
const SETTLED: Duration = Duration::from_millis(100);

/// What of a log is wanted; the options of the API's `pods/log`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogOptions {
    /// Whether to stay until the container has ended.
    pub follow: bool,
    /// Only the last lines.
    pub tail_lines: Option<usize>,
    /// Only lines printed at or after this time.
    pub since: Option<Timestamp>,
    /// Whether each line starts with its time.
    pub timestamps: bool,
    /// The run before the last restart, not the present one.
    pub previous: bool,
    /// Ends after this many bytes.
    pub limit_bytes: Option<u64>,
}

/// Streams what `container` printed.
///
/// With `follow`, the stream waits for a container that has not started, and ends when this run of
/// the container has ended and was read to its end. An unknown pod, or a previous run that never
/// was, is `io::ErrorKind::NotFound`.
pub fn read(
    home: &Path,
    pod_uid: &str,
    container: &str,
    options: LogOptions,
) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
    let reader = Reader::new(pod_folder(home, pod_uid), container.to_owned(), options);
    stream::try_unfold(reader, |mut reader| async move {
        Ok(reader.next().await?.map(|bytes| (bytes, reader)))
    })
}

/// One reader of one run of a container.
struct Reader {
    pod: PathBuf,
    container: String,
    options: LogOptions,
    /// The run that is read, once known.
    run: Option<u32>,
    file: Option<File>,
    slicer: Slicer,
    seen: Option<SystemTime>,
    over: bool,
    done: bool,
    left: u64,
}

impl Reader {
    fn new(pod: PathBuf, container: String, options: LogOptions) -> Self {
        let slicer = Slicer::new(options.timestamps, options.since);
        let left = options.limit_bytes.unwrap_or(u64::MAX);
        let (run, file, seen) = (None, None, None);
        Self { pod, container, options, run, file, slicer, seen, over: false, done: false, left }
    }

    /// The next piece; none at the end.
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        let mut pause = POLL_MIN;
        while !self.done && self.left > 0 {
            // First whether it is over, then what is there: so the last bytes are never missed.
            self.look()?;
            let text = self.pull()?;
            if !text.is_empty() {
                return Ok(Some(self.take(text)));
            }
            if self.over || !self.options.follow {
                self.done = true;
                let rest = self.slicer.finish();
                return Ok((!rest.is_empty()).then(|| self.take(rest)));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(POLL_MAX);
        }
        Ok(None)
    }

    fn take(&mut self, mut text: Vec<u8>) -> Bytes {
        text.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= text.len() as u64;
        Bytes::from(text)
    }

    /// Learns from the state which run to read and whether it has ended.
    fn look(&mut self) -> io::Result<()> {
        let file = self.pod.join("state.json");
        let written = fs::metadata(&file).and_then(|meta| meta.modified()).ok();
        if self.over || (written.is_some() && written == self.seen) {
            return Ok(());
        }
        // Two writes within a tick of the file system's clock bear the same time: a young state is
        // read again.
        let settled = |time: &SystemTime| time.elapsed().is_ok_and(|age| SETTLED < age);
        self.seen = written.filter(settled);
        let Some(state) = PodState::load(&self.pod)? else {
            return self.no_state();
        };
        let Some(container) = state.containers.get(&self.container) else {
            self.over = state.finished;
            return Ok(());
        };
        let run = match self.run {
            Some(run) => run,
            None if self.options.previous => {
                container.restarts.checked_sub(1).ok_or_else(|| {
                    let message =
                        format!("previous terminated container {:?} not found", self.container);
                    io::Error::new(io::ErrorKind::NotFound, message)
                })?
            }
            None => container.restarts,
        };
        // A container that waits to be restarted shows its last run.
        let started = match &container.now {
            Phase::Waiting(_) => container.last.is_some(),
            Phase::Running { .. } | Phase::Ended(_) => true,
        };
        if started {
            self.run = Some(run);
        }
        let ended = run < container.restarts || !matches!(container.now, Phase::Running { .. });
        self.over = state.finished || (started && ended);
        Ok(())
    }

    /// The shim has not written yet, or the pod is gone.
    fn no_state(&mut self) -> io::Result<()> {
        if self.pod.exists() {
            return Ok(());
        }
        if self.run.is_some() {
            self.over = true;
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::NotFound, "the pod has no log on this node"))
    }

    /// Reads on, until there is something to show or the end of the file.
    fn pull(&mut self) -> io::Result<Vec<u8>> {
        let Some(run) = self.run else { return Ok(Vec::new()) };
        let path = log_file(&self.pod, &self.container, run);
        if self.file.is_none() {
            self.file = first(&path, self.options.tail_lines)?;
        }
        let Some(file) = &mut self.file else { return Ok(Vec::new()) };
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            // Asked before reading: what is written until the file is put aside is still read.
            let aside = is_aside(file, &path);
            let count = file.read(&mut chunk)?;
            let text = self.slicer.push(&chunk[..count]);
            if !text.is_empty() {
                return Ok(text);
            }
            if count == 0 {
                match open(&path)?.filter(|_| aside) {
                    Some(next) => *file = next,
                    None => return Ok(text),
                }
            }
        }
    }
}

fn open(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether the file was put aside, since it had reached its bound.
fn is_aside(file: &File, path: &Path) -> bool {
    let inode = |meta: io::Result<fs::Metadata>| meta.map(|it| it.ino()).ok();
    let there = inode(fs::metadata(path));
    there.is_some() && inode(file.metadata()) != there
}

/// The file to begin with, at the place to begin: the older one, unless the last `lines` are all in
/// the newer.
fn first(path: &Path, lines: Option<usize>) -> io::Result<Option<File>> {
    let (newer, older) = (open(path)?, open(&rotated(path))?);
    let Some(lines) = lines else { return Ok(older.or(newer)) };
    let mut missing = lines;
    if let Some(mut newer) = newer {
        let (start, found) = tail_start(&newer, lines)?;
        missing = lines - found;
        if missing == 0 || older.is_none() {
            newer.seek(SeekFrom::Start(start))?;
            return Ok(Some(newer));
        }
    }
    let Some(mut older) = older else { return Ok(None) };
    older.seek(SeekFrom::Start(tail_start(&older, missing)?.0))?;
    Ok(Some(older))
}

/// The offset at which the last `lines` lines begin, and how many of them there are.
fn tail_start(file: &File, lines: usize) -> io::Result<(u64, usize)> {
    let mut reader = BufReader::with_capacity(CHUNK_BYTES, file);
    let mut starts: VecDeque<u64> = VecDeque::new();
    let (mut offset, mut line_start, mut record) = (0, 0, Vec::new());
    loop {
        record.clear();
        let count = reader.read_until(b'\n', &mut record)? as u64;
        let whole = count == 0 || Record::parse(&record).is_none_or(|record| record.full);
        offset += count;
        if whole && line_start < offset {
            starts.push_back(line_start);
            line_start = offset;
        }
        if lines < starts.len() {
            starts.pop_front();
        }
        if count == 0 {
            return Ok((starts.front().copied().unwrap_or(offset), starts.len()));
        }
    }
}

/// One record of a log file.
#[derive(Debug, PartialEq)]
struct Record<'a> {
    time: &'a str,
    full: bool,
    text: &'a [u8],
}

impl<'a> Record<'a> {
    /// Parses a record, with or without its newline; none if it is not one.
    fn parse(line: &'a [u8]) -> Option<Self> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let mut parts = line.splitn(4, |byte| *byte == b' ');
        let time = std::str::from_utf8(parts.next()?).ok()?;
        let _stream = parts.next()?;
        let full = parts.next()? == b"F";
        Some(Self { time, full, text: parts.next()? })
    }
}

/// Turns records into what a reader sees. Pure.
struct Slicer {
    timestamps: bool,
    since: Option<Timestamp>,
    /// The beginning of a record whose end is not read yet.
    carry: Vec<u8>,
    /// Inside a line; and whether that line is shown.
    inside: bool,
    shown: bool,
}

impl Slicer {
    fn new(timestamps: bool, since: Option<Timestamp>) -> Self {
        Self { timestamps, since, carry: Vec::new(), inside: false, shown: true }
    }

    fn push(&mut self, chunk: &[u8]) -> Vec<u8> {
        self.carry.extend_from_slice(chunk);
        let Some(end) = self.carry.iter().rposition(|byte| *byte == b'\n') else {
            return Vec::new();
        };
        let rest = self.carry.split_off(end + 1);
        let whole = std::mem::replace(&mut self.carry, rest);
        let mut out = Vec::with_capacity(whole.len());
        for line in whole.split_inclusive(|byte| *byte == b'\n') {
            self.show(line, &mut out);
        }
        out
    }

    /// What is left when the writer was cut off inside a record.
    fn finish(&mut self) -> Vec<u8> {
        let carry = std::mem::take(&mut self.carry);
        let mut out = Vec::new();
        if let Some(Record { time, text, .. }) = Record::parse(&carry) {
            let partial = Record { time, text, full: false };
            self.append(&partial, &mut out);
        }
        out
    }

    fn show(&mut self, line: &[u8], out: &mut Vec<u8>) {
        if let Some(record) = Record::parse(line) {
            self.append(&record, out);
        }
    }

    fn append(&mut self, record: &Record<'_>, out: &mut Vec<u8>) {
        if !self.inside {
            let early = |since| record.time.parse::<Timestamp>().is_ok_and(|time| time < since);
            self.shown = !self.since.is_some_and(early);
        }
        if self.shown {
            if self.timestamps && !self.inside {
                out.extend_from_slice(record.time.as_bytes());
                out.push(b' ');
            }
            out.extend_from_slice(record.text);
            if record.full {
                out.push(b'\n');
            }
        }
        self.inside = !record.full;
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::{Cause, ContainerState, Ended};
    use super::*;
    use futures::StreamExt;
    use std::io::Write;

    const LOG: &str = "2026-01-01T00:00:00.000000001Z stdout F one\n\
        2026-01-01T00:00:01.000000000Z stdout P tw\n\
        2026-01-01T00:00:02.000000000Z stdout F o\n\
        2026-01-01T00:00:03.000000000Z stderr F three 3\n";

    fn state(now: Phase, restarts: u32) -> PodState {
        let last = (restarts > 0 || matches!(now, Phase::Waiting(_))).then(Ended::default);
        let container = ContainerState { now, restarts, last, ..ContainerState::default() };
        PodState { containers: [("main".to_owned(), container)].into(), ..PodState::default() }
    }

    fn pod(home: &Path, now: Phase, restarts: u32, logs: &[&str]) {
        let pod = pod_folder(home, "u");
        fs::create_dir_all(pod.join("logs/main")).unwrap();
        state(now, restarts).save(&pod).unwrap();
        for (run, log) in logs.iter().enumerate() {
            fs::write(log_file(&pod, "main", run as u32), log).unwrap();
        }
    }

    async fn all(home: &Path, options: LogOptions) -> String {
        let pieces: Vec<_> = read(home, "u", "main", options).collect().await;
        let bytes = pieces.into_iter().map(Result::unwrap).flat_map(|piece| piece.to_vec());
        String::from_utf8(bytes.collect()).unwrap()
    }

    #[tokio::test]
    async fn options_choose_the_lines() {
        let home = tempfile::tempdir().unwrap();
        pod(home.path(), Phase::Ended(Ended::default()), 0, &[LOG]);
        let base = LogOptions::default;
        let since = Some("2026-01-01T00:00:01Z".parse().unwrap());
        for (options, want) in [
            (base(), "one\ntwo\nthree 3\n"),
            (LogOptions { follow: true, ..base() }, "one\ntwo\nthree 3\n"),
            (LogOptions { tail_lines: Some(0), ..base() }, ""),
            (LogOptions { tail_lines: Some(2), ..base() }, "two\nthree 3\n"),
            (LogOptions { tail_lines: Some(9), ..base() }, "one\ntwo\nthree 3\n"),
            (LogOptions { since, ..base() }, "two\nthree 3\n"),
            (LogOptions { limit_bytes: Some(5), ..base() }, "one\nt"),
            (
                LogOptions { timestamps: true, tail_lines: Some(2), ..base() },
                "2026-01-01T00:00:01.000000000Z two\n2026-01-01T00:00:03.000000000Z three 3\n",
            ),
        ] {
            assert_eq!(all(home.path(), options.clone()).await, want, "{options:?}");
        }
    }

    #[tokio::test]
    async fn what_was_put_aside_is_read_first() {
        let home = tempfile::tempdir().unwrap();
        pod(
            home.path(),
            Phase::Ended(Ended::default()),
            0,
            &["t stdout F three\nt stdout F four\n"],
        );
        let path = log_file(&pod_folder(home.path(), "u"), "main", 0);
        fs::write(rotated(&path), "t stdout F one\nt stdout F two\n").unwrap();
        assert_eq!(all(home.path(), LogOptions::default()).await, "one\ntwo\nthree\nfour\n");
        let tail = |lines| LogOptions { tail_lines: Some(lines), ..LogOptions::default() };
        for (lines, want) in [
            (0, ""),
            (1, "four\n"),
            (2, "three\nfour\n"),
            (3, "two\nthree\nfour\n"),
            (9, "one\ntwo\nthree\nfour\n"),
        ] {
            assert_eq!(all(home.path(), tail(lines)).await, want, "{lines}");
        }
    }

    #[tokio::test]
    async fn each_run_has_its_log() {
        let home = tempfile::tempdir().unwrap();
        let waiting = Phase::Waiting(Cause::new("CrashLoopBackOff", ""));
        pod(home.path(), waiting, 0, &["t stdout F first\n"]);
        let follow = LogOptions { follow: true, ..LogOptions::default() };
        assert_eq!(all(home.path(), follow).await, "first\n");
        pod(
            home.path(),
            Phase::Ended(Ended::default()),
            1,
            &["t stdout F first\n", "t stdout F second\n"],
        );
        let previous = LogOptions { previous: true, ..LogOptions::default() };
        assert_eq!(all(home.path(), LogOptions::default()).await, "second\n");
        assert_eq!(all(home.path(), previous).await, "first\n");
    }

    #[tokio::test]
    async fn a_follower_sees_parts_of_lines_and_then_the_end() {
        let home = tempfile::tempdir().unwrap();
        let since = Timestamp::UNIX_EPOCH;
        pod(home.path(), Phase::Running { since, pid: 1 }, 0, &["t stdout P 10 "]);
        let options = LogOptions { follow: true, ..LogOptions::default() };
        let mut stream = Box::pin(read(home.path(), "u", "main", options));
        let path = log_file(&pod_folder(home.path(), "u"), "main", 0);
        let mut file = File::options().append(true).open(path).unwrap();
        file.write_all(b"%\n").unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap(), "10 %");
        file.write_all(b"t stdout F  done\n").unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap(), " done\n");
        let ended = state(Phase::Ended(Ended::default()), 0);
        ended.save(&pod_folder(home.path(), "u")).unwrap();
        assert!(stream.next().await.is_none());
    }

    #[tokio::test]
    async fn what_is_not_there_is_told() {
        let home = tempfile::tempdir().unwrap();
        let gone = read(home.path(), "u", "main", LogOptions::default()).collect::<Vec<_>>().await;
        assert_eq!(gone[0].as_ref().unwrap_err().kind(), io::ErrorKind::NotFound);
        pod(home.path(), Phase::default(), 0, &[LOG]);
        let previous = LogOptions { previous: true, ..LogOptions::default() };
        let none = read(home.path(), "u", "main", previous).collect::<Vec<_>>().await;
        assert_eq!(none[0].as_ref().unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
