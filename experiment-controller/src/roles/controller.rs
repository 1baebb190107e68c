//! The controllers against any cluster: they take the API as they find it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, ResourceExt};
use metrics_collector::Store;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::signals;
use crate::controllers::{self, Settings};
use crate::ui::{self, Heard, Hearing, Ui};

/// Who applies the definitions.
const MANAGER: &str = "qalam";

/// Arguments of `qalam controller`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  qalam controller --kubeconfig ~/.kube/config
  qalam controller --context kind-kind --install-crds
  qalam controller --database postgres://qalam@db.example/observations
  qalam controller --ui-listen 127.0.0.1:7461")]
pub struct ControllerArgs {
    /// Apply the custom resource definitions that are missing
    #[arg(long)]
    install_crds: bool,

    /// Where the reports are kept: a SQLite file, which is made if it is not there, or the URL of a
    /// database on a server (postgres://, mysql:// or mariadb://)
    #[arg(long, value_name = "FILE|URL", default_value = "observations.db")]
    database: String,

    /// The DBManager that external early-stopping servers are to read reports from
    #[arg(long, value_name = "HOST:PORT")]
    db_manager: Option<String>,

    /// A KatibConfig file; it names external search services
    #[arg(long, value_name = "FILE")]
    katib_config: Option<PathBuf>,

    /// Serve the dashboard here, on loopback (reach it with kubectl port-forward)
    #[arg(long, value_name = "ADDRESS")]
    ui_listen: Option<SocketAddr>,

    /// A name under which the dashboard is reached; may be repeated
    #[arg(long, value_name = "NAME", requires = "ui_listen")]
    ui_host: Vec<String>,
}

/// Runs the controllers until the process is asked to end.
pub async fn controller(client: &Client, args: &ControllerArgs) -> anyhow::Result<()> {
    let end = signals::end_wanted()?;
    let missing = missing(client).await?;
    if args.install_crds {
        install(client, &missing).await?;
    } else if !missing.is_empty() {
        let names: Vec<String> = missing.iter().map(ResourceExt::name_any).collect();
        anyhow::bail!(
            "the cluster lacks the definitions {}; --install-crds applies them",
            names.join(", ")
        );
    }
    let store = metrics_collector::store::open(&args.database).await?;
    let (store, hearing) = Heard::new(store);
    let _dashboard = dashboard(client, args, store.clone(), hearing).await?;
    let mut settings = Settings::new(store);
    settings.katib_config.clone_from(&args.katib_config);
    settings.database.clone_from(&args.db_manager);
    tracing::info!("the controllers run");
    Ok(controllers::run(client.clone(), settings, end).await?)
}

/// Serves the dashboard for as long as what is answered lives; nothing where none is asked for.
async fn dashboard(
    client: &Client,
    args: &ControllerArgs,
    store: Arc<dyn Store>,
    hearing: Hearing,
) -> anyhow::Result<Option<JoinSet<()>>> {
    let Some(address) = args.ui_listen else { return Ok(None) };
    anyhow::ensure!(
        address.ip().is_loopback(),
        "--ui-listen {address}: the dashboard listens on loopback only, such as 127.0.0.1:7461"
    );
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| format!("--ui-listen {address}"))?;
    let ui = Ui::new(ui::Options {
        client: client.clone(),
        store: Some(store),
        hearing: Some(hearing),
        home: false,
        namespace: client.default_namespace().to_owned(),
        hosts: args.ui_host.clone(),
        bearer: None,
        touched: Box::new(|| {}),
    });
    ui.listens(listener.local_addr()?);
    tracing::info!("the dashboard is at {}", ui.link("/"));
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        if let Err(error) = ui.serve(listener).await {
            tracing::error!("the dashboard ended: {error}");
        }
    });
    Ok(Some(serving))
}

/// Definitions that the cluster does not have.
async fn missing(client: &Client) -> anyhow::Result<Vec<CustomResourceDefinition>> {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    let mut missing = Vec::new();
    for definition in proto::kinds::definitions() {
        let found = api.get_opt(&definition.name_any()).await;
        if found.context("the cluster does not tell its definitions")?.is_none() {
            missing.push(definition);
        }
    }
    Ok(missing)
}

async fn install(client: &Client, missing: &[CustomResourceDefinition]) -> anyhow::Result<()> {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    for definition in missing {
        let name = definition.name_any();
        let apply = PatchParams::apply(MANAGER);
        api.patch(&name, &apply, &Patch::Apply(definition))
            .await
            .with_context(|| format!("the definition {name} cannot be applied"))?;
        tracing::info!("applied the definition {name}");
    }
    Ok(())
}
