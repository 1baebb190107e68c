//! What is known of every trial, kept up to date from one watch: unfinished trials whole, finished
//! ones as short records, and for each experiment a tally that costs the same at any size.

mod front;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use kube::ResourceExt;
use proto::kinds::{Observation, ParameterAssignment, Trial};

use crate::controllers::{Key, conditions};
use crate::trial::value::Wanted;
use front::Front;

/// Annotation of a trial: which suggestion of its experiment it is, from 0.
pub const INDEX_ANNOTATION: &str = "qalam.dev/index";

/// How a trial stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Created, not evaluated yet.
    Pending,
    /// Its workload is there and has not ended.
    Running,
    /// Ended with its metrics.
    Succeeded,
    /// Its workload failed.
    Failed,
    /// Stopped because its experiment ended.
    Killed,
    /// Stopped by an early-stopping rule.
    EarlyStopped,
    /// Ended well, but without the objective.
    MetricsUnavailable,
}

impl Class {
    /// The class of a trial by its conditions, in Katib's order.
    pub fn of(trial: &Trial) -> Class {
        let conditions = trial.status.as_ref().map_or(&[][..], |it| &it.conditions);
        let order = [
            ("Killed", Class::Killed),
            ("Failed", Class::Failed),
            ("Succeeded", Class::Succeeded),
            ("EarlyStopped", Class::EarlyStopped),
            ("MetricsUnavailable", Class::MetricsUnavailable),
            ("Running", Class::Running),
        ];
        let holding = order.iter().find(|(name, _)| conditions::holds(conditions, name));
        holding.map_or(Class::Pending, |(_, class)| *class)
    }

    /// Whether the trial has ended.
    pub fn ended(self) -> bool {
        !matches!(self, Class::Pending | Class::Running)
    }
}

/// How many trials stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Created, not evaluated yet.
    pub pending: u32,
    /// Running.
    pub running: u32,
    /// Ended with their metrics.
    pub succeeded: u32,
    /// Failed.
    pub failed: u32,
    /// Killed.
    pub killed: u32,
    /// Stopped early.
    pub early_stopped: u32,
    /// Ended without the objective.
    pub metrics_unavailable: u32,
}

impl Tally {
    /// Trials that have not ended.
    pub fn active(&self) -> u32 {
        self.pending + self.running
    }

    /// Trials that have ended, however.
    pub fn completed(&self) -> u32 {
        self.succeeded + self.failed + self.killed + self.early_stopped + self.metrics_unavailable
    }

    /// All trials.
    pub fn total(&self) -> u32 {
        self.active() + self.completed()
    }

    fn of(&mut self, class: Class) -> &mut u32 {
        match class {
            Class::Pending => &mut self.pending,
            Class::Running => &mut self.running,
            Class::Succeeded => &mut self.succeeded,
            Class::Failed => &mut self.failed,
            Class::Killed => &mut self.killed,
            Class::EarlyStopped => &mut self.early_stopped,
            Class::MetricsUnavailable => &mut self.metrics_unavailable,
        }
    }
}

/// What is remembered of a trial for as long as it exists.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Which suggestion it is.
    pub index: u64,
    /// How it stands.
    pub class: Class,
    /// The order of its completion.
    pub completion: Option<i64>,
    /// Its values.
    pub assignments: Vec<ParameterAssignment>,
    /// What it measured.
    pub observation: Observation,
    /// Labels that the algorithm gave it.
    pub labels: BTreeMap<String, String>,
    /// When it was first seen.
    pub started: Option<jiff::Timestamp>,
    /// When it completed.
    pub ended: Option<jiff::Timestamp>,
    /// A loss for each objective, once it has ended with all of them; else empty.
    pub losses: Vec<f64>,
    /// By how much it breaks its constraints, in shares of their bounds.
    pub excess: f64,
    /// It reaches every goal that is set.
    pub reached: bool,
}

impl Record {
    /// Whether it was measured and keeps every constraint.
    pub fn is_feasible(&self) -> bool {
        !self.losses.is_empty() && self.excess <= 0.0
    }

    /// Its place among the trials that have ended, once it has one.
    fn place(&self, name: &str) -> Option<Place> {
        let completion = self.completion.filter(|_| self.class.ended())?;
        Some((u64::try_from(completion).ok()?, self.index, name.to_owned()))
    }
}

/// The place of a trial among those that have ended: completion number, index, name.
pub type Place = (u64, u64, String);

/// The trials of one experiment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trials {
    records: BTreeMap<String, Record>,
    tally: Tally,
    by_class: BTreeMap<Class, BTreeSet<(u64, String)>>,
    indexes: BTreeSet<u64>,
    /// Names of the trials without a place among those that have ended.
    open: BTreeSet<String>,
    ended: BTreeSet<Place>,
    rewrites: u64,
    best: Option<String>,
    front: Front,
    reached: u32,
    completion_max: i64,
}

impl Trials {
    /// How many trials stand how.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// The best trial: of those that break the constraints least (which is not at all, where one
    /// keeps them), and reach the goals if any does, the one with the smallest first loss; of
    /// equal ones, the one that completed first.
    pub fn best(&self) -> Option<(&str, &Record)> {
        let name = self.best.as_deref()?;
        self.records.get(name).map(|it| (name, it))
    }

    /// With several objectives, the feasible trials that no other beats in all of them; those
    /// that stand most alone come first.
    pub fn front(&self) -> impl Iterator<Item = (&str, &Record)> {
        let names = self.front.spread().into_iter();
        names.filter_map(|name| self.records.get(name).map(|it| (name, it)))
    }

    /// Whether a feasible trial reaches every goal that is set.
    pub fn goal_reached(&self) -> bool {
        0 < self.reached
    }

    /// The trials that have ended after `place`, in the order of completion.
    pub fn ended_after(&self, place: Option<&Place>) -> impl Iterator<Item = (&Place, &Record)> {
        let from = place.map_or(Bound::Unbounded, Bound::Excluded);
        let later = self.ended.range::<Place, _>((from, Bound::Unbounded));
        later.filter_map(|place| self.records.get(&place.2).map(|it| (place, it)))
    }

    /// The trials that have no place among the ended ones yet.
    pub fn open(&self) -> impl Iterator<Item = &Record> {
        self.open.iter().filter_map(|name| self.records.get(name))
    }

    /// Changes whenever the trials that have ended are no longer the same ones, but for new ones
    /// at their end.
    pub fn rewrites(&self) -> u64 {
        self.rewrites
    }

    /// Every trial, by name.
    pub fn records(&self) -> impl Iterator<Item = (&str, &Record)> {
        self.records.iter().map(|(name, it)| (name.as_str(), it))
    }

    /// Names of the trials of a class, newest first.
    pub fn names(&self, class: Class) -> impl Iterator<Item = &str> {
        let set = self.by_class.get(&class).into_iter().flatten();
        set.rev().map(|(_, name)| name.as_str())
    }

    /// Names of the newest `count` trials that have not ended.
    pub fn newest_unfinished(&self, count: usize) -> Vec<String> {
        let of = |class| self.by_class.get(&class).into_iter().flatten();
        let mut all: Vec<_> = of(Class::Pending).chain(of(Class::Running)).collect();
        all.sort_unstable_by_key(|(index, _)| Reverse(*index));
        all.into_iter().take(count).map(|(_, name)| name.clone()).collect()
    }

    /// Whether the trial of that suggestion exists.
    pub fn has(&self, index: u64) -> bool {
        self.indexes.contains(&index)
    }

    fn remove(&mut self, name: &str) {
        let Some(old) = self.records.remove(name) else { return };
        *self.tally.of(old.class) -= 1;
        self.indexes.remove(&old.index);
        self.open.remove(name);
        if let Some(place) = old.place(name) {
            self.ended.remove(&place);
            self.rewrites += 1;
        }
        self.reached -= u32::from(old.reached);
        if let Some(set) = self.by_class.get_mut(&old.class) {
            set.remove(&(old.index, name.to_owned()));
        }
    }

    fn insert(&mut self, name: &str, record: Record) {
        *self.tally.of(record.class) += 1;
        self.indexes.insert(record.index);
        self.by_class.entry(record.class).or_default().insert((record.index, name.to_owned()));
        self.completion_max = self.completion_max.max(record.completion.unwrap_or(0));
        match record.place(name) {
            Some(place) => {
                // A smaller number may be written after a larger one.
                self.rewrites += u64::from(self.ended.last().is_some_and(|last| place < *last));
                self.ended.insert(place);
            }
            None => drop(self.open.insert(name.to_owned())),
        }
        self.reached += u32::from(record.reached);
        self.records.insert(name.to_owned(), record);
    }

    fn rank(&self, name: &str) -> Option<Rank> {
        rank(self.records.get(name)?)
    }

    /// Brings best trial and front up to date after `name` changed.
    fn compare(&mut self, name: &str) {
        self.compare_best(name);
        if self.front.remove(name) {
            // What it beat may be back.
            self.front = Front::default();
            let all = self.records.iter();
            all.for_each(|(name, record)| self.front.add(name, record));
        } else if let Some(record) = self.records.get(name) {
            self.front.add(name, record);
        }
    }

    /// One comparison, but for the rare case that the best trial itself got worse or vanished.
    fn compare_best(&mut self, name: &str) {
        if self.best.as_deref() == Some(name) {
            let ranked = self.records.keys().filter_map(|it| Some((self.rank(it)?, it)));
            let best = ranked.min_by(|a, b| order(a.0, b.0));
            self.best = best.map(|(_, name)| name.clone());
            return;
        }
        let Some(rank) = self.rank(name) else { return };
        let best = self.best.as_deref().and_then(|it| self.rank(it));
        if best.is_none_or(|best| order(rank, best).is_lt()) {
            self.best = Some(name.to_owned());
        }
    }
}

/// What makes one trial better than another: excess, whether goals are missed, first loss,
/// completion.
type Rank = (f64, bool, f64, i64);

fn rank(record: &Record) -> Option<Rank> {
    let completion = record.completion.unwrap_or(i64::MAX);
    Some((record.excess, !record.reached, *record.losses.first()?, completion))
}

fn order(a: Rank, b: Rank) -> std::cmp::Ordering {
    a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.total_cmp(&b.2)).then(a.3.cmp(&b.3))
}

/// Every trial that the controllers know of.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// By uid of the experiment, so that a namesake of a deleted one starts with nothing.
    experiments: BTreeMap<String, Trials>,
    unfinished: BTreeMap<Key, Arc<Trial>>,
    owners: BTreeMap<Key, Owner>,
    /// Whose the trials are that are being deleted: they count no more, and hold their names.
    leaving: BTreeMap<Key, Owner>,
}

/// The experiment of a trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its uid.
    pub uid: String,
    /// Its name; it is in the trial's namespace.
    pub name: String,
}

impl Index {
    /// Takes in a trial as it is now.
    pub fn apply(&mut self, trial: Trial) {
        let key = Key::of(&trial);
        let Some(owner) = owner(&trial) else { return };
        if trial.metadata.deletion_timestamp.is_some() {
            self.delete(&key);
            self.leaving.insert(key, owner);
            return;
        }
        self.leaving.remove(&key);
        if self.owners.get(&key).is_some_and(|it| *it != owner) {
            self.delete(&key);
        }
        let trials = self.experiments.entry(owner.uid.clone()).or_default();
        let record = record(&trial);
        let ended = record.class.ended() && record.completion.is_some();
        if trials.records.get(&key.name) != Some(&record) {
            trials.remove(&key.name);
            trials.insert(&key.name, record);
            trials.compare(&key.name);
        }
        self.owners.insert(key.clone(), owner);
        if ended {
            self.unfinished.remove(&key);
        } else {
            self.unfinished.insert(key, Arc::new(trial));
        }
    }

    /// Forgets a trial; answers whose it was.
    pub fn delete(&mut self, key: &Key) -> Option<Owner> {
        self.unfinished.remove(key);
        let left = self.leaving.remove(key);
        let Some(owner) = self.owners.remove(key) else { return left };
        if let Some(trials) = self.experiments.get_mut(&owner.uid) {
            trials.remove(&key.name);
            trials.compare(&key.name);
        }
        Some(owner)
    }

    /// Forgets an experiment whose object is gone, once its last trial is.
    pub fn forget(&mut self, uid: &str) {
        if self.experiments.get(uid).is_some_and(|it| it.records.is_empty()) {
            self.experiments.remove(uid);
        }
    }

    /// Every trial that is known, to find those that vanished while nobody watched.
    pub fn keys(&self) -> BTreeSet<Key> {
        self.owners.keys().chain(self.leaving.keys()).cloned().collect()
    }

    /// The trials of an experiment, by its uid.
    pub fn trials(&self, experiment_uid: &str) -> Option<&Trials> {
        self.experiments.get(experiment_uid)
    }

    /// A trial that has not ended, or not been numbered.
    pub fn unfinished(&self, key: &Key) -> Option<Arc<Trial>> {
        self.unfinished.get(key).cloned()
    }

    /// Whether that trial is known to have ended.
    pub fn ended(&self, key: &Key) -> bool {
        self.owners.contains_key(key) && !self.unfinished.contains_key(key)
    }

    /// Unfinished trials of one experiment.
    pub fn unfinished_of(&self, experiment_uid: &str) -> Vec<Key> {
        let mine = |key: &&Key| self.owners.get(key).is_some_and(|it| it.uid == experiment_uid);
        self.unfinished.keys().filter(mine).cloned().collect()
    }

    /// A completion number that was never given out before. One that is lost before it is
    /// written leaves a gap, which is harmless.
    pub fn next_completion(&mut self, experiment_uid: &str) -> i64 {
        let trials = self.experiments.entry(experiment_uid.to_owned()).or_default();
        trials.completion_max += 1;
        trials.completion_max
    }
}

/// The experiment that a trial belongs to.
pub fn owner(trial: &Trial) -> Option<Owner> {
    let mut owners = trial.metadata.owner_references.iter().flatten();
    let owner = owners.find(|it| it.kind == "Experiment")?;
    Some(Owner { uid: owner.uid.clone(), name: owner.name.clone() })
}

/// Which suggestion a trial is; one that we did not make counts as the newest.
pub fn number(trial: &Trial) -> u64 {
    let text = trial.annotations().get(INDEX_ANNOTATION);
    text.and_then(|it| it.parse().ok()).unwrap_or(u64::MAX)
}

/// What is remembered of a trial.
pub(crate) fn record(trial: &Trial) -> Record {
    let class = Class::of(trial);
    let status = trial.status.as_ref();
    let observation = status.and_then(|it| it.observation.clone()).unwrap_or_default();
    let counts = matches!(class, Class::Succeeded | Class::EarlyStopped);
    let wanted = Wanted::of_trial(&trial.spec);
    let losses = if counts { wanted.losses(&observation) } else { Vec::new() };
    let excess = if losses.is_empty() { 0.0 } else { wanted.excess(&observation) };
    Record {
        index: number(trial),
        class,
        completion: status.and_then(|it| it.completion_number),
        assignments: trial.spec.parameter_assignments.clone(),
        reached: excess <= 0.0 && wanted.reached(&losses),
        losses,
        excess,
        observation,
        labels: trial.spec.labels.clone(),
        started: status.and_then(|it| it.start_time.as_ref()).map(|it| it.0),
        ended: status.and_then(|it| it.completion_time.as_ref()).map(|it| it.0),
    }
}
