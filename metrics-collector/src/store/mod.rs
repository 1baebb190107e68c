//! The observation log behind one trait: what every store promises.

#[cfg(test)]
mod laws;
mod memory;
mod server;
mod sqlite;

use std::path::Path;
use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;

use crate::report::{Report, Summary, TrialKey};

pub use memory::MemoryStore;
pub use server::{MySqlStore, PostgresStore};
pub use sqlite::SqliteStore;

/// Why a store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store is out of reach or full; the same call may succeed later.
    #[error("the observation store did not answer: {0}")]
    Unavailable(String),
    /// The store's content cannot be used.
    #[error("the observation store is damaged: {0}")]
    Damaged(String),
    /// No store is reached by such a URL.
    #[error("no observation store is reached by {0}://; use postgres://, mysql:// or a file")]
    Unknown(String),
}

/// Opens the store at `place`: a URL that begins with `postgres://`, `postgresql://`, `mysql://`,
/// `mariadb://` or `sqlite:`, or the path of a SQLite file, which is made if it is not there.
///
/// # Errors
/// It is out of reach, damaged, or a URL of something else.
pub async fn open(place: &str) -> Result<Arc<dyn Store>, StoreError> {
    let Some((scheme, _)) = place.split_once(':') else {
        return Ok(Arc::new(SqliteStore::open(Path::new(place)).await?));
    };
    Ok(match scheme {
        "postgres" | "postgresql" => Arc::new(PostgresStore::open(place).await?),
        "mysql" | "mariadb" => Arc::new(MySqlStore::open(place).await?),
        "sqlite" => {
            let path = place.trim_start_matches("sqlite:");
            Arc::new(SqliteStore::open(Path::new(path.strip_prefix("//").unwrap_or(path))).await?)
        }
        _ if place.contains("://") => return Err(StoreError::Unknown(scheme.to_owned())),
        _ => Arc::new(SqliteStore::open(Path::new(place)).await?),
    })
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

/// A stable 64-bit fingerprint (FNV-1a), for reports that have no place of their own.
pub(crate) fn fingerprint(parts: &[&[u8]]) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(PRIME);
    // The length in front keeps ("ab", "c") and ("a", "bc") apart.
    parts.iter().fold(BASIS, |hash, part| {
        let hash = (part.len() as u64).to_le_bytes().iter().fold(hash, step);
        part.iter().fold(hash, step)
    })
}

/// The source and place that tell a report from others of its metric.
fn identity(report: &Report) -> (&str, u64) {
    match &report.position {
        Some(position) => (&position.source, position.offset),
        None => {
            let time = report.time.as_microsecond().to_le_bytes();
            ("", fingerprint(&[&time, report.value.as_bytes()]))
        }
    }
}

/// Whether a report is among those that a query asks for.
fn wanted(query: &Query, report: &Report) -> bool {
    query.metric.as_ref().is_none_or(|metric| *metric == report.metric)
        && query.from.is_none_or(|from| from <= report.time)
        && query.to.is_none_or(|to| report.time <= to)
}
