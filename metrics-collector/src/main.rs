//! The in-pod collector: small, links no Kubernetes client; prints what is measured to its log.

use std::process::ExitCode;

use clap::Parser;
use metrics_collector::collect::{Arguments, collect};

/// Prints what is measured beside a program, so that the pod's log carries it.
#[derive(Parser)]
#[command(version)]
struct Program {
    #[command(flatten)]
    arguments: Arguments,
}

fn main() -> ExitCode {
    match collect(&Program::parse().arguments.what()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("metrics-collector: {err}");
            ExitCode::FAILURE
        }
    }
}
