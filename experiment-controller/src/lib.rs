//! The one crate that knows everyone: controllers, admission, the command line, and the roles
//! that the `qalam` binary plays.

pub mod admission;
pub mod cli;
pub mod controllers;
pub mod experiment;
pub mod index;
pub mod metrics;
pub mod names;
pub mod roles;
pub mod suggestion;
pub mod template;
pub mod trial;
