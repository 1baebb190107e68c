//! `qalam ui`: a link to the dashboard, or a dashboard in front of a cluster.

use std::net::SocketAddr;
use std::process::{Command, Stdio};

use clap::Args;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::failure::Failure;
use super::out;
use super::place::{Place, Session};
use crate::roles::State;
use crate::ui::{self, Ui as Dashboard};

/// Arguments of `qalam ui`.
#[derive(Args, Debug)]
#[command(after_help = "The link opens once, and then a cookie keeps the browser in for a day.

Examples:
  qalam ui                            prints a link
  qalam ui quickstart --open          opens the page of an experiment
  qalam ui --read-only --only team-a  a link to hand on, for one namespace
  qalam ui --context kind-kind        serves the same pages for a cluster until Ctrl-C")]
pub(super) struct Ui {
    /// Show this experiment first
    experiment: Option<String>,

    /// Open it in the browser
    #[arg(long)]
    open: bool,

    /// A link that changes nothing
    #[arg(long)]
    read_only: bool,

    /// A link that sees this namespace only; may be repeated
    #[arg(long, value_name = "NAMESPACE")]
    only: Vec<String>,

    /// Where the dashboard of a cluster listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7461")]
    listen: SocketAddr,
}

/// Prints or opens a link.
pub(super) async fn run(place: &Place, args: &Ui) -> Result<(), Failure> {
    let session = place.reach().await?;
    let path = match &args.experiment {
        Some(name) => page(&session.namespace, name),
        None => "/".to_owned(),
    };
    let Some(state) = session.state.clone() else {
        return serve(&session, args, &path).await;
    };
    let namespaces = (!args.only.is_empty()).then_some(&args.only);
    let wanted = json!({"readOnly": args.read_only, "namespaces": namespaces, "path": path});
    let link = match link(&state, &wanted).await? {
        Some(link) => link,
        None => {
            return Err(Failure::Failed(
                "the home was started without a dashboard; `qalam down`, then this again, starts \
                 it with one"
                    .into(),
            ));
        }
    };
    show(&link, args.open)
}

fn show(link: &str, open: bool) -> Result<(), Failure> {
    if open {
        let opened = Command::new("xdg-open")
            .arg(link)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        if opened.is_ok() {
            return Ok(());
        }
        eprintln!("qalam: no program opens links here (xdg-open); open it yourself:");
    }
    out::say(link)
}

/// The page of an experiment.
pub(super) fn page(namespace: &str, name: &str) -> String {
    format!("/experiments/{namespace}/{name}")
}

/// A link to a page of the running home's dashboard; none where it has none.
pub(super) async fn link(state: &State, wanted: &Value) -> Result<Option<String>, Failure> {
    #[derive(Deserialize)]
    struct Answer {
        url: String,
    }
    let Some(address) = state.server().and_then(|it| it.dashboard) else { return Ok(None) };
    let unusable = |why: kube::config::KubeconfigError| {
        Failure::Failed(format!("{} cannot be used: {why}", state.kubeconfig().display()))
    };
    let config = Kubeconfig::read_from(state.kubeconfig()).map_err(unusable)?;
    let options = KubeConfigOptions::default();
    let mut config = Config::from_custom_kubeconfig(config, &options).await.map_err(unusable)?;
    // The same token, at another door.
    let uri = format!("http://{address}/");
    config.cluster_url = uri.parse().map_err(anyhow::Error::from)?;
    let request = http::Request::post("/api/v1/links")
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(wanted.to_string().into_bytes())
        .map_err(anyhow::Error::from)?;
    let answer: Answer = Client::try_from(config)?.request(request).await?;
    Ok(Some(answer.url))
}

/// A link for somebody who looks at a terminal; nothing where there is none to be had.
pub(super) async fn offered(session: &Session, path: &str) -> Option<String> {
    let state = session.state.as_ref()?;
    link(state, &json!({"path": path})).await.ok().flatten()
}

/// Serves the pages in front of a cluster.
async fn serve(session: &Session, args: &Ui, path: &str) -> Result<(), Failure> {
    let address = args.listen;
    if !address.ip().is_loopback() {
        return Err(Failure::Refused(format!(
            "--listen {address}: the dashboard listens on loopback only, such as 127.0.0.1:7461"
        )));
    }
    let listener = TcpListener::bind(address).await.map_err(|why| {
        Failure::Refused(format!("--listen {address}: {why}; say another address"))
    })?;
    let dashboard = Dashboard::new(ui::Options {
        client: session.client.clone(),
        store: None,
        hearing: None,
        home: false,
        namespace: session.namespace.clone(),
        hosts: Vec::new(),
        bearer: None,
        touched: Box::new(|| {}),
    });
    dashboard.listens(listener.local_addr()?);
    show(&dashboard.link(path), args.open)?;
    tokio::select! {
        served = dashboard.serve(listener) => Ok(served?),
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}
