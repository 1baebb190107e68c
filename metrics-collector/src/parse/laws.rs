//! What every format promises; the list of formats is the list of what is tested.

use jiff::Timestamp;
use proptest::prelude::*;

use super::tests::spec;
use super::{FORMATS, Parser};
use crate::follow::Lines;
use crate::report::{Position, Report};

/// Lines of every kind, well formed and not.
const LINES: &[&str] = &[
    "epoch=1 accuracy=0.5 loss=1.5",
    "2024-03-04T05:06:07.5Z accuracy = 0.625 step=9",
    r#"{"accuracy": "0.75", "loss": 0.5, "epoch": 3, "timestamp": 1638422847.28721}"#,
    r#"{"accuracy": NaN}"#,
    r#"{"accuracy": {"#,
    "accuracy=nan loss=-inf",
    "accuracy=",
    "größe accuracy=0.9",
    "10%\r20%\raccuracy=1",
    "",
];

fn parser(format: &str) -> Parser {
    let wanted = ["accuracy".to_owned(), "loss".to_owned()];
    Parser::new(&spec("File", format, &[]), &wanted).map_err(|_| format.to_owned()).unwrap()
}

fn read<'a>(parser: &Parser, chunks: impl Iterator<Item = &'a [u8]>) -> Vec<Report> {
    let mut lines = Lines::default();
    let mut found: Vec<_> = chunks.flat_map(|chunk| lines.push(chunk)).collect();
    found.extend(lines.finish());
    let of_line = |line: &crate::follow::Line| {
        let position = Position { source: "s".into(), offset: line.offset };
        parser.line(&line.text, Timestamp::UNIX_EPOCH, Some(&position))
    };
    found.iter().flat_map(of_line).collect()
}

#[test]
fn lines_cut_at_every_byte_give_the_same_reports() {
    let stream = LINES.join("\n");
    for (format, _) in FORMATS {
        let parser = parser(format);
        let whole = read(&parser, std::iter::once(stream.as_bytes()));
        assert!(!whole.is_empty(), "{format}");
        for cut in 0..stream.len() {
            let (a, b) = stream.as_bytes().split_at(cut);
            // Reports compare by text, since a NaN there is text too.
            assert_eq!(read(&parser, [a, b].into_iter()), whole, "{format} cut at {cut}");
        }
    }
}

#[test]
fn every_format_reads_its_own_example() {
    for (format, _) in FORMATS {
        let parser = parser(format);
        let got = parser.line(&parser.example("loss"), Timestamp::UNIX_EPOCH, None);
        assert_eq!(got.len(), 1, "{format}");
        assert_eq!((got[0].metric.as_str(), got[0].value.as_str()), ("loss", "0.5"), "{format}");
    }
}

proptest! {
    #[test]
    fn no_line_is_too_strange(line in ".*", around in 0_usize..3) {
        let line = match around {
            0 => line,
            1 => format!("accuracy={line}"),
            _ => format!("{{\"accuracy\": {line}}}"),
        };
        for (format, _) in FORMATS {
            let parser = parser(format);
            for report in parser.line(&line, Timestamp::UNIX_EPOCH, None) {
                prop_assert!(parser.wanted().contains(&report.metric));
                prop_assert!(!report.value.is_empty());
            }
        }
    }
}
