//! Bytes as they grow: whole lines with their byte positions, and the tail of a file.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Longest line that is read whole; a metric is shorter, and a program may print anything.
pub const LINE_BYTES_MAX: usize = 64 * 1024;
/// Most that one read takes from a file, so that memory stays small.
const CHUNK_BYTES_MAX: usize = 256 * 1024;

/// One line of a stream of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where the line begins in the stream, in bytes.
    pub offset: u64,
    /// The line without its end; bytes that are no UTF-8 are replaced.
    pub text: String,
    /// The line was longer than `LINE_BYTES_MAX` and its rest was dropped.
    pub cut: bool,
}

/// Turns chunks of bytes into lines, wherever the chunks were cut.
///
/// Line feeds and carriage returns (progress bars) both end a line; empty lines are dropped.
#[derive(Debug, Default)]
pub struct Lines {
    /// Bytes of the line that has not ended yet, at most `LINE_BYTES_MAX`.
    pending: Vec<u8>,
    /// Where the pending line begins.
    begin: u64,
    /// How many bytes came.
    seen: u64,
}

impl Lines {
    /// The lines that end within these bytes.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            self.extend(&rest[..end]);
            lines.extend(self.end());
            self.seen += 1;
            self.begin = self.seen;
            rest = &rest[end + 1..];
        }
        self.extend(rest);
        lines
    }

    /// The last line, if the stream did not end with a line's end.
    pub fn finish(&mut self) -> Option<Line> {
        let line = self.end();
        self.begin = self.seen;
        line
    }

    fn extend(&mut self, bytes: &[u8]) {
        let room = LINE_BYTES_MAX - self.pending.len();
        self.pending.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.seen += bytes.len() as u64;
    }

    fn end(&mut self) -> Option<Line> {
        let bytes = std::mem::take(&mut self.pending);
        let cut = (bytes.len() as u64) < self.seen - self.begin;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        (!bytes.is_empty()).then_some(Line { offset: self.begin, text, cut })
    }
}

/// What a tail read.
#[derive(Debug, PartialEq, Eq)]
pub enum Tailed {
    /// More bytes of the file.
    Bytes(Vec<u8>),
    /// The file was cut or replaced; what follows is a new stream.
    Restarted,
    /// Nothing now; look again later.
    Nothing,
}

/// Reads a file that grows, that may not exist yet, and that may be cut or replaced.
#[derive(Debug)]
pub struct Tail {
    path: PathBuf,
    open: Option<Open>,
}

/// The file that is being read, which its path may no longer name.
#[derive(Debug)]
struct Open {
    file: File,
    offset: u64,
}

impl Tail {
    /// A tail of `path` from its beginning.
    pub fn new(path: &Path) -> Tail {
        Tail { path: path.to_owned(), open: None }
    }

    /// Reads on, without waiting.
    ///
    /// # Errors
    /// The file is there but cannot be read.
    pub fn read(&mut self) -> io::Result<Tailed> {
        let Some(open) = &mut self.open else {
            return match File::open(&self.path) {
                Ok(file) => {
                    self.open = Some(Open { file, offset: 0 });
                    self.read()
                }
                Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(Tailed::Nothing),
                Err(err) => Err(err),
            };
        };
        let held = open.file.metadata()?;
        if held.len() < open.offset {
            open.offset = 0;
            open.file.seek(SeekFrom::Start(0))?;
            return Ok(Tailed::Restarted);
        }
        let mut bytes = Vec::new();
        (&open.file).take(CHUNK_BYTES_MAX as u64).read_to_end(&mut bytes)?;
        open.offset += bytes.len() as u64;
        if !bytes.is_empty() {
            return Ok(Tailed::Bytes(bytes));
        }
        // Read to its end; if its path names another file by now, that one is next.
        let named = fs::metadata(&self.path);
        if named.is_ok_and(|named| (named.dev(), named.ino()) != (held.dev(), held.ino())) {
            self.open = None;
            return Ok(Tailed::Restarted);
        }
        Ok(Tailed::Nothing)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines_of(chunks: &[&[u8]]) -> Vec<Line> {
        let mut lines = Lines::default();
        let mut got: Vec<_> = chunks.iter().flat_map(|chunk| lines.push(chunk)).collect();
        got.extend(lines.finish());
        got
    }

    fn check(bytes: &[u8], want: &[(u64, &str)]) {
        let got = lines_of(&[bytes]);
        let got: Vec<_> = got.iter().map(|it| (it.offset, it.text.as_str())).collect();
        assert_eq!(got, want);
    }

    #[test]
    fn lines_know_where_they_begin() {
        check(b"a\nbc\n\nd", &[(0, "a"), (2, "bc"), (6, "d")]);
        check(b"10%\r20%\r\ndone\n", &[(0, "10%"), (4, "20%"), (9, "done")]);
        check(b"a\xff=1\n", &[(0, "a\u{fffd}=1")]);
        check(b"", &[]);
    }

    #[test]
    fn a_line_that_is_too_long_is_cut_and_the_next_is_whole() {
        let long = [vec![b'x'; LINE_BYTES_MAX + 5], b"\nnext\n".to_vec()].concat();
        let got = lines_of(&[&long]);
        assert_eq!(got[0].text.len(), LINE_BYTES_MAX);
        assert_eq!(got.iter().map(|it| it.cut).collect::<Vec<_>>(), [true, false]);
        assert_eq!((got[1].offset, got[1].text.as_str()), (LINE_BYTES_MAX as u64 + 6, "next"));
        let exact = [vec![b'x'; LINE_BYTES_MAX], b"\n".to_vec()].concat();
        assert!(!lines_of(&[&exact])[0].cut);
    }

    proptest! {
        #[test]
        fn where_chunks_are_cut_changes_nothing(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..200),
            size in 1_usize..20,
        ) {
            let chunks: Vec<&[u8]> = bytes.chunks(size).collect();
            prop_assert_eq!(lines_of(&chunks), lines_of(&[&bytes]));
        }
    }
}
