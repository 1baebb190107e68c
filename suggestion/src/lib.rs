//! What to try next: pure search algorithms behind one contract.
//!
//! A [`Problem`] (space, objectives, algorithm, seed) and a [`History`] (every trial so far) give
//! an [`Answer`]. Same inputs, same answer, bit for bit.

pub mod error;
pub mod history;
pub mod objective;
pub mod problem;
pub mod seed;

pub use error::SuggestError;
pub use history::{Answer, History, State, Suggested, Told};
pub use objective::{Direction, Objective};
pub use problem::Problem;
pub use seed::Seed;

/// Answers `count` suggestions for `problem`, given `history`.
///
/// `first` is the index of the first new suggestion: how many were made since the experiment
/// began. Keeps nothing between calls.
pub fn suggest(
    _problem: &Problem,
    _history: &History,
    _first: u64,
    _count: usize,
) -> Result<Answer, SuggestError> {
    Ok(Answer::Exhausted(Vec::new()))
}
