//! A fault in a manifest: where it is, and what to do about it.

use std::fmt;

/// A fault in a manifest. Shown as `spec.parameters[2].feasibleSpace.min: needs a number, got "x"`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldError {
    /// Path of the field from the object's root, such as `spec.parameters[2].name`.
    pub path: String,
    /// What is wrong, with the value, and the way out.
    pub message: String,
}

impl FieldError {
    /// A fault at `path`.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> FieldError {
        FieldError { path: path.into(), message: message.into() }
    }

    /// The same fault seen from further out: `under("spec")` turns `objective` into
    /// `spec.objective`.
    #[must_use]
    pub fn under(mut self, parent: &str) -> FieldError {
        let joint = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{parent}{joint}{}", self.path);
        self
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.path, self.message)
    }
}

impl std::error::Error for FieldError {}
