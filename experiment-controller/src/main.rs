//! The `qalam` binary: parses the role, and runs it.

use std::process::ExitCode;

fn main() -> ExitCode {
    experiment_controller::cli::main(std::env::args_os())
}
