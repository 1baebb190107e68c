//! The trials of one experiment as short rows: what plots and lists need, and no more.

use std::collections::HashMap;
use std::sync::Arc;

use kube::ResourceExt;
use proto::kinds::{ExperimentSpec, Trial};
use suggestion::analysis::best;

use crate::index::{self, Class};
use crate::trial::value::Wanted;
use crate::ui::types::{Counts, Millis, Num, TrialRow};

/// Longest value that is kept, in bytes; the trial itself has the rest.
const VALUE_MAX: usize = 256;
/// How many of the best are always among a sample.
const BEST_SAMPLED: usize = 100;

/// What is known of one trial.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    /// Its name.
    pub(crate) name: Arc<str>,
    /// Which suggestion it is; none for one that was made by hand.
    pub(crate) index: Option<u64>,
    /// How it stands.
    pub(crate) class: Class,
    /// The order of its completion.
    pub(crate) completion: Option<i64>,
    /// When it was first seen, in milliseconds.
    pub(crate) started: Option<Millis>,
    /// When it completed.
    pub(crate) ended: Option<Millis>,
    /// A loss for each objective, once it has ended with all of them; else empty.
    pub(crate) losses: Box<[f64]>,
    /// By how much it breaks its constraints.
    pub(crate) excess: f64,
    /// It reaches every goal that is set.
    pub(crate) reached: bool,
    /// Its values, in the order of the table's parameters; cut off where they are long.
    parameters: Vec<Option<Box<str>>>,
    /// The values that count, in the order of the table's metrics.
    metrics: Vec<Num>,
}

impl Row {
    /// Whether it was measured and keeps every constraint.
    pub(crate) fn is_feasible(&self) -> bool {
        !self.losses.is_empty() && self.excess <= 0.0
    }
}

/// Which of a table's columns an answer has, in its own order; none where the table has no such.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    /// Names of the parameters.
    pub(crate) parameters: Vec<String>,
    /// Names of the metrics.
    pub(crate) metrics: Vec<String>,
    parameter_places: Vec<Option<usize>>,
    metric_places: Vec<Option<usize>>,
}

/// The trials of one experiment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    parameters: Vec<String>,
    metrics: Vec<String>,
    rows: Vec<Option<Row>>,
    places: HashMap<Arc<str>, usize>,
    free: Vec<usize>,
    counts: Counts,
    /// Places of the rows that have ended, in the order of completion.
    ended: Vec<usize>,
    /// The smallest first loss up to each of them.
    best_so_far: Vec<Option<f64>>,
    best: Option<usize>,
    stale: bool,
}

impl Table {
    /// Takes in a trial as it is now; whether that changed anything.
    pub(crate) fn apply(&mut self, trial: &Trial) -> bool {
        let name: Arc<str> = trial.name_any().into();
        let row = self.row(name.clone(), trial);
        match self.places.get(&name).copied() {
            Some(place) if self.rows[place].as_ref() == Some(&row) => return false,
            Some(place) => {
                if let Some(old) = self.rows[place].take() {
                    self.uncount(&old);
                }
                self.put(place, row);
            }
            None => {
                let place = self.free.pop().unwrap_or(self.rows.len());
                if place == self.rows.len() {
                    self.rows.push(None);
                }
                self.places.insert(name, place);
                self.put(place, row);
            }
        }
        true
    }

    /// Forgets a trial.
    pub(crate) fn remove(&mut self, name: &str) {
        let Some(place) = self.places.remove(name) else { return };
        if let Some(old) = self.rows[place].take() {
            self.uncount(&old);
        }
        self.free.push(place);
        self.stale = true;
    }

    fn row(&mut self, name: Arc<str>, trial: &Trial) -> Row {
        let record = index::record(trial);
        let wanted = Wanted::of_trial(&trial.spec);
        let mut parameters = Vec::new();
        for it in &record.assignments {
            set(&mut self.parameters, &mut parameters, &it.name, Some(clipped(&it.value)));
        }
        let mut metrics = Vec::new();
        for it in wanted.names() {
            let value = wanted.value(&record.observation, it).into();
            set_number(&mut self.metrics, &mut metrics, it, value);
        }
        Row {
            name,
            index: Some(record.index).filter(|it| *it != u64::MAX),
            class: record.class,
            completion: record.completion,
            started: record.started.map(Millis::from),
            ended: record.ended.map(Millis::from),
            losses: record.losses.into(),
            excess: record.excess,
            reached: record.reached,
            parameters,
            metrics,
        }
    }

    fn put(&mut self, place: usize, row: Row) {
        *self.count(row.class) += 1;
        self.counts.total += 1;
        let completion = row.completion.filter(|_| row.class.ended());
        let (loss, feasible) = (row.losses.first().copied(), row.is_feasible());
        self.rows[place] = Some(row);
        let Some(completion) = completion else { return };
        // Nearly always it is the newest of them.
        let last = self.ended.last().and_then(|it| self.rows[*it].as_ref());
        if self.stale || last.is_some_and(|it| Some(completion) <= it.completion) {
            self.stale = true;
            return;
        }
        self.ended.push(place);
        let before = self.best_so_far.last().copied().flatten();
        let now = best::so_far([before, loss.filter(|_| feasible)]).pop().flatten();
        self.best_so_far.push(now);
        self.compare(place);
    }

    fn uncount(&mut self, old: &Row) {
        *self.count(old.class) -= 1;
        self.counts.total -= 1;
        self.stale |= old.completion.is_some();
    }

    fn count(&mut self, class: Class) -> &mut u32 {
        match class {
            Class::Pending => &mut self.counts.pending,
            Class::Running => &mut self.counts.running,
            Class::Succeeded => &mut self.counts.succeeded,
            Class::Failed => &mut self.counts.failed,
            Class::Killed => &mut self.counts.killed,
            Class::EarlyStopped => &mut self.counts.early_stopped,
            Class::MetricsUnavailable => &mut self.counts.metrics_unavailable,
        }
    }

    /// The best trial: as `index::Trials::best` has it.
    fn compare(&mut self, place: usize) {
        let rank = |it: usize| {
            let row = self.rows[it].as_ref()?;
            Some((row.excess, !row.reached, *row.losses.first()?, row.completion))
        };
        let Some(new) = rank(place) else { return };
        let better = self.best.and_then(rank).is_none_or(|old| {
            let order = new.0.total_cmp(&old.0).then(new.1.cmp(&old.1));
            order.then(new.2.total_cmp(&old.2)).then(new.3.cmp(&old.3)).is_lt()
        });
        if better {
            self.best = Some(place);
        }
    }

    /// Brings the order of completion and the best up to date, where a change did not do so.
    pub(crate) fn settle(&mut self) {
        if !std::mem::take(&mut self.stale) {
            return;
        }
        let number = |it: &Option<Row>| it.as_ref().filter(|it| it.class.ended())?.completion;
        let all = self.rows.iter().enumerate();
        let mut order: Vec<(i64, usize)> =
            all.filter_map(|(place, it)| Some((number(it)?, place))).collect();
        order.sort_unstable();
        self.ended = order.into_iter().map(|(_, place)| place).collect();
        let rows = self.ended.iter().map(|it| self.rows[*it].as_ref());
        let losses = rows.map(|it| it.filter(|it| it.is_feasible())?.losses.first().copied());
        self.best_so_far = best::so_far(losses);
        self.best = None;
        (0..self.ended.len()).for_each(|it| self.compare(self.ended[it]));
    }

    /// How many trials stand how.
    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// How many trials have ended.
    pub(crate) fn completed(&self) -> u32 {
        self.counts.total - self.counts.pending - self.counts.running
    }

    /// The best trial.
    pub(crate) fn best(&self) -> Option<&Row> {
        self.rows[self.best?].as_ref()
    }

    /// Whether there is a trial of that name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// Names of all trials.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(|it| &**it)
    }

    /// The trial of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&Row> {
        self.rows[*self.places.get(name)?].as_ref()
    }

    /// Every trial, in no particular order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().flatten()
    }

    /// The trials that have ended, in the order of completion, each with the best loss so far.
    pub(crate) fn ended(&self) -> impl ExactSizeIterator<Item = (&Row, Option<f64>)> {
        let row = |place: &usize| self.rows[*place].as_ref().expect("a place that is taken");
        self.ended.iter().map(row).zip(self.best_so_far.iter().copied())
    }

    /// The trials in the order of completion, those that have not ended last, by index.
    pub(crate) fn in_order(&self) -> Vec<&Row> {
        let mut open: Vec<&Row> = self.rows().filter(|it| !it.class.ended()).collect();
        let numbered = |it: &&Row| it.class.ended() && it.completion.is_none();
        open.extend(self.rows().filter(numbered));
        open.sort_by_key(|it| (!it.class.ended(), it.index, it.name.clone()));
        self.ended().map(|(row, _)| row).chain(open).collect()
    }

    /// At most `limit` of [`Table::in_order`], by their places in it: the best, the newest, those
    /// with the smallest and largest values, and of the rest one every so often. Zero is no limit.
    pub(crate) fn sample(&self, order: &[&Row], limit: usize) -> Vec<usize> {
        if limit == 0 || order.len() <= limit {
            return (0..order.len()).collect();
        }
        let mut chosen = std::collections::BTreeSet::new();
        let part = (limit / 10).max(1);
        let mut losses: Vec<(f64, usize)> = order.iter().enumerate().filter_map(loss).collect();
        losses.sort_by(|a, b| a.0.total_cmp(&b.0));
        chosen.extend(losses.iter().take(part.min(BEST_SAMPLED)).map(|it| it.1));
        chosen.extend(losses.last().map(|it| it.1));
        chosen.extend(order.len() - part..order.len());
        for metric in 0..self.metrics.len() {
            let value = |it: &&Row| it.metrics.get(metric).and_then(|it| it.get());
            let valued = order.iter().enumerate().filter_map(|(at, it)| Some((value(it)?, at)));
            let valued: Vec<(f64, usize)> = valued.collect();
            chosen.extend(valued.iter().min_by(|a, b| a.0.total_cmp(&b.0)).map(|it| it.1));
            chosen.extend(valued.iter().max_by(|a, b| a.0.total_cmp(&b.0)).map(|it| it.1));
        }
        let rest: Vec<usize> = (0..order.len()).filter(|it| !chosen.contains(it)).collect();
        let left = limit.saturating_sub(chosen.len());
        chosen.extend((0..left).map(|it| rest[it * rest.len() / left]));
        chosen.into_iter().take(limit.max(1)).collect()
    }

    /// The columns that answers have: those of the experiment's spec, else those of the trials.
    pub(crate) fn layout(&self, spec: Option<&ExperimentSpec>) -> Layout {
        let (parameters, metrics) = match spec {
            Some(spec) => (
                spec.parameters.iter().map(|it| it.name.clone()).collect(),
                Wanted::of(spec).names().map(str::to_owned).collect(),
            ),
            None => (self.parameters.clone(), self.metrics.clone()),
        };
        let places = |wanted: &[String], all: &[String]| {
            wanted.iter().map(|name| all.iter().position(|it| it == name)).collect()
        };
        Layout {
            parameter_places: places(&parameters, &self.parameters),
            metric_places: places(&metrics, &self.metrics),
            parameters,
            metrics,
        }
    }

    /// The trial of that name as answers have it.
    pub(crate) fn row_of(&self, name: &str, layout: &Layout) -> Option<TrialRow> {
        self.get(name).map(|row| layout.row(row))
    }
}

impl Layout {
    /// A row as answers have it.
    pub(crate) fn row(&self, row: &Row) -> TrialRow {
        TrialRow {
            name: row.name.to_string(),
            index: row.index,
            status: row.class.into(),
            completion: row.completion,
            parameters: (0..self.parameters.len())
                .map(|it| self.parameter(row, it).map(str::to_owned))
                .collect(),
            metrics: (0..self.metrics.len()).map(|it| self.metric(row, it)).collect(),
            feasible: row.losses.is_empty() || row.is_feasible(),
            started: row.started,
            ended: row.ended,
        }
    }

    /// The value of the parameter at that place of the layout.
    pub(crate) fn parameter<'a>(&self, row: &'a Row, place: usize) -> Option<&'a str> {
        row.parameters.get((*self.parameter_places.get(place)?)?)?.as_deref()
    }

    /// The value of the metric at that place of the layout.
    pub(crate) fn metric(&self, row: &Row, place: usize) -> Num {
        let place = self.metric_places.get(place).copied().flatten();
        place.and_then(|it| row.metrics.get(it)).copied().unwrap_or(Num::NONE)
    }
}

fn loss((at, row): (usize, &&Row)) -> Option<(f64, usize)> {
    Some((*row.losses.first()?, at))
}

fn clipped(text: &str) -> Box<str> {
    if text.len() <= VALUE_MAX {
        return text.into();
    }
    let cut = (0..=VALUE_MAX).rev().find(|it| text.is_char_boundary(*it)).unwrap_or(0);
    format!("{}…", &text[..cut]).into()
}

/// Puts a value where its name has its column; a new name gets a new one.
fn set(names: &mut Vec<String>, row: &mut Vec<Option<Box<str>>>, name: &str, it: Option<Box<str>>) {
    let place = place(names, name);
    if row.len() <= place {
        row.resize(place + 1, None);
    }
    row[place] = it;
}

fn set_number(names: &mut Vec<String>, row: &mut Vec<Num>, name: &str, value: Num) {
    let place = place(names, name);
    if row.len() <= place {
        row.resize(place + 1, Num::NONE);
    }
    row[place] = value;
}

fn place(names: &mut Vec<String>, name: &str) -> usize {
    names.iter().position(|it| it == name).unwrap_or_else(|| {
        names.push(name.to_owned());
        names.len() - 1
    })
}
