//! The controllers against any cluster: they take the API as they find it.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, ResourceExt};

use super::signals;
use crate::controllers::{self, Settings};

/// Who applies the definitions.
const MANAGER: &str = "qalam";

/// Arguments of `qalam controller`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  qalam controller --kubeconfig ~/.kube/config
  qalam controller --context kind-kind --install-crds
  qalam controller --database postgres://qalam@db.example/observations")]
pub struct ControllerArgs {
    /// Apply the custom resource definitions that are missing
    #[arg(long)]
    install_crds: bool,

    /// Where the reports are kept: a SQLite file, which is made if it is not there, or the URL of a
    /// database on a server (postgres://, mysql:// or mariadb://)
    #[arg(long, value_name = "FILE|URL", default_value = "observations.db")]
    database: String,

    /// A KatibConfig file; it names external search services
    #[arg(long, value_name = "FILE")]
    katib_config: Option<PathBuf>,
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
    let mut settings = Settings::new(store);
    settings.katib_config.clone_from(&args.katib_config);
    tracing::info!("the controllers run");
    Ok(controllers::run(client.clone(), settings, end).await?)
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
