//! What a trial runs as, and where.
//!
//! ```text
//! workload              the kinds a trial may be: where their pods are, how they say that they ended
//! cluster               the single-machine home
//!   store               objects: one order of versions, one writer, memory for readers
//!   api                 the Kubernetes API over it, one verb or concern a file
//!   admission           the doors that objects pass before they are stored
//!   controllers         what a bare cluster does: jobs, garbage
//!   node                pods as processes, each under a shim that outlives the server
//! ```

pub mod cluster;
pub mod workload;
