//! When to give a trial up: pure rules over curves.
//!
//! A [`Rule`] looks at the curve of a running trial and at those of all others, and answers
//! whether to stop it, and why. It keeps nothing between calls: to read one, begin with
//! `median.rs`; what all of them promise is in `laws.rs`.

mod asha;
pub mod curve;
mod extrapolation;
#[cfg(test)]
mod fixture;
mod hyperband;
#[cfg(test)]
mod laws;
mod median;
mod none;
mod patient;
mod percentile;
pub mod registry;
pub mod rule;
mod rungs;
pub mod service;
mod threshold;
mod wilcoxon;
mod wire;

pub use curve::{Curve, Standing};
pub use rule::{Bar, Rule};
pub use suggestion::Direction;
