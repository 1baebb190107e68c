//! What the three controllers share: the client, the caches that the watches feed, and the
//! queues of what to look at.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::Client;
use kube::api::{ApiResource, DynamicObject};
use metrics_collector::Store;
use parking_lot::Mutex;
use proto::kinds::{Experiment, Suggestion};
use tokio::sync::mpsc;

use super::events::Events;
use super::queue::Queue;
use super::{Key, Settings};
use crate::index::{Index, Trials};
use crate::metrics::Followers;
use crate::stopping;
use crate::suggestion::Searches;
use crate::suggestion::config::Config;

/// What the three controllers share.
pub struct World {
    /// The API.
    pub client: Client,
    /// The observation log.
    pub store: Arc<dyn Store>,
    /// Where events are told.
    pub events: Events,
    /// Every trial.
    pub index: Mutex<Index>,
    /// Every experiment.
    pub experiments: Mutex<BTreeMap<Key, Arc<Experiment>>>,
    /// Every suggestion; its name is its experiment's.
    pub suggestions: Mutex<BTreeMap<Key, Arc<Suggestion>>>,
    /// Workloads of unfinished trials, by the trial's key.
    pub workloads: Mutex<BTreeMap<Key, Arc<DynamicObject>>>,
    /// Pods of trials, by the trial's key and then their own name.
    pub pods: Mutex<BTreeMap<Key, BTreeMap<String, Arc<Pod>>>>,
    /// Readers of what pods print.
    pub followers: Followers,
    /// Which algorithms are served by whom.
    pub config: Config,
    /// Searches in process, kept between questions.
    pub searches: Searches,
    /// Experiments to look at.
    pub experiment_queue: Queue<Key>,
    /// Suggestions to look at.
    pub suggestion_queue: Queue<Key>,
    /// Trials to look at.
    pub trial_queue: Queue<Key>,
    kinds: mpsc::UnboundedSender<ApiResource>,
    told: Mutex<BTreeMap<String, Option<i64>>>,
    /// What early stopping remembers.
    pub stopping: stopping::Memory,
    /// `host:port` of the DBManager that other servers read reports from.
    pub database: Option<String>,
}

impl World {
    /// A world in which nothing is known yet, and the kinds of workload that are to be watched,
    /// as trials name them.
    pub fn new(
        client: Client,
        settings: &Settings,
    ) -> (Arc<World>, mpsc::UnboundedReceiver<ApiResource>) {
        let (kinds, wanted) = mpsc::unbounded_channel();
        let trial_queue = Queue::default();
        let world = World {
            store: settings.store.clone(),
            events: Events::start(client.clone()),
            index: Mutex::default(),
            experiments: Mutex::default(),
            suggestions: Mutex::default(),
            workloads: Mutex::default(),
            pods: Mutex::default(),
            followers: Followers::new(client.clone(), settings.store.clone(), trial_queue.clone()),
            config: Config::new(client.clone(), settings),
            searches: Searches::default(),
            experiment_queue: Queue::default(),
            suggestion_queue: Queue::default(),
            trial_queue,
            kinds,
            told: Mutex::default(),
            stopping: stopping::Memory::default(),
            database: settings.database.clone(),
            client,
        };
        (Arc::new(world), wanted)
    }

    /// Asks for a watch on a kind of workload; asking again changes nothing.
    pub fn watch_kind(&self, kind: ApiResource) {
        // The receiver lives as long as the controllers run; after that nobody listens anyway.
        let _ = self.kinds.send(kind);
    }

    /// The experiment of that key.
    pub fn experiment(&self, key: &Key) -> Option<Arc<Experiment>> {
        self.experiments.lock().get(key).cloned()
    }

    /// What `look` finds in the trials of an experiment.
    pub fn with_trials<T>(&self, experiment_uid: &str, look: impl FnOnce(&Trials) -> T) -> T {
        match self.index.lock().trials(experiment_uid) {
            Some(trials) => look(trials),
            None => look(&Trials::default()),
        }
    }

    /// Whether this is the first call for that generation of an object, so that a remark about
    /// it is told once.
    pub fn first_time(&self, uid: &str, generation: Option<i64>) -> bool {
        self.told.lock().insert(uid.to_owned(), generation) != Some(generation)
    }

    /// Forgets what is remembered of an experiment, by its uid, once its object is gone.
    pub fn forget(&self, uid: &str) {
        self.index.lock().forget(uid);
        self.stopping.forget(uid);
        self.searches.forget(uid);
        self.told.lock().remove(uid);
    }

    /// The suggestion of that key.
    pub fn suggestion(&self, key: &Key) -> Option<Arc<Suggestion>> {
        self.suggestions.lock().get(key).cloned()
    }
}

/// The time, for the edges; what decides gets it as a value.
pub fn now() -> Time {
    // Katib's clients read whole seconds; finer ones only make statuses differ.
    Time(jiff::Timestamp::from_second(jiff::Timestamp::now().as_second()).unwrap_or_default())
}
