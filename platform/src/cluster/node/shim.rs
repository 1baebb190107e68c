//! `qalam shim <pod-folder>`: runs one pod and outlives the server that asked for it.

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the pod whose folder is the only argument. Call it before any thread exists.
pub fn main(_args: impl IntoIterator<Item = OsString>) -> ExitCode {
    ExitCode::FAILURE
}
