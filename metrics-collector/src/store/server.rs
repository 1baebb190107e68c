//! Stores on a database server, PostgreSQL and MySQL or MariaDB: the same tables and steps in two
//! dialects. Several programs may share one.
//!
//! Each call is a transaction of its own, so that what the server refuses of one trial (a byte that
//! it cannot keep, say) holds up no other.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use sqlx::{QueryBuilder, Row};

use super::{Query, Store, StoreError, identity};
use crate::report::{Position, Report, Summary, TrialKey, summarize};

/// Rows of one INSERT: 6 values each stay far below the 65,535 placeholders of both servers.
const ROWS_MAX: usize = 1000;
/// Connections of one store; the servers allow some 100 to all of their clients.
const CONNECTIONS_MAX: u32 = 8;
/// How long a call waits for a connection before it says that the server is out of reach.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// How often a transaction is tried that another one stood in the way of.
const TRIES_MAX: u32 = 8;
/// SQLSTATEs of such a transaction: a deadlock, or its series was deleted meanwhile.
const DISTURBED: [&str; 4] = ["40001", "40P01", "23503", "23000"];

/// A metric and the source that it was read from.
type SeriesName = (String, String);

/// The series that reports belong to, in one order for all callers, so that they do not wait for
/// each other in a circle.
fn series_of(reports: &[Report]) -> BTreeSet<SeriesName> {
    reports.iter().map(|it| (it.metric.clone(), identity(it).0.to_owned())).collect()
}

fn disturbed(err: &sqlx::Error) -> bool {
    let code = err.as_database_error().and_then(|it| it.code());
    code.is_some_and(|code| DISTURBED.contains(&code.as_ref()))
}

fn failed(err: &sqlx::Error) -> StoreError {
    match err {
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::ColumnNotFound(_) => {
            StoreError::Damaged(err.to_string())
        }
        _ => StoreError::Unavailable(err.to_string()),
    }
}

/// One dialect: the type's name and documentation, sqlx's names, and what the dialects say
/// differently: how a session begins, and what an INSERT does with a row that is there already.
macro_rules! store {
    ($(#[$doc:meta])* $name:ident, $database:ty, $migrations:literal, $session:literal,
     $series_kept:literal, $report_kept:literal) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name {
            pool: sqlx::Pool<$database>,
        }

        impl $name {
            /// Opens the store in the database that `url` names, whose tables are made or brought up
            /// to date as needed.
            ///
            /// # Errors
            /// `Unavailable` if the server is out of reach or refuses, `Damaged` if the tables there
            /// are others.
            pub async fn open(url: &str) -> Result<$name, StoreError> {
                let options = sqlx::pool::PoolOptions::<$database>::new()
                    .max_connections(CONNECTIONS_MAX)
                    .acquire_timeout(CONNECT_MAX)
                    .after_connect(|connection, _| {
                        sqlx::raw_sql($session).execute(connection).map(|it| it.map(drop)).boxed()
                    });
                let pool = options.connect(url).await.map_err(|err| failed(&err))?;
                let migrated = sqlx::migrate!($migrations).run(&pool).await;
                migrated.map_err(|err| match err {
                    sqlx::migrate::MigrateError::Execute(err) => failed(&err),
                    err => StoreError::Damaged(err.to_string()),
                })?;
                Ok($name { pool })
            }

            async fn insert(&self, key: &TrialKey, reports: &[Report]) -> Result<(), sqlx::Error> {
                let mut within = self.pool.begin().await?;
                let wanted = series_of(reports);
                let mut numbers = Self::numbers(&mut within, key).await?;
                let missing: Vec<_> =
                    wanted.iter().filter(|it| !numbers.contains_key(*it)).collect();
                for chunk in missing.chunks(ROWS_MAX) {
                    let mut sql = QueryBuilder::<$database>::new(
                        "INSERT INTO series (namespace, trial, metric, source) ",
                    );
                    sql.push_values(chunk, |mut row, (metric, source)| {
                        row.push_bind(&key.namespace)
                            .push_bind(&key.trial)
                            .push_bind(metric)
                            .push_bind(source);
                    });
                    sql.push($series_kept);
                    sql.build().persistent(false).execute(&mut *within).await?;
                }
                if !missing.is_empty() {
                    numbers = Self::numbers(&mut within, key).await?;
                }
                for chunk in reports.chunks(ROWS_MAX) {
                    let mut sql = QueryBuilder::<$database>::new(
                        "INSERT INTO reports (series, place, positioned, time, step, value) ",
                    );
                    sql.push_values(chunk, |mut row, report| {
                        let (source, place) = identity(report);
                        let number = numbers.get(&(report.metric.clone(), source.to_owned()));
                        row.push_bind(number.copied())
                            .push_bind(place.cast_signed())
                            .push_bind(report.position.is_some())
                            .push_bind(report.time.as_microsecond())
                            .push_bind(report.step)
                            .push_bind(&report.value);
                    });
                    sql.push($report_kept);
                    let whole = chunk.len() == ROWS_MAX || chunk.len() == 1;
                    sql.build().persistent(whole).execute(&mut *within).await?;
                }
                within.commit().await
            }

            /// The numbers of a trial's series.
            async fn numbers(
                within: &mut sqlx::Transaction<'_, $database>,
                key: &TrialKey,
            ) -> Result<BTreeMap<SeriesName, i64>, sqlx::Error> {
                let mut sql = QueryBuilder::<$database>::new(
                    "SELECT id, metric, source FROM series WHERE namespace = ",
                );
                sql.push_bind(&key.namespace).push(" AND trial = ").push_bind(&key.trial);
                let rows = sql.build().fetch_all(&mut **within).await?;
                rows.iter().map(|it| Ok(((it.try_get(1)?, it.try_get(2)?), it.try_get(0)?))).collect()
            }

            async fn select(&self, key: &TrialKey, query: &Query) -> Result<Vec<Report>, StoreError> {
                let mut sql = QueryBuilder::<$database>::new(
                    "SELECT metric, source, place, positioned, time, step, value \
                     FROM series JOIN reports ON reports.series = series.id WHERE namespace = ",
                );
                sql.push_bind(&key.namespace).push(" AND trial = ").push_bind(&key.trial);
                if let Some(metric) = &query.metric {
                    sql.push(" AND metric = ").push_bind(metric);
                }
                if let Some(from) = query.from {
                    sql.push(" AND time >= ").push_bind(from.as_microsecond());
                }
                if let Some(to) = query.to {
                    sql.push(" AND time <= ").push_bind(to.as_microsecond());
                }
                sql.push(" ORDER BY time, reports.id");
                let rows = sql.build().fetch_all(&self.pool).await.map_err(|err| failed(&err))?;
                rows.iter().map(Self::report_of).collect()
            }

            fn report_of(row: &<$database as sqlx::Database>::Row) -> Result<Report, StoreError> {
                let failed = |err| failed(&err);
                let micros: i64 = row.try_get(4).map_err(failed)?;
                let time = Timestamp::from_microsecond(micros)
                    .map_err(|err| StoreError::Damaged(format!("time {micros}: {err}")))?;
                let place: i64 = row.try_get(2).map_err(failed)?;
                let positioned: bool = row.try_get(3).map_err(failed)?;
                let source: String = row.try_get(1).map_err(failed)?;
                Ok(Report {
                    metric: row.try_get(0).map_err(failed)?,
                    value: row.try_get(6).map_err(failed)?,
                    time,
                    step: row.try_get(5).map_err(failed)?,
                    position: positioned
                        .then(|| Position { source, offset: place.cast_unsigned() }),
                })
            }
        }

        impl Store for $name {
            fn append<'a>(
                &'a self,
                key: &'a TrialKey,
                reports: &'a [Report],
            ) -> BoxFuture<'a, Result<(), StoreError>> {
                async move {
                    if reports.is_empty() {
                        return Ok(());
                    }
                    let mut tries = 1;
                    loop {
                        match self.insert(key, reports).await {
                            Err(err) if disturbed(&err) && tries < TRIES_MAX => tries += 1,
                            result => return result.map_err(|err| failed(&err)),
                        }
                    }
                }
                .boxed()
            }

            fn read<'a>(
                &'a self,
                key: &'a TrialKey,
                query: &'a Query,
            ) -> BoxFuture<'a, Result<Vec<Report>, StoreError>> {
                self.select(key, query).boxed()
            }

            fn summary<'a>(
                &'a self,
                key: &'a TrialKey,
            ) -> BoxFuture<'a, Result<Vec<Summary>, StoreError>> {
                async {
                    let reports = self.select(key, &Query::default()).await?;
                    Ok(summarize(reports.iter().map(|it| (&*it.metric, &*it.value))))
                }
                .boxed()
            }

            fn delete<'a>(&'a self, key: &'a TrialKey) -> BoxFuture<'a, Result<(), StoreError>> {
                async {
                    // The reports go with their series.
                    let mut sql =
                        QueryBuilder::<$database>::new("DELETE FROM series WHERE namespace = ");
                    sql.push_bind(&key.namespace).push(" AND trial = ").push_bind(&key.trial);
                    sql.build().execute(&self.pool).await.map_err(|err| failed(&err))?;
                    Ok(())
                }
                .boxed()
            }
        }
    };
}

store!(
    /// Keeps reports in a PostgreSQL database.
    PostgresStore,
    sqlx::Postgres,
    "migrations/postgres",
    "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED",
    " ON CONFLICT DO NOTHING",
    " ON CONFLICT DO NOTHING"
);

store!(
    /// Keeps reports in a MySQL or MariaDB database.
    MySqlStore,
    sqlx::MySql,
    "migrations/mysql",
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    " ON DUPLICATE KEY UPDATE series.metric = series.metric",
    " ON DUPLICATE KEY UPDATE reports.place = reports.place"
);
