//! The verbs that people type: one a file, and beside them the pure parts they share.

mod assignments;
mod braces;
mod csv;
pub mod digits;
mod failure;
mod nearest;
mod objectives;
mod overrides;
mod param;
mod progress;
mod sketch;
mod span;
