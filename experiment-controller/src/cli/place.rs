//! Which home or cluster a verb talks to, and the client for it.

use std::path::PathBuf;

use clap::Args;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};

use super::failure::Failure;
use super::home;
use crate::roles::State;

/// Flags of every verb: where the experiments are.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Place {
    /// Folder of the home's state [default: ~/.qalam]
    #[arg(long, global = true, env = "QALAM_HOME", value_name = "DIR", help_heading = "Place")]
    pub(super) home: Option<PathBuf>,

    /// Namespace [default: that of the context, else default]
    #[arg(short, long, global = true, value_name = "NAME", help_heading = "Place")]
    pub(super) namespace: Option<String>,

    /// Talk to the cluster of this kubeconfig, in place of the home
    #[arg(long, global = true, value_name = "FILE", help_heading = "Place")]
    pub(super) kubeconfig: Option<PathBuf>,

    /// Talk to the cluster of this context, in place of the home
    #[arg(long, global = true, value_name = "NAME", help_heading = "Place")]
    pub(super) context: Option<String>,
}

/// A connection: what every verb works with.
#[derive(Clone)]
pub(super) struct Session {
    /// Speaks to the API.
    pub(super) client: Client,
    /// Where names are looked up.
    pub(super) namespace: String,
    /// The home; none when the session is with a cluster.
    pub(super) state: Option<State>,
}

impl Place {
    /// The home's folder, whether or not a server runs there.
    pub(super) fn state(&self) -> Result<State, Failure> {
        if let Some(home) = &self.home {
            return Ok(State::new(std::path::absolute(home)?));
        }
        match std::env::var_os("HOME").filter(|it| !it.is_empty()) {
            Some(home) => Ok(State::new(PathBuf::from(home).join(".qalam"))),
            None => Err(Failure::Refused(
                "neither QALAM_HOME nor HOME is set; say where the state is: --home DIR".into(),
            )),
        }
    }

    /// A session with the cluster that was named, else with the home, which is started if none
    /// is up.
    pub(super) async fn reach(&self) -> Result<Session, Failure> {
        if self.kubeconfig.is_some() || self.context.is_some() {
            return self.cluster().await;
        }
        let state = self.state()?;
        home::ensure(&state).await?;
        let (client, namespace) = home::client(&state).await?;
        let namespace = self.namespace.clone().unwrap_or(namespace);
        Ok(Session { client, namespace, state: Some(state) })
    }

    /// The cluster that was named, else the one that this process is in, if any.
    pub(super) async fn cluster_if_any(&self) -> Result<Option<(Client, String)>, Failure> {
        if self.kubeconfig.is_some() || self.context.is_some() {
            let session = self.cluster().await?;
            return Ok(Some((session.client, session.namespace)));
        }
        let Ok(config) = Config::incluster() else { return Ok(None) };
        let namespace = self.namespace.clone().unwrap_or(config.default_namespace.clone());
        Ok(Some((Client::try_from(config)?, namespace)))
    }

    async fn cluster(&self) -> Result<Session, Failure> {
        let read = match &self.kubeconfig {
            Some(path) => Kubeconfig::read_from(path),
            None => Kubeconfig::read(),
        };
        let refuse = |error: kube::config::KubeconfigError| {
            Failure::Refused(format!("the kubeconfig cannot be used: {error}"))
        };
        let options =
            KubeConfigOptions { context: self.context.clone(), ..KubeConfigOptions::default() };
        let read = read.map_err(refuse)?;
        let config = Config::from_custom_kubeconfig(read, &options).await.map_err(refuse)?;
        let namespace = self.namespace.clone().unwrap_or(config.default_namespace.clone());
        Ok(Session { client: Client::try_from(config)?, namespace, state: None })
    }
}

impl Session {
    /// Objects of one kind in the session's namespace.
    pub(super) fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<Scope = kube::core::NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }
}
