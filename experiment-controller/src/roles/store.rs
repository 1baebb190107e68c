//! The observation store as a server of its own: DBManager over SQLite.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use metrics_collector::SqliteStore;

use super::signals;

/// Arguments of `qalam store`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  qalam store --listen 127.0.0.1:6789 --database observations.db")]
pub struct StoreArgs {
    /// Where it listens
    #[arg(long, default_value = "127.0.0.1:6789")]
    listen: SocketAddr,

    /// The file that holds the reports; it is made if it is not there
    #[arg(long, value_name = "FILE", default_value = "observations.db")]
    database: PathBuf,
}

/// Serves until it is asked to end.
pub async fn store(args: &StoreArgs) -> anyhow::Result<()> {
    let end = signals::end_wanted()?;
    let store = SqliteStore::open(&args.database).await?;
    let listener = tokio::net::TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("cannot listen on {}", args.listen))?;
    tracing::info!("DBManager listens on {}", listener.local_addr()?);
    // Nobody here knows trials: every report belongs to the default namespace.
    let resolver: metrics_collector::service::Resolver =
        Arc::new(|_| Box::pin(std::future::ready(None)));
    metrics_collector::service::serve(listener, Arc::new(store), resolver, end).await?;
    Ok(())
}
