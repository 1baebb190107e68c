//! What to try next: pure search algorithms behind one contract.
//!
//! A [`Problem`] (space, objectives, algorithm, seed) and a [`History`] (every trial so far) give
//! an [`Answer`]. Same inputs, same answer, bit for bit.
//!
//! To read an algorithm, begin with `random.rs`; what all of them promise is in `laws.rs`.

mod acquire;
pub mod analysis;
mod asha;
pub mod ask_tell;
mod auto;
mod bayesian;
mod bohb;
mod brute_force;
mod chart;
mod cmaes;
mod dehb;
mod ehvi;
pub mod error;
mod evolution;
mod fidelity;
#[cfg(test)]
mod fixture;
mod forest;
mod gp;
mod grid;
mod halton;
pub mod history;
mod hyperband;
mod improvement;
#[cfg(test)]
mod laws;
mod live;
mod model;
mod nas;
mod normal;
mod novel;
pub mod objective;
mod parego;
mod pb2;
mod pbt;
mod population;
pub mod problem;
mod random;
pub mod registry;
pub mod resource;
pub mod seed;
pub mod service;
pub mod settings;
mod sobol;
pub mod space;
mod standing;
pub mod suggester;
mod tpe;
mod wire;

pub use error::SuggestError;
pub use history::{
    Answer, CONTINUES_LABEL, History, RESOURCE_LABEL, State, Suggested, Told, Trial,
};
pub use live::Live;
pub use objective::{Constraint, Direction, Objective};
pub use problem::Problem;
pub use seed::Seed;

/// Answers `count` suggestions for `problem`, given `history`.
///
/// `first` is the index of the first new suggestion: how many were made since the experiment
/// began. Keeps nothing between calls; who asks again and again keeps a [`Live`] search.
pub fn suggest(
    problem: &Problem,
    history: &History,
    first: u64,
    count: usize,
) -> Result<Answer, SuggestError> {
    live::ask(problem, history, problem.suggester().as_mut(), first, count)
}
