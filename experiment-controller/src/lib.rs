//! The one crate that knows everyone: controllers, admission, the command line, and the roles
//! that the `qalam` binary plays.
//!
//! ```text
//! cli, roles            verbs that people type · what the binary runs as
//! admission, template   is this manifest good · a manifest from assignments
//! controllers           what the three below share: watches, queues, caches, events
//!   experiment          budget and verdict      suggestion   what to try
//!   trial               workload and metrics    metrics      follows what pods print
//! index, names          every trial, counted · how trials are called
//! ui                    the dashboard: JSON, live stream, pages
//! ```
//! In each controller folder: `observe` looks, `plan` decides, `apply` does, `status` tells,
//! `verdict` says why it ended. Begin with `experiment/plan.rs`.

pub mod admission;
pub mod cli;
pub mod controllers;
pub mod experiment;
pub mod index;
pub mod metrics;
pub mod names;
pub mod roles;
pub mod stopping;
pub mod suggestion;
pub mod template;
pub mod trial;
pub mod ui;
