//! A queue of keys to be looked at: each key at most once in it, never with two workers at once,
//! and again after a delay that doubles while it fails.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

/// First delay after a failure; it doubles up to [`DELAY_MAX`].
const DELAY_MIN: Duration = Duration::from_millis(50);
/// Longest delay after failures: long enough to spare a server in trouble, short enough that
/// its recovery is noticed by a person who waits.
const DELAY_MAX: Duration = Duration::from_secs(15);

/// When to look at a key again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// When something about it changes.
    OnChange,
    /// After this long, or earlier when something changes.
    After(Duration),
    /// It failed: after a delay that grows with each failure in a row.
    Failed,
}

/// The queue; clones are handles to the same one.
#[derive(Clone)]
pub struct Queue<K>(Arc<Inner<K>>);

struct Inner<K> {
    state: Mutex<State<K>>,
    ready: Notify,
}

struct State<K> {
    waiting: VecDeque<K>,
    queued: BTreeSet<K>,
    working: BTreeSet<K>,
    failures: BTreeMap<K, u32>,
}

impl<K: Ord + Clone + Send + 'static> Default for Queue<K> {
    fn default() -> Queue<K> {
        let state = State {
            waiting: VecDeque::new(),
            queued: BTreeSet::new(),
            working: BTreeSet::new(),
            failures: BTreeMap::new(),
        };
        Queue(Arc::new(Inner { state: Mutex::new(state), ready: Notify::new() }))
    }
}

impl<K: Ord + Clone + Send + 'static> Queue<K> {
    /// Asks for a look at `key`. A key that is being worked on is looked at once more after it.
    pub fn add(&self, key: K) {
        let mut state = self.0.state.lock();
        if state.queued.insert(key.clone()) && !state.working.contains(&key) {
            state.waiting.push_back(key);
            self.0.ready.notify_one();
        }
    }

    /// Asks for a look at `key` after a while.
    pub fn add_after(&self, key: K, delay: Duration) {
        let queue = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            queue.add(key);
        });
    }

    /// Works on keys, one at a time, for ever. Run several of these side by side.
    pub async fn work<F, A>(&self, look: F)
    where
        F: Fn(K) -> A,
        A: Future<Output = Again>,
    {
        loop {
            let key = self.take().await;
            let again = look(key.clone()).await;
            self.done(key, again);
        }
    }

    async fn take(&self) -> K {
        loop {
            let ready = self.0.ready.notified();
            if let Some(key) = self.try_take() {
                return key;
            }
            ready.await;
        }
    }

    fn try_take(&self) -> Option<K> {
        let mut state = self.0.state.lock();
        let key = state.waiting.pop_front()?;
        state.queued.remove(&key);
        state.working.insert(key.clone());
        if !state.waiting.is_empty() {
            self.0.ready.notify_one();
        }
        Some(key)
    }

    fn done(&self, key: K, again: Again) {
        let mut state = self.0.state.lock();
        state.working.remove(&key);
        if state.queued.contains(&key) {
            state.waiting.push_back(key.clone());
            self.0.ready.notify_one();
        }
        let delay = match again {
            Again::OnChange => None,
            Again::After(delay) => Some(delay),
            Again::Failed => {
                let failures = state.failures.entry(key.clone()).or_insert(0);
                *failures += 1;
                Some(backoff(*failures))
            }
        };
        if again != Again::Failed {
            state.failures.remove(&key);
        }
        drop(state);
        if let Some(delay) = delay {
            self.add_after(key, delay);
        }
    }
}

fn backoff(failures: u32) -> Duration {
    DELAY_MIN.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(DELAY_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_waits_once_and_is_worked_on_by_one() {
        let queue = Queue::default();
        queue.add("a");
        queue.add("a");
        queue.add("b");
        assert_eq!(queue.try_take(), Some("a"));
        queue.add("a");
        assert_eq!(queue.try_take(), Some("b"));
        assert_eq!(queue.try_take(), None, "a is being worked on");
    }

    #[tokio::test]
    async fn a_key_that_changed_meanwhile_is_looked_at_again() {
        let queue = Queue::default();
        queue.add("a");
        let key = queue.take().await;
        queue.add("a");
        queue.done(key, Again::OnChange);
        assert_eq!(queue.try_take(), Some("a"));
        queue.done("a", Again::OnChange);
        assert_eq!(queue.try_take(), None);
    }

    #[test]
    fn delays_double_and_end() {
        assert_eq!(backoff(1), DELAY_MIN);
        assert_eq!(backoff(2), DELAY_MIN * 2);
        assert_eq!(backoff(60), DELAY_MAX);
    }
}
