//! The lines of a file as it grows.

use std::io::{self, Write};
use std::path::Path;

use super::Watch;

use crate::follow::{Lines, Tail, Tailed};

/// A file, and the line that has not ended yet.
pub(super) struct File {
    tail: Tail,
    lines: Lines,
}

impl File {
    /// The file at `path`, which may not exist yet.
    pub(super) fn new(path: &Path) -> File {
        File { tail: Tail::new(path), lines: Lines::default() }
    }
}

impl Watch for File {
    fn look(&mut self, out: &mut dyn Write) -> io::Result<bool> {
        match self.tail.read()? {
            Tailed::Bytes(bytes) => {
                for line in self.lines.push(&bytes) {
                    writeln!(out, "{}", line.text)?;
                    out.flush()?;
                }
            }
            Tailed::Restarted => self.last(out)?,
            Tailed::Nothing => return Ok(false),
        }
        Ok(true)
    }

    /// The line that the file left without an end.
    fn last(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let line = std::mem::take(&mut self.lines).finish();
        line.map_or(Ok(()), |line| writeln!(out, "{}", line.text))?;
        out.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};

    use super::super::until;
    use super::*;

    /// Runs `steps`, one whenever the collector waits, and stops it after the last.
    fn check(steps: &[&dyn Fn(&Path)], want: &str) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.log");
        let mut left = steps.iter();
        let mut out = Vec::new();
        until(&mut File::new(&path), &mut out, || {
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
