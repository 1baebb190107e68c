//! Strategic merge: a merge patch that knows which lists are keyed.

use serde_json::Value;

use super::kinds::Kind;
use super::status::Status;

/// The object after the patch.
///
/// # Errors
/// 415 where the kind has no strategic merge.
pub fn merge(kind: &Kind, _current: &Value, _patch: &Value) -> Result<Value, Status> {
    Err(Status::unsupported(format!(
        "{} takes no strategic merge patch; send application/merge-patch+json",
        kind.qualified()
    )))
}
