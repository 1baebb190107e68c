//! `qalam status`: whether the home is up, where, and what it works on.

use clap::Args;
use kube::api::ListParams;
use proto::kinds::Experiment;
use serde_json::json;

use super::failure::Failure;
use super::place::{Place, Session};
use super::{get, home, out, ui};

/// Arguments of `qalam status`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  qalam status
  QALAM_HOME=/data/qalam qalam status")]
pub(super) struct Status {}

/// Tells it; starts nothing.
pub(super) async fn run(place: &Place) -> Result<(), Failure> {
    let state = place.state()?;
    let root = state.root().display();
    let Some(server) = state.server().filter(|_| state.is_locked()) else {
        return out::say(&format!("home {root}: not running"));
    };
    let answers = home::answers(&state).await;
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let mut rows = vec![
        row("home", root.to_string()),
        row("server", format!("process {}, version {}", server.pid, server.version)),
        row("since", server.started.to_string()),
        row("api", format!("https://{}", server.address)),
        row("metrics", format!("{} (DBManager)", server.database)),
        row("kubeconfig", state.kubeconfig().display().to_string()),
    ];
    if answers && let Some(link) = ui::link(&state, &json!({})).await? {
        rows.insert(4, row("dashboard", link));
    }
    out::say(&out::table(&[], rows))?;
    if !answers {
        let log = state.log();
        return Err(Failure::Failed(format!("it does not answer; see {}", log.display())));
    }
    let (client, namespace) = home::client(&state).await?;
    let namespace = place.namespace.clone().unwrap_or(namespace);
    let session = Session { client, namespace, state: Some(state) };
    let list = session.api::<Experiment>().list(&ListParams::default()).await?.items;
    match list.is_empty() {
        true => out::say(&format!("no experiments in namespace {}", session.namespace)),
        false => out::say(&format!("\n{}", get::experiments(&list, false))),
    }
}
