//! From printed lines to reports: the formats that a parser knows, and the parser.

pub(crate) mod collected;
mod filter;
mod json;
#[cfg(test)]
mod laws;
mod re2;
mod text;

use jiff::Timestamp;
use proto::FieldError;
use proto::kinds::MetricsCollectorSpec;

use crate::report::{Position, Report};

pub use filter::DEFAULT_FILTER;

/// Formats by the name that `source.fileSystemPath.format` gives them.
const FORMATS: &[(&str, Make)] = &[("TEXT", text::make), ("JSON", json::make)];

/// Makes a format of the spec's source, or says what is wrong with it.
type Make = fn(&MetricsCollectorSpec) -> Result<Box<dyn Format>, Vec<FieldError>>;

/// A way to read a line.
trait Format: Send + Sync {
    /// What the line says about the wanted metrics; nothing more is asked of it.
    fn read(&self, line: &str, wanted: &[String]) -> Reading;

    /// What this format looks for, for people: `none matched {this}`.
    fn describe(&self) -> String;

    /// A line that would have been read as a value of `metric`.
    fn example(&self, metric: &str) -> String;
}

/// What one line says.
#[derive(Debug, Default, PartialEq)]
struct Reading {
    /// When, if the line tells.
    time: Option<Timestamp>,
    /// The step, if the line tells.
    step: Option<i64>,
    /// The values, in the order in which they stand.
    values: Vec<Value>,
    /// Where the values were read before they were printed, if the line tells: a file, and the
    /// place in it.
    place: Option<(String, u64)>,
}

/// One value in a line.
#[derive(Debug, PartialEq)]
struct Value {
    metric: String,
    text: String,
    /// Byte offset in the line.
    at: usize,
}

/// Reads one collector's lines.
pub struct Parser {
    wanted: Vec<String>,
    format: Box<dyn Format>,
    /// Whether a wanted name stands in a line as it is.
    plain: bool,
}

impl Parser {
    /// A parser for what `spec` describes that reports the `wanted` metrics and no others.
    ///
    /// # Errors
    /// All faults at once, with paths from the spec's root such as
    /// `source.filter.metricsFormat[0]`.
    pub fn new(spec: &MetricsCollectorSpec, wanted: &[String]) -> Result<Parser, Vec<FieldError>> {
        let kind = spec.collector.as_ref().map_or("", |it| it.kind.as_str());
        let file = spec.source.as_ref().and_then(|it| it.file_system_path.as_ref());
        let collected = match kind {
            "TensorFlowEvent" => Some("the scalars in event files"),
            "PrometheusMetric" => Some("what the endpoint answered"),
            _ => None,
        };
        if let Some(what) = collected {
            let format = Box::new(collected::Collected { what });
            return Ok(Parser { wanted: wanted.to_vec(), format, plain: false });
        }
        let format = match (kind, file) {
            ("File", Some(file)) if !file.format.is_empty() => file.format.as_str(),
            ("" | "StdOut" | "File" | "Push" | "Custom", _) => "TEXT",
            _ => {
                let message = format!("has no lines to read, got {kind:?}; use StdOut or File");
                return Err(vec![FieldError::new("collector.kind", message)]);
            }
        };
        let Some((_, make)) = FORMATS.iter().find(|(name, _)| *name == format) else {
            let names: Vec<_> = FORMATS.iter().map(|(name, _)| *name).collect();
            let message = format!("must be one of {}, got {format:?}", names.join(", "));
            return Err(vec![FieldError::new("source.fileSystemPath.format", message)]);
        };
        Ok(Parser { wanted: wanted.to_vec(), format: make(spec)?, plain: true })
    }

    /// The reports in one line, in the order in which they stand there.
    ///
    /// `arrived` is their time where the line does not tell. `position` is the line's place: each
    /// report's offset is the line's plus its own within the line, so two lines of a source must
    /// lie further apart than the first is long, as byte offsets do. A line of our own collector
    /// knows a place of its own, in the file that it read, and each report has that one.
    pub fn line(&self, line: &str, arrived: Timestamp, position: Option<&Position>) -> Vec<Report> {
        // Most lines say nothing of a metric; this is far cheaper than the filters.
        if self.plain && !self.wanted.iter().any(|name| line.contains(name.as_str())) {
            return Vec::new();
        }
        let Reading { time, step, values, place: read } = self.format.read(line, &self.wanted);
        let time = time.unwrap_or(arrived);
        let place = |at: usize| {
            if let Some((source, offset)) = &read {
                return Some(Position { source: source.clone(), offset: *offset });
            }
            position.map(|line| Position {
                source: line.source.clone(),
                offset: line.offset.wrapping_add(at as u64),
            })
        };
        values
            .into_iter()
            .map(|Value { metric, text, at }| Report {
                metric,
                value: text,
                time,
                step,
                position: place(at),
            })
            .collect()
    }

    /// What this parser looks for, for messages.
    pub(crate) fn describe(&self) -> String {
        self.format.describe()
    }

    /// A line that would have been read as a value of `metric`, for messages.
    pub(crate) fn example(&self, metric: &str) -> String {
        self.format.example(metric)
    }

    /// The metrics that are reported.
    pub fn wanted(&self) -> &[String] {
        &self.wanted
    }
}

/// The names that a line gives values to, whoever wants them; for messages.
pub(crate) fn names_in(line: &str) -> Vec<String> {
    if let Some(name) = collected::name(line) {
        return vec![name];
    }
    let keys = json::keys(line);
    if !keys.is_empty() {
        return keys;
    }
    filter::Filter::default().matches(line).map(|it| it.name.to_owned()).collect()
}

/// The time that a text names, if it is an RFC 3339 time.
fn time_of(text: &str) -> Option<Timestamp> {
    text.starts_with(|first: char| first.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use proto::kinds::{CollectorSpec, FileSystemPath, FilterSpec, SourceSpec};

    use super::*;

    pub(super) fn spec(kind: &str, format: &str, filters: &[&str]) -> MetricsCollectorSpec {
        MetricsCollectorSpec {
            collector: Some(CollectorSpec { kind: kind.into(), custom_collector: None }),
            source: Some(SourceSpec {
                http_get: None,
                file_system_path: Some(FileSystemPath {
                    path: "/var/log/katib/metrics.log".into(),
                    kind: "File".into(),
                    format: format.into(),
                }),
                filter: Some(FilterSpec {
                    metrics_format: filters.iter().map(|it| (*it).to_owned()).collect(),
                }),
            }),
        }
    }

    fn refuses(spec: &MetricsCollectorSpec, wanted: &[&str]) {
        let errors: Vec<_> = Parser::new(spec, &[])
            .err()
            .map_or(Vec::new(), |errors| errors.iter().map(ToString::to_string).collect());
        assert_eq!(errors.len(), wanted.len(), "{errors:?}");
        for (error, part) in errors.iter().zip(wanted) {
            assert!(error.contains(part), "{error:?} lacks {part:?}");
        }
    }

    #[test]
    fn faults_are_told_all_at_once_with_their_fields() {
        refuses(&spec("StdOut", "", &[]), &[]);
        refuses(&spec("File", "XML", &[]), &["source.fileSystemPath.format: must be one of TEXT"]);
        refuses(
            &spec("StdOut", "", &["(a", "a=(b)"]),
            &["source.filter.metricsFormat[0]", "source.filter.metricsFormat[1]"],
        );
        refuses(&spec("File", "JSON", &["(a)=(b)"]), &["source.filter.metricsFormat"]);
        refuses(&spec("Telepathy", "", &[]), &["collector.kind"]);
    }

    #[test]
    fn an_empty_spec_reads_standard_output() {
        let parser =
            Parser::new(&MetricsCollectorSpec::default(), &["accuracy".to_owned()]).unwrap();
        let position = Position { source: "pod".into(), offset: 100 };
        let got = parser.line("epoch=2 accuracy=0.5", Timestamp::UNIX_EPOCH, Some(&position));
        let want = Report {
            metric: "accuracy".into(),
            value: "0.5".into(),
            time: Timestamp::UNIX_EPOCH,
            step: Some(2),
            position: Some(Position { source: "pod".into(), offset: 117 }),
        };
        assert_eq!(got, [want]);
    }
}
