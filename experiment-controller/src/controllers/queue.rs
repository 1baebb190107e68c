//! A queue of keys to be looked at: each key at most once in it, never with two workers at once,
//! and again after a delay that doubles while it fails.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
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
    /// When a key is to be added though nothing happens; the earliest wish counts.
    later: BTreeMap<K, Instant>,
}

impl<K: Ord + Clone + Send + 'static> Default for Queue<K> {
    fn default() -> Queue<K> {
        let state = State {
            waiting: VecDeque::new(),
            queued: BTreeSet::new(),
            working: BTreeSet::new(),
            failures: BTreeMap::new(),
            later: BTreeMap::new(),
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

    /// Asks for a look at `key` after a while, unless an earlier one is coming.
    pub fn add_after(&self, key: K, delay: Duration) {
        let due = Instant::now() + delay;
        let mut state = self.0.state.lock();
        if state.later.get(&key).is_some_and(|it| *it <= due) {
            return;
        }
        state.later.insert(key.clone(), due);
        drop(state);
        let queue = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            if queue.is_due(&key, due) {
                queue.add(key);
            }
        });
    }

    /// Whether that wish still counts; then it is taken.
    fn is_due(&self, key: &K, due: Instant) -> bool {
        let mut state = self.0.state.lock();
        let counts = state.later.get(key) == Some(&due);
        if counts {
            state.later.remove(key);
        }
        counts
    }

    /// Works on keys, one at a time, for ever. Run several of these side by side.
    pub async fn work<F, A>(&self, look: F)
    where
        F: Fn(K) -> A,
        A: Future<Output = Again>,
    {
        loop {
            let key = self.take().await;
            // A fault in one look must neither end the worker nor keep the key for ever.
            let looked = AssertUnwindSafe(async { look(key.clone()).await }).catch_unwind().await;
            let again = looked.unwrap_or_else(|_| {
                tracing::error!("a look at an object broke off; it is repeated");
                Again::Failed
            });
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

    #[tokio::test]
    async fn a_look_that_panics_has_failed_and_is_repeated() {
        let queue = Queue::default();
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        queue.add("a");
        let worker = tokio::spawn(async move {
            let breaks = std::sync::atomic::AtomicBool::new(true);
            let look = |_| {
                let breaks = breaks.swap(false, std::sync::atomic::Ordering::Relaxed);
                let tell = tell.clone();
                async move {
                    assert!(!breaks, "this look breaks");
                    tell.send(()).unwrap();
                    Again::OnChange
                }
            };
            queue.work(look).await;
        });
        assert_eq!(told.recv().await, Some(()), "the worker is gone");
        worker.abort();
    }

    #[tokio::test]
    async fn of_many_wishes_for_later_the_earliest_counts() {
        let queue = Queue::default();
        let hours = |it: u64| Duration::from_secs(it * 3600);
        queue.add_after("a", hours(2));
        let first = queue.0.state.lock().later["a"];
        queue.add_after("a", hours(3));
        assert_eq!(queue.0.state.lock().later["a"], first);
        queue.add_after("a", hours(1));
        let earliest = queue.0.state.lock().later["a"];
        assert!(earliest < first);
        assert!(!queue.is_due(&"a", first), "a wish that was overtaken");
        assert!(queue.is_due(&"a", earliest));
        assert!(queue.0.state.lock().later.is_empty());
    }

    #[test]
    fn delays_double_and_end() {
        assert_eq!(backoff(1), DELAY_MIN);
        assert_eq!(backoff(2), DELAY_MIN * 2);
        assert_eq!(backoff(60), DELAY_MAX);
    }
}
