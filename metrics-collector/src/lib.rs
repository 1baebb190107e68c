//! What a trial measured: reading metrics out of what programs print, and keeping them.

pub mod collect;
pub mod follow;
pub mod parse;
pub mod remote;
pub mod report;
pub mod seen;
pub mod service;
pub mod store;
mod wire;

pub use parse::Parser;
pub use report::{Position, Report, Summary, TrialKey};
pub use seen::Seen;
pub use store::{MemoryStore, Query, SqliteStore, Store, StoreError};
