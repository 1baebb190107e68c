//! The door for objects: what a kind's owner wants checked and filled in before it is stored.

use proto::FieldError;
use serde_json::Value;

/// An object that asks to be stored.
pub struct Review<'a> {
    /// The object; defaults may be written into it.
    pub object: &'a mut Value,
    /// What is stored under that name now; none when it is created.
    pub old: Option<&'a Value>,
    /// Reads another object: `lookup("configmaps", namespace, name)`.
    pub lookup: &'a dyn Fn(&str, &str, &str) -> Option<Value>,
}

/// What the door says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Faults; any of them refuses the object (422, all of them in one answer).
    pub errors: Vec<FieldError>,
    /// Remarks; sent as Warning headers.
    pub warnings: Vec<String>,
}

/// Checks and completes objects of some kinds. Pure: it reads only what it is given.
pub trait Admission: Send + Sync + 'static {
    /// Whether this door is for that kind.
    fn applies(&self, group: &str, kind: &str) -> bool;

    /// Completes the object and lists what is wrong with it.
    fn review(&self, review: Review<'_>) -> Outcome;
}
