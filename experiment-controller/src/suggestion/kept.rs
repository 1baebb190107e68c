//! Searches that are kept between questions, told only what is new. A cache: what it answers is
//! what a search answers that is told everything.

use std::collections::BTreeMap;

use ::suggestion::{Answer, History, Live, Problem, Seed, SuggestError, Told};
use parking_lot::Mutex;
use proto::kinds::{ExperimentSpec, Suggestion};

use super::search::{told, waiting};
use crate::index::{Place, Trials};
use crate::trial::value::Wanted;

/// How many searches are kept; the one that was not asked for longest makes room.
const SEARCHES_MAX: usize = 32;

/// The searches that are kept, by the uid of their experiment.
#[derive(Default)]
pub struct Searches(Mutex<Shelf>);

#[derive(Default)]
struct Shelf {
    kept: BTreeMap<String, (u64, Kept)>,
    /// How many were put here, ever.
    puts: u64,
}

impl Searches {
    /// Takes a search out, if it is that of this spec and seed.
    pub(super) fn take(&self, uid: &str, spec: &ExperimentSpec, seed: Seed) -> Option<Kept> {
        let (_, kept) = self.0.lock().kept.remove(uid)?;
        (kept.spec == *spec && kept.seed == seed).then_some(kept)
    }

    /// Keeps a search.
    pub(super) fn put(&self, uid: &str, kept: Kept) {
        let mut shelf = self.0.lock();
        shelf.puts += 1;
        let number = shelf.puts;
        shelf.kept.insert(uid.to_owned(), (number, kept));
        if SEARCHES_MAX < shelf.kept.len() {
            let oldest = shelf.kept.iter().min_by_key(|(_, (number, _))| *number);
            let oldest = oldest.map(|(uid, _)| uid.clone()).unwrap_or_default();
            shelf.kept.remove(&oldest);
        }
    }

    /// Forgets the search of an experiment.
    pub fn forget(&self, uid: &str) {
        self.0.lock().kept.remove(uid);
    }
}

/// A search, and what it was told.
pub(super) struct Kept {
    spec: ExperimentSpec,
    seed: Seed,
    live: Live,
    /// What the ended trials that it was told were a part of.
    rewrites: u64,
    last: Option<Place>,
    /// The trials that it was told as running, by index.
    active: BTreeMap<u64, Told>,
}

/// What a search has to be told before it is asked.
pub(super) struct News {
    /// Ended trials, in the order of completion: all of them, or those after the last that the
    /// search knows.
    ended: Vec<Told>,
    is_all: bool,
    rewrites: u64,
    last: Option<Place>,
    /// Every trial that runs or waits, by index.
    active: Vec<Told>,
}

impl News {
    /// What is new to `kept`; everything if nothing is kept, or if it was told what no longer
    /// holds.
    pub(super) fn of(
        spec: &ExperimentSpec,
        suggestion: &Suggestion,
        trials: &Trials,
        kept: Option<&Kept>,
    ) -> News {
        let wanted = Wanted::of(spec);
        let open = trials.open().map(|it| told(&wanted, it));
        let mut active: Vec<Told> = open.chain(waiting(suggestion, trials)).collect();
        active.sort_by_key(|it| it.index);
        let ended = |after: Option<&Place>| -> Vec<(Place, Told)> {
            let places = trials.ended_after(after);
            places.map(|(place, it)| (place.clone(), told(&wanted, it))).collect()
        };
        let known = kept.filter(|it| it.rewrites == trials.rewrites());
        let later = known.map(|it| ended(it.last.as_ref()));
        let (is_all, ended) = match (known, later) {
            (Some(known), Some(later)) if known.goes_on(&later, &active) => (false, later),
            _ => (true, ended(None)),
        };
        let before = kept.and_then(|it| it.last.clone()).filter(|_| !is_all);
        News {
            last: ended.last().map(|(place, _)| place.clone()).or(before),
            ended: ended.into_iter().map(|(_, told)| told).collect(),
            is_all,
            rewrites: trials.rewrites(),
            active,
        }
    }
}

impl Kept {
    /// A search that knows nothing yet.
    pub(super) fn new(spec: ExperimentSpec, seed: Seed, problem: Problem) -> Kept {
        let live = Live::new(problem);
        Kept { spec, seed, live, rewrites: 0, last: None, active: BTreeMap::new() }
    }

    /// Whether the search comes to the same by being told these in addition: what was told as
    /// running is as it was or has ended, and what begins comes after it.
    fn goes_on(&self, later: &[(Place, Told)], active: &[Told]) -> bool {
        let mut left = self.active.clone();
        let ended = later.iter().all(|(_, now)| {
            left.remove(&now.index).is_none_or(|before| before.assignments == now.assignments)
        });
        let newest = self.active.last_key_value().map(|(index, _)| *index);
        let grown = active.iter().all(|now| match left.remove(&now.index) {
            Some(before) => before == *now,
            None => newest.is_none_or(|newest| newest < now.index),
        });
        let unique = active.windows(2).all(|pair| pair[0].index < pair[1].index);
        ended && grown && unique && left.is_empty()
    }

    /// Tells what is new, and asks.
    pub(super) fn ask(
        &mut self,
        news: News,
        first: u64,
        count: usize,
    ) -> Result<Answer, SuggestError> {
        let News { ended, is_all, rewrites, last, active } = news;
        if is_all {
            let all = ended.into_iter().chain(active.iter().cloned()).collect();
            self.live.retell(History::new(self.live.problem(), all));
        } else {
            ended.into_iter().for_each(|it| self.live.tell(it));
            let new = active.iter().filter(|it| !self.active.contains_key(&it.index));
            new.for_each(|it| self.live.tell(it.clone()));
        }
        (self.rewrites, self.last) = (rewrites, last);
        self.active = active.into_iter().map(|it| (it.index, it)).collect();
        self.live.ask(first, count)
    }
}

#[cfg(test)]
mod tests;
