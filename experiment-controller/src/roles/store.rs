//! The observation store as a server of its own: DBManager over SQLite, PostgreSQL or MySQL.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;

use super::signals;

/// Arguments of `qalam store`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  qalam store --listen 127.0.0.1:6789 --database observations.db
  qalam store --database postgres://qalam@db.example/observations")]
pub struct StoreArgs {
    /// Where it listens
    #[arg(long, default_value = "127.0.0.1:6789")]
    listen: SocketAddr,

    /// Where the reports are kept: a SQLite file, which is made if it is not there, or the URL of a
    /// database on a server (postgres://, mysql:// or mariadb://)
    #[arg(long, value_name = "FILE|URL", default_value = "observations.db")]
    database: String,
}

/// Serves until it is asked to end.
pub async fn store(args: &StoreArgs) -> anyhow::Result<()> {
    let end = signals::end_wanted()?;
    let store = metrics_collector::store::open(&args.database).await?;
    let listener = tokio::net::TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("cannot listen on {}", args.listen))?;
    tracing::info!("DBManager listens on {}", listener.local_addr()?);
    // Nobody here knows trials: every report belongs to the default namespace.
    let resolver: metrics_collector::service::Resolver =
        Arc::new(|_| Box::pin(std::future::ready(None)));
    metrics_collector::service::serve(listener, store, resolver, end).await?;
    Ok(())
}
