//! The question that a search algorithm answers: space, objectives, algorithm, seed.

use proto::FieldError;
use proto::kinds::ExperimentSpec;

use crate::seed::Seed;

/// What is searched for, and how.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Where all randomness comes from.
    pub seed: Seed,
}

impl Problem {
    /// Parses a manifest's spec; answers every fault at once, with paths below `spec`.
    pub fn parse(_spec: &ExperimentSpec, seed: Seed) -> Result<Problem, Vec<FieldError>> {
        Ok(Problem { seed })
    }

    /// Every fault of `spec` that search knows of, for admission; empty when it can be searched.
    pub fn check(spec: &ExperimentSpec) -> Vec<FieldError> {
        Problem::parse(spec, Seed(0)).err().unwrap_or_default()
    }
}
