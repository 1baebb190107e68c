//! When to give a trial up: pure rules over curves.
//!
//! A [`Rule`] looks at the curves of finished and running trials and answers which running ones
//! to stop, and why. It keeps nothing between calls.

pub mod curve;
#[cfg(test)]
mod laws;
pub mod median;
pub mod registry;
pub mod rule;
mod settings;

pub use curve::Curve;
pub use rule::{Rule, Stop};
pub use suggestion::Direction;
