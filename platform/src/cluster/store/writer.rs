//! The one writer: decides in order, commits many writes at once, then publishes them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::disk::Disk;
use super::object::{Key, Object};
use super::shelf::{Change, Event};
use super::{Expected, Shared, WriteError};

/// Writes that share one commit.
const BATCH_MAX: usize = 512;

pub(super) type Answer = Result<Arc<Object>, WriteError>;

#[derive(Debug)]
pub(super) enum Request {
    /// Store (or remove, when there is no value) an object.
    Write { key: Key, expected: Expected, value: Option<Value>, reply: oneshot::Sender<Answer> },
    /// Commit what came before, close the file and say so.
    Close(oneshot::Sender<()>),
}

/// Serves requests until the last store is dropped, or one asks to close.
pub(super) async fn run(
    mut disk: Disk,
    shared: Arc<Shared>,
    mut requests: mpsc::Receiver<Request>,
) {
    let mut buffer = Vec::new();
    let mut closing = Vec::new();
    while closing.is_empty() && 0 < requests.recv_many(&mut buffer, BATCH_MAX).await {
        let mut batch = Batch::new(&shared);
        for request in buffer.drain(..) {
            match request {
                Request::Close(done) => closing.push(done),
                Request::Write { key, expected, value, reply } => {
                    let answer = batch.decide(key, expected, value);
                    batch.replies.push((reply, answer));
                }
            }
        }
        batch.commit(&mut disk).await;
    }
    requests.close();
    disk.close().await;
    for done in closing {
        // Whoever asked may have gone; the file is closed all the same.
        let _ = done.send(());
    }
}

struct Batch<'a> {
    shared: &'a Shared,
    version: u64,
    /// The outcome for each key touched; none means removed.
    pending: BTreeMap<Key, Option<Arc<Object>>>,
    events: Vec<Event>,
    replies: Vec<(oneshot::Sender<Answer>, Answer)>,
}

impl<'a> Batch<'a> {
    fn new(shared: &'a Shared) -> Batch<'a> {
        let version = shared.state.read().version;
        let (events, replies) = (Vec::new(), Vec::new());
        Batch { shared, version, pending: BTreeMap::new(), events, replies }
    }

    fn decide(&mut self, key: Key, expected: Expected, value: Option<Value>) -> Answer {
        let previous = match self.pending.get(&key) {
            Some(pending) => pending.clone(),
            None => self.shared.state.read().get(&key),
        };
        match (&previous, expected) {
            (None, Expected::Absent) => {}
            (Some(object), Expected::Version(version)) if object.version == version => {}
            _ => return Err(WriteError::Unexpected),
        }
        let version = self.version + 1;
        let (change, object) = match (&previous, value) {
            (None, Some(value)) => (Change::Added, Object::of(key, version, value)),
            (Some(_), Some(value)) => (Change::Modified, Object::of(key, version, value)),
            (Some(previous), None) => (Change::Deleted, previous.at(version)),
            (None, None) => return Err(WriteError::Unexpected),
        };
        self.version = version;
        let object = Arc::new(object);
        let stays = (change != Change::Deleted).then(|| Arc::clone(&object));
        self.pending.insert(object.key.clone(), stays);
        self.events.push(Event { change, object: Arc::clone(&object), previous });
        Ok(object)
    }

    async fn commit(self, disk: &mut Disk) {
        let saved = match self.events.is_empty() {
            true => Ok(()),
            false => disk.save(self.version, &self.pending).await,
        };
        let refusal = match saved {
            Ok(()) => {
                publish(self.shared, self.version, self.events);
                None
            }
            Err(error) => {
                tracing::error!(%error, "objects could not be stored");
                Some(WriteError::Unavailable(error.to_string()))
            }
        };
        for (reply, answer) in self.replies {
            let answer = match (&refusal, answer) {
                (Some(refusal), Ok(_)) => Err(refusal.clone()),
                (_, answer) => answer,
            };
            // Whoever asked may have gone; what is committed stays.
            let _ = reply.send(answer);
        }
    }
}

/// Makes the events visible, all at once, and wakes the watches.
fn publish(shared: &Shared, version: u64, events: Vec<Event>) {
    let mut state = shared.state.write();
    state.version = version;
    let mut touched: Vec<String> = Vec::new();
    for event in events {
        let resource = event.object.key.resource.clone();
        state.shelf(&resource).apply(event, shared.limits);
        if !touched.contains(&resource) {
            touched.push(resource);
        }
    }
    touched.iter().for_each(|it| state.shelf(it).notify());
}
