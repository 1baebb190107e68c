//! Learning across fidelities: where new configurations begin, after what trials at any resource
//! have shown.
//!
//! Falkner et al., *BOHB: Robust and Efficient Hyperparameter Optimization at Scale* (ICML 2018),
//! §4, learn from the trials at the largest resource that has enough of them. Here every
//! configuration counts once, by its trial with the most of the resource, and losses at less are
//! moved by what configurations that went on gained on the way: nothing that was measured is lost,
//! and what was measured with most weighs as it is. What is learnt by is the Parzen
//! estimator of `tpe.rs`.

use std::collections::BTreeMap;

use crate::history::{State, Trial};
use crate::problem::Problem;
use crate::seed::Stream;
use crate::settings::{Range, SettingSpec};
use crate::space::Point;
use crate::standing;
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
    meaning: "Where new configurations come from: drawn, or learnt from trials at any resource by a \
              Parzen estimator.",
};

/// Proposes new configurations.
pub(crate) struct Model {
    tpe: Tpe,
    /// How many configurations are enough to learn from: N_min + 2.
    enough: usize,
    /// The share of configurations that are drawn, whatever was learnt: ρ.
    random: f64,
}

impl Model {
    /// The sampler of that name, by the settings `min_points_in_model` and `random_fraction` where
    /// the algorithm has them; none for `random`.
    pub(crate) fn new(problem: &Problem, sampler: &str) -> Option<Model> {
        let set = &problem.settings;
        if sampler == "random" {
            return None;
        }
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
        let known = projected(turn)?;
        let measured = known.finished.iter().filter(|trial| !trial.losses.is_empty()).count();
        if measured < self.enough {
            return None;
        }
        let turn = known.turn(turn);
        match self.tpe.ask(&turn, stream) {
            Asked::Candidates(all) => {
                let points = all.into_iter().map(|proposal| proposal.point);
                let mut points = points.peekable();
                let best = points.peek().cloned();
                points.find(|point| turn.is_open(point)).or(best)
            }
            Asked::Wait(_) | Asked::Exhausted => None,
        }
    }
}

/// Each configuration once, with the loss that it would have at the largest resource; those that
/// failed, and those that have just begun.
fn projected(turn: &Turn) -> Option<Narrowed> {
    let mut seen: BTreeMap<Vec<u64>, BTreeMap<u64, (usize, f64)>> = BTreeMap::new();
    for (i, (trial, score)) in turn.finished.iter().zip(standing::scores(turn)).enumerate() {
        let resource = trial.resource.filter(|it| 0.0 < *it);
        if let (Some(resource), Some(score), State::Succeeded) = (resource, score, trial.state) {
            // Positive numbers are ordered as their bits are.
            let levels = seen.entry(trial.point.key()).or_default();
            levels.insert(resource.to_bits(), (i, score));
        }
    }
    let shifts = shifts(seen.values());
    let mut projected: BTreeMap<usize, f64> = BTreeMap::new();
    for levels in seen.values() {
        let (level, (i, score)) = levels.last_key_value()?;
        let later = shifts.range(level..).map(|(_, shift)| shift).sum::<f64>();
        let loss = score + later;
        projected.insert(*i, if loss.is_finite() { loss } else { *score });
    }
    let failed = |trial: &Trial| trial.state == State::Failed && trial.continues.is_none();
    let finished = (turn.finished.iter().enumerate()).filter_map(|(i, trial)| {
        let loss = projected.get(&i);
        if loss.is_none() && !failed(trial) {
            return None;
        }
        let losses = loss.map(|it| vec![*it]).unwrap_or_default();
        Some(Trial { losses, violations: Vec::new(), ..trial.clone() })
    });
    let active = turn.active.iter().filter(|trial| trial.continues.is_none()).cloned();
    Some(Narrowed::new(finished.collect(), active.collect()))
}

/// What configurations gain, in the median, from each resource to the next; 0 where none went on.
fn shifts<'a>(
    configurations: impl Iterator<Item = &'a BTreeMap<u64, (usize, f64)>>,
) -> BTreeMap<u64, f64> {
    let mut gains: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for levels in configurations {
        let levels: Vec<(&u64, &(usize, f64))> = levels.iter().collect();
        for (level, _) in &levels {
            gains.entry(**level).or_default();
        }
        for pair in levels.windows(2) {
            let gain = pair[1].1.1 - pair[0].1.1;
            gains.entry(*pair[0].0).or_default().push(gain);
        }
    }
    let median = |mut all: Vec<f64>| {
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or(0.0)
    };
    gains.into_iter().map(|(level, all)| (level, median(all))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_at_less_are_moved_by_what_others_gained() {
        let configuration = |levels: &[(f64, f64)]| -> BTreeMap<u64, (usize, f64)> {
            levels.iter().map(|(resource, loss)| (resource.to_bits(), (0, *loss))).collect()
        };
        let all = [
            configuration(&[(1.0, 5.0), (3.0, 3.0), (9.0, 2.5)]),
            configuration(&[(1.0, 6.0), (3.0, 5.0)]),
            configuration(&[(1.0, 9.0), (3.0, 2.0)]),
            configuration(&[(1.0, 7.0)]),
        ];
        let shifts: Vec<f64> = shifts(all.iter()).into_values().collect();
        assert_eq!(shifts, [-2.0, -0.5, 0.0]);
    }
}
