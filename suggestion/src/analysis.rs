//! Measures of a search: what is best, what is worth keeping, how good it is as a whole.
//!
//! Pure functions over losses, where smaller is better. Algorithms and the dashboard share them.

pub mod best;
pub mod correlation;
pub mod hypervolume;
pub mod importance;
pub mod pareto;
pub mod sample;

#[cfg(test)]
pub(crate) mod points;
