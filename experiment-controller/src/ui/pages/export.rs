//! All trials of an experiment as a file.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::manifest::attachment;
use super::{Place, key, missing};
use crate::cli::csv;
use crate::ui::Ui;
use crate::ui::access::guard::Pass;
use crate::ui::extract::Asked;
use crate::ui::problem::Trouble;
use crate::ui::types::{ExportFormat, ExportQuery, Millis, TrialRow};

/// The columns before metrics and parameters, as `qalam export` has them.
const FIRST: [&str; 5] = ["trial", "index", "state", "started", "ended"];

/// All trials as CSV or JSON.
pub(crate) async fn export(
    State(ui): State<Arc<Ui>>,
    pass: Pass,
    place: Place,
    Asked(query): Asked<ExportQuery>,
) -> Result<Response, Trouble> {
    let key = key(&pass, place)?;
    ui.board.ready(&ui.client).await;
    let (found, _) = ui.board.look(|content| {
        let (experiment, table) = content.find(&key)?;
        let layout = table.layout(Some(&experiment.spec));
        let mut rows: Vec<TrialRow> = table.rows().map(|it| layout.row(it)).collect();
        rows.sort_by(|a, b| (a.index, &a.name).cmp(&(b.index, &b.name)));
        Some((layout.metrics, layout.parameters, rows))
    });
    let (metrics, parameters, rows) = found.ok_or_else(|| missing("experiment", &key))?;
    let names: Vec<&str> =
        FIRST.into_iter().chain(metrics.iter().chain(&parameters).map(String::as_str)).collect();
    let (kind, ending, text) = match query.format.unwrap_or_default() {
        ExportFormat::Csv => {
            let mut text = csv::record(&names);
            for row in &rows {
                let cells: Vec<String> = cells(row).iter().map(cell).collect();
                text += &csv::record(&cells);
            }
            ("text/csv; charset=utf-8", "csv", text)
        }
        ExportFormat::Json => {
            let object = |row: &TrialRow| -> Map<String, Value> {
                names.iter().map(ToString::to_string).zip(cells(row)).collect()
            };
            let all: Vec<Map<String, Value>> = rows.iter().map(object).collect();
            let text = serde_json::to_string_pretty(&all).map_err(|why| Trouble::broken(&why))?;
            ("application/json", "json", text)
        }
    };
    let name = attachment(&format!("{}.{ending}", key.name));
    let headers = [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, text).into_response())
}

fn cells(row: &TrialRow) -> Vec<Value> {
    let time = |it: Option<Millis>| {
        it.and_then(|it| Timestamp::from_millisecond(it.0).ok()).map(|it| it.to_string())
    };
    let mut cells = vec![
        json!(row.name),
        json!(row.index),
        json!(row.status),
        json!(time(row.started)),
        json!(time(row.ended)),
    ];
    cells.extend(row.metrics.iter().map(|it| json!(it)));
    cells.extend(row.parameters.iter().map(|it| json!(it)));
    cells
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
