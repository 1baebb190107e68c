//! Curves: what trials reported while they ran, as fine as a screen can show.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use futures::{StreamExt, stream};
use metrics_collector::{Query, Report, Store, TrialKey, report};
use proto::kinds::Trial;
use suggestion::analysis::sample;

use super::{Place, key, missing, summary};
use crate::controllers::Key;
use crate::index::Class;
use crate::ui::Ui;
use crate::ui::access::guard::Pass;
use crate::ui::board::table::{Row, Table};
use crate::ui::extract::Asked;
use crate::ui::hearing::{step, time};
use crate::ui::problem::{Answer, Trouble};
use crate::ui::types::{
    Curve, Curves, CurvesQuery, Num, Pick, TrialCurves, TrialCurvesQuery, XAxis,
};

/// Trials and points that are answered unless the query says so, and at most.
const TRIALS: usize = 50;
const TRIALS_MAX: usize = 500;
const POINTS: usize = 200;
const POINTS_MAX: usize = 10_000;
const POINTS_OF_ONE: usize = 2000;
const POINTS_OF_ONE_MAX: usize = 100_000;
/// Curves that are read at once.
const READS: usize = 8;

/// Curves of one metric of some trials of an experiment.
pub(crate) async fn of_experiment(
    State(ui): State<Arc<Ui>>,
    pass: Pass,
    place: Place,
    Asked(query): Asked<CurvesQuery>,
) -> Answer<Curves> {
    let key = key(&pass, place)?;
    ui.board.ready(&ui.client).await;
    let store = store(&ui)?;
    let (found, at) = ui.board.look(|content| {
        let (experiment, table) = content.find(&key)?;
        let first = summary::objectives(&experiment.spec).into_iter().next();
        let total = table.counts().total as usize;
        Some((chosen(table, &query), first.map(|it| it.metric).unwrap_or_default(), total))
    });
    let (trials, first, total) = found.ok_or_else(|| missing("experiment", &key))?;
    let metric = query.metric.unwrap_or(first);
    let points = query.points.unwrap_or(POINTS).clamp(2, POINTS_MAX);
    let read = trials.into_iter().map(|(trial, class)| {
        let (store, metric) = (store.clone(), metric.clone());
        let namespace = key.namespace.clone();
        async move {
            let place = TrialKey { namespace, trial: trial.clone() };
            let asked = Query { metric: Some(metric.clone()), ..Query::default() };
            let reports = store.read(&place, &asked).await?;
            Ok::<_, Trouble>(curve(&trial, &metric, class, &reports, points))
        }
    });
    let read: Vec<_> = stream::iter(read).buffered(READS).collect().await;
    let all = read.into_iter().collect::<Result<Vec<(Curve, bool)>, Trouble>>()?;
    let steps = all.iter().any(|(_, steps)| *steps);
    let series = all.into_iter().map(|(curve, _)| curve).filter(|it| 0 < it.total).collect();
    let x = if steps { XAxis::Step } else { XAxis::Ordinal };
    Ok(Json(Curves { metric, x, series, total, at }))
}

fn store(ui: &Ui) -> Result<Arc<dyn Store>, Trouble> {
    ui.store.clone().ok_or_else(|| {
        Trouble::missing(
            "the observation store is out of this dashboard's reach: there are no curves",
        )
    })
}

fn chosen(table: &Table, query: &CurvesQuery) -> Vec<(String, Class)> {
    let limit = query.limit.unwrap_or(TRIALS).min(TRIALS_MAX);
    let of = |it: &Row| (it.name.to_string(), it.class);
    if let Some(names) = &query.trials {
        let named = names.split(',').filter_map(|it| table.get(it.trim()));
        return named.take(TRIALS_MAX).map(of).collect();
    }
    let mut rows: Vec<&Row> = table.rows().collect();
    match query.pick.unwrap_or_default() {
        Pick::All => rows.sort_by_key(|it| (it.index, it.name.clone())),
        Pick::Newest => rows.sort_by_key(|it| std::cmp::Reverse((it.index, it.name.clone()))),
        // Those that run come first, then the best.
        Pick::Best => {
            let rank = |it: &Row| {
                let loss = it.losses.first().copied().unwrap_or(f64::INFINITY);
                (it.class.ended(), it.excess, loss)
            };
            rows.sort_by(|a, b| {
                let (x, y) = (rank(a), rank(b));
                let order = x.0.cmp(&y.0).then(x.1.total_cmp(&y.1)).then(x.2.total_cmp(&y.2));
                order.then(a.index.cmp(&b.index))
            });
        }
    }
    rows.into_iter().take(limit).map(of).collect()
}

/// All metrics of one trial.
pub(crate) async fn of_trial(
    State(ui): State<Arc<Ui>>,
    pass: Pass,
    place: Place,
    Asked(query): Asked<TrialCurvesQuery>,
) -> Answer<TrialCurves> {
    let key = key(&pass, place)?;
    ui.board.ready(&ui.client).await;
    let ((), at) = ui.board.look(|_| ());
    let trial = ui.object::<Trial>(&key).await?;
    let class = Class::of(&trial);
    let Key { namespace, name } = key;
    let place = TrialKey { namespace, trial: name.clone() };
    let reports = store(&ui)?.read(&place, &Query::default()).await?;
    let points = query.points.unwrap_or(POINTS_OF_ONE).clamp(2, POINTS_OF_ONE_MAX);
    let mut metrics: Vec<&str> = reports.iter().map(|it| it.metric.as_str()).collect();
    metrics.sort_unstable();
    metrics.dedup();
    let series = metrics.into_iter().map(|metric| {
        let mine: Vec<Report> = reports.iter().filter(|it| it.metric == metric).cloned().collect();
        curve(&name, metric, class, &mine, points).0
    });
    let series = series.collect();
    Ok(Json(TrialCurves { trial: name, series, at }))
}

/// A curve of reports, and whether the program told steps.
fn curve(
    trial: &str,
    metric: &str,
    class: Class,
    reports: &[Report],
    points: usize,
) -> (Curve, bool) {
    let steps = reports.iter().any(|it| it.step.is_some());
    #[expect(clippy::cast_precision_loss, reason = "reports are far fewer than 2^53")]
    let x = |(at, it): (usize, &Report)| step(it.step).get().unwrap_or((at + 1) as f64);
    let xs: Vec<f64> = reports.iter().enumerate().map(x).collect();
    let ys: Vec<Num> = reports.iter().map(|it| report::number(&it.value).into()).collect();
    let numbers: Vec<f64> = ys.iter().map(|it| it.get().unwrap_or(f64::NAN)).collect();
    let kept = sample::extremes(&numbers, points);
    let curve = Curve {
        trial: trial.to_owned(),
        metric: metric.to_owned(),
        status: class.into(),
        stopped: class == Class::EarlyStopped,
        total: reports.len(),
        x: kept.iter().map(|it| xs[*it]).collect(),
        y: kept.iter().map(|it| ys[*it]).collect(),
        time: kept.iter().map(|it| time(reports[*it].time)).collect(),
    };
    (curve, steps)
}
