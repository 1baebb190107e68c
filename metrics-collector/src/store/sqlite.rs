//! The store in one SQLite file: one writer whose commits many callers share, many readers.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{Connection, QueryBuilder, Row, Sqlite, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use super::{Query, Store, StoreError, identity};
use crate::report::{Position, Report, Summary, TrialKey, summarize};

/// Callers that may wait for the writer; more of them wait to be queued.
const QUEUE_MAX: usize = 1024;
/// Rows of one INSERT: 6 values each stay far below SQLite's 32,766 placeholders.
const ROWS_MAX: usize = 500;
/// Series whose numbers the writer remembers: some megabytes.
const SERIES_MAX: usize = 10_000;
/// Connections that read; SQLite's readers do not wait for its writer.
const READERS_MAX: u32 = 4;
/// How long a connection waits for another process that holds the file.
const BUSY: Duration = Duration::from_secs(10);

/// Keeps reports in a file. What `append` acknowledged survives a loss of power.
#[derive(Debug)]
pub struct SqliteStore {
    readers: SqlitePool,
    writer: mpsc::Sender<Request>,
}

/// What the writer is asked to do, and whom to tell.
#[derive(Debug)]
struct Request {
    key: TrialKey,
    change: Change,
    done: oneshot::Sender<Result<(), StoreError>>,
}

#[derive(Debug)]
enum Change {
    Append(Vec<Report>),
    Delete,
}

impl SqliteStore {
    /// Opens the store in `path`, which is made or brought up to date as needed.
    ///
    /// # Errors
    /// `Damaged` if the file is no such store, `Unavailable` if it cannot be opened now.
    pub async fn open(path: &Path) -> Result<SqliteStore, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY);
        let mut connection = SqliteConnection::connect_with(&options).await.map_err(failed)?;
        sqlx::migrate!("migrations/sqlite")
            .run(&mut connection)
            .await
            .map_err(|err| StoreError::Damaged(format!("{}: {err}", path.display())))?;
        let readers = SqlitePoolOptions::new().max_connections(READERS_MAX);
        let readers = readers.connect_with(options).await.map_err(failed)?;
        let (writer, requests) = mpsc::channel(QUEUE_MAX);
        tokio::spawn(Writer { connection, series: BTreeMap::new() }.run(requests));
        Ok(SqliteStore { readers, writer })
    }

    async fn change(&self, key: &TrialKey, change: Change) -> Result<(), StoreError> {
        let gone = || StoreError::Unavailable("its writer has ended".to_owned());
        let (done, answer) = oneshot::channel();
        let request = Request { key: key.clone(), change, done };
        self.writer.send(request).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    async fn select(&self, key: &TrialKey, query: &Query) -> Result<Vec<Report>, StoreError> {
        let mut sql = QueryBuilder::<Sqlite>::new(
            "SELECT metric, source, place, positioned, time, step, value \
             FROM series JOIN reports ON reports.series = series.id WHERE namespace = ",
        );
        sql.push_bind(&key.namespace).push(" AND trial = ").push_bind(&key.trial);
        if let Some(metric) = &query.metric {
            sql.push(" AND metric = ").push_bind(metric);
        }
        if let Some(from) = query.from {
            sql.push(" AND ").push_bind(from.as_microsecond()).push(" <= time");
        }
        if let Some(to) = query.to {
            sql.push(" AND time <= ").push_bind(to.as_microsecond());
        }
        sql.push(" ORDER BY time, reports.id");
        let rows = sql.build().fetch_all(&self.readers).await.map_err(failed)?;
        rows.iter().map(report_of).collect()
    }
}

impl Store for SqliteStore {
    fn append<'a>(
        &'a self,
        key: &'a TrialKey,
        reports: &'a [Report],
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        if reports.is_empty() {
            return async { Ok(()) }.boxed();
        }
        self.change(key, Change::Append(reports.to_vec())).boxed()
    }

    fn read<'a>(
        &'a self,
        key: &'a TrialKey,
        query: &'a Query,
    ) -> BoxFuture<'a, Result<Vec<Report>, StoreError>> {
        self.select(key, query).boxed()
    }

    fn summary<'a>(&'a self, key: &'a TrialKey) -> BoxFuture<'a, Result<Vec<Summary>, StoreError>> {
        async {
            let reports = self.select(key, &Query::default()).await?;
            Ok(summarize(reports.iter().map(|it| (it.metric.as_str(), it.value.as_str()))))
        }
        .boxed()
    }

    fn delete<'a>(&'a self, key: &'a TrialKey) -> BoxFuture<'a, Result<(), StoreError>> {
        self.change(key, Change::Delete).boxed()
    }
}

/// The only one who writes: takes all requests that wait, and commits them together.
struct Writer {
    connection: SqliteConnection,
    /// Numbers of series already in the file.
    series: BTreeMap<SeriesKey, i64>,
}

/// A trial, its metric, and the source that the metric was read from.
type SeriesKey = (TrialKey, String, String);

impl Writer {
    async fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let mut batch = Vec::new();
        while requests.recv_many(&mut batch, QUEUE_MAX).await != 0 {
            let result = self.commit(&batch).await;
            if result.is_err() {
                // Numbers given in a transaction that was rolled back mean nothing.
                self.series.clear();
            }
            for request in batch.drain(..) {
                // Whoever asked may have gone; the write stands all the same.
                let _ = request.done.send(result.as_ref().map(|&()| ()).map_err(again));
            }
        }
    }

    async fn commit(&mut self, batch: &[Request]) -> Result<(), StoreError> {
        self.say("BEGIN IMMEDIATE").await.map_err(failed)?;
        let written = match self.write(batch).await {
            Ok(()) => self.say("COMMIT").await,
            Err(error) => Err(error),
        };
        if written.is_err() {
            // The file may have rolled back by itself: on a full disk it does.
            let _none_is_open = self.say("ROLLBACK").await;
        }
        written.map_err(failed)
    }

    /// One statement without values. Transactions are begun and ended with it: sqlx counts its own,
    /// and after one that the file rolled back by itself it would refuse every later one.
    async fn say(&mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        sqlx::raw_sql(statement).execute(&mut self.connection).await.map(drop)
    }

    async fn write(&mut self, batch: &[Request]) -> Result<(), sqlx::Error> {
        for Request { key, change, .. } in batch {
            match change {
                Change::Append(reports) => {
                    append(&mut self.connection, &mut self.series, key, reports).await?;
                }
                Change::Delete => {
                    self.series.retain(|(trial, _, _), _| trial != key);
                    delete(&mut self.connection, key).await?;
                }
            }
        }
        Ok(())
    }
}

async fn append(
    connection: &mut SqliteConnection,
    known: &mut BTreeMap<SeriesKey, i64>,
    key: &TrialKey,
    reports: &[Report],
) -> Result<(), sqlx::Error> {
    let mut numbered = Vec::with_capacity(reports.len());
    for report in reports {
        let (source, place) = identity(report);
        let series = number_of_series(connection, known, key, &report.metric, source).await?;
        numbered.push((series, place, report));
    }
    for rows in numbered.chunks(ROWS_MAX) {
        let mut sql = QueryBuilder::<Sqlite>::new(
            "INSERT INTO reports (series, place, positioned, time, step, value) ",
        );
        sql.push_values(rows, |mut row, (series, place, report)| {
            row.push_bind(*series)
                .push_bind(place.cast_signed())
                .push_bind(report.position.is_some())
                .push_bind(report.time.as_microsecond())
                .push_bind(report.step)
                .push_bind(&report.value);
        });
        sql.push(" ON CONFLICT DO NOTHING");
        // Only full chunks come again in the same form; the others are not worth remembering.
        let whole = rows.len() == ROWS_MAX || rows.len() == 1;
        sql.build().persistent(whole).execute(&mut *connection).await?;
    }
    Ok(())
}

async fn number_of_series(
    connection: &mut SqliteConnection,
    known: &mut BTreeMap<SeriesKey, i64>,
    key: &TrialKey,
    metric: &str,
    source: &str,
) -> Result<i64, sqlx::Error> {
    let name = (key.clone(), metric.to_owned(), source.to_owned());
    if let Some(number) = known.get(&name) {
        return Ok(*number);
    }
    // The update changes nothing; it makes RETURNING answer for a row that is already there.
    let number: i64 = sqlx::query_scalar(
        "INSERT INTO series (namespace, trial, metric, source) VALUES (?, ?, ?, ?) \
         ON CONFLICT DO UPDATE SET metric = excluded.metric RETURNING id",
    )
    .bind(&key.namespace)
    .bind(&key.trial)
    .bind(metric)
    .bind(source)
    .fetch_one(connection)
    .await?;
    if SERIES_MAX <= known.len() {
        known.clear();
    }
    known.insert(name, number);
    Ok(number)
}

async fn delete(connection: &mut SqliteConnection, key: &TrialKey) -> Result<(), sqlx::Error> {
    sqlx::query(
        "DELETE FROM reports WHERE series IN \
         (SELECT id FROM series WHERE namespace = ? AND trial = ?)",
    )
    .bind(&key.namespace)
    .bind(&key.trial)
    .execute(&mut *connection)
    .await?;
    sqlx::query("DELETE FROM series WHERE namespace = ? AND trial = ?")
        .bind(&key.namespace)
        .bind(&key.trial)
        .execute(connection)
        .await?;
    Ok(())
}

fn report_of(row: &SqliteRow) -> Result<Report, StoreError> {
    let micros: i64 = row.try_get("time").map_err(failed)?;
    let time = Timestamp::from_microsecond(micros)
        .map_err(|err| StoreError::Damaged(format!("time {micros}: {err}")))?;
    let place: i64 = row.try_get("place").map_err(failed)?;
    let positioned: bool = row.try_get("positioned").map_err(failed)?;
    let source: String = row.try_get("source").map_err(failed)?;
    Ok(Report {
        metric: row.try_get("metric").map_err(failed)?,
        value: row.try_get("value").map_err(failed)?,
        time,
        step: row.try_get("step").map_err(failed)?,
        position: positioned.then(|| Position { source, offset: place.cast_unsigned() }),
    })
}

/// What an error of the database means for the caller: damage stays, all else may pass.
fn failed(err: sqlx::Error) -> StoreError {
    /// SQLite's codes for a file that is malformed, and for one that is no database.
    const DAMAGED: [&str; 2] = ["11", "26"];
    match &err {
        sqlx::Error::Database(inner)
            if inner.code().is_some_and(|code| DAMAGED.contains(&code.as_ref())) =>
        {
            StoreError::Damaged(err.to_string())
        }
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::ColumnNotFound(_) => {
            StoreError::Damaged(err.to_string())
        }
        _ => StoreError::Unavailable(err.to_string()),
    }
}

/// The same error, for each of the callers that shared a commit.
fn again(err: &StoreError) -> StoreError {
    match err {
        StoreError::Unavailable(why) => StoreError::Unavailable(why.clone()),
        StoreError::Damaged(why) => StoreError::Damaged(why.clone()),
        StoreError::Unknown(scheme) => StoreError::Unknown(scheme.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_stored_is_there_after_reopening() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("observations.db");
        let key = TrialKey { namespace: "n".into(), trial: "t".into() };
        let report = Report {
            metric: "m".into(),
            value: "1".into(),
            time: Timestamp::UNIX_EPOCH,
            step: Some(3),
            position: Some(Position { source: "s".into(), offset: u64::MAX }),
        };
        for _ in 0..2 {
            let store = SqliteStore::open(&path).await.unwrap();
            store.append(&key, std::slice::from_ref(&report)).await.unwrap();
            assert_eq!(
                store.read(&key, &Query::default()).await.unwrap(),
                std::slice::from_ref(&report)
            );
        }
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_damage() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("observations.db");
        std::fs::write(&path, "this is a letter, not a database".repeat(100)).unwrap();
        let err = SqliteStore::open(&path).await.unwrap_err();
        assert!(matches!(err, StoreError::Damaged(_)), "{err}");
    }

    #[tokio::test]
    async fn a_folder_that_does_not_exist_is_out_of_reach() {
        let err = SqliteStore::open(Path::new("/nowhere/at/all.db")).await.unwrap_err();
        assert!(matches!(err, StoreError::Unavailable(_)), "{err}");
    }
}
