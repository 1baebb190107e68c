//! Learning across fidelities: a Parzen estimator of the trials at the largest resource that has
//! enough of them.
//!
//! Falkner et al., *BOHB: Robust and Efficient Hyperparameter Optimization at Scale* (ICML 2018),
//! §4, with the estimator of `tpe.rs` in place of theirs.

use std::collections::BTreeMap;

use crate::history::Trial;
use crate::problem::Problem;
use crate::seed::Stream;
use crate::settings::{Range, SettingSpec};
use crate::space::Point;
use crate::suggester::{Asked, Narrowed, Suggester, Turn};
use crate::tpe::Tpe;

/// Where new configurations come from.
pub(crate) const SAMPLER: SettingSpec = SettingSpec {
    name: "sampler",
    default: "random",
    range: Range::Choice {
        of: &["random", "tpe"],
        fault: "sampler {} is not known; there are random and tpe",
    },
    meaning: "Where new configurations come from: drawn, or learnt by a Parzen estimator from the \
              largest resource that knows enough.",
};

/// Proposes new configurations.
pub(crate) struct Model {
    tpe: Tpe,
    /// How many trials at one resource are enough to learn from: N_min + 2.
    enough: usize,
    /// The share of configurations that are drawn, whatever was learnt: ρ.
    random: f64,
}

impl Model {
    /// The sampler of that name, by the settings `min_points_in_model` and `random_fraction` where
    /// the algorithm has them; none for `random`.
    pub(crate) fn new(problem: &Problem, sampler: &str) -> Option<Model> {
        if sampler == "random" {
            return None;
        }
        let set = &problem.settings;
        let least = set.size("min_points_in_model").unwrap_or(problem.space.dimensions() + 1);
        let random = set.number("random_fraction").unwrap_or(1.0 / 3.0);
        Some(Model { tpe: Tpe::eager(problem), enough: least.saturating_add(2), random })
    }

    /// A configuration that looks good; none where it is to be drawn, or too little is known.
    pub(crate) fn ask(&mut self, turn: &Turn, stream: &mut Stream) -> Option<Point> {
        // Drawn first, so that chance does not depend on what is known.
        let drawn = stream.unit() < self.random;
        if drawn || turn.given().is_some() {
            return None;
        }
        let level = self.level(turn.finished)?;
        // What failed failed at any resource; a promotion that runs says nothing bad of its point.
        let counts = |trial: &Trial| match trial.resource.map(f64::to_bits) {
            _ if trial.state == crate::State::Active => trial.continues.is_none(),
            own => own == Some(level) || trial.state == crate::State::Failed,
        };
        let kept = |trials: &[Trial]| trials.iter().filter(|it| counts(it)).cloned().collect();
        let narrowed = Narrowed::new(kept(turn.finished), kept(turn.active));
        match self.tpe.ask(&narrowed.turn(turn), stream) {
            Asked::Candidates(all) => all.into_iter().next().map(|proposal| proposal.point),
            Asked::Wait(_) | Asked::Exhausted => None,
        }
    }

    /// The largest resource at which enough trials were measured, in bits (positive numbers are
    /// ordered as their bits are).
    fn level(&self, finished: &[Trial]) -> Option<u64> {
        let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
        let measured = finished.iter().filter(|trial| !trial.losses.is_empty());
        for resource in measured.filter_map(|trial| trial.resource).filter(|it| 0.0 < *it) {
            *counts.entry(resource.to_bits()).or_default() += 1;
        }
        counts.into_iter().rev().find(|(_, count)| self.enough <= *count).map(|(bits, _)| bits)
    }
}
