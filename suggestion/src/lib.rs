//! What to try next: pure search algorithms behind one contract.
//!
//! A [`Problem`] (space, objectives, algorithm, seed) and a [`History`] (every trial so far) give
//! an [`Answer`]. Same inputs, same answer, bit for bit.
//!
//! To read an algorithm, begin with `random.rs`; what all of them promise is in `laws.rs`.

pub mod error;
#[cfg(test)]
mod fixture;
mod grid;
pub mod history;
#[cfg(test)]
mod laws;
mod normal;
mod novel;
pub mod objective;
pub mod problem;
mod random;
pub mod registry;
pub mod seed;
pub mod service;
pub mod settings;
mod sobol;
pub mod space;
pub mod suggester;
mod tpe;
mod wire;

use std::collections::BTreeMap;

pub use error::SuggestError;
pub use history::{Answer, History, State, Suggested, Told, Trial};
pub use objective::{Direction, Objective};
pub use problem::Problem;
pub use seed::Seed;

use suggester::{Asked, Proposal, Turn};

/// Answers `count` suggestions for `problem`, given `history`.
///
/// `first` is the index of the first new suggestion: how many were made since the experiment
/// began. Keeps nothing between calls.
pub fn suggest(
    problem: &Problem,
    history: &History,
    first: u64,
    count: usize,
) -> Result<Answer, SuggestError> {
    let suggester = problem.suggester();
    let mut active = history.active.clone();
    let mut proposals = Vec::new();
    for index in (first..).take(count) {
        let turn = Turn {
            space: &problem.space,
            finished: &history.finished,
            active: &active,
            index,
            taken: &history.taken,
        };
        let mut stream = problem.seed.stream(index);
        let candidates = match suggester.ask(&turn, &mut stream) {
            Asked::Candidates(candidates) => candidates,
            Asked::Wait(why) if proposals.is_empty() => return Ok(Answer::Wait(why)),
            Asked::Wait(_) => break,
            Asked::Exhausted => return Ok(Answer::Exhausted(proposals)),
        };
        let Some(proposal) = novel::first_new(&turn, candidates, &mut stream) else {
            return Ok(Answer::Exhausted(proposals));
        };
        active.push(pending(index, &proposal));
        let Proposal { point, resource, continues, labels, .. } = proposal;
        let assignments = problem.space.assignments(&point);
        proposals.push(Suggested { assignments, labels, resource, continues });
    }
    Ok(Answer::Proposals(proposals))
}

/// A proposal as the later members of its batch see it.
fn pending(index: u64, proposal: &Proposal) -> Trial {
    Trial {
        index,
        point: proposal.point.clone(),
        state: State::Active,
        losses: Vec::new(),
        curve: Vec::new(),
        labels: BTreeMap::clone(&proposal.labels),
    }
}
