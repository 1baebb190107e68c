//! Hyperband's brackets: how many configurations begin with how little, and who goes on.
//!
//! Li et al., *Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization* (JMLR 18,
//! 2018), Algorithm 1, with the roundings of Katib: bracket s begins with
//! n = ⌈(s_max + 1) η^s / (s + 1)⌉ configurations at r = R η^(−s), and of n trials on a rung the best
//! ⌈n / η⌉ go on with η times as much.
//!
//! Brackets do not depend on each other, so whoever finds the rungs of one waiting begins the next:
//! no worker idles for a straggler, at any parallelism.

use super::{Ledger, Slot, best};
use crate::history::Trial;
use crate::suggester::Turn;

/// More brackets than this have rungs that no experiment fills.
const S_MAX: u64 = 40;

/// The brackets of one search.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Brackets {
    eta: u64,
    s_max: u64,
    /// What a trial on the last rung of a bracket spends: R.
    most: f64,
    /// Whether the search is over after one round of brackets.
    once: bool,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step<'a> {
    /// A new configuration.
    Begin(Slot),
    /// The configuration of this trial goes on.
    Promote(Slot, &'a Trial),
    /// Something has to end first; what.
    Wait(String),
    /// Nothing, whatever happens.
    Done,
}

impl Brackets {
    /// Brackets whose trials spend from `most` / `least` down to, and up to, `most`.
    pub(crate) fn new(least: f64, most: f64, eta: u64, once: bool) -> Brackets {
        // s_max = ⌊log_η(R / r)⌋, without the roundings of logarithms.
        let fits = |s: &u64| (eta as f64).powi(*s as i32) <= most / least * (1.0 + 1e-12);
        let s_max = (1..=S_MAX).take_while(fits).last().unwrap_or(0);
        Brackets { eta, s_max, most, once }
    }

    /// How many different brackets there are.
    pub(crate) fn round(&self) -> u64 {
        self.s_max + 1
    }

    /// How many rungs a bracket has above its first: s, from s_max down to 0, over and over.
    pub(crate) fn s(&self, bracket: u64) -> u64 {
        self.s_max - bracket % self.round()
    }

    /// How many trials a full rung has.
    pub(crate) fn width(&self, bracket: u64, rung: usize) -> usize {
        let s = self.s(bracket);
        let all = u128::from(self.round()) * u128::from(self.eta).saturating_pow(s as u32);
        let first = all.div_ceil(u128::from(s + 1));
        let width = (0..rung).fold(first, |width, _| width.div_ceil(u128::from(self.eta)));
        usize::try_from(width).unwrap_or(usize::MAX)
    }

    /// A place on a rung: R η^(i − s).
    pub(crate) fn slot(&self, bracket: u64, rung: usize) -> Slot {
        let below = self.s(bracket).saturating_sub(rung as u64);
        let resource = self.most / (self.eta as f64).powi(below as i32);
        Slot { bracket, rung, resource }
    }

    /// What comes next; `exhausted` says that there is no new configuration.
    pub(crate) fn step<'a>(&self, turn: &Turn<'a>, exhausted: bool) -> Step<'a> {
        self.step_by(turn, exhausted, |ledger, bracket| self.halving(ledger, bracket, exhausted))
    }

    /// The first thing to do in any bracket; `next` looks for it in one that was or is begun.
    pub(crate) fn step_by<'a>(
        &self,
        turn: &Turn<'a>,
        exhausted: bool,
        next: impl Fn(&Ledger<'a>, u64) -> Option<Step<'a>>,
    ) -> Step<'a> {
        let ledger = Ledger::new(turn);
        let begun = ledger.last_bracket().map_or(0, |last| last.saturating_add(1));
        let end = match (self.once, exhausted) {
            (true, _) => self.round(),
            // Without new configurations no new bracket can be begun.
            (false, true) => begun,
            (false, false) => u64::MAX,
        };
        for bracket in 0..end {
            if let Some(step) = next(&ledger, bracket) {
                return step;
            }
        }
        match turn.active.len() {
            0 => Step::Done,
            1 => Step::Wait("the last rungs are not full: 1 trial runs or waits".into()),
            n => Step::Wait(format!("the last rungs are not full: {n} trials run or wait")),
        }
    }

    /// The next step of one bracket by successive halving; none while it waits, or when it is over.
    pub(crate) fn halving<'a>(
        &self,
        ledger: &Ledger<'a>,
        bracket: u64,
        exhausted: bool,
    ) -> Option<Step<'a>> {
        let first = ledger.rung(bracket, 0);
        if first.len() < self.width(bracket, 0) && !exhausted {
            return Some(Step::Begin(self.slot(bracket, 0)));
        }
        for rung in 0..self.s(bracket) as usize {
            let runs = ledger.rung(bracket, rung);
            if !runs.iter().all(|run| run.over()) {
                return None;
            }
            // Failed trials leave fewer; they block nobody.
            let count = self.width(bracket, rung + 1);
            if let Some(trial) = ledger.next_of(runs, count) {
                return Some(Step::Promote(self.slot(bracket, rung + 1), trial));
            }
            if best(runs, 1).is_empty() {
                return None;
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_are_those_of_the_paper() {
        // Table 1 of Li et al.: R = 81, η = 3.
        let brackets = Brackets::new(1.0, 81.0, 3, true);
        let rungs = |bracket: u64| -> Vec<(usize, f64)> {
            let rung = |i| (brackets.width(bracket, i), brackets.slot(bracket, i).resource);
            (0..=brackets.s(bracket) as usize).map(rung).collect()
        };
        assert_eq!(rungs(0), [(81, 1.0), (27, 3.0), (9, 9.0), (3, 27.0), (1, 81.0)]);
        // 34 by the paper's table, 5 · 27 / 4 = 33.75 rounded up.
        assert_eq!(rungs(1), [(34, 3.0), (12, 9.0), (4, 27.0), (2, 81.0)]);
        assert_eq!(rungs(4), [(5, 81.0)]);
        assert_eq!(rungs(5), rungs(0));
    }

    #[test]
    fn widths_and_resources_stay_numbers() {
        let huge = Brackets::new(1e-300, 1e300, 2, false);
        assert!(0 < huge.width(0, 0) && huge.slot(0, 0).resource.is_finite());
        let flat = Brackets::new(5.0, 2.0, 3, false);
        assert_eq!((flat.round(), flat.width(0, 0), flat.slot(0, 0).resource), (1, 1, 2.0));
    }
}
