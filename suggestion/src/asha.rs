//! `asha`: successive halving without rungs to wait for.
//!
//! Li et al., *A System for Massively Parallel Hyperparameter Tuning* (MLSys 2020), Algorithm 2:
//! whoever is free takes the best trial that is among the best 1/η of its rung and has not gone on,
//! from the highest rung that has one; else a new configuration begins on the lowest rung. A trial on
//! a rung is paused when it has spent what the rung allows; going on is a new trial that continues it.

use crate::fidelity::{self, ETA, Ledger, RESOURCE, Slot};
use crate::history::Trial;
use crate::model::{Model, SAMPLER};
use crate::novel;
use crate::problem::Problem;
use crate::registry::Algorithm;
use crate::seed::Stream;
use crate::settings::{RANDOM_STATE, Range, SettingSpec};
use crate::suggester::{Asked, Suggester, Turn};

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "asha",
    about: "Promotes whoever is among the best of its rung as soon as a worker is free; for many \
            workers, and for trials that can be continued.",
    settings: &[
        RESOURCE,
        ETA,
        SettingSpec {
            name: "brackets",
            default: "1",
            range: Range::Whole { min: 1, fault: "brackets should be great than zero" },
            meaning: "How many different first rungs there are: the second begins a rung higher, and \
                      so on, for curves that cross late.",
        },
        SAMPLER,
        RANDOM_STATE,
    ],
    check: fidelity::check,
    make: |problem| Box::new(Asha::new(problem)),
};

struct Asha {
    eta: u64,
    /// What a trial spends on each rung of the first bracket.
    rungs: Vec<f64>,
    /// How many brackets there are; bracket s begins on rung s.
    brackets: usize,
    model: Option<Model>,
}

impl Asha {
    fn new(problem: &Problem) -> Asha {
        let set = &problem.settings;
        let eta = fidelity::eta(set);
        let range = problem.resource.as_ref().map_or((1.0, 1.0), |it| (it.min(), it.max()));
        let rungs = rungs(range.0, range.1, eta);
        let brackets = set.size("brackets").unwrap_or(1).min(rungs.len());
        let model = Model::new(problem, set.text(SAMPLER.name).unwrap_or("random"));
        Asha { eta, rungs, brackets, model }
    }

    fn slot(&self, bracket: usize, rung: usize) -> Slot {
        Slot { bracket: bracket as u64, rung, resource: self.rungs[bracket + rung] }
    }

    /// The trial that goes on next, and where to: from the highest rung that has one.
    fn promotable<'a>(&self, ledger: &Ledger<'a>) -> Option<(Slot, &'a Trial)> {
        for level in (0..self.rungs.len() - 1).rev() {
            for bracket in 0..self.brackets.min(level + 1) {
                let rung = level - bracket;
                let runs = ledger.rung(bracket as u64, rung);
                let ended = runs.iter().filter(|run| run.over()).count();
                let count = ended / self.eta as usize;
                if let Some(trial) = ledger.next_of(runs, count) {
                    return Some((self.slot(bracket, rung + 1), trial));
                }
            }
        }
        None
    }

    /// The bracket of a new configuration: bracket s has η^(−s) times as many as the first.
    fn bracket(&self, ledger: &Ledger) -> usize {
        let load = |bracket: usize| {
            let begun = ledger.rung(bracket as u64, 0).len() as f64;
            (begun + 1.0) * (self.eta as f64).powi(bracket as i32)
        };
        let least = (0..self.brackets).min_by(|a, b| load(*a).total_cmp(&load(*b)));
        least.unwrap_or(0)
    }
}

/// What a trial spends on each rung: `least` η^k, and `most` on the last. One that would spend
/// little less than the last is left out.
fn rungs(least: f64, most: f64, eta: u64) -> Vec<f64> {
    let eta = eta as f64;
    let amounts = (0..).map(|k| least * eta.powi(k));
    let mut rungs: Vec<f64> = amounts.take_while(|it| it * eta.sqrt() < most).take(64).collect();
    rungs.push(most);
    rungs
}

impl Suggester for Asha {
    fn ask(&mut self, turn: &Turn, stream: &mut Stream) -> Asked {
        let ledger = Ledger::new(turn);
        if let Some((slot, trial)) = self.promotable(&ledger) {
            return Asked::Candidates(vec![slot.promote(trial)]);
        }
        if novel::is_exhausted(turn) {
            return match turn.active.is_empty() {
                true => Asked::Exhausted,
                false => Asked::Wait("every point was tried; who goes on is not known yet".into()),
            };
        }
        let slot = self.slot(self.bracket(&ledger), 0);
        let modelled = self.model.as_mut().and_then(|model| model.ask(turn, stream));
        let point = modelled.unwrap_or_else(|| fidelity::draw(turn, stream));
        Asked::Candidates(vec![slot.begin(point)])
    }

    fn places_given(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rungs_end_at_the_most() {
        assert_eq!(rungs(1.0, 27.0, 3), [1.0, 3.0, 9.0, 27.0]);
        assert_eq!(rungs(1.0, 50.0, 3), [1.0, 3.0, 9.0, 27.0, 50.0]);
        assert_eq!(rungs(1.0, 30.0, 3), [1.0, 3.0, 9.0, 30.0]);
        assert_eq!(rungs(4.0, 4.0, 3), [4.0]);
        assert_eq!(rungs(0.1, 0.4, 2), [0.1, 0.2, 0.4]);
    }
}
