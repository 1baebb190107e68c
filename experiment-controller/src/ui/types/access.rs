//! Sessions, links, and what every failed call answers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Millis;

/// What every failed call answers.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Problem {
    /// HTTP status.
    pub(crate) status: u16,
    /// One word: Unauthorized, Forbidden, NotFound, Invalid, Conflict, BadRequest, NotImplemented …
    pub(crate) reason: String,
    /// What is wrong and what to do, in words.
    pub(crate) message: String,
    /// Each fault of a refused manifest or request; often empty.
    pub(crate) faults: Vec<Fault>,
}

/// One thing that is wrong with a manifest.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Fault {
    /// `error` refuses the manifest; `warning` does not.
    pub(crate) severity: Severity,
    /// Such as `spec.parameters[2].feasibleSpace.min`; empty for the whole text.
    pub(crate) path: String,
    /// What is wrong and what to do.
    pub(crate) message: String,
    /// Line of the text, from 1; null when it cannot be told.
    pub(crate) line: Option<usize>,
    /// Column, from 1.
    pub(crate) column: Option<usize>,
    /// Last line that it concerns.
    pub(crate) end_line: Option<usize>,
}

/// Whether a fault refuses the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Severity {
    Error,
    Warning,
}

/// Something was done.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Done {
    /// A sentence for people.
    pub(crate) message: String,
}

/// Who asks, and what they may do.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Session {
    /// Version of qalam.
    pub(crate) version: String,
    /// Changes nothing: hide the actions.
    pub(crate) read_only: bool,
    /// The namespaces it may see; null for all.
    pub(crate) namespaces: Option<Vec<String>>,
    /// The namespace to begin with.
    pub(crate) namespace: String,
    /// This machine, or a cluster.
    pub(crate) home: HomeKind,
    /// What is there; other calls answer 501.
    pub(crate) features: Features,
    pub(crate) expires: Millis,
}

/// Where the experiments run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum HomeKind {
    Home,
    Cluster,
}

/// What this server can do.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Features {
    pub(crate) pause: bool,
    pub(crate) enqueue: bool,
    pub(crate) logs: bool,
}

/// Opens a session.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TokenRequest {
    /// A token, or a whole link with one in it.
    pub(crate) token: String,
}

/// Asks for a link to hand on.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct LinkRequest {
    pub(crate) read_only: bool,
    /// Bound to these; null for all that the asking session has.
    pub(crate) namespaces: Option<Vec<String>>,
    /// Page to open, such as /experiments/default/quickstart.
    pub(crate) path: String,
    /// How long the session that it opens lasts, in seconds; null for a day.
    pub(crate) lifetime_seconds: Option<u32>,
}

/// A link that opens one session.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Link {
    pub(crate) id: String,
    pub(crate) url: String,
    /// Until when it can be opened.
    pub(crate) expires: Millis,
}

/// All sessions and unused links.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LinkList {
    pub(crate) items: Vec<LinkRow>,
}

/// A session, or a link that was not opened yet.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LinkRow {
    pub(crate) id: String,
    pub(crate) kind: LinkKind,
    pub(crate) read_only: bool,
    pub(crate) namespaces: Option<Vec<String>>,
    pub(crate) created: Millis,
    pub(crate) expires: Millis,
    /// It is the one that asks.
    pub(crate) current: bool,
}

/// Whether a link was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum LinkKind {
    Link,
    Session,
}

/// The namespaces that the session may see.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NamespaceList {
    pub(crate) items: Vec<String>,
}
