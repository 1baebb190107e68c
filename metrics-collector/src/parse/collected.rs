//! What our own collector prints of event files and endpoints: a report a line, as JSON.
//!
//! `{"metric":"accuracy","value":"0.9","step":3,"timestamp":"2026-…Z","place":["run/events",1234]}`:
//! whatever a metric is called, it is no key. `place` says where it stands in a file, so that the
//! same value read again, by a collector that was started anew, is the same report.

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::{Format, Reading, Value};

/// Reads these lines.
pub(super) struct Collected {
    /// What is looked for, for messages.
    pub(super) what: &'static str,
}

/// A report as a line.
pub(crate) fn line(
    metric: &str,
    value: &str,
    time: Option<Timestamp>,
    step: Option<i64>,
    place: Option<(&str, u64)>,
) -> String {
    let mut fields = Map::new();
    fields.insert("metric".into(), metric.into());
    fields.insert("value".into(), value.into());
    fields.extend(step.map(|step| ("step".to_owned(), step.into())));
    fields.extend(time.map(|time| ("timestamp".to_owned(), time.to_string().into())));
    fields.extend(place.map(|(file, offset)| ("place".to_owned(), json!([file, offset]))));
    Json::Object(fields).to_string()
}

/// A name that was met and is not wanted, for messages.
pub(crate) fn name_line(name: &str) -> String {
    json!({ "metric": name }).to_string()
}

/// The name that a line is about, whoever wants it.
pub(super) fn name(line: &str) -> Option<String> {
    let fields = object(line.strip_prefix("not wanted: ").unwrap_or(line))?;
    Some(fields.get("metric")?.as_str()?.to_owned())
}

fn object(line: &str) -> Option<Map<String, Json>> {
    serde_json::from_str(line.trim()).ok()
}

impl Format for Collected {
    fn read(&self, line: &str, wanted: &[String]) -> Reading {
        let Some(fields) = object(line) else { return Reading::default() };
        let text = |name: &str| fields.get(name).and_then(Json::as_str);
        let (Some(metric), Some(value)) = (text("metric"), text("value")) else {
            return Reading::default();
        };
        if !wanted.iter().any(|it| it == metric) {
            return Reading::default();
        }
        let place = fields.get("place").and_then(Json::as_array).and_then(|it| match &it[..] {
            [file, offset] => Some((file.as_str()?.to_owned(), offset.as_u64()?)),
            _ => None,
        });
        Reading {
            time: text("timestamp").and_then(|it| it.parse().ok()),
            step: fields.get("step").and_then(Json::as_i64),
            values: vec![Value { metric: metric.to_owned(), text: value.to_owned(), at: 0 }],
            place,
        }
    }

    fn describe(&self) -> String {
        self.what.to_owned()
    }

    fn example(&self, metric: &str) -> String {
        format!("a value of {metric:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read_back() {
        let time: Timestamp = "2026-01-02T03:04:05.678901Z".parse().unwrap();
        let metric = r#"step "} é"#;
        let printed = line(metric, "0.5", Some(time), Some(-3), Some(("a/b", u64::MAX)));
        let got = Collected { what: "" }.read(&printed, &[metric.to_owned()]);
        let want = Reading {
            time: Some(time),
            step: Some(-3),
            values: vec![Value { metric: metric.into(), text: "0.5".into(), at: 0 }],
            place: Some(("a/b".into(), u64::MAX)),
        };
        assert_eq!(got, want);
        assert_eq!(Collected { what: "" }.read(&printed, &["step".into()]), Reading::default());
        let bare = Collected { what: "" }.read(&line("m", "1", None, None, None), &["m".into()]);
        assert_eq!((bare.time, bare.step, bare.place, bare.values.len()), (None, None, None, 1));
    }

    #[test]
    fn other_lines_say_nothing() {
        for line in ["", "metric=1", "[1]", "{}", r#"{"metric": 1, "value": 2}"#] {
            assert_eq!(Collected { what: "" }.read(line, &["metric".into()]), Reading::default());
        }
        assert_eq!(name(&format!("not wanted: {}", name_line("a/b"))).as_deref(), Some("a/b"));
        assert_eq!(name("a=1"), None);
    }
}
