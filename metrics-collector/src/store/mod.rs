//! The observation log behind one trait: what every store promises.

use futures::future::BoxFuture;
use jiff::Timestamp;

use crate::report::{Report, Summary, TrialKey};

/// Why a store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store is out of reach or full; the same call may succeed later.
    #[error("the observation store did not answer: {0}")]
    Unavailable(String),
    /// The store's content cannot be used.
    #[error("the observation store is damaged: {0}")]
    Damaged(String),
}

/// Which of a trial's reports.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// Only this metric.
    pub metric: Option<String>,
    /// Not before this time.
    pub from: Option<Timestamp>,
    /// Not after this time.
    pub to: Option<Timestamp>,
}

/// Keeps reports. Outlives the trial objects.
pub trait Store: Send + Sync + 'static {
    /// Appends reports; one whose position is already there changes nothing.
    fn append<'a>(
        &'a self,
        key: &'a TrialKey,
        reports: &'a [Report],
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Reads reports in the order of time, then of arrival.
    fn read<'a>(
        &'a self,
        key: &'a TrialKey,
        query: &'a Query,
    ) -> BoxFuture<'a, Result<Vec<Report>, StoreError>>;

    /// Sums up every metric of a trial, in the order of names.
    fn summary<'a>(&'a self, key: &'a TrialKey) -> BoxFuture<'a, Result<Vec<Summary>, StoreError>>;

    /// Forgets a trial's reports.
    fn delete<'a>(&'a self, key: &'a TrialKey) -> BoxFuture<'a, Result<(), StoreError>>;
}
