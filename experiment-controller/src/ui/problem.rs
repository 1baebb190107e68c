//! Why a call failed, in the form that every failed call answers.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::types::{Fault, Problem, Severity};

/// Why a call failed.
#[derive(Debug)]
pub(crate) struct Trouble(Box<Problem>);

/// What a handler gives.
pub(crate) type Answer<T> = Result<Json<T>, Trouble>;

impl Trouble {
    /// A failure with an HTTP status, a word, and a sentence.
    pub(crate) fn new(status: u16, reason: &str, message: impl Into<String>) -> Trouble {
        let (reason, message) = (reason.to_owned(), message.into());
        Trouble(Box::new(Problem { status, reason, message, faults: Vec::new() }))
    }

    /// There is no session.
    pub(crate) fn unauthorized() -> Trouble {
        let why = "there is no session, or it has ended; `qalam ui` prints a link that opens one";
        Trouble::new(401, "Unauthorized", why)
    }

    /// The session may not do it.
    pub(crate) fn forbidden(message: impl Into<String>) -> Trouble {
        Trouble::new(403, "Forbidden", message)
    }

    /// There is no such thing.
    pub(crate) fn not_found(message: impl Into<String>) -> Trouble {
        Trouble::new(404, "NotFound", message)
    }

    /// The request cannot be understood.
    pub(crate) fn bad(message: impl Into<String>) -> Trouble {
        Trouble::new(400, "BadRequest", message)
    }

    /// It cannot be done in this state.
    pub(crate) fn conflict(message: impl Into<String>) -> Trouble {
        Trouble::new(409, "Conflict", message)
    }

    /// This server cannot do it.
    pub(crate) fn missing(message: impl Into<String>) -> Trouble {
        Trouble::new(501, "NotImplemented", message)
    }

    /// It broke.
    pub(crate) fn broken(why: &dyn std::fmt::Display) -> Trouble {
        Trouble::new(500, "Internal", why.to_string())
    }

    /// The same with the faults of a manifest.
    pub(crate) fn with(mut self, faults: Vec<Fault>) -> Trouble {
        self.0.faults = faults;
        self
    }

    /// The sentence.
    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status);
        (status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), Json(*self.0)).into_response()
    }
}

impl From<kube::Error> for Trouble {
    fn from(error: kube::Error) -> Trouble {
        let kube::Error::Api(status) = error else {
            let why = format!("the API does not answer: {error}");
            return Trouble::new(503, "Unavailable", why);
        };
        let causes = status.details.iter().flat_map(|it| &it.causes);
        let faults = causes.map(|it| Fault {
            severity: Severity::Error,
            path: it.field.clone(),
            message: it.message.clone(),
            line: None,
            column: None,
            end_line: None,
        });
        let faults = faults.collect();
        Trouble::new(status.code, &status.reason, status.message.clone()).with(faults)
    }
}

impl From<metrics_collector::StoreError> for Trouble {
    fn from(error: metrics_collector::StoreError) -> Trouble {
        Trouble::new(503, "Unavailable", error.to_string())
    }
}
