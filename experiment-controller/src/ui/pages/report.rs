//! The report: one HTML page that needs nothing else, no script and nothing from elsewhere.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;

use super::manifest::attachment;
use super::{Place, columns, key, missing, summary};
use crate::ui::Ui;
use crate::ui::access::guard::Pass;
use crate::ui::problem::Trouble;
use crate::ui::types::{Columns, ExperimentRow, Num};

/// Trials that the report lists: the best.
const LISTED: usize = 200;
/// Trials that the picture shows.
const SHOWN: usize = 2000;
/// Size of the picture.
const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 280.0;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;\
padding:0 1rem}table{border-collapse:collapse;font-size:13px}td,th{border:1px solid #ccc;\
padding:.2rem .5rem;text-align:left;overflow-wrap:anywhere}svg{width:100%;height:auto}\
@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}td,th{border-color:#444}}";

/// The page, to save and to send.
pub(crate) async fn report(
    State(ui): State<Arc<Ui>>,
    pass: Pass,
    place: Place,
) -> Result<Response, Trouble> {
    let key = key(&pass, place)?;
    ui.board.ready(&ui.client).await;
    let (found, _) = ui.board.look(|content| {
        let (experiment, table) = content.find(&key)?;
        let columns = columns::of(&experiment.spec, table, SHOWN);
        Some((summary::row(&experiment, table), columns))
    });
    let (row, columns) = found.ok_or_else(|| missing("experiment", &key))?;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, attachment(&format!("{}.html", key.name))),
        // Shown here it may have its own style, and nothing else.
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; sandbox".to_owned(),
        ),
    ];
    Ok((headers, page(&row, &columns)).into_response())
}

/// Text as HTML shows it, and as it reads in any direction.
fn safe(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            it if it.is_control() => safe.push('\u{fffd}'),
            it => safe.push(it),
        }
    }
    // A text that turns the direction of writing does so for itself alone.
    format!("<bdi>{safe}</bdi>")
}

fn page(row: &ExperimentRow, columns: &Columns) -> String {
    let name = safe(&row.name);
    let counts = row.counts;
    let best = row
        .best
        .as_ref()
        .map_or("none yet".to_owned(), |it| format!("{} with {}", safe(&it.trial), safe(&it.text)));
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{name}</title>\
         <style>{STYLE}</style><h1>{name}</h1><p>{} · algorithm {} · {} trials: {} succeeded, {} \
         stopped early, {} failed</p><p>Best trial: {best}</p><h2>History</h2>{}\
         <h2>The best {LISTED} trials at most</h2>{}</html>\n",
        safe(&row.message),
        safe(&row.algorithm),
        counts.total,
        counts.succeeded,
        counts.early_stopped,
        counts.failed,
        picture(columns),
        table(row, columns),
    )
}

/// The first objective of each trial, and the best so far.
fn picture(columns: &Columns) -> String {
    let Some(metric) = columns.metrics.first() else { return String::new() };
    let ends = |of: fn(f64, f64) -> f64, from: f64| {
        metric.values.iter().filter_map(|it| it.get()).fold(from, of)
    };
    let (low, high) = (ends(f64::min, f64::INFINITY), ends(f64::max, f64::NEG_INFINITY));
    if high < low {
        return "<p>No trial has measured it yet.</p>".into();
    }
    // Halves, so that a spread of huge numbers is finite.
    let spread = if low < high { high / 2.0 - low / 2.0 } else { 0.5 };
    #[expect(clippy::cast_precision_loss, reason = "trials are far fewer than 2^53")]
    let x = |at: usize| 10.0 + (WIDTH - 20.0) * at as f64 / metric.values.len().max(2) as f64;
    let y = |it: f64| HEIGHT - 10.0 - (HEIGHT - 20.0) * ((it / 2.0 - low / 2.0) / spread);
    let mut text = format!(
        "<p>{} from {low} to {high}; the line is the best so far.</p><svg viewBox=\"0 0 {WIDTH} \
         {HEIGHT}\" role=\"img\" aria-label=\"history\">",
        safe(&metric.name)
    );
    let place = |(at, it): (usize, &Num)| it.get().map(|it| (x(at), y(it)));
    for (x, y) in metric.values.iter().enumerate().filter_map(place) {
        // Writing into a string does not fail.
        let _ = write!(text, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2\" fill=\"#888\"/>");
    }
    let line = columns.best_so_far.iter().enumerate().filter_map(place);
    let line: Vec<String> = line.map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let line = line.join(" ");
    let _ = write!(text, "<polyline points=\"{line}\" fill=\"none\" stroke=\"#0a7\"/></svg>");
    text
}

fn table(row: &ExperimentRow, columns: &Columns) -> String {
    let mut order: Vec<usize> = (0..columns.names.len()).collect();
    let first = columns.metrics.first();
    let loss = |at: &usize| {
        let value =
            first.and_then(|it| it.values[*at].get()).map(|it| summary::value(&row.objectives, it));
        value.unwrap_or(f64::INFINITY)
    };
    order.sort_by(|a, b| loss(a).total_cmp(&loss(b)));
    let metrics = columns.metrics.iter().map(|it| safe(&it.name));
    let parameters = columns.parameters.iter().map(|it| safe(&it.info.name));
    let heads: String = metrics.chain(parameters).map(|it| format!("<th>{it}")).collect();
    let mut text = format!("<table><tr><th>trial<th>status{heads}");
    let number = |it: Num| it.get().map(|it| it.to_string()).unwrap_or_default();
    for at in order.into_iter().take(LISTED) {
        let status = columns.statuses[columns.status[at]].word();
        let _ = write!(text, "<tr><td>{}<td>{status}", safe(&columns.names[at]));
        for metric in &columns.metrics {
            let _ = write!(text, "<td>{}", number(metric.values[at]));
        }
        for parameter in &columns.parameters {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place")]
            let named =
                parameter.values[at].get().and_then(|it| parameter.categories.get(it as usize));
            let cell = named.map_or_else(|| number(parameter.values[at]), |it| safe(it));
            let _ = write!(text, "<td>{cell}");
        }
    }
    text + "</table>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_texts() {
        assert_eq!(safe("<b a='1'>&"), "<bdi>&lt;b a=&#39;1&#39;&gt;&amp;</bdi>");
        assert_eq!(safe("\u{202e}x\u{1b}["), "<bdi>\u{202e}x\u{fffd}[</bdi>");
    }
}
