//! TEXT: names and values that filters find in a line; lines that are JSON objects are read too.

use std::sync::LazyLock;

use proto::FieldError;
use proto::kinds::MetricsCollectorSpec;
use regex::Regex;

use super::filter::{DEFAULT_FILTER, Filter};
use super::{Format, Reading, Value, json, time_of};

/// `step=100` or `epoch: 3`: a whole number that is not the beginning of a longer one.
static STEP: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(step|epoch)\s*[=:]\s*(\d{1,18})(?:[^\w.]|\.?\s|\.?$)")
        .expect("the step's pattern is well formed")
});

/// Reads lines with filters.
struct Text {
    filters: Vec<Filter>,
    /// The filters as the manifest wrote them.
    written: Vec<String>,
}

pub(super) fn make(spec: &MetricsCollectorSpec) -> Result<Box<dyn Format>, Vec<FieldError>> {
    let given = spec.source.as_ref().and_then(|it| it.filter.as_ref());
    let written = given.map_or(&[][..], |it| &it.metrics_format);
    if written.is_empty() {
        let written = vec![DEFAULT_FILTER.to_owned()];
        return Ok(Box::new(Text { filters: vec![Filter::default()], written }));
    }
    let mut filters = Vec::new();
    let mut errors = Vec::new();
    for (at, text) in written.iter().enumerate() {
        match Filter::parse(text, &format!("source.filter.metricsFormat[{at}]")) {
            Ok(filter) => filters.push(filter),
            Err(error) => errors.push(error),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(Box::new(Text { filters, written: written.to_vec() }))
}

impl Format for Text {
    fn read(&self, line: &str, wanted: &[String]) -> Reading {
        let object = json::read(line, wanted);
        if !object.values.is_empty() {
            return object;
        }
        let found = self.filters.iter().flat_map(|filter| filter.matches(line));
        let mut values: Vec<_> = found
            .filter(|it| wanted.iter().any(|name| name == it.name))
            .map(|it| Value { metric: it.name.into(), text: it.value.into(), at: it.at })
            .collect();
        // Two filters may find the same value; it was still printed once.
        values.sort_by(|a, b| (a.at, &a.metric).cmp(&(b.at, &b.metric)));
        values.dedup_by(|a, b| (a.at, &a.metric) == (b.at, &b.metric));
        let time = line.split_whitespace().next().and_then(time_of);
        Reading { time, step: step_of(line), values, place: None }
    }

    fn describe(&self) -> String {
        let noun = if self.written.len() == 1 { "filter" } else { "filters" };
        format!("the {noun} {}", self.written.join(" or "))
    }

    fn example(&self, metric: &str) -> String {
        format!("{metric}=0.5")
    }
}

/// The step that a line names; `step` is finer than `epoch` and goes before it.
fn step_of(line: &str) -> Option<i64> {
    let found: Vec<_> = STEP.captures_iter(line).collect();
    let finer = found.iter().find(|it| it[1].eq_ignore_ascii_case("step"));
    finer.or(found.first()).and_then(|it| it[2].parse().ok())
}

#[cfg(test)]
mod tests {
    use super::super::tests::spec;
    use super::*;

    fn check(filters: &[&str], line: &str, want: &[(&str, &str)]) {
        let wanted = ["accuracy", "loss", "valid_1 auc"].map(str::to_owned);
        let text = make(&spec("StdOut", "", filters)).map_err(|_| ()).unwrap();
        let got = text.read(line, &wanted).values;
        let got: Vec<_> = got.iter().map(|it| (it.metric.as_str(), it.text.as_str())).collect();
        assert_eq!(got, want, "{line:?}");
    }

    #[test]
    fn only_wanted_metrics_are_read_and_each_value_once() {
        check(&[], "accuracy=0.9 lr=0.1 loss = 2", &[("accuracy", "0.9"), ("loss", "2")]);
        check(&[], "accuracy=0.1 accuracy=0.2", &[("accuracy", "0.1"), ("accuracy", "0.2")]);
        check(&[], "accuracy_top5=0.9", &[]);
        check(&[], "accuracy=\u{1b}[1m0.9", &[]);
        check(&[], r#"{"accuracy": 0.9, "lr": 1}"#, &[("accuracy", "0.9")]);
        check(&[], r#"{"message": "accuracy=0.7"}"#, &[("accuracy", "0.7")]);
        check(
            &[r"{metricName: ([\w|-]+), metricValue: ((-?\d+)(\.\d+)?)}"],
            "{metricName: accuracy, metricValue: 0.98} loss=1",
            &[("accuracy", "0.98")],
        );
        check(
            &[r"(\w+\s\w+)\s:\s((-?\d+)(\.\d+)?)"],
            "valid_1 auc : 0.9",
            &[("valid_1 auc", "0.9")],
        );
        check(&[r"(\w+)=([\d.]+)", r"(loss)=(\S+)"], "loss=1.5", &[("loss", "1.5")]);
    }

    #[test]
    fn the_first_token_may_be_the_time() {
        let text = make(&spec("StdOut", "", &[])).map_err(|_| ()).unwrap();
        let time = |line: &str| text.read(line, &["a".to_owned()]).time.map(|it| it.to_string());
        assert_eq!(
            time("2024-03-04T05:06:07.123456789Z a=1").as_deref(),
            Some("2024-03-04T05:06:07.123456789Z")
        );
        assert_eq!(time("2024-03-04T05:06:07+02:00 a=1").as_deref(), Some("2024-03-04T03:06:07Z"));
        assert_eq!(time("2024 a=1"), None);
        assert_eq!(time("a=1 2024-03-04T05:06:07Z"), None);
    }

    #[test]
    fn steps_are_whole_numbers() {
        let rows = [
            ("epoch=3 a=1", Some(3)),
            ("Epoch: 3/10, a=1", Some(3)),
            ("epoch=3 step=40 a=1", Some(40)),
            ("a=1 step=7", Some(7)),
            ("epoch=3.5 a=1", None),
            ("steps=3 last_epoch=4", None),
            ("a=1", None),
        ];
        for (line, want) in rows {
            assert_eq!(step_of(line), want, "{line:?}");
        }
    }
}
