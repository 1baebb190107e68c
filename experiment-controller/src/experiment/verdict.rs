//! Why an experiment ended, in its owner's words and in Katib's.

use crate::controllers::conditions::Fact;

/// The reason of an experiment that its owner stopped.
pub const STOPPED: &str = "ExperimentStopped";

/// Why an experiment ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The best trial is at least as good as the goal.
    GoalReached,
    /// As many trials have completed as were asked for.
    TrialsMaxReached,
    /// The space holds nothing new.
    SpaceExhausted,
    /// Too many trials failed, or ended without metrics.
    TooManyFailures,
    /// Its owner stopped it, and whether there is a best trial by then.
    Stopped {
        /// At least one trial measured the objective.
        measured: bool,
    },
    /// The search gave up; its own words.
    SuggestionFailed(String),
    /// The manifest cannot be run; every fault, one a line.
    InvalidSpec(String),
    /// A trial could not be made from the template; the faults.
    TrialImpossible(String),
}

impl Verdict {
    /// Whether the experiment did what it was asked to.
    pub fn succeeded(&self) -> bool {
        use Verdict::{GoalReached, SpaceExhausted, Stopped, TrialsMaxReached};
        let measured = Stopped { measured: true };
        matches!(self, GoalReached | TrialsMaxReached | SpaceExhausted) || *self == measured
    }

    /// Katib's reason, and one of ours where Katib has no such end.
    pub fn reason(&self) -> &'static str {
        match self {
            Verdict::GoalReached => "ExperimentGoalReached",
            Verdict::TrialsMaxReached => "ExperimentMaxTrialsReached",
            Verdict::SpaceExhausted => "ExperimentSuggestionEndReached",
            Verdict::Stopped { .. } => STOPPED,
            Verdict::InvalidSpec(_) => "InvalidSpec",
            Verdict::TooManyFailures
            | Verdict::SuggestionFailed(_)
            | Verdict::TrialImpossible(_) => "ExperimentFailed",
        }
    }

    /// A sentence.
    pub fn message(&self) -> String {
        match self {
            Verdict::GoalReached => "The best trial reaches the objective's goal".into(),
            Verdict::TrialsMaxReached => {
                "As many trials completed as maxTrialCount asks for".into()
            }
            Verdict::SpaceExhausted => "The search is through: it has nothing more to try".into(),
            Verdict::Stopped { measured: true } => {
                "The experiment was stopped; its best trial so far stands".into()
            }
            Verdict::Stopped { measured: false } => {
                "The experiment was stopped before a trial had measured its objective".into()
            }
            Verdict::TooManyFailures => {
                "As many trials failed, or ended without metrics, as maxFailedTrialCount allows; \
                 their own conditions say why"
                    .into()
            }
            Verdict::SuggestionFailed(why) => format!("Suggestion has failed: {why}"),
            Verdict::InvalidSpec(faults) => faults.clone(),
            Verdict::TrialImpossible(faults) => format!("No trial can be made: {faults}"),
        }
    }

    /// The verdict as a condition; `message` is [`Verdict::message`].
    pub fn fact<'a>(&self, message: &'a str) -> Fact<'a> {
        let type_ = if self.succeeded() { "Succeeded" } else { "Failed" };
        Fact { type_, holds: true, reason: self.reason(), message }
    }
}
