//! One line on a terminal that is drawn over and over.

use std::io::Write;

use console::Term;

/// Columns of the bar itself.
const BAR: usize = 24;
/// Columns that are left free at the right: the terminal echoes ^C there, and a line that is full
/// would break for it.
const FREE: usize = 4;
/// Back to the start of the line, which is erased.
const ERASE: &str = "\r\u{1b}[2K";

/// The line; what was drawn is gone when it is dropped.
#[derive(Debug, Default)]
pub(super) struct Bar {
    drawn: bool,
}

impl Bar {
    /// Draws it anew: how many of all are done, and a text.
    pub(super) fn draw(&mut self, done: u64, total: Option<u64>, text: &str) {
        let (_, columns) = Term::stderr().size();
        let line = line(done, total, text, usize::from(columns));
        // A terminal that is gone sees nothing.
        let _ = write!(std::io::stderr().lock(), "{ERASE}{line}");
        self.drawn = true;
    }

    /// Takes it away, until it is drawn again.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.drawn) {
            let _ = write!(std::io::stderr().lock(), "{ERASE}");
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.clear();
    }
}

fn line(done: u64, total: Option<u64>, text: &str, columns: usize) -> String {
    let line = match total.filter(|it| 0 < *it) {
        Some(total) => {
            let full = (done.min(total) as f64 / total as f64 * BAR as f64) as usize;
            format!("{}{} {text}", "━".repeat(full), "─".repeat(BAR - full))
        }
        None => text.to_owned(),
    };
    console::truncate_str(&line, columns.saturating_sub(FREE), "…").into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_fits_with_room_to_spare() {
        let check = |done, total, columns, expect: &str| {
            assert_eq!(line(done, total, "1 of 2 · best", columns), expect);
        };
        check(0, Some(2), 80, "──────────────────────── 1 of 2 · best");
        check(1, Some(2), 80, "━━━━━━━━━━━━──────────── 1 of 2 · best");
        check(3, Some(2), 80, "━━━━━━━━━━━━━━━━━━━━━━━━ 1 of 2 · best");
        check(1, Some(2), 36, "━━━━━━━━━━━━──────────── 1 of 2…");
        check(1, None, 80, "1 of 2 · best");
        check(1, Some(0), 80, "1 of 2 · best");
        check(1, None, 0, "…");
    }
}
