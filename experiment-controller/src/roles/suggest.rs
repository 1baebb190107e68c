//! The search algorithms as a server of their own: stateless, one history a call.

use std::net::SocketAddr;

use anyhow::Context;
use clap::Args;

use super::signals;

/// Arguments of `qalam suggest`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  qalam suggest --listen 127.0.0.1:6790
  qalam suggest --listen 127.0.0.1:6790 --alias my-search=tpe")]
pub struct SuggestArgs {
    /// Where it listens
    #[arg(long, default_value = "127.0.0.1:6789")]
    listen: SocketAddr,

    /// Answer to another name, too: what requests call it, and the algorithm that is meant
    #[arg(long, value_name = "NAME=ALGORITHM", value_parser = alias)]
    alias: Vec<(String, String)>,
}

fn alias(text: &str) -> Result<(String, String), String> {
    let Some((name, algorithm)) = text.split_once('=').filter(|(name, _)| !name.is_empty()) else {
        return Err(format!("needs NAME=ALGORITHM, such as my-search=tpe, got \"{text}\""));
    };
    match ::suggestion::registry::find(algorithm).is_some() {
        true => Ok((name.to_owned(), algorithm.to_owned())),
        false => Err(format!("\"{algorithm}\" is no algorithm; `qalam algorithms` lists them")),
    }
}

/// Serves until it is asked to end.
pub async fn suggest(args: &SuggestArgs) -> anyhow::Result<()> {
    let end = signals::end_wanted()?;
    let listener = tokio::net::TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("cannot listen on {}", args.listen))?;
    tracing::info!("Suggestion listens on {}", listener.local_addr()?);
    suggestion::service::serve(listener, args.alias.iter().cloned().collect(), end).await?;
    Ok(())
}
