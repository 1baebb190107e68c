//! What a trial measured: reading metrics out of what programs print, and keeping them.
//!
//! Bytes become lines in `follow`, lines become reports in `parse` (one file a format), reports
//! are kept in `store` (one trait; its laws hold for each store). `seen` explains to an owner why a
//! metric is missing. `collect` is the collector that runs in a pod; it reads files, TensorBoard's
//! event files (`events`) and endpoints in Prometheus' format (`prometheus`). `service` serves
//! Katib's DBManager over a store, and `remote` is its client.

pub mod collect;
pub mod events;
pub mod follow;
pub mod parse;
pub mod prometheus;
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
