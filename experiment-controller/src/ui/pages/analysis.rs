//! What the trials show: importance, correlation, the Pareto front.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use parking_lot::Mutex;
use proto::kinds::{ExperimentSpec, ParameterAssignment};
use suggestion::Seed;
use suggestion::analysis::{correlation, hypervolume, importance, pareto};
use suggestion::space::{Point, Space};

use super::{Place, key, missing, summary};
use crate::ui::Ui;
use crate::ui::access::guard::Pass;
use crate::ui::board::table::{Row, Table};
use crate::ui::extract::Asked;
use crate::ui::problem::{Answer, Trouble};
use crate::ui::types::{
    Correlation, CorrelationMethod, Importance, ImportanceMethod, ImportanceOf, ImportanceQuery,
    NameValue, Num, Optimum, ParameterType, Pareto, ParetoPoint, VolumePoint,
};

/// Trials that fANOVA looks at, and those that everything else does: more change nothing but the
/// time that it takes.
const FOREST_TRIALS_MAX: usize = 2000;
const TRIALS_MAX: usize = 10_000;
/// Fewer trials say nothing.
const TRIALS_MIN: usize = 4;
/// How often the hypervolume is taken along the way.
const VOLUMES: usize = 100;
/// Fronts whose exact hypervolume takes too long: more than three objectives, and more points.
const FRONT_MAX: usize = 60;
/// How many answers are kept.
const KEPT: usize = 256;

/// Importances that were computed before, by experiment, method and metric: how many trials had
/// completed then, and what came out.
#[derive(Default)]
pub(crate) struct Analyses(Mutex<BTreeMap<(String, String), Kept>>);

/// How many trials had completed, and what came out.
type Kept = (u32, Arc<Importance>);

impl Analyses {
    /// What was computed before, if hardly anything was added since.
    fn find(&self, key: &(String, String), completed: u32) -> Option<Importance> {
        let kept = self.0.lock();
        let (then, found) = kept.get(key)?;
        let few = completed.abs_diff(*then) <= then / 100;
        few.then(|| Importance::clone(found))
    }

    fn keep(&self, key: (String, String), completed: u32, it: &Importance) {
        let mut kept = self.0.lock();
        if KEPT <= kept.len() {
            kept.clear();
        }
        kept.insert(key, (completed, Arc::new(it.clone())));
    }
}

/// How much each parameter matters.
pub(crate) async fn importance(
    State(ui): State<Arc<Ui>>,
    pass: Pass,
    place: Place,
    Asked(query): Asked<ImportanceQuery>,
) -> Answer<Importance> {
    let key = key(&pass, place)?;
    ui.board.ready(&ui.client).await;
    let (found, _) = ui.board.look(|content| {
        let (experiment, table) = content.find(&key)?;
        let metric = query.metric.clone().unwrap_or_else(|| first_metric(&experiment.spec));
        let method = query.method.unwrap_or_default();
        let uid = experiment.metadata.uid.clone().unwrap_or_default();
        let kept = (uid, format!("{method:?} {metric}"));
        let completed = table.completed();
        if let Some(found) = ui.analyses.find(&kept, completed) {
            return Some(Err(found));
        }
        Some(Ok((Question::of(&experiment.spec, table, method, metric), kept, completed)))
    });
    match found.ok_or_else(|| missing("experiment", &key))? {
        Err(before) => Ok(Json(before)),
        Ok((question, kept, completed)) => {
            // A moment of arithmetic, which must not hold others up.
            let answer = tokio::task::spawn_blocking(move || question?.answer()).await;
            let answer = answer.map_err(|why| Trouble::broken(&why))??;
            ui.analyses.keep(kept, completed, &answer);
            Ok(Json(answer))
        }
    }
}

/// The first objective's metric.
pub(crate) fn first_metric(spec: &ExperimentSpec) -> String {
    let first = summary::objectives(spec).into_iter().next();
    first.map(|it| it.metric).unwrap_or_default()
}

/// What importance is computed of.
pub(crate) struct Question {
    space: Space,
    method: ImportanceMethod,
    metric: String,
    points: Vec<Point>,
    losses: Vec<f64>,
    completed: usize,
}

impl Question {
    /// The trials that have the metric.
    pub(crate) fn of(
        spec: &ExperimentSpec,
        table: &Table,
        method: ImportanceMethod,
        metric: String,
    ) -> Result<Question, Trouble> {
        let space = Space::parse(spec)
            .map_err(|_| Trouble::conflict("the experiment's parameters cannot be read"))?;
        let layout = table.layout(Some(spec));
        let Some(column) = layout.metrics.iter().position(|it| *it == metric) else {
            let all = layout.metrics.join(", ");
            return Err(Trouble::bad(format!("metric: must be one of {all}, got {metric:?}")));
        };
        let objectives = summary::objectives(spec);
        let objective = objectives.iter().find(|it| it.metric == metric);
        let up = objective.is_some_and(|it| it.direction == Optimum::Maximize);
        let measured = table.ended().filter_map(|(row, _)| {
            let value = layout.metric(row, column).get().filter(|_| !row.losses.is_empty())?;
            Some((row, if up { -value } else { value }))
        });
        let measured: Vec<(&Row, f64)> = measured.collect();
        let most = match method {
            ImportanceMethod::Fanova => FOREST_TRIALS_MAX,
            ImportanceMethod::PedAnova => TRIALS_MAX,
        };
        let count = measured.len();
        let chosen = (0..count.min(most)).map(|it| &measured[it * count / count.min(most)]);
        let (mut points, mut losses) = (Vec::new(), Vec::new());
        for (row, loss) in chosen {
            let values = layout.parameters.iter().enumerate().filter_map(|(at, name)| {
                let value = layout.parameter(row, at)?.to_owned();
                Some(ParameterAssignment { name: name.clone(), value })
            });
            if let Some(point) = space.point_of(&values.collect::<Vec<_>>()) {
                points.push(point);
                losses.push(*loss);
            }
        }
        Ok(Question { space, method, metric, points, losses, completed: count })
    }

    /// The importances, largest first.
    pub(crate) fn answer(self) -> Result<Importance, Trouble> {
        let Question { space, method, metric, points, losses, completed } = self;
        let enough = TRIALS_MIN <= points.len();
        let (values, about) = match method {
            ImportanceMethod::Fanova => (
                // The seed only chooses which trials each tree sees.
                enough.then(|| importance::fanova(&space, &points, &losses, Seed(0))),
                "fANOVA (Hutter, Hoos and Leyton-Brown, 2014): the share of the metric's variance \
                 that each parameter explains by itself",
            ),
            ImportanceMethod::PedAnova => (
                enough.then(|| importance::ped_anova(&space, &points, &losses)),
                "PED-ANOVA (Watanabe, Bansal and Hutter, 2023): how far the best tenth of the \
                 trials are, in each parameter, from all of them",
            ),
        };
        let trials = points.len();
        let mut note = String::new();
        if !enough {
            note = format!("{trials} trials were measured; {TRIALS_MIN} are needed at least");
        } else if values.as_ref().is_some_and(|it| it.iter().all(|it| *it == 0.0)) {
            note = "the trials do not differ".into();
        } else if trials < completed {
            note = format!("of {trials} of {completed} measured trials");
        }
        let values = values.unwrap_or_default();
        let of = |(name, importance): (&str, &f64)| ImportanceOf {
            name: name.to_owned(),
            importance: *importance,
        };
        let mut parameters: Vec<ImportanceOf> = space.names().zip(&values).map(of).collect();
        parameters.sort_by(|a, b| b.importance.total_cmp(&a.importance));
        let about = about.to_owned();
        Ok(Importance { method, about, metric, trials, parameters, note })
    }
}

/// How parameters and metrics rise and fall together.
pub(crate) async fn correlation(
    State(ui): State<Arc<Ui>>,
    pass: Pass,
    place: Place,
) -> Answer<Correlation> {
    let key = key(&pass, place)?;
    ui.board.ready(&ui.client).await;
    let (found, _) = ui.board.look(|content| {
        let (experiment, table) = content.find(&key)?;
        Some(ranks(&experiment.spec, table))
    });
    Ok(Json(found.ok_or_else(|| missing("experiment", &key))?))
}

/// Spearman's correlation of each parameter with each metric.
pub(crate) fn ranks(spec: &ExperimentSpec, table: &Table) -> Correlation {
    let columns = super::columns::of(spec, table, TRIALS_MAX / 5);
    let numbers = |values: &[Num]| values.iter().map(|it| it.0).collect::<Vec<f64>>();
    let metrics: Vec<Vec<f64>> = columns.metrics.iter().map(|it| numbers(&it.values)).collect();
    let row = |it: &crate::ui::types::ParameterColumn| -> Vec<Num> {
        // Names have no order.
        if it.info.type_ == ParameterType::Categorical {
            return vec![Num::NONE; metrics.len()];
        }
        let values = numbers(&it.values);
        metrics.iter().map(|metric| correlation::spearman(&values, metric).into()).collect()
    };
    let trials = columns.names.len();
    let sampled = columns.sampled;
    Correlation {
        method: CorrelationMethod::Spearman,
        about: "Spearman's rank correlation (1904)".into(),
        trials,
        parameters: columns.parameters.iter().map(|it| it.info.name.clone()).collect(),
        metrics: columns.metrics.iter().map(|it| it.name.clone()).collect(),
        values: columns.parameters.iter().map(row).collect(),
        note: if sampled {
            format!("of {trials} of {} trials", columns.total)
        } else {
            String::new()
        },
    }
}

/// The trials that no other beats, and how their hypervolume grew.
pub(crate) async fn pareto(State(ui): State<Arc<Ui>>, pass: Pass, place: Place) -> Answer<Pareto> {
    let key = key(&pass, place)?;
    ui.board.ready(&ui.client).await;
    let (found, at) = ui.board.look(|content| {
        let (experiment, table) = content.find(&key)?;
        Some(front(&experiment.spec, table))
    });
    let mut front = found.ok_or_else(|| missing("experiment", &key))?;
    front.at = at;
    Ok(Json(front))
}

/// The front of a table.
pub(crate) fn front(spec: &ExperimentSpec, table: &Table) -> Pareto {
    let objectives = summary::objectives(spec);
    let layout = table.layout(Some(spec));
    let feasible: Vec<&Row> =
        table.ended().map(|(row, _)| row).filter(|it| it.is_feasible()).collect();
    let losses: Vec<&[f64]> = feasible.iter().map(|it| &*it.losses).collect();
    let value = |objective: usize, loss: f64| match objectives[objective].direction {
        Optimum::Maximize => -loss,
        Optimum::Minimize => loss,
    };
    let values = |losses: &[f64]| -> Vec<f64> {
        losses.iter().take(objectives.len()).enumerate().map(|(at, it)| value(at, *it)).collect()
    };
    let mut best = pareto::front(&losses);
    best.sort_by(|a, b| losses[*a][0].total_cmp(&losses[*b][0]));
    let point = |at: &usize| {
        let row = feasible[*at];
        let names = layout.parameters.iter().enumerate();
        let value =
            |(at, name): (usize, &String)| Some(NameValue::new(name, layout.parameter(row, at)?));
        ParetoPoint {
            trial: row.name.to_string(),
            values: values(&row.losses),
            parameters: names.filter_map(value).collect(),
        }
    };
    let worst: Vec<f64> = (0..objectives.len())
        .map(|at| losses.iter().map(|it| it[at]).fold(f64::NEG_INFINITY, f64::max))
        .collect();
    let many = 3 < objectives.len() && FRONT_MAX < best.len();
    let grows = 1 < objectives.len() && !many && !losses.is_empty();
    Pareto {
        front: best.iter().map(point).collect(),
        hypervolume: if grows { volumes(&losses, &worst) } else { Vec::new() },
        reference: if losses.is_empty() { Vec::new() } else { values(&worst) },
        about: "The reference point is the worst feasible value of each objective".into(),
        objectives,
        at: String::new(),
    }
}

/// The hypervolume after so many of the trials, at most at [`VOLUMES`] places.
fn volumes(losses: &[&[f64]], reference: &[f64]) -> Vec<VolumePoint> {
    let count = losses.len();
    let stops = count.min(VOLUMES);
    let mut front: Vec<&[f64]> = Vec::new();
    let mut from = 0;
    let mut points = Vec::new();
    for stop in 1..=stops {
        let to = stop * count / stops;
        front.extend(&losses[from..to]);
        front = pareto::front(&front).into_iter().map(|it| front[it]).collect();
        from = to;
        let volume = hypervolume::hypervolume(&front, reference);
        points.push(VolumePoint { completion: to, volume });
    }
    points
}
