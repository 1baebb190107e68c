//! The trials of an experiment, column by column.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use proto::kinds::ExperimentSpec;

use super::{Place, key, missing, summary};
use crate::ui::Ui;
use crate::ui::access::guard::Pass;
use crate::ui::board::table::{Layout, Row, Table};
use crate::ui::extract::Asked;
use crate::ui::problem::Answer;
use crate::ui::types::{
    Columns, ColumnsQuery, Num, ParameterColumn, ParameterInfo, ParameterType, TrialStatus,
};

/// How many trials are answered unless the query says so.
const LIMIT: usize = 10_000;

/// Columns for plots.
pub(crate) async fn columns(
    State(ui): State<Arc<Ui>>,
    pass: Pass,
    place: Place,
    Asked(query): Asked<ColumnsQuery>,
) -> Answer<Columns> {
    let key = key(&pass, place)?;
    ui.board.ready(&ui.client).await;
    let limit = query.limit.unwrap_or(LIMIT);
    let (found, at) = ui.board.look(|content| {
        let (experiment, table) = content.find(&key)?;
        Some(of(&experiment.spec, table, limit))
    });
    let mut columns = found.ok_or_else(|| missing("experiment", &key))?;
    columns.at = at;
    Ok(Json(columns))
}

/// At most `limit` trials of a table as columns.
pub(crate) fn of(spec: &ExperimentSpec, table: &Table, limit: usize) -> Columns {
    let layout = table.layout(Some(spec));
    let order = table.in_order();
    let chosen = table.sample(&order, limit);
    let rows: Vec<&Row> = chosen.iter().map(|it| order[*it]).collect();
    let best_so_far = table.ended().map(|(_, best)| best).collect::<Vec<Option<f64>>>();
    let objectives = summary::objectives(spec);
    // Whoever has not ended has the best of all.
    let best_at = |it: &usize| best_so_far.get(*it).or(best_so_far.last()).copied().flatten();
    let best = table.best().map(|it| it.name.clone());
    let mut metrics = summary::metrics(spec);
    for (at, metric) in metrics.iter_mut().enumerate() {
        metric.values = rows.iter().map(|row| layout.metric(row, at)).collect();
    }
    let infos = summary::parameters(spec).into_iter().enumerate();
    Columns {
        total: order.len(),
        sampled: rows.len() < order.len(),
        names: rows.iter().map(|it| it.name.to_string()).collect(),
        indexes: rows.iter().map(|it| it.index).collect(),
        status: rows.iter().map(|it| status(it)).collect(),
        statuses: TrialStatus::ALL.into(),
        completion: rows.iter().map(|it| it.completion).collect(),
        started: rows.iter().map(|it| it.started).collect(),
        ended: rows.iter().map(|it| it.ended).collect(),
        feasible: rows.iter().map(|it| it.losses.is_empty() || it.is_feasible()).collect(),
        parameters: infos.map(|(at, info)| parameter(info, at, &rows, &layout)).collect(),
        metrics,
        best_so_far: chosen
            .iter()
            .map(|it| best_at(it).map(|it| summary::value(&objectives, it)).into())
            .collect(),
        best: best.and_then(|name| rows.iter().position(|it| it.name == name)),
        parallel: spec.parallel_trial_count.unwrap_or(3),
        at: String::new(),
    }
}

fn status(row: &Row) -> usize {
    let status = TrialStatus::from(row.class);
    TrialStatus::ALL.iter().position(|it| *it == status).unwrap_or(0)
}

/// Numbers where the parameter has numbers, else places in its categories: those of the manifest,
/// then those that trials have beside them.
fn parameter(info: ParameterInfo, at: usize, rows: &[&Row], layout: &Layout) -> ParameterColumn {
    let texts = rows.iter().map(|row| layout.parameter(row, at));
    if info.type_ != ParameterType::Categorical {
        let number = |it: Option<&str>| it.and_then(|it| it.trim().parse::<f64>().ok()).into();
        return ParameterColumn { info, values: texts.map(number).collect(), categories: vec![] };
    }
    let mut categories = info.choices.clone();
    let mut places: HashMap<String, usize> =
        categories.iter().enumerate().map(|(at, it)| (it.clone(), at)).collect();
    #[expect(clippy::cast_precision_loss, reason = "categories are few")]
    let place = |it: Option<&str>| {
        let Some(text) = it else { return Num::NONE };
        if let Some(place) = places.get(text) {
            return Num(*place as f64);
        }
        places.insert(text.to_owned(), categories.len());
        categories.push(text.to_owned());
        Num((categories.len() - 1) as f64)
    };
    let values = texts.map(place).collect();
    ParameterColumn { info, values, categories }
}
