//! Why no suggestion was made, named by the reader's next move.

use proto::FieldError;

/// Why no suggestion was made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SuggestError {
    /// The owner must edit the manifest; the same call can never succeed.
    #[error("{}", joined(.0))]
    Invalid(Vec<FieldError>),
}

impl From<Vec<FieldError>> for SuggestError {
    fn from(faults: Vec<FieldError>) -> SuggestError {
        SuggestError::Invalid(faults)
    }
}

/// All faults in one line.
fn joined(faults: &[FieldError]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_faults_are_told() {
        let faults = vec![FieldError::new("a", "is bad"), FieldError::new("b.c", "is worse")];
        assert_eq!(SuggestError::from(faults).to_string(), "a: is bad; b.c: is worse");
    }
}
