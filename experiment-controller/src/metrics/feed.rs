//! What was read of one trial so far, and how far its readers are.

use std::collections::BTreeMap;
use std::time::Instant;

use jiff::Timestamp;
use metrics_collector::{Parser, Position, Report, Seen};
use parking_lot::Mutex;
use proto::kinds::Trial;
use tokio::sync::Notify;

use super::position::{Places, stamped};
use super::source::{Sighting, Source};
use crate::trial::value::Wanted;

/// Most points of a live curve that are held; beyond it the oldest half is thinned out.
const CURVE_POINTS_MAX: usize = 10_000;

/// How far the readers of a trial are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Runs of containers that were seen.
    pub seen: usize,
    /// Pods whose log was not read to its end yet.
    pub reading: Vec<String>,
}

/// What was read of one trial.
pub struct Feed {
    parser: Result<Parser, String>,
    objective: String,
    state: Mutex<State>,
    /// Hears when a run of a container has ended.
    pub(super) ended: Notify,
}

#[derive(Default)]
struct State {
    runs: BTreeMap<Source, Run>,
    seen: Seen,
    /// (step, value) of each metric, in the order of arrival.
    curves: BTreeMap<String, Vec<(f64, f64)>>,
    /// How far each file was read that a collector reads, by the place of its reports
    /// of a metric.
    newest: BTreeMap<String, u64>,
    last_line: String,
    waits_since: Option<Instant>,
}

#[derive(Default)]
struct Run {
    reader: bool,
    ended: bool,
    read: bool,
}

/// Where a reader is in its log.
#[derive(Default)]
pub(super) struct Cursor {
    /// The newest time read.
    pub(super) time: Timestamp,
    newest: Option<u64>,
    places: Places,
}

impl Cursor {
    /// Starts at the beginning of a reading; what was read before is known by its place.
    pub(super) fn rewind(&mut self) {
        self.places = Places::default();
    }
}

impl Feed {
    /// Nothing read yet.
    pub(super) fn new(trial: &Trial) -> Feed {
        let wanted = Wanted::of_trial(&trial.spec);
        let wanted: Vec<String> = wanted.names().map(str::to_owned).collect();
        let spec = trial.spec.metrics_collector.clone().unwrap_or_default();
        let parser = Parser::new(&spec, &wanted).map_err(|faults| {
            faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        });
        let objective = wanted.into_iter().next().unwrap_or_default();
        Feed { parser, objective, state: Mutex::default(), ended: Notify::new() }
    }

    /// Takes in what was seen of the pods; answers the runs that need a reader.
    pub(super) fn take_in(&self, sightings: Vec<Sighting>) -> Vec<Source> {
        let mut state = self.state.lock();
        // A pod that is gone prints no more.
        let there = |it: &Source| sightings.iter().any(|seen| seen.source == *it);
        for (source, run) in &mut state.runs {
            run.ended |= !there(source);
        }
        let mut fresh = Vec::new();
        for it in sightings {
            let run = state.runs.entry(it.source.clone()).or_default();
            run.ended |= it.ended;
            // A run that ended before it began has nothing to read.
            run.read |= it.ended && !it.begun && !run.reader;
            if it.begun && !run.reader {
                run.reader = true;
                fresh.push(it.source);
            }
        }
        self.ended.notify_waiters();
        fresh
    }

    /// How far the readers are.
    pub(super) fn progress(&self) -> Progress {
        let state = self.state.lock();
        let reading = state.runs.iter().filter(|(_, run)| !run.read);
        Progress {
            seen: state.runs.len(),
            reading: reading.map(|(source, _)| source.pod.clone()).collect(),
        }
    }

    /// Whether a run is known to have ended.
    pub(super) fn has_ended(&self, source: &Source) -> bool {
        self.state.lock().runs.get(source).is_none_or(|it| it.ended)
    }

    /// Remembers that a log was read to its end.
    pub(super) fn finish(&self, source: &Source) {
        if let Some(run) = self.state.lock().runs.get_mut(source) {
            run.read = true;
        }
    }

    /// Reads a line; answers its reports. A line that was read before answers none.
    pub(super) fn line(&self, source: &str, line: &str, cursor: &mut Cursor) -> Vec<Report> {
        let (time, text) = stamped(line, cursor.time);
        let place = cursor.places.next(time);
        let known = cursor.newest.is_some_and(|it| place <= it);
        cursor.time = time;
        let Ok(parser) = &self.parser else { return Vec::new() };
        let mut reports = parser.line(text, time, None);
        for report in &mut reports {
            let offset = cursor.places.next(time);
            let own = report.position.take();
            report.position = Some(match own {
                // What a collector read in a file is known by its place there, by whichever of
                // the pod's collectors it is printed.
                Some(place) => {
                    let pod = source.split('/').next().unwrap_or(source);
                    Position { source: format!("{pod}/{}", place.source), offset: place.offset }
                }
                None => Position { source: source.to_owned(), offset },
            });
        }
        if known {
            return Vec::new();
        }
        cursor.newest = Some(place);
        let mut state = self.state.lock();
        state.seen.line(parser, text, &reports);
        if !text.trim().is_empty() {
            text.trim_end().clone_into(&mut state.last_line);
        }
        for report in &reports {
            if !state.is_known(report, source) {
                state.add(report);
            }
        }
        reports
    }

    /// Whether a report is of the objective.
    pub(super) fn is_objective(&self, report: &Report) -> bool {
        report.metric == self.objective
    }

    /// A metric so far, as (step, value) in the order of arrival; values that are no finite
    /// numbers are among them.
    pub fn curve(&self, metric: &str) -> Vec<(f64, f64)> {
        self.state.lock().curves.get(metric).cloned().unwrap_or_default()
    }

    /// The last line that was printed.
    pub fn last_line(&self) -> String {
        self.state.lock().last_line.clone()
    }

    /// Why a metric has no value, in a sentence.
    pub fn why_missing(&self, metric: &str) -> String {
        match &self.parser {
            Ok(parser) => self.state.lock().seen.why_missing(parser, metric),
            Err(why) => format!("the metrics cannot be read: {why}"),
        }
    }

    /// Since when the trial's end has waited for the rest of its logs; the first call starts it.
    pub fn waits_since(&self) -> Instant {
        *self.state.lock().waits_since.get_or_insert_with(Instant::now)
    }
}

impl State {
    /// Whether a report is one that a collector printed before it was started anew: it reads its
    /// files from the beginning. The store knows it by its place; the curve must, too.
    fn is_known(&mut self, report: &Report, run: &str) -> bool {
        let Some(Position { source, offset }) = &report.position else { return false };
        if source == run {
            return false;
        }
        // The metrics of one line may share a place.
        let key = format!("{source}/{}", report.metric);
        let known = self.newest.get(&key).is_some_and(|newest| offset <= newest);
        if !known {
            self.newest.insert(key, *offset);
        }
        known
    }

    fn add(&mut self, report: &Report) {
        let Ok(value) = report.value.trim().parse::<f64>() else { return };
        let curve = self.curves.entry(report.metric.clone()).or_default();
        let next = curve.last().map_or(1.0, |(step, _)| step + 1.0);
        #[expect(clippy::cast_precision_loss, reason = "steps are small whole numbers")]
        let step = report.step.map_or(next, |it| it as f64);
        curve.push((step, value));
        if CURVE_POINTS_MAX < curve.len() {
            let half = CURVE_POINTS_MAX / 2;
            let mut place = 0;
            curve.retain(|_| {
                place += 1;
                half < place || place % 2 == 0
            });
        }
    }
}
