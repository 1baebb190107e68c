//! Learning across fidelities: a Parzen estimator of the trials at the largest resource that has
//! enough of them.
//!
//! Falkner et al., *BOHB: Robust and Efficient Hyperparameter Optimization at Scale* (ICML 2018),
//! §4, with the estimator of `tpe.rs` in place of theirs.

use std::collections::BTreeMap;

use crate::history::Trial;
use crate::problem::Problem;
use crate::seed::Stream;
use crate::space::Point;
use crate::suggester::{Asked, Suggester, Turn};
use crate::tpe::Tpe;

/// Proposes new configurations.
pub(crate) struct Model {
    tpe: Tpe,
    /// How many trials at one resource are enough to learn from: N_min + 2.
    enough: usize,
    /// The share of configurations that are drawn, whatever was learnt: ρ.
    random: f64,
}

impl Model {
    /// By the settings `min_points_in_model` and `random_fraction`, where the algorithm has them.
    pub(crate) fn new(problem: &Problem) -> Model {
        let set = &problem.settings;
        let least = set.size("min_points_in_model").unwrap_or(problem.space.dimensions() + 1);
        let random = set.number("random_fraction").unwrap_or(1.0 / 3.0);
        Model { tpe: Tpe::eager(problem), enough: least.saturating_add(2), random }
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
        let narrowed = turn.narrowed(counts);
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
