//! Where randomness comes from: a seed for the experiment, and from it one for each suggestion.

/// Seed of an experiment; shown to its owner, and settable as `random_state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed(pub u64);
