//! A store in memory: for tests, and as the plainest statement of what a store does.

use std::collections::{BTreeMap, BTreeSet};

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use parking_lot::Mutex;

use super::{Query, Store, StoreError, identity, wanted};
use crate::report::{Report, Summary, TrialKey, summarize};

/// Keeps reports until it is dropped.
#[derive(Debug, Default)]
pub struct MemoryStore {
    trials: Mutex<BTreeMap<TrialKey, Trial>>,
}

#[derive(Debug, Default)]
struct Trial {
    /// In the order of arrival.
    reports: Vec<Report>,
    /// (metric, source, place) of every report.
    known: BTreeSet<(String, String, u64)>,
}

impl MemoryStore {
    fn select(&self, key: &TrialKey, query: &Query) -> Vec<Report> {
        let trials = self.trials.lock();
        let reports = trials.get(key).map_or(&[][..], |trial| &trial.reports);
        let mut found: Vec<_> =
            reports.iter().filter(|report| wanted(query, report)).cloned().collect();
        // The sort is stable: equal times stay in the order of arrival.
        found.sort_by_key(|report| report.time);
        found
    }
}

impl Store for MemoryStore {
    fn append<'a>(
        &'a self,
        key: &'a TrialKey,
        reports: &'a [Report],
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let mut trials = self.trials.lock();
        for report in reports {
            let report = Report { time: whole_microseconds(report.time), ..report.clone() };
            let (source, place) = identity(&report);
            let trial = trials.entry(key.clone()).or_default();
            if trial.known.insert((report.metric.clone(), source.to_owned(), place)) {
                trial.reports.push(report);
            }
        }
        async { Ok(()) }.boxed()
    }

    fn read<'a>(
        &'a self,
        key: &'a TrialKey,
        query: &'a Query,
    ) -> BoxFuture<'a, Result<Vec<Report>, StoreError>> {
        async { Ok(self.select(key, query)) }.boxed()
    }

    fn summary<'a>(&'a self, key: &'a TrialKey) -> BoxFuture<'a, Result<Vec<Summary>, StoreError>> {
        async {
            let reports = self.select(key, &Query::default());
            Ok(summarize(reports.iter().map(|it| (it.metric.as_str(), it.value.as_str()))))
        }
        .boxed()
    }

    fn delete<'a>(&'a self, key: &'a TrialKey) -> BoxFuture<'a, Result<(), StoreError>> {
        self.trials.lock().remove(key);
        async { Ok(()) }.boxed()
    }
}

/// Stores keep microseconds, as databases do.
fn whole_microseconds(time: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(time.as_microsecond()).unwrap_or(time)
}
