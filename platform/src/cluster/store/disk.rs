//! The database file: one table of objects, one connection, one transaction a batch.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteLockingMode, SqliteSynchronous,
};
use sqlx::{Connection, QueryBuilder, Sqlite};

use super::object::{Key, Object};

/// The layout of the file that this program writes.
const LAYOUT: i64 = 1;

/// How long opening waits for another server to let go.
const BUSY_WAIT: Duration = Duration::from_millis(250);

/// Rows of one statement; SQLite takes 32,766 values, five a row.
const ROWS_MAX: usize = 500;

/// Why a home could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another server holds it: use that one, or stop it.
    #[error("{path}: another server uses this home; stop it first (`qalam down`)")]
    InUse {
        /// The database file.
        path: PathBuf,
    },
    /// A newer program wrote it: update this one.
    #[error(
        "{path}: written by a newer qalam (layout {found}, this one knows {known}); update qalam"
    )]
    Newer {
        /// The database file.
        path: PathBuf,
        /// Its layout.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// The file is damaged or not ours: restore a backup, or move it away to start afresh.
    #[error("{path}: not readable as a home ({why}); restore a backup or move the file away")]
    Corrupt {
        /// The database file.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// The file system refuses: check rights and space.
    #[error("{path}: cannot be opened: {why}")]
    Unusable {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
}

#[derive(Debug)]
pub(super) struct Disk {
    path: PathBuf,
    connection: SqliteConnection,
}

impl Disk {
    /// Opens or creates the file, and holds it alone from then on.
    pub(super) async fn open(path: &Path) -> Result<Disk, OpenError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .locking_mode(SqliteLockingMode::Exclusive)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_WAIT);
        let connection = SqliteConnection::connect_with(&options).await;
        let connection = connection.map_err(|error| refusal(path, &error))?;
        let mut disk = Disk { path: path.to_owned(), connection };
        disk.prepare().await?;
        Ok(disk)
    }

    async fn prepare(&mut self) -> Result<(), OpenError> {
        let asked = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut self.connection);
        let found: i64 = asked.await.map_err(|error| refusal(&self.path, &error))?;
        match found {
            0 => {}
            LAYOUT => return Ok(()),
            found => {
                return Err(OpenError::Newer { path: self.path.clone(), found, known: LAYOUT });
            }
        }
        let laid = self.lay_out().await;
        laid.map_err(|error| refusal(&self.path, &error))
    }

    async fn lay_out(&mut self) -> Result<(), sqlx::Error> {
        let mut transaction = self.connection.begin().await?;
        sqlx::raw_sql(
            "CREATE TABLE objects (
                 resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
                 version INTEGER NOT NULL, body BLOB NOT NULL,
                 PRIMARY KEY (resource, namespace, name)
             );
             CREATE TABLE latest (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL);
             INSERT INTO latest VALUES (1, 1);
             PRAGMA user_version = 1;",
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await
    }

    /// The newest version, and every object.
    pub(super) async fn load(&mut self) -> Result<(u64, Vec<Object>), OpenError> {
        let (version, rows) = match self.read().await {
            Ok(read) => read,
            Err(error) => return Err(refusal(&self.path, &error)),
        };
        let mut objects = Vec::with_capacity(rows.len());
        for (resource, namespace, name, version, body) in rows {
            let told = format!("{resource} {namespace}/{name} is no JSON object");
            let key = Key { resource, namespace, name };
            let Some(object) = Object::parse(key, version.cast_unsigned(), body) else {
                return Err(OpenError::Corrupt { path: self.path.clone(), why: told });
            };
            objects.push(object);
        }
        Ok((version.cast_unsigned(), objects))
    }

    async fn read(&mut self) -> Result<(i64, Vec<Row>), sqlx::Error> {
        let latest = sqlx::query_scalar("SELECT version FROM latest WHERE id = 1");
        let version = latest.fetch_one(&mut self.connection).await?;
        let all = sqlx::query_as("SELECT resource, namespace, name, version, body FROM objects");
        Ok((version, all.fetch_all(&mut self.connection).await?))
    }

    /// Makes the outcome of a batch durable: all of it, or nothing.
    pub(super) async fn save(
        &mut self,
        version: u64,
        outcome: &BTreeMap<Key, Option<Arc<Object>>>,
    ) -> Result<(), sqlx::Error> {
        self.say("BEGIN IMMEDIATE").await?;
        let saved = match self.write(version, outcome).await {
            Ok(()) => self.say("COMMIT").await,
            Err(error) => Err(error),
        };
        if saved.is_err() {
            // The file may have rolled back by itself: on a full disk it does.
            let _none_is_open = self.say("ROLLBACK").await;
        }
        saved
    }

    /// One statement without values. Transactions are begun and ended with it: sqlx counts its own,
    /// and after one that the file rolled back by itself it would count one too many, take the
    /// next for a part of it, and never commit again.
    async fn say(&mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        sqlx::raw_sql(statement).execute(&mut self.connection).await.map(drop)
    }

    async fn write(
        &mut self,
        version: u64,
        outcome: &BTreeMap<Key, Option<Arc<Object>>>,
    ) -> Result<(), sqlx::Error> {
        let kept: Vec<&Object> = outcome.values().flatten().map(AsRef::as_ref).collect();
        for rows in kept.chunks(ROWS_MAX) {
            let mut insert = QueryBuilder::<Sqlite>::new("INSERT OR REPLACE INTO objects ");
            insert.push_values(rows, |mut row, object| {
                let key = &object.key;
                row.push_bind(&key.resource).push_bind(&key.namespace).push_bind(&key.name);
                row.push_bind(object.version.cast_signed()).push_bind(object.raw.as_ref());
            });
            insert.build().execute(&mut self.connection).await?;
        }
        for (key, _) in outcome.iter().filter(|(_, object)| object.is_none()) {
            sqlx::query("DELETE FROM objects WHERE resource = ? AND namespace = ? AND name = ?")
                .bind(&key.resource)
                .bind(&key.namespace)
                .bind(&key.name)
                .execute(&mut self.connection)
                .await?;
        }
        sqlx::query("UPDATE latest SET version = ? WHERE id = 1")
            .bind(version.cast_signed())
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }

    pub(super) async fn close(self) {
        if let Err(error) = self.connection.close().await {
            tracing::warn!(%error, "the object store did not close cleanly; nothing is lost");
        }
    }
}

type Row = (String, String, String, i64, Vec<u8>);

fn refusal(path: &Path, error: &sqlx::Error) -> OpenError {
    let path = path.to_owned();
    let why = error.to_string();
    let code = error.as_database_error().and_then(|it| it.code()).unwrap_or_default();
    // Primary result codes are the low byte of SQLite's extended ones.
    match code.parse::<u32>().unwrap_or_default() & 0xff {
        5 | 6 => OpenError::InUse { path },
        11 | 26 | 1 => OpenError::Corrupt { path, why },
        _ => OpenError::Unusable { path, why },
    }
}
