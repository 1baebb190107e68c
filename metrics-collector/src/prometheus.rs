//! Prometheus' text format: the values that an endpoint answers for a metric.
//!
//! A metric is asked for by its name, `accuracy`, or with labels that it must have,
//! `accuracy{set="validation"}`. Comments, exemplars and what is no sample are passed over.

use jiff::Timestamp;

/// One value of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The number, as it was written.
    pub value: String,
    /// When it was measured, if the endpoint says so.
    pub time: Option<Timestamp>,
}

/// A name and labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    name: String,
    labels: Vec<(String, String)>,
}

impl Selector {
    /// Reads `name` or `name{label="value",…}`; none where it is neither.
    pub fn parse(text: &str) -> Option<Selector> {
        let (selector, rest) = head(text.trim())?;
        rest.trim().is_empty().then_some(selector)
    }

    /// Whether a sample with this head is meant.
    fn takes(&self, other: &Selector) -> bool {
        self.name == other.name && self.labels.iter().all(|label| other.labels.contains(label))
    }
}

/// The samples in an answer that the selector takes, in their order.
pub fn samples(answer: &str, selector: &Selector) -> Vec<Sample> {
    let one = |line: &str| {
        let line = line.trim();
        // Most lines are comments or other metrics; this is far cheaper than reading them.
        if !line.starts_with(&selector.name) {
            return None;
        }
        let (found, rest) = head(line)?;
        let mut rest = rest.split_whitespace();
        let value = rest.next()?;
        number(value)?;
        // OpenMetrics gives seconds with a fraction, Prometheus milliseconds.
        let time = rest.next().filter(|it| *it != "#").and_then(time);
        selector.takes(&found).then(|| Sample { value: value.to_owned(), time })
    };
    answer.lines().filter_map(one).collect()
}

/// The names in an answer, each once, at most `most` of them.
pub fn names(answer: &str, most: usize) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for line in answer.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if let Some((Selector { name, .. }, _)) = head(line)
            && !names.contains(&name)
            && names.len() < most
        {
            names.push(name);
        }
    }
    names
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

fn time(text: &str) -> Option<Timestamp> {
    let number: f64 = text.parse().ok()?;
    let micros = if text.contains('.') { number * 1e6 } else { number * 1e3 };
    (micros.abs() < 9e18).then(|| Timestamp::from_microsecond(micros as i64).ok())?
}

/// The name and labels that a line begins with, and the rest of it.
fn head(line: &str) -> Option<(Selector, &str)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '.' | '-' | '/');
    let end = line.find(|c: char| !is_name(c)).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    if name.is_empty() {
        return None;
    }
    let mut labels = Vec::new();
    let rest = match rest.strip_prefix('{') {
        Some(inner) => after_labels(inner, &mut labels)?,
        None => rest,
    };
    Some((Selector { name: name.to_owned(), labels }, rest))
}

/// Reads `label="value",…}`; answers what stands behind it.
fn after_labels<'a>(mut rest: &'a str, labels: &mut Vec<(String, String)>) -> Option<&'a str> {
    loop {
        rest = rest.trim_start_matches([' ', ',']);
        if let Some(rest) = rest.strip_prefix('}') {
            return Some(rest);
        }
        let (name, after) = rest.split_once('=')?;
        let quoted = after.trim_start().strip_prefix('"')?;
        let mut value = String::new();
        let mut letters = quoted.char_indices();
        let end = loop {
            match letters.next()? {
                (at, '"') => break at,
                (_, '\\') => match letters.next()?.1 {
                    'n' => value.push('\n'),
                    other => value.push(other),
                },
                (_, letter) => value.push(letter),
            }
        };
        labels.push((name.trim().to_owned(), value));
        rest = &quoted[end + 1..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r#"
# HELP accuracy How often it was right.
# TYPE accuracy gauge
accuracy{set="train",epoch="1"} 0.5
accuracy{set="validation", epoch = "1",} 0.25 1638422847287
accuracy_total{set="train"} 9
loss 1.5e-3
loss NaN
steps_total 40 1638422847.287 # {trace="a"} 1.0
odd{path="C:\\a\"b\n,}"} +Inf
broken{a="b" 3
broken words
"#;

    fn check(selector: &str, want: &[&str]) {
        let selector = Selector::parse(selector).unwrap();
        let got: Vec<_> = samples(ANSWER, &selector).into_iter().map(|it| it.value).collect();
        assert_eq!(got, want, "{selector:?}");
    }

    #[test]
    fn samples_are_found_by_name_and_labels() {
        check("accuracy", &["0.5", "0.25"]);
        check(r#"accuracy{set="validation"}"#, &["0.25"]);
        check(r#"accuracy{set="test"}"#, &[]);
        check("loss", &["1.5e-3", "NaN"]);
        check("steps_total", &["40"]);
        check(r#"odd{path="C:\\a\"b\n,}"}"#, &["+Inf"]);
        check("broken", &[]);
        check("nothing", &[]);
    }

    #[test]
    fn times_are_milliseconds_or_seconds_with_a_fraction() {
        for metric in [r#"accuracy{set="validation"}"#, "steps_total"] {
            let got = samples(ANSWER, &Selector::parse(metric).unwrap());
            assert_eq!(got[0].time.unwrap().to_string(), "2021-12-02T05:27:27.287Z");
        }
    }

    #[test]
    fn what_is_no_selector_is_refused_and_names_are_told() {
        for text in ["", "{}", "a b", r#"a{b="c}"#, "a{b}", r#"a{b="c"} d"#] {
            assert_eq!(Selector::parse(text), None, "{text}");
        }
        let names = names(ANSWER, 4);
        assert_eq!(names, ["accuracy", "accuracy_total", "loss", "steps_total"]);
    }
}
