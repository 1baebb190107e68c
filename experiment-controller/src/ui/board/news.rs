//! The news of the last minutes, numbered, so that a stream that broke off goes on where it was.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use tokio::sync::watch;
use uuid::Uuid;

use crate::controllers::Key;
use crate::ui::types::{PointsAdded, TrialRow};

/// How many news are kept: some megabytes.
const KEPT: usize = 8192;

/// Something that happened.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    /// Everything was seen for the first time.
    Everything,
    /// An experiment is new, or changed.
    Experiment(Key),
    /// An experiment is gone.
    ExperimentGone(Key),
    /// A trial is new, or changed.
    Trial {
        /// Whose it is.
        experiment: Key,
        /// As it is now.
        row: Arc<Told>,
    },
    /// A trial is gone.
    TrialGone {
        /// Whose it was.
        experiment: Key,
        /// Its name.
        name: String,
    },
    /// A trial reported.
    Points {
        /// Whose trial it is; none where nobody knows.
        experiment: Option<Key>,
        /// What it reported.
        points: Arc<PointsAdded>,
    },
    /// A pod changed, or is gone.
    Pod {
        /// Its namespace.
        namespace: String,
        /// Its trial; empty where nobody knows.
        trial: String,
    },
}

/// A row, and its JSON, written once for all streams.
#[derive(Debug)]
pub(crate) struct Told {
    /// The row.
    pub(crate) row: TrialRow,
    json: OnceLock<String>,
}

impl Told {
    /// The row as JSON.
    pub(crate) fn json(&self) -> &str {
        self.json.get_or_init(|| serde_json::to_string(&self.row).unwrap_or_else(|_| "null".into()))
    }
}

impl Item {
    /// A trial as it is now.
    pub(crate) fn trial(experiment: Key, row: TrialRow) -> Item {
        Item::Trial { experiment, row: Arc::new(Told { row, json: OnceLock::new() }) }
    }

    /// Where it happened; none where it concerns every namespace.
    pub(crate) fn namespace(&self) -> Option<&str> {
        match self {
            Item::Everything => None,
            Item::Experiment(key) | Item::ExperimentGone(key) => Some(&key.namespace),
            Item::Trial { experiment, .. } | Item::TrialGone { experiment, .. } => {
                Some(&experiment.namespace)
            }
            Item::Points { points, .. } => Some(&points.namespace),
            Item::Pod { namespace, .. } => Some(namespace),
        }
    }
}

/// The newest items, and who waits for more.
pub(crate) struct News {
    /// Tells this server from the one before, whose numbers mean nothing here.
    epoch: String,
    ring: Mutex<Ring>,
    newest: watch::Sender<u64>,
}

#[derive(Default)]
struct Ring {
    items: VecDeque<Item>,
    /// Number of the first item that is kept, from 1.
    first: u64,
}

impl Ring {
    /// The number of the newest item.
    fn newest(&self) -> u64 {
        self.first + self.items.len() as u64
    }
}

impl Default for News {
    fn default() -> News {
        News {
            epoch: Uuid::new_v4().simple().to_string()[..8].to_owned(),
            ring: Mutex::default(),
            newest: watch::Sender::new(0),
        }
    }
}

impl News {
    /// Adds an item.
    pub(crate) fn tell(&self, item: Item) {
        let mut ring = self.ring.lock();
        ring.items.push_back(item);
        if KEPT < ring.items.len() {
            ring.items.pop_front();
            ring.first += 1;
        }
        self.newest.send_replace(ring.newest());
    }

    /// The place after the newest item, as clients hold it.
    pub(crate) fn at(&self) -> String {
        self.place(self.ring.lock().newest())
    }

    /// A place as clients hold it.
    pub(crate) fn place(&self, number: u64) -> String {
        format!("{}-{number}", self.epoch)
    }

    /// The place that a client holds; none for one of another server.
    pub(crate) fn number(&self, place: &str) -> Option<u64> {
        let (epoch, number) = place.split_once('-')?;
        let number = number.parse().ok()?;
        (epoch == self.epoch && number <= self.ring.lock().newest()).then_some(number)
    }

    /// The number after the newest item.
    pub(crate) fn newest(&self) -> u64 {
        self.ring.lock().newest()
    }

    /// What came after `place`, and the new place; none where some of it is no longer kept.
    pub(crate) fn after(&self, place: u64) -> Option<(Vec<Item>, u64)> {
        let ring = self.ring.lock();
        let skip = place.checked_sub(ring.first)?;
        let items = ring.items.iter().skip(usize::try_from(skip).ok()?).cloned().collect();
        Some((items, ring.newest()))
    }

    /// Hears of new items.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_missed_is_told_or_known_to_be_lost() {
        let news = News::default();
        let start = news.number(&news.at()).unwrap();
        let key = |number: usize| Key::new("a", number.to_string());
        (0..3).for_each(|it| news.tell(Item::Experiment(key(it))));
        let (items, place) = news.after(start).unwrap();
        assert_eq!((items.len(), place), (3, news.newest()));
        assert_eq!(news.after(place).unwrap().0.len(), 0);
        assert_eq!(news.after(place - 1).unwrap().0.len(), 1);
        (0..KEPT).for_each(|it| news.tell(Item::Experiment(key(it))));
        assert!(news.after(start).is_none(), "too old");
        assert_eq!(news.after(place).unwrap().0.len(), KEPT);
        assert_eq!(news.number("another-1"), None);
        assert_eq!(news.number(&news.place(place)), Some(place));
        assert_eq!(news.number(&news.place(u64::MAX)), None, "from the future");
    }
}
