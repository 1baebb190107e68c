//! The collector beside a trial: prints what is measured as it comes.

use clap::Args;
use metrics_collector::collect::{Arguments, collect as print};

/// Arguments of `qalam collect`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  qalam collect --path /var/log/katib/metrics.log
  qalam collect --events /var/log/katib/tfevent --metric accuracy --metric train/loss
  qalam collect --endpoint http://127.0.0.1:8080/metrics --metric 'accuracy{set=\"validation\"}'")]
pub struct CollectArgs {
    #[command(flatten)]
    what: Arguments,
}

/// Prints until SIGTERM, then what is left.
pub fn collect(args: &CollectArgs) -> anyhow::Result<()> {
    print(&args.what.what()).map_err(|error| anyhow::anyhow!("cannot be collected: {error}"))
}
