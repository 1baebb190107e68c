//! What a trial runs as, and where: the single-machine cluster and the kinds of workload.

pub mod cluster;
pub mod workload;
