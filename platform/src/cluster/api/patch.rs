//! Patching: JSON merge, JSON, strategic merge and apply, told apart by their content type.

use serde_json::Value;

use super::kinds::Kind;
use super::request::{decode_json, decode_yaml};
use super::status::Status;
use super::strategic;

/// A patch as it was sent.
#[derive(Clone, Debug)]
pub(super) enum Patch {
    Merge(Value),
    Json(json_patch::Patch),
    Strategic(Value),
    Apply(Value),
}

impl Patch {
    /// # Errors
    /// 415 for an unknown content type, 400 for a body that is no such patch.
    pub(super) fn parse(media_type: &str, body: &[u8]) -> Result<Patch, Status> {
        let refuse = |error: serde_json::Error| {
            Status::bad_request(format!("request body is no JSON patch: {error}"))
        };
        match media_type {
            "application/merge-patch+json" => Ok(Patch::Merge(decode_json(body)?)),
            "application/json-patch+json" => {
                Ok(Patch::Json(serde_json::from_slice(body).map_err(refuse)?))
            }
            "application/strategic-merge-patch+json" => Ok(Patch::Strategic(decode_json(body)?)),
            "application/apply-patch+yaml" => Ok(Patch::Apply(decode_yaml(body)?)),
            other => Err(Status::unsupported(format!(
                "{other}: send one of application/json-patch+json, application/merge-patch+json, \
                 application/strategic-merge-patch+json, application/apply-patch+yaml"
            ))),
        }
    }

    /// The object after the patch.
    ///
    /// # Errors
    /// 422 for a patch that does not fit, 415 where the kind has no such merge.
    pub(super) fn apply(&self, kind: &Kind, current: &Value) -> Result<Value, Status> {
        match self {
            Patch::Merge(patch) | Patch::Apply(patch) => {
                let mut next = current.clone();
                json_patch::merge(&mut next, patch);
                Ok(next)
            }
            Patch::Json(patch) => {
                let mut next = current.clone();
                json_patch::patch(&mut next, patch).map_err(|error| {
                    let told = format!("the server rejected our request: {error}");
                    Status::new(422, "Invalid", told)
                })?;
                Ok(next)
            }
            Patch::Strategic(_) if !kind.built_in => Err(Status::unsupported(
                "the body of the request was in an unknown format - accepted media types include: \
                 application/json-patch+json, application/merge-patch+json, \
                 application/apply-patch+yaml",
            )),
            Patch::Strategic(patch) => strategic::merge(kind, current, patch),
        }
    }
}
