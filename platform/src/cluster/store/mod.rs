//! The objects of the home: durable when acknowledged, in one global order of versions.
//!
//! Reads, lists and watches are served from memory; one writer task commits to `disk`, many
//! writes in one transaction, and publishes what it committed.

mod disk;
mod object;
mod shelf;
#[cfg(test)]
mod tests;
mod writer;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use parking_lot::RwLock;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot, watch};

pub use disk::OpenError;
pub use object::{Key, Object};
pub use shelf::{Change, Event, RingLimits};

use shelf::Shelf;

/// Writes that wait for the writer; more callers wait for room.
const QUEUE_MAX: usize = 4096;

/// The store; clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    shared: Arc<Shared>,
    queue: mpsc::Sender<writer::Request>,
}

#[derive(Debug)]
struct Shared {
    state: RwLock<State>,
    limits: RingLimits,
}

#[derive(Debug)]
struct State {
    /// The newest version that is durable and visible.
    version: u64,
    /// The version at opening: what came before it, no ring remembers.
    opened_at: u64,
    shelves: BTreeMap<String, Shelf>,
}

/// What a writer believes is stored under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Nothing.
    Absent,
    /// An object of this version.
    Version(u64),
}

/// Why a write was not made; nothing of it is stored.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum WriteError {
    /// Something else is stored than was expected: look again.
    #[error("the stored object is not the expected one")]
    Unexpected,
    /// The disk refused, or the store is closing: the same write may succeed later.
    #[error("the object store cannot write: {0}")]
    Unavailable(String),
}

/// Objects as they were at one version.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The version at which this was so.
    pub version: u64,
    /// In order of namespace and name.
    pub items: Vec<Arc<Object>>,
    /// How many more there were after the last item.
    pub remaining: usize,
}

/// The version asked for is older than what is remembered, or newer than anything written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expired {
    /// The oldest version that a watch can start from.
    pub oldest: u64,
}

impl Store {
    /// Opens the database file, creating it when there is none, and reads all objects.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(path: &Path, limits: RingLimits) -> Result<Store, OpenError> {
        let mut disk = disk::Disk::open(path).await?;
        let (version, objects) = disk.load().await?;
        let mut state = State { version, opened_at: version, shelves: BTreeMap::new() };
        for object in objects {
            state.shelf(&object.key.resource.clone()).place(Arc::new(object));
        }
        let shared = Arc::new(Shared { state: RwLock::new(state), limits });
        let (queue, requests) = mpsc::channel(QUEUE_MAX);
        tokio::spawn(writer::run(disk, Arc::clone(&shared), requests));
        Ok(Store { shared, queue })
    }

    /// The object under this key.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<Arc<Object>> {
        self.shared.state.read().get(key)
    }

    /// The newest version.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.shared.state.read().version
    }

    /// Up to `limit` objects of a resource, of all namespaces or one, after a (namespace, name).
    #[must_use]
    pub fn list(
        &self,
        resource: &str,
        namespace: Option<&str>,
        after: Option<(&str, &str)>,
        limit: usize,
    ) -> Snapshot {
        let state = self.shared.state.read();
        let Some(shelf) = state.shelves.get(resource) else {
            return Snapshot { version: state.version, items: Vec::new(), remaining: 0 };
        };
        let mut found = shelf.range(namespace, after);
        let items: Vec<_> = found.by_ref().take(limit).cloned().collect();
        Snapshot { version: state.version, items, remaining: found.count() }
    }

    /// Stores `value` under `key`; answers when it is durable and visible. The store writes
    /// `metadata.resourceVersion`.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub async fn put(
        &self,
        key: Key,
        expected: Expected,
        value: Value,
    ) -> Result<Arc<Object>, WriteError> {
        self.write(key, expected, Some(value)).await
    }

    /// Removes what is under `key`; answers its last state, with the version of its removal.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub async fn remove(&self, key: Key, version: u64) -> Result<Arc<Object>, WriteError> {
        self.write(key, Expected::Version(version), None).await
    }

    async fn write(
        &self,
        key: Key,
        expected: Expected,
        value: Option<Value>,
    ) -> Result<Arc<Object>, WriteError> {
        let closed = || WriteError::Unavailable("it is closed".into());
        let (reply, answer) = oneshot::channel();
        let request = writer::Request::Write { key, expected, value, reply };
        self.queue.send(request).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    /// Follows a resource from just after `version`.
    ///
    /// # Errors
    /// When that version is no longer remembered, or lies in the future.
    pub fn follow(&self, resource: &str, version: u64) -> Result<Cursor, Expired> {
        let mut state = self.shared.state.write();
        let newest = state.version;
        let shelf = state.shelf(resource);
        if version < shelf.floor() || newest < version {
            return Err(Expired { oldest: shelf.floor() });
        }
        Ok(Cursor {
            changed: shelf.subscribe(),
            shared: Arc::clone(&self.shared),
            resource: resource.to_owned(),
            after: version,
        })
    }

    /// Commits what is queued and closes the database; later writes are refused.
    pub async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.queue.send(writer::Request::Close(done)).await.is_ok() {
            // An error means that the writer is gone already, which is what was asked for.
            let _ = closed.await;
        }
    }
}

impl State {
    fn get(&self, key: &Key) -> Option<Arc<Object>> {
        self.shelves.get(&key.resource)?.get(&key.namespace, &key.name)
    }

    fn shelf(&mut self, resource: &str) -> &mut Shelf {
        let opened_at = self.opened_at;
        self.shelves.entry(resource.to_owned()).or_insert_with(|| Shelf::new(opened_at))
    }
}

/// A place in the order of events of one resource.
#[derive(Debug)]
pub struct Cursor {
    shared: Arc<Shared>,
    resource: String,
    after: u64,
    changed: watch::Receiver<u64>,
}

impl Cursor {
    /// The next events, at least one; waits for them.
    ///
    /// # Errors
    /// When the reader was too slow and events it has not seen are forgotten.
    pub async fn next(&mut self) -> Result<Vec<Event>, Expired> {
        loop {
            self.changed.borrow_and_update();
            let events = self.read()?;
            if let Some(last) = events.last() {
                self.after = last.object.version;
                return Ok(events);
            }
            // The sender lives in the shared state that this cursor holds.
            let _ = self.changed.changed().await;
        }
    }

    /// The version up to which all events of the resource were handed out.
    pub fn position(&mut self) -> u64 {
        let state = self.shared.state.read();
        let shelf = state.shelves.get(&self.resource);
        if shelf.is_none_or(|it| it.newest() <= self.after) {
            self.after = self.after.max(state.version);
        }
        self.after
    }

    fn read(&self) -> Result<Vec<Event>, Expired> {
        let state = self.shared.state.read();
        let Some(shelf) = state.shelves.get(&self.resource) else { return Ok(Vec::new()) };
        shelf.since(self.after).ok_or(Expired { oldest: shelf.floor() })
    }
}
