//! One resource in memory: its objects, and the ring of its latest events.

use std::collections::{BTreeMap, VecDeque, btree_map};
use std::ops::Bound;
use std::sync::Arc;

use tokio::sync::watch;

use super::object::Object;

/// Events handed to one reader at a time, so that a slow one holds no lock for long.
const READ_MAX: usize = 1000;

/// How many events of each resource are remembered for watches; the older ones are forgotten.
#[derive(Clone, Copy, Debug)]
pub struct RingLimits {
    /// Events.
    pub events_max: usize,
    /// Bytes of the objects in them.
    pub bytes_max: usize,
}

impl Default for RingLimits {
    fn default() -> RingLimits {
        RingLimits { events_max: 8192, bytes_max: 16 << 20 }
    }
}

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Added,
    /// It replaced an older version.
    Modified,
    /// It is gone.
    Deleted,
}

/// One change of one object.
#[derive(Clone, Debug)]
pub struct Event {
    /// What happened.
    pub change: Change,
    /// The object after it; for a deletion its last state, with the version of the deletion.
    pub object: Arc<Object>,
    /// The object before it.
    pub previous: Option<Arc<Object>>,
}

type Place = (String, String);

#[derive(Debug)]
pub(super) struct Shelf {
    objects: BTreeMap<Place, Arc<Object>>,
    ring: VecDeque<Event>,
    ring_bytes: usize,
    floor: u64,
    changed: watch::Sender<u64>,
}

impl Shelf {
    /// An empty shelf that knows nothing of what came before `floor`.
    pub(super) fn new(floor: u64) -> Shelf {
        Shelf {
            objects: BTreeMap::new(),
            ring: VecDeque::new(),
            ring_bytes: 0,
            floor,
            changed: watch::Sender::new(floor),
        }
    }

    pub(super) fn get(&self, namespace: &str, name: &str) -> Option<Arc<Object>> {
        self.objects.get(&(namespace.to_owned(), name.to_owned())).cloned()
    }

    /// Puts an object there without an event, as it was when the store was opened.
    pub(super) fn place(&mut self, object: Arc<Object>) {
        let place = (object.key.namespace.clone(), object.key.name.clone());
        self.objects.insert(place, object);
    }

    /// Applies an event and remembers it.
    pub(super) fn apply(&mut self, event: Event, limits: RingLimits) {
        match event.change {
            Change::Added | Change::Modified => self.place(Arc::clone(&event.object)),
            Change::Deleted => {
                let key = &event.object.key;
                self.objects.remove(&(key.namespace.clone(), key.name.clone()));
            }
        }
        self.ring_bytes += event.object.raw.len();
        self.ring.push_back(event);
        while limits.events_max < self.ring.len() || limits.bytes_max < self.ring_bytes {
            let Some(oldest) = self.ring.pop_front() else { break };
            self.ring_bytes -= oldest.object.raw.len();
            self.floor = oldest.object.version;
        }
    }

    /// Wakes the readers.
    pub(super) fn notify(&self) {
        self.changed.send_replace(self.newest());
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// The oldest version from which every later event is remembered.
    pub(super) fn floor(&self) -> u64 {
        self.floor
    }

    /// The version of the latest event.
    pub(super) fn newest(&self) -> u64 {
        self.ring.back().map_or(self.floor, |it| it.object.version)
    }

    /// Events after `version`; none when some of them are forgotten.
    pub(super) fn since(&self, version: u64) -> Option<Vec<Event>> {
        if version < self.floor {
            return None;
        }
        let start = self.ring.partition_point(|it| it.object.version <= version);
        Some(self.ring.range(start..).take(READ_MAX).cloned().collect())
    }

    /// Objects in order of namespace and name, of one namespace or all, after a place.
    pub(super) fn range<'a>(
        &'a self,
        namespace: Option<&'a str>,
        after: Option<(&str, &str)>,
    ) -> impl Iterator<Item = &'a Arc<Object>> {
        let start = match (after, namespace) {
            (Some((namespace, name)), _) => Bound::Excluded((namespace.into(), name.into())),
            (None, Some(namespace)) => Bound::Included((namespace.into(), String::new())),
            (None, None) => Bound::Unbounded,
        };
        let range: btree_map::Range<'a, Place, Arc<Object>> =
            self.objects.range((start, Bound::Unbounded));
        let inside = move |place: &Place| namespace.is_none_or(|it| it == place.0);
        range.take_while(move |(place, _)| inside(place)).map(|(_, object)| object)
    }
}
