//! The collector beside a trial: prints a metrics file's lines as they grow.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `qalam collect`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  qalam collect --path /var/log/katib/metrics.log")]
pub struct CollectArgs {
    /// The file that the training writes; it may not exist yet
    #[arg(long)]
    path: PathBuf,
}

/// Prints lines until SIGTERM, then what is left of the file.
pub fn collect(args: &CollectArgs) -> anyhow::Result<()> {
    let path = args.path.display();
    metrics_collector::collect::collect(&args.path)
        .map_err(|error| anyhow::anyhow!("{path} cannot be followed: {error}"))
}
