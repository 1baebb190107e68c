//! `Status`: how the API says no, with the codes and reasons of a real server.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use proto::FieldError;
use serde_json::{Value, json};

use super::kinds::Kind;

/// A refusal.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// HTTP status code.
    pub code: u16,
    /// Machine-readable reason, such as `NotFound`.
    pub reason: &'static str,
    /// What a person reads.
    pub message: String,
    /// `details`: the object's name, kind and group, and the causes.
    pub details: Value,
}

impl Status {
    /// Any refusal without details.
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Status {
        Status { code, reason, message: message.into(), details: Value::Null }
    }

    /// 400: the request itself makes no sense.
    pub fn bad_request(message: impl Into<String>) -> Status {
        Status::new(400, "BadRequest", message)
    }

    /// 404 for a path that leads nowhere.
    #[must_use]
    pub fn no_such_path() -> Status {
        Status::new(404, "NotFound", "the server could not find the requested resource")
    }

    /// 404 for an object.
    #[must_use]
    pub fn not_found(kind: &Kind, name: &str) -> Status {
        Status::new(404, "NotFound", format!("{} \"{name}\" not found", kind.qualified()))
            .about(kind, name)
    }

    /// 409: the name is taken.
    #[must_use]
    pub fn already_exists(kind: &Kind, name: &str) -> Status {
        let message = format!("{} \"{name}\" already exists", kind.qualified());
        Status::new(409, "AlreadyExists", message).about(kind, name)
    }

    /// 409: the object is not what the writer thinks it is.
    #[must_use]
    pub fn conflict(kind: &Kind, name: &str, why: &str) -> Status {
        let what = kind.qualified();
        let message = format!("Operation cannot be fulfilled on {what} \"{name}\": {why}");
        Status::new(409, "Conflict", message).about(kind, name)
    }

    /// 409: the object has changed since it was read.
    #[must_use]
    pub fn stale(kind: &Kind, name: &str) -> Status {
        let why = "the object has been modified; please apply your changes to the latest version \
                   and try again";
        Status::conflict(kind, name, why)
    }

    /// 403.
    #[must_use]
    pub fn forbidden(kind: &Kind, name: &str, why: &str) -> Status {
        let message = format!("{} \"{name}\" is forbidden: {why}", kind.qualified());
        Status::new(403, "Forbidden", message).about(kind, name)
    }

    /// 405.
    #[must_use]
    pub fn method_not_allowed() -> Status {
        let message = "the server does not allow this method on the requested resource";
        Status::new(405, "MethodNotAllowed", message)
    }

    /// 410: the version asked for is no longer remembered.
    pub fn expired(message: impl Into<String>) -> Status {
        Status::new(410, "Expired", message)
    }

    /// 413.
    pub fn too_large(message: impl Into<String>) -> Status {
        Status::new(413, "RequestEntityTooLarge", message)
    }

    /// 415.
    pub fn unsupported(message: impl Into<String>) -> Status {
        Status::new(415, "UnsupportedMediaType", message)
    }

    /// 422: the object is refused; every fault in one answer.
    #[must_use]
    pub fn invalid(kind: &Kind, name: &str, faults: &[FieldError]) -> Status {
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        let told = match told.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let title = join_title(kind);
        let message = format!("{title} \"{name}\" is invalid: {told}");
        let mut status = Status::new(422, "Invalid", message).about(kind, name);
        status.details["kind"] = json!(kind.kind);
        let cause = |it: &FieldError| json!({"reason": "FieldValueInvalid", "message": it.message, "field": it.path});
        status.details["causes"] = faults.iter().map(cause).collect();
        status
    }

    /// 500: our own fault, or the disk's.
    pub fn internal(message: impl std::fmt::Display) -> Status {
        Status::new(500, "InternalError", format!("Internal error occurred: {message}"))
    }

    fn about(mut self, kind: &Kind, name: &str) -> Status {
        self.details = json!({"name": name, "kind": kind.plural});
        if !kind.group.is_empty() {
            self.details["group"] = json!(kind.group);
        }
        self
    }

    /// The object that goes over the wire.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut value = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "code": self.code,
        });
        if !self.details.is_null() {
            value["details"] = self.details.clone();
        }
        value
    }
}

fn join_title(kind: &Kind) -> String {
    if kind.group.is_empty() { kind.kind.clone() } else { format!("{}.{}", kind.kind, kind.group) }
}

impl IntoResponse for Status {
    fn into_response(self) -> Response {
        let code = StatusCode::from_u16(self.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        json_response(code, &self.to_value())
    }
}

/// A JSON answer.
pub(super) fn json_response(code: StatusCode, value: &Value) -> Response {
    let json = HeaderValue::from_static("application/json");
    (code, [(header::CONTENT_TYPE, json)], value.to_string()).into_response()
}
