//! The list of experiments.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::summary;
use crate::ui::Ui;
use crate::ui::access::guard::Pass;
use crate::ui::extract::Asked;
use crate::ui::problem::Answer;
use crate::ui::types::{
    ExperimentPage, ExperimentQuery, ExperimentRow, ExperimentSort, Optimum, Order,
};

/// How many are answered unless the query says so, and at most.
const LIMIT: usize = 50;
const LIMIT_MAX: usize = 500;

/// Experiments, page by page.
pub(crate) async fn list(
    State(ui): State<Arc<Ui>>,
    pass: Pass,
    Asked(query): Asked<ExperimentQuery>,
) -> Answer<ExperimentPage> {
    let scope = pass.scope(query.namespace.as_deref())?;
    ui.board.ready(&ui.client).await;
    let (rows, at) = ui.board.look(|content| {
        let wanted = |namespace: &String| scope.as_ref().is_none_or(|it| it.contains(namespace));
        let all = content.experiments.iter().filter(|(key, _)| wanted(&key.namespace));
        let all: Vec<_> = all.map(|(_, it)| it.clone()).collect();
        all.iter().map(|it| summary::row(it, content.table(it))).collect::<Vec<ExperimentRow>>()
    });
    let mut statuses = BTreeMap::new();
    for row in &rows {
        *statuses.entry(format!("{:?}", row.status)).or_insert(0) += 1;
    }
    let mut found: Vec<ExperimentRow> = rows.into_iter().filter(|it| matches(it, &query)).collect();
    let sort = query.sort.unwrap_or_default();
    let down = query.order.unwrap_or(Order::Desc) == Order::Desc;
    found.sort_by(|a, b| order(a, b, sort, down));
    let offset = query.offset.unwrap_or(0);
    let limit = query.limit.unwrap_or(LIMIT).min(LIMIT_MAX);
    let total = found.len();
    let items = found.into_iter().skip(offset).take(limit).collect();
    let complete = ui.board.is_complete();
    Ok(Json(ExperimentPage { items, total, offset, statuses, complete, at }))
}

fn matches(row: &ExperimentRow, query: &ExperimentQuery) -> bool {
    let status = query.status.as_deref().filter(|it| !it.is_empty());
    let stands = status.is_none_or(|it| it.split(',').any(|it| format!("{:?}", row.status) == it));
    let metrics = row.objectives.iter().map(|it| it.metric.as_str());
    let words: Vec<&str> = [&*row.name, &*row.algorithm].into_iter().chain(metrics).collect();
    let text = words.join("\n").to_lowercase();
    let asked = query.q.as_deref().unwrap_or_default().to_lowercase();
    stands && asked.split_whitespace().all(|it| text.contains(it))
}

/// Those without the value that is sorted by come last, either way; equals by name.
fn order(a: &ExperimentRow, b: &ExperimentRow, sort: ExperimentSort, down: bool) -> Ordering {
    let turned = |it: Ordering| if down { it.reverse() } else { it };
    let numbers = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => turned(a.total_cmp(&b)),
        (a, b) => b.is_some().cmp(&a.is_some()),
    };
    let first = match sort {
        ExperimentSort::Name => turned(a.name.cmp(&b.name)),
        ExperimentSort::Namespace => turned(a.namespace.cmp(&b.namespace)),
        ExperimentSort::Status => turned(a.status.cmp(&b.status)),
        ExperimentSort::Algorithm => turned(a.algorithm.cmp(&b.algorithm)),
        ExperimentSort::Created => turned(a.created.cmp(&b.created)),
        ExperimentSort::Trials => turned(a.counts.total.cmp(&b.counts.total)),
        ExperimentSort::Progress => numbers(a.progress, b.progress),
        ExperimentSort::Best => numbers(best(a), best(b)),
    };
    first.then_with(|| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)))
}

/// The best value, larger is better.
fn best(row: &ExperimentRow) -> Option<f64> {
    let value = row.best.as_ref()?.value.get()?;
    let minimize = row.objectives.first().is_some_and(|it| it.direction == Optimum::Minimize);
    Some(if minimize { -value } else { value })
}
