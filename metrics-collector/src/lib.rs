//! What a trial measured: reading metrics out of what programs print, and keeping them.

pub mod report;
pub mod store;

pub use report::{Position, Report, Summary, TrialKey};
pub use store::{Query, Store, StoreError};
