//! Which trials are better than which, whatever the objectives and constraints.

use crate::analysis::pareto;
use crate::history::Trial;
use crate::standing;

/// The measured trials on fronts, as indexes, the best front first: those that keep all constraints
/// by nondomination, then the others by how much they break them (Deb 2000's rules, as NSGA-II's
/// authors apply them in its §VI).
pub(super) fn fronts(trials: &[Trial]) -> Vec<Vec<usize>> {
    let feasible: Vec<usize> = (0..trials.len()).filter(|i| trials[*i].is_feasible()).collect();
    let losses: Vec<&[f64]> = feasible.iter().map(|i| trials[*i].losses.as_slice()).collect();
    let of_trials = |front: Vec<usize>| front.into_iter().map(|i| feasible[i]).collect();
    let mut fronts: Vec<Vec<usize>> = pareto::fronts(&losses).into_iter().map(of_trials).collect();
    let mut broken = standing::violations(trials);
    broken.sort_by(|a, b| pareto::compared(a.1, b.1));
    fronts.extend(
        broken.chunk_by(|a, b| a.1 == b.1).map(|equal| equal.iter().map(|it| it.0).collect()),
    );
    fronts
}
