//! A search that is asked again and again: the same answers as from nothing, sooner.

use crate::history::{
    Answer, CONTINUES_LABEL, History, RESOURCE_LABEL, State, Suggested, Told, Trial,
};
use crate::space::Point;
use crate::suggester::{Asked, Proposal, Suggester, Turn};
use crate::{Problem, SuggestError, novel, resource};

/// A problem, its history so far, and what the algorithm keeps of them. Only a cache: whatever it
/// answers, [`crate::suggest`] answers too.
pub struct Live {
    problem: Problem,
    history: History,
    suggester: Box<dyn Suggester>,
}

impl Live {
    /// A search that knows nothing yet.
    pub fn new(problem: Problem) -> Live {
        let suggester = problem.suggester();
        Live { problem, history: History::default(), suggester }
    }

    /// What is searched for.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// What was told so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Tells of one trial ([`History::tell`]).
    pub fn tell(&mut self, told: Told) {
        self.history.tell(&self.problem, told);
    }

    /// Puts another history in place of what was told.
    pub fn retell(&mut self, history: History) {
        self.history = history;
    }

    /// Answers `count` suggestions, the first of which has the index `first`.
    pub fn ask(&mut self, first: u64, count: usize) -> Result<Answer, SuggestError> {
        ask(&self.problem, &self.history, self.suggester.as_mut(), first, count)
    }
}

/// Asks once for each suggestion, each time with the earlier ones as running.
pub(crate) fn ask(
    problem: &Problem,
    history: &History,
    suggester: &mut dyn Suggester,
    first: u64,
    count: usize,
) -> Result<Answer, SuggestError> {
    let mut active = history.active.clone();
    let mut proposals = Vec::new();
    for index in (first..).take(count) {
        let turn = Turn {
            problem,
            space: &problem.space,
            finished: &history.finished,
            active: &active,
            index,
            taken: &history.taken,
            chain: &history.chain,
        };
        let mut stream = problem.seed.stream(index);
        let candidates = match given(&turn).filter(|_| !suggester.places_given()) {
            Some(point) => vec![Proposal::at(point)],
            None => match suggester.ask(&turn, &mut stream) {
                Asked::Candidates(candidates) => candidates,
                Asked::Wait(why) if proposals.is_empty() => return Ok(Answer::Wait(why)),
                Asked::Wait(_) => break,
                Asked::Exhausted => return Ok(Answer::Exhausted(proposals)),
            },
        };
        let Some(proposal) = novel::first_new(&turn, candidates, &mut stream) else {
            return Ok(Answer::Exhausted(proposals));
        };
        let suggested = suggested(problem, &proposal);
        active.push(pending(problem, index, proposal.point, &suggested));
        proposals.push(suggested);
    }
    Ok(Answer::Proposals(proposals))
}

/// The owner's own point for this turn, where there is one and it was not tried.
fn given(turn: &Turn) -> Option<Point> {
    let place = usize::try_from(turn.index).ok()?;
    turn.problem.initial.get(place).filter(|point| turn.is_open(point)).cloned()
}

/// A proposal as the outside hears it.
fn suggested(problem: &Problem, proposal: &Proposal) -> Suggested {
    let Proposal { point, resource, continues, labels, .. } = proposal;
    let mut assignments = problem.space.assignments(point);
    let mut labels = labels.clone();
    let mut decided = None;
    if let Some(it) = &problem.resource {
        let (amount, text) = it.amount(resource.unwrap_or(it.max()));
        decided = Some(amount);
        labels.insert(RESOURCE_LABEL.to_owned(), resource::label(amount));
        it.assign(&mut assignments, text);
    }
    labels.extend(continues.map(|index| (CONTINUES_LABEL.to_owned(), index.to_string())));
    Suggested { assignments, labels, resource: decided, continues: *continues }
}

/// A suggestion as the later members of its batch see it.
fn pending(problem: &Problem, index: u64, point: Point, it: &Suggested) -> Trial {
    Trial {
        index,
        place: problem.space.place(&point),
        point,
        state: State::Active,
        losses: Vec::new(),
        violations: Vec::new(),
        seconds: None,
        curve: Vec::new(),
        labels: it.labels.clone(),
        resource: it.resource,
        continues: it.continues,
    }
}
