//! The in-pod collector: small, links no Kubernetes client; prints a file's lines to its log.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

/// Prints the lines of a metrics file as they grow; on SIGTERM reads it to the end and leaves.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The file that the training writes; it may not exist yet.
    #[arg(long)]
    path: PathBuf,
}

fn main() -> ExitCode {
    let Arguments { path } = Arguments::parse();
    match metrics_collector::collect::collect(&path) {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("metrics-collector: {}: {err}", path.display());
            ExitCode::FAILURE
        }
    }
}
