//! JSON: one object a line; its keys are metrics, and `timestamp`, `step` or `epoch`.

use std::borrow::Cow;
use std::sync::LazyLock;

use jiff::Timestamp;
use proto::FieldError;
use proto::kinds::MetricsCollectorSpec;
use regex::{Captures, Regex};
use serde_json::{Map, Value as Json};

use super::{Format, Reading, Value, time_of};

/// `NaN` and the infinities, which Python writes into what it calls JSON.
static NO_NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#""(?:[^"\\]|\\.)*"|-?(?:NaN|Infinity)\b"#)
        .expect("the pattern for NaN is well formed")
});

/// Reads lines that are objects.
struct Lines;

pub(super) fn make(spec: &MetricsCollectorSpec) -> Result<Box<dyn Format>, Vec<FieldError>> {
    let filter = spec.source.as_ref().and_then(|it| it.filter.as_ref());
    if filter.is_some_and(|it| !it.metrics_format.is_empty()) {
        let message = "cannot be used with format JSON, whose keys are the names; \
                       remove the filter or use format TEXT";
        return Err(vec![FieldError::new("source.filter.metricsFormat", message)]);
    }
    Ok(Box::new(Lines))
}

impl Format for Lines {
    fn read(&self, line: &str, wanted: &[String]) -> Reading {
        read(line, wanted)
    }

    fn describe(&self) -> String {
        "the format JSON, one object a line with metrics as keys".to_owned()
    }

    fn example(&self, metric: &str) -> String {
        Json::from(Map::from_iter([(metric.to_owned(), Json::from("0.5"))])).to_string()
    }
}

/// Reads a line if it is a JSON object; any other line says nothing.
pub(super) fn read(line: &str, wanted: &[String]) -> Reading {
    let Some(object) = object_of(line) else { return Reading::default() };
    let values = wanted.iter().filter_map(|metric| {
        let text = match object.get(metric)? {
            Json::String(text) => text.trim().to_owned(),
            Json::Number(number) => number.to_string(),
            _ => return None,
        };
        // A key stands once in an object, so that the metric alone tells values apart.
        (!text.is_empty()).then(|| Value { metric: metric.clone(), text, at: 0 })
    });
    Reading {
        values: values.collect(),
        time: object.get("timestamp").and_then(time_in),
        step: ["step", "epoch"].iter().find_map(|key| whole(object.get(*key)?)),
        place: None,
    }
}

/// The keys of a line that is a JSON object.
pub(super) fn keys(line: &str) -> Vec<String> {
    object_of(line).map_or(Vec::new(), |object| object.keys().cloned().collect())
}

fn object_of(line: &str) -> Option<Map<String, Json>> {
    let line = line.trim();
    if !line.starts_with('{') {
        return None;
    }
    serde_json::from_str(line).or_else(|_| serde_json::from_str(&with_text_for_nan(line))).ok()
}

fn with_text_for_nan(line: &str) -> Cow<'_, str> {
    NO_NUMBER.replace_all(line, |found: &Captures| match &found[0] {
        quoted if quoted.starts_with('"') => quoted.to_owned(),
        bare => format!("\"{bare}\""),
    })
}

/// RFC 3339 text, or seconds since 1970 with any fraction, as number or text.
fn time_in(value: &Json) -> Option<Timestamp> {
    let seconds = match value {
        Json::Number(number) => number.as_f64()?,
        Json::String(text) => match time_of(text.trim()) {
            Some(time) => return Some(time),
            None => text.trim().parse().ok()?,
        },
        _ => return None,
    };
    // A float holds today's seconds to a fraction of a microsecond; more digits would be noise.
    let micros = (seconds * 1e6).round();
    (micros.abs() < 9.0e18).then(|| Timestamp::from_microsecond(micros as i64).ok())?
}

fn whole(value: &Json) -> Option<i64> {
    match value {
        Json::Number(number) => number
            .as_i64()
            .or_else(|| number.as_f64().filter(|it| it.fract() == 0.0).map(|it| it as i64)),
        Json::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, time: Option<&str>, step: Option<i64>, want: &[(&str, &str)]) {
        let got = read(line, &["acc".to_owned(), "loss".to_owned()]);
        let values: Vec<_> =
            got.values.iter().map(|it| (it.metric.as_str(), it.text.as_str())).collect();
        assert_eq!(values, want, "{line}");
        assert_eq!(got.time.map(|it| it.to_string()).as_deref(), time, "{line}");
        assert_eq!(got.step, step, "{line}");
    }

    #[test]
    fn values_may_be_numbers_or_text() {
        check(
            r#"{"acc": 0.9, "loss": "1e-3", "lr": 1}"#,
            None,
            None,
            &[("acc", "0.9"), ("loss", "1e-3")],
        );
        check(r#"  {"loss": "diverged"}  "#, None, None, &[("loss", "diverged")]);
        check(r#"{"acc": true, "loss": null}"#, None, None, &[]);
        check(r#"{"acc": [0.9]}"#, None, None, &[]);
        check(
            r#"{"acc": NaN, "loss": -Infinity, "note": "NaN \" NaN"}"#,
            None,
            None,
            &[("acc", "NaN"), ("loss", "-Infinity")],
        );
        check(r#"{"acc": 0.9"#, None, None, &[]);
        check(r#"["acc", 0.9]"#, None, None, &[]);
        check("acc=0.9", None, None, &[]);
    }

    #[test]
    fn times_are_rfc_3339_or_seconds() {
        let rows = [
            ("\"2021-12-02T05:27:27.28721Z\"", Some("2021-12-02T05:27:27.28721Z")),
            ("1638422847.28721", Some("2021-12-02T05:27:27.28721Z")),
            ("\"1638422847.28721\"", Some("2021-12-02T05:27:27.28721Z")),
            ("1638422847", Some("2021-12-02T05:27:27Z")),
            ("1e300", None),
            ("\"yesterday\"", None),
        ];
        for (timestamp, want) in rows {
            check(&format!(r#"{{"timestamp": {timestamp}}}"#), want, None, &[]);
        }
    }

    #[test]
    fn steps_are_whole_numbers() {
        check(r#"{"epoch": 3, "acc": 1}"#, None, Some(3), &[("acc", "1")]);
        check(r#"{"epoch": 3, "step": 70.0}"#, None, Some(70), &[]);
        check(r#"{"epoch": "3"}"#, None, Some(3), &[]);
        check(r#"{"epoch": 3.5}"#, None, None, &[]);
    }
}
