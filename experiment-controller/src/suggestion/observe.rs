//! What there is to see of a suggestion.

use proto::kinds::{Experiment, Suggestion};

use super::plan::Progress;
use crate::controllers::conditions;
use crate::experiment;

/// How far a suggestion is.
pub(super) fn observe(suggestion: &Suggestion, owner: &Experiment) -> Progress {
    let status = suggestion.status.clone().unwrap_or_default();
    let count = |it: i32| u32::try_from(it).unwrap_or(0);
    Progress {
        requests: count(suggestion.spec.requests),
        made: count(status.suggestion_count),
        exhausted: status.exhausted,
        failed: conditions::holds(&status.conditions, "Failed"),
        over: experiment::ended(owner) || owner.metadata.deletion_timestamp.is_some(),
        stays: suggestion.spec.resume_policy == "LongRunning",
    }
}
