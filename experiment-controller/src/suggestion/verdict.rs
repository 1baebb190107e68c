//! What came of asking a search, named by the next move.

use proto::kinds::TrialAssignment;

/// What came of asking.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    /// Assignments, in order; there may be more later.
    Proposed(Vec<TrialAssignment>),
    /// The last assignments there are.
    Exhausted(Vec<TrialAssignment>),
    /// Nothing until something happens; what that is.
    Wait(String),
    /// The owner must act; the same question can never be answered.
    Refused(String),
    /// The same question may be answered later; what is wrong now.
    Unavailable(String),
}
