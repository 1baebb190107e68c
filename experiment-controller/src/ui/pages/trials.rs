//! The trials of an experiment, row by row.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::select::{Filter, Sort};
use super::{Place, key, missing};
use crate::ui::Ui;
use crate::ui::access::guard::Pass;
use crate::ui::extract::Asked;
use crate::ui::problem::{Answer, Trouble};
use crate::ui::types::{Order, TrialPage, TrialQuery};

/// How many are answered unless the query says so, and at most.
const LIMIT: usize = 100;
const LIMIT_MAX: usize = 1000;

/// Trials, page by page.
pub(crate) async fn list(
    State(ui): State<Arc<Ui>>,
    pass: Pass,
    place: Place,
    Asked(query): Asked<TrialQuery>,
) -> Answer<TrialPage> {
    let key = key(&pass, place)?;
    ui.board.ready(&ui.client).await;
    let (found, at) = ui.board.look(|content| {
        let (experiment, table) = content.find(&key)?;
        let layout = table.layout(Some(&experiment.spec));
        let page = || -> Result<TrialPage, Trouble> {
            let filter = Filter::parse(&query, &layout)?;
            let sort = Sort::parse(query.sort.as_deref().unwrap_or("index"), &layout)?;
            let mut rows: Vec<_> = table.rows().filter(|it| filter.takes(it, &layout)).collect();
            let total = rows.len();
            sort.sort(&mut rows, query.order == Some(Order::Desc), &layout);
            let offset = query.offset.unwrap_or(0);
            let limit = query.limit.unwrap_or(LIMIT).min(LIMIT_MAX);
            let items = rows.into_iter().skip(offset).take(limit).map(|it| layout.row(it));
            let items = items.collect();
            let (parameters, metrics) = (layout.parameters.clone(), layout.metrics.clone());
            Ok(TrialPage { items, total, offset, parameters, metrics, at: String::new() })
        };
        Some(page())
    });
    let mut page = found.ok_or_else(|| missing("experiment", &key))??;
    page.at = at;
    Ok(Json(page))
}
