//! A report: one value of one metric of one trial, and where it was read.

use jiff::Timestamp;

/// Whose reports: trial names are unique only within a namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrialKey {
    /// Namespace of the trial.
    pub namespace: String,
    /// Name of the trial.
    pub trial: String,
}

/// Where a report was read: the same place read again is the same report.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// What was read, such as `<pod uid>/<container>/<restart>`, or `push`.
    pub source: String,
    /// Where in it: byte offset, or ordinal.
    pub offset: u64,
}

/// One value of one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Name of the metric.
    pub metric: String,
    /// The value, as it was written.
    pub value: String,
    /// When it was measured; the zero time 0001-01-01 when nobody knows.
    pub time: Timestamp,
    /// The step (epoch, say) it belongs to, if the program says so.
    pub step: Option<i64>,
    /// Where it was read; a report without a position is told apart by time and value.
    pub position: Option<Position>,
}

/// A metric's values over a trial; texts as they were reported.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Name of the metric.
    pub metric: String,
    /// Smallest value that is a number; empty if none is.
    pub min: String,
    /// Largest value that is a number; empty if none is.
    pub max: String,
    /// The value with the latest time (of equal times, the last reported).
    pub latest: String,
    /// How many reports there are.
    pub count: u64,
}

/// The value as a finite number; `None` for text, for NaN, which compares with nothing, and for
/// an infinite value, which would be the best or the worst of all that come after it.
pub fn number(value: &str) -> Option<f64> {
    value.trim().parse::<f64>().ok().filter(|it| it.is_finite())
}

/// Sums up one trial's values, metric by metric in the order of names.
///
/// `values` holds (metric, value) in the order of time, then of arrival. Of equal numbers the
/// first reported gives the text of minimum and maximum.
pub fn summarize<'a>(values: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<Summary> {
    let mut running = std::collections::BTreeMap::<&str, Running>::new();
    for (metric, value) in values {
        running.entry(metric).or_default().add(value);
    }
    running.into_iter().map(|(metric, it)| it.finish(metric)).collect()
}

/// One metric's summary while it grows.
#[derive(Default)]
struct Running<'a> {
    min: Option<(f64, &'a str)>,
    max: Option<(f64, &'a str)>,
    latest: &'a str,
    count: u64,
}

impl<'a> Running<'a> {
    fn add(&mut self, value: &'a str) {
        self.latest = value;
        self.count += 1;
        let Some(number) = number(value) else { return };
        if self.min.is_none_or(|(min, _)| number < min) {
            self.min = Some((number, value));
        }
        if self.max.is_none_or(|(max, _)| max < number) {
            self.max = Some((number, value));
        }
    }

    fn finish(self, metric: &str) -> Summary {
        let text = |it: Option<(f64, &str)>| it.map_or(String::new(), |(_, text)| text.to_owned());
        Summary {
            metric: metric.to_owned(),
            min: text(self.min),
            max: text(self.max),
            latest: self.latest.to_owned(),
            count: self.count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[&str], min: &str, max: &str, latest: &str) {
        let got = summarize(values.iter().map(|value| ("m", *value)));
        let want = Summary {
            metric: "m".into(),
            min: min.into(),
            max: max.into(),
            latest: latest.into(),
            count: values.len() as u64,
        };
        assert_eq!(got, [want], "{values:?}");
    }

    #[test]
    fn a_summary_keeps_texts_and_skips_what_is_no_number() {
        check(&["0.50", "0.5"], "0.50", "0.50", "0.5");
        check(&["3", "-1e2", "2"], "-1e2", "3", "2");
        check(&["NaN", "1", "nan"], "1", "1", "nan");
        check(&["NaN"], "", "", "NaN");
        check(&["unavailable"], "", "", "unavailable");
        check(&["1", "inf", "-inf"], "1", "1", "-inf");
        check(&["10", "9"], "9", "10", "9");
    }

    #[test]
    fn metrics_come_in_the_order_of_names() {
        let names: Vec<_> = summarize([("b", "1"), ("a", "2"), ("b", "3")])
            .into_iter()
            .map(|it| it.metric)
            .collect();
        assert_eq!(names, ["a", "b"]);
    }
}
