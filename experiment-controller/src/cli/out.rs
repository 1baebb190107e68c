//! Standard output: plain text, plain tables, JSON and YAML, with no colours in any of them.

use std::io::Write;

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use super::failure::Failure;

/// Writes text and a line end.
pub(super) fn say(text: &str) -> Result<(), Failure> {
    Ok(writeln!(std::io::stdout().lock(), "{text}")?)
}

/// Writes text as it is, and sends it on its way.
pub(super) fn write(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Rows under a heading, in columns, without lines around them.
pub(super) fn table(heading: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    if !heading.is_empty() {
        table.set_header(heading);
    }
    table.add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let text = table.to_string();
    text.lines().map(str::trim_end).collect::<Vec<&str>>().join("\n")
}

/// A value as indented JSON.
pub(super) fn json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(value).map_err(|error| Failure::Failed(error.to_string()))
}

/// A value as YAML, without a line end.
pub(super) fn yaml(value: &impl Serialize) -> Result<String, Failure> {
    // Through a JSON value, so that numbers and nulls look as the API has them.
    let value = serde_json::to_value(value).map_err(|error| Failure::Failed(error.to_string()))?;
    let text = serde_saphyr::to_string(&value);
    text.map(|it| it.trim_end().into()).map_err(|error| Failure::Failed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_without_trailing_blanks() {
        let rows = vec![vec!["a".to_owned(), "1".to_owned()], vec!["long".into(), String::new()]];
        assert_eq!(table(&["NAME", "N"], rows), "NAME  N\na     1\nlong");
    }

    #[test]
    fn yaml_reads_back() {
        let value = serde_json::json!({"a": ["1e-5", 1e-5, null, "true", "x: y"], "b": {}});
        let text = yaml(&value).unwrap();
        assert_eq!(serde_saphyr::from_str::<serde_json::Value>(&text).unwrap(), value, "{text}");
    }
}
