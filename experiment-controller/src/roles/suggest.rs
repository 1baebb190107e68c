//! The search algorithms as a server of their own: stateless, one history a call.

use std::net::SocketAddr;

use anyhow::Context;
use clap::Args;

use super::signals;

/// Arguments of `qalam suggest`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  qalam suggest --listen 127.0.0.1:6789")]
pub struct SuggestArgs {
    /// Where it listens
    #[arg(long, default_value = "127.0.0.1:6789")]
    listen: SocketAddr,
}

/// Serves until it is asked to end.
pub async fn suggest(args: &SuggestArgs) -> anyhow::Result<()> {
    let end = signals::end_wanted()?;
    let listener = tokio::net::TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("cannot listen on {}", args.listen))?;
    tracing::info!("Suggestion listens on {}", listener.local_addr()?);
    suggestion::service::serve(listener, end).await?;
    Ok(())
}
