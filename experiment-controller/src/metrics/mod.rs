//! Live metrics: follows what the pods of running trials print, and feeds the observation log.

mod feed;
mod position;
mod reader;
mod source;

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;
use kube::{Client, ResourceExt};
use metrics_collector::{Store, TrialKey};
use parking_lot::Mutex;
use proto::kinds::Trial;
use tokio::task::AbortHandle;

use crate::controllers::Key;
use crate::controllers::queue::Queue;
use feed::Feed;

pub use feed::Progress;
pub use source::sources;

/// The readers of all running trials.
pub struct Followers {
    client: Client,
    store: Arc<dyn Store>,
    queue: Queue<Key>,
    feeds: Mutex<BTreeMap<Key, Followed>>,
}

struct Followed {
    uid: String,
    feed: Arc<Feed>,
    tasks: Vec<AbortHandle>,
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

impl Followers {
    /// No readers yet. `queue` hears of trials whose logs ended or whose objective moved.
    pub fn new(client: Client, store: Arc<dyn Store>, queue: Queue<Key>) -> Followers {
        Followers { client, store, queue, feeds: Mutex::default() }
    }

    /// Starts a reader for each container that counts and has none, and tells how far the
    /// readers are.
    pub fn follow(&self, trial: &Trial, pods: &[Arc<Pod>]) -> Progress {
        let key = Key::of(trial);
        let uid = trial.uid().unwrap_or_default();
        let mut feeds = self.feeds.lock();
        if feeds.get(&key).is_some_and(|it| it.uid != uid) {
            feeds.remove(&key);
        }
        let followed = feeds.entry(key.clone()).or_insert_with(|| Followed {
            uid,
            feed: Arc::new(Feed::new(trial)),
            tasks: Vec::new(),
        });
        let feed = &followed.feed;
        for source in feed.take_in(sources(trial, pods)) {
            let trial = TrialKey { namespace: key.namespace.clone(), trial: key.name.clone() };
            let (client, store) = (self.client.clone(), self.store.clone());
            let (queue, key, feed) = (self.queue.clone(), key.clone(), feed.clone());
            let task = tokio::spawn(async move {
                reader::read(client, store, trial, source, &feed, || queue.add(key.clone())).await;
                queue.add(key);
            });
            followed.tasks.push(task.abort_handle());
        }
        feed.progress()
    }

    /// What is known of a trial's output.
    pub fn feed(&self, key: &Key) -> Option<Arc<Feed>> {
        self.feeds.lock().get(key).map(|it| it.feed.clone())
    }

    /// Ends the readers of a trial.
    pub fn forget(&self, key: &Key) {
        self.feeds.lock().remove(key);
    }
}
