//! The search algorithms and the early-stopping rules as a server of their own: stateless, one
//! history a call.

use std::net::SocketAddr;

use anyhow::Context;
use clap::Args;
use kube::{Api, Client};
use proto::kinds::Trial;
use tonic::Status;
use tonic::service::Routes;

use super::signals;
use crate::controllers::world::now;
use crate::controllers::{conditions, patch};

/// Arguments of `qalam suggest`.
#[derive(Args, Debug)]
#[command(
    after_help = "Suggestion and EarlyStopping are both served at the one address. SetTrialStatus, which Katib's
collectors call, needs a cluster: --kubeconfig, or a service account in it.

Examples:
  qalam suggest --listen 127.0.0.1:6790
  qalam suggest --listen 127.0.0.1:6790 --alias my-search=tpe"
)]
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

/// Serves until it is asked to end. `cluster` is where trials are told to be stopped early: a
/// client, and their namespace.
pub async fn suggest(args: &SuggestArgs, cluster: Option<(Client, String)>) -> anyhow::Result<()> {
    let end = signals::end_wanted()?;
    let listener = tokio::net::TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("cannot listen on {}", args.listen))?;
    tracing::info!("Suggestion and EarlyStopping listen on {}", listener.local_addr()?);
    let marker: earlystop::service::Marker = std::sync::Arc::new(move |trial| {
        let cluster = cluster.clone();
        Box::pin(async move {
            let Some((client, namespace)) = cluster else {
                let way_out = "no cluster is known here: start with --kubeconfig FILE";
                return Err(Status::failed_precondition(way_out));
            };
            mark(client, &namespace, &trial).await
        })
    });
    let others = Routes::new(earlystop::service::service(marker));
    let aliases = args.alias.iter().cloned().collect();
    suggestion::service::serve_with(listener, aliases, others, end).await?;
    Ok(())
}

/// Appends the condition EarlyStopped to a trial that has not ended, as Katib's service does.
async fn mark(client: Client, namespace: &str, name: &str) -> Result<(), Status> {
    let api: Api<Trial> = Api::namespaced(client, namespace);
    let failed = |why: kube::Error| match why {
        kube::Error::Api(why) if why.is_not_found() => Status::not_found(why.message.clone()),
        other => Status::unavailable(other.to_string()),
    };
    let trial = api.get(name).await.map_err(failed)?;
    let old = trial.status.unwrap_or_default();
    let mut new = old.clone();
    let (type_, reason) = ("EarlyStopped", "TrialEarlyStopped");
    let fact = conditions::Fact { type_, holds: true, reason, message: "Trial is early stopped" };
    conditions::set(&mut new.conditions, &fact, &now());
    patch::status(&api, name, trial.metadata.resource_version.as_deref(), &old, &new)
        .await
        .map(|_| ())
        .map_err(failed)
}
