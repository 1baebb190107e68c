//! What the dashboard knows: every experiment, a row for each trial, and the news of the last
//! minutes. Fed by watches of its own, so that the pages work in front of any cluster, whoever runs
//! the controllers there.
//!
//! Nothing is watched before the first session asks: who never looks pays nothing.

pub(crate) mod news;
pub(crate) mod table;
mod watch;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kube::{Client, ResourceExt};
use parking_lot::Mutex;
use proto::kinds::{Experiment, Trial};
use tokio::task::JoinSet;

use super::types::PointsAdded;
use crate::controllers::Key;
use crate::index;
use news::{Item, News};
use table::Table;

/// How long a call waits for the first look at everything.
const FIRST_LOOK_MAX: Duration = Duration::from_secs(3);

/// What is known.
#[derive(Default)]
pub(crate) struct Board {
    content: Mutex<Content>,
    /// What changed.
    pub(crate) news: News,
    tasks: Mutex<Option<JoinSet<()>>>,
    complete: tokio::sync::watch::Sender<bool>,
}

/// Experiments and their trials.
#[derive(Default)]
pub(crate) struct Content {
    /// Every experiment.
    pub(crate) experiments: BTreeMap<Key, Arc<Experiment>>,
    /// The trials of each, by uid, so that a namesake of a deleted one starts with nothing.
    tables: BTreeMap<String, Table>,
    /// Where each uid is.
    places: BTreeMap<String, Key>,
}

impl Content {
    /// The trials of an experiment.
    pub(crate) fn table(&mut self, experiment: &Experiment) -> &mut Table {
        let uid = experiment.metadata.uid.clone().unwrap_or_default();
        let table = self.tables.entry(uid).or_default();
        table.settle();
        table
    }

    /// The experiment of that key with its trials.
    pub(crate) fn find(&mut self, key: &Key) -> Option<(Arc<Experiment>, &mut Table)> {
        let experiment = self.experiments.get(key)?.clone();
        let table = self.table(&experiment);
        Some((experiment, table))
    }

    /// The experiment of a trial.
    fn experiment_of(&self, trial: &Key) -> Option<Key> {
        let here = |key: &&Key| key.namespace == trial.namespace;
        let mut all = self.places.iter().filter(|(_, key)| here(key));
        let holds = |uid: &String| self.tables.get(uid).is_some_and(|it| it.has(&trial.name));
        all.find(|(uid, _)| holds(uid)).map(|(_, key)| key.clone())
    }
}

impl Board {
    /// Starts to watch, once, and waits a moment for the first look at everything.
    pub(crate) async fn ready(self: &Arc<Board>, client: &Client) {
        {
            let mut tasks = self.tasks.lock();
            if tasks.is_none() {
                *tasks = Some(watch::start(self.clone(), client.clone()));
            }
        }
        let mut complete = self.complete.subscribe();
        let seen = complete.wait_for(|it| *it);
        // What is not there in time is told as incomplete, and comes with the news.
        let _ = tokio::time::timeout(FIRST_LOOK_MAX, seen).await;
    }

    /// Whether everything was seen once.
    pub(crate) fn is_complete(&self) -> bool {
        *self.complete.borrow()
    }

    /// What `look` finds, and where the news stand at that moment.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&mut Content) -> T) -> (T, String) {
        let mut content = self.content.lock();
        let at = self.news.at();
        (look(&mut content), at)
    }

    fn tell(&self, item: Item) {
        // Before everything was seen once, everything would be news.
        if self.is_complete() {
            self.news.tell(item);
        }
    }

    fn experiment(&self, experiment: Experiment) {
        let key = Key::of(&experiment);
        let uid = experiment.uid().unwrap_or_default();
        let mut content = self.content.lock();
        let old = content.experiments.insert(key.clone(), Arc::new(experiment));
        if let Some(old) = old.and_then(|it| it.uid()).filter(|it| *it != uid) {
            content.tables.remove(&old);
            content.places.remove(&old);
        }
        content.places.insert(uid, key.clone());
        self.tell(Item::Experiment(key));
    }

    fn experiment_gone(&self, key: &Key) {
        let mut content = self.content.lock();
        let old = content.experiments.remove(key);
        if let Some(uid) = old.and_then(|it| it.uid()) {
            content.tables.remove(&uid);
            content.places.remove(&uid);
        }
        self.tell(Item::ExperimentGone(key.clone()));
    }

    fn trial(&self, trial: &Trial) {
        let Some(owner) = index::owner(trial) else { return };
        let key = Key::of(trial);
        if trial.metadata.deletion_timestamp.is_some() {
            self.trial_gone(&key);
            return;
        }
        let mut content = self.content.lock();
        let content = &mut *content;
        let table = content.tables.entry(owner.uid.clone()).or_default();
        if !table.apply(trial) {
            return;
        }
        let experiment = Key::new(key.namespace.clone(), owner.name);
        content.places.entry(owner.uid).or_insert_with(|| experiment.clone());
        if !self.is_complete() {
            return;
        }
        let spec = content.experiments.get(&experiment).map(|it| &it.spec);
        if let Some(row) = table.row_of(&key.name, &table.layout(spec)) {
            self.tell(Item::trial(experiment, row));
        }
    }

    fn trial_gone(&self, key: &Key) {
        let mut content = self.content.lock();
        let Some(experiment) = content.experiment_of(key) else { return };
        let uid = content.places.iter().find(|(_, it)| **it == experiment).map(|(uid, _)| uid);
        let Some(uid) = uid.cloned() else { return };
        if let Some(table) = content.tables.get_mut(&uid) {
            table.remove(&key.name);
        }
        self.tell(Item::TrialGone { experiment, name: key.name.clone() });
    }

    /// Every trial that is known, to find those that vanished while nobody watched.
    fn trials(&self) -> std::collections::BTreeSet<Key> {
        let content = self.content.lock();
        let of = |(uid, key): (&String, &Key)| {
            let names = content.tables.get(uid).into_iter().flat_map(Table::names);
            names.map(|it| Key::new(key.namespace.clone(), it)).collect::<Vec<Key>>()
        };
        content.places.iter().flat_map(of).collect()
    }

    /// Tells new points of a trial's curves.
    pub(crate) fn points(&self, points: PointsAdded) {
        if !self.is_complete() {
            return;
        }
        let trial = Key::new(points.namespace.clone(), points.trial.clone());
        let experiment = self.content.lock().experiment_of(&trial);
        self.tell(Item::Points { experiment, points: Arc::new(points) });
    }
}
