//! Why a metric is missing: remembers a little of what was seen, and tells it in one message.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::parse::{Parser, names_in};
use crate::report::{Report, number};

/// Last lines that a message shows.
const LAST_LINES_MAX: usize = 3;
/// Characters of a line that a message shows.
const SHOWN_CHARS_MAX: usize = 120;
/// Names of other metrics that are remembered.
const NAMES_MAX: usize = 64;
/// Lines without a report that are searched for other names; a program may print millions.
const SEARCHED_MAX: u64 = 10_000;
/// Edits that still make two names similar.
const EDITS_MAX: usize = 2;

/// What is remembered of the lines read; bounded, however many they are.
#[derive(Debug, Default)]
pub struct Seen {
    lines: u64,
    last: VecDeque<String>,
    /// Names that lines give values to, and that nobody asked for.
    others: BTreeSet<String>,
    metrics: BTreeMap<String, OfMetric>,
}

/// What was seen of one wanted metric.
#[derive(Debug, Default)]
struct OfMetric {
    numbers: u64,
    /// The last value that is no number.
    text: Option<String>,
    /// The last line that has the metric's name and no value that the parser reads.
    near: Option<String>,
}

impl Seen {
    /// Remembers a line and what the parser made of it.
    pub fn line(&mut self, parser: &Parser, line: &str, reports: &[Report]) {
        self.lines += 1;
        if self.last.len() == LAST_LINES_MAX {
            self.last.pop_front();
        }
        self.last.push_back(shown(line));
        for report in reports {
            let metric = self.metrics.entry(report.metric.clone()).or_default();
            match number(&report.value) {
                Some(_) => metric.numbers += 1,
                None => metric.text = Some(shown(&report.value)),
            }
        }
        if !reports.is_empty() {
            return;
        }
        for name in parser.wanted().iter().filter(|name| line.contains(name.as_str())) {
            self.metrics.entry(name.clone()).or_default().near = Some(shown(line));
        }
        if self.lines <= SEARCHED_MAX && self.others.len() < NAMES_MAX {
            self.others.extend(names_in(line));
        }
    }

    /// Why `metric` has no value that can be compared, with the way out, in one sentence.
    pub fn why_missing(&self, parser: &Parser, metric: &str) -> String {
        let unseen = OfMetric::default();
        let seen = self.metrics.get(metric).unwrap_or(&unseen);
        if let Some(text) = &seen.text {
            let what = format!("metric {metric:?} was reported, but");
            return match seen.numbers {
                0 => format!("{what} never as a finite number: last {text:?}"),
                _ => format!("{what} {text:?}, by which it is judged, is no finite number"),
            };
        }
        let mut told = format!("metric {metric:?} was never reported: ");
        if self.lines == 0 {
            told +=
                &format!("nothing was printed; print a line such as {}", parser.example(metric));
            return told;
        }
        let lines = if self.lines == 1 { "line" } else { "lines" };
        let described = parser.describe();
        told += &format!("{} {lines} read, none matched {described} by that name", self.lines);
        if let Some(near) = &seen.near {
            told += &format!("; nearest line: {near:?}, expected {}", parser.example(metric));
        } else if let Some(name) = self.others.iter().find(|name| similar(name, metric)) {
            told += &format!("; did you mean {name:?}?");
        } else if !(self.metrics.is_empty() && self.others.is_empty()) {
            let names = self.metrics.keys().chain(&self.others).map(String::as_str);
            let names: Vec<_> = names.take(8).collect();
            told += &format!("; names seen: {}", names.join(", "));
        }
        let last: Vec<_> = self.last.iter().map(|line| format!("{line:?}")).collect();
        told + &format!("; last lines: {}", last.join(", "))
    }
}

/// The beginning of a line, as much as a message shows.
fn shown(line: &str) -> String {
    match line.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// Whether a name is likely a slip or an abbreviation of another.
fn similar(name: &str, metric: &str) -> bool {
    let plain = |it: &str| it.to_lowercase().replace(['_', '-', '.', '/', ' '], "");
    let (name, metric) = (plain(name), plain(metric));
    let (short, long) = if name.len() < metric.len() { (&name, &metric) } else { (&metric, &name) };
    (3 <= short.len() && long.contains(short.as_str()))
        || (EDITS_MAX < short.len() && edits(&name, &metric) <= EDITS_MAX)
}

/// Levenshtein distance: insertions, deletions and replacements between two texts.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proto::kinds::MetricsCollectorSpec;

    use super::*;

    fn check(lines: &[&str], want: &[&str]) {
        let parser =
            Parser::new(&MetricsCollectorSpec::default(), &["accuracy".to_owned()]).unwrap();
        let mut seen = Seen::default();
        for line in lines {
            seen.line(&parser, line, &parser.line(line, Timestamp::UNIX_EPOCH, None));
        }
        let got = seen.why_missing(&parser, "accuracy");
        for part in want {
            assert!(got.contains(part), "{got:?} lacks {part:?}");
        }
    }

    #[test]
    fn the_message_says_what_was_seen_and_what_would_match() {
        check(&[], &["\"accuracy\" was never reported", "nothing was printed", "accuracy=0.5"]);
        check(&["hello"], &["1 line read", r"([\w|-]+)", "last lines: \"hello\""]);
        check(&["accuracy: 0.9", "bye"], &["nearest line: \"accuracy: 0.9\"", "2 lines"]);
        check(&["acc=0.9"], &["did you mean \"acc\"?"]);
        check(&["Accuarcy=0.9"], &["did you mean \"Accuarcy\"?"]);
        check(&[r#"{"val_accuracy": 0.9}"#], &["val_accuracy"]);
        check(&["loss=1 lr=2"], &["names seen: loss, lr"]);
        check(&["val_loss=3"], &["by that name", "names seen: val_loss"]);
        check(&["accuracy=nan"], &["never as a finite number: last \"nan\""]);
        check(&[r#"{"accuracy": null}"#], &["nearest line"]);
        check(&[&"x".repeat(1000)], &["x…"]);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let parser =
            Parser::new(&MetricsCollectorSpec::default(), &["accuracy".to_owned()]).unwrap();
        let mut seen = Seen::default();
        for line in 0..1000 {
            seen.line(&parser, &format!("name{line}=1"), &[]);
        }
        assert!(seen.others.len() <= NAMES_MAX);
        assert!(seen.why_missing(&parser, "accuracy").len() < 1000);
    }

    #[test]
    fn edits_are_counted() {
        let rows = [("", "", 0), ("abc", "abc", 0), ("kitten", "sitting", 3), ("a", "", 1)];
        for (a, b, want) in rows {
            assert_eq!(edits(a, b), want, "{a} {b}");
        }
    }
}
