//! The trial controller: makes a trial's workload, watches it, and says how it ended.

pub mod value;
