//! The home: API, node, controllers and observation store in one process.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum_server::tls_rustls::RustlsConfig;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::{Api, Client};
use metrics_collector::service::Resolver;
use metrics_collector::{SqliteStore, Store};
use platform::cluster::api::auth::require_token;
use platform::cluster::{self, Cluster, node};
use proto::kinds::{TRIAL_LABEL, Trial};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::idle::{Activity, idle};
use super::state::{Lock, Server, State};
use super::{config, kubeconfig, listen, signals, tls};
use crate::admission::Door;
use crate::controllers::{self, Settings};

/// Where DBManager is looked for by Katib's clients.
const DATABASE: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 6789);
/// Looks at the lock before it counts as taken: a client may hold it for the wink of a question.
const LOCK_TRIES: u32 = 10;
/// Pause between two looks at the lock.
const LOCK_EVERY: Duration = Duration::from_millis(20);
/// How long what still runs may take to end in good order.
const END_MAX: Duration = Duration::from_secs(5);

/// What a home is started with.
#[derive(Clone, Debug)]
pub struct Home {
    /// Its folder.
    pub state: State,
    /// Where the API should listen.
    pub address: SocketAddr,
    /// Whether the controllers of experiments run here; a bare cluster has none.
    pub controllers: bool,
    /// Leave after this time with nothing to do; never without it.
    pub idle_exit: Option<Duration>,
}

/// Why a home did not start, or ended.
#[derive(Debug, Error)]
pub enum UpError {
    /// Another server of this home is up: use that one.
    #[error("a server of this home is up already: {0}")]
    Taken(String),
    /// It could not do its work; the text says what to look at.
    #[error("{0:#}")]
    Broken(#[from] anyhow::Error),
}

/// Runs the home until a signal ends it, or until it is idle for long enough; `ready` is called
/// once it answers. Running pods go on when it ends, and the next start takes them up.
pub async fn up(home: &Home, ready: impl FnOnce(&State, &Server)) -> Result<(), UpError> {
    let end = signals::end_wanted().context("signals cannot be handled")?;
    let state = &home.state;
    let root = state.root().display();
    state.create().with_context(|| format!("the folder {root} cannot be made"))?;
    let Some(_lock) =
        take(state).await.with_context(|| format!("the lock in {root} cannot be taken"))?
    else {
        let who = state.server().map(|it| format!("process {}, https://{}", it.pid, it.address));
        return Err(UpError::Taken(who.unwrap_or_else(|| "it is starting".into())));
    };
    Ok(serve(home, end, ready).await?)
}

async fn take(state: &State) -> io::Result<Option<Lock>> {
    for _ in 1..LOCK_TRIES {
        if let Some(lock) = state.lock()? {
            return Ok(Some(lock));
        }
        tokio::time::sleep(LOCK_EVERY).await;
    }
    state.lock()
}

/// Everything that the holder of the lock does.
async fn serve(
    home: &Home,
    end: impl Future<Output = ()>,
    ready: impl FnOnce(&State, &Server),
) -> anyhow::Result<()> {
    let state = &home.state;
    let store: Arc<dyn Store> = Arc::new(open(&state.observations()).await?);
    let mut options = cluster::Options::at(state.root());
    options.admission.push(Arc::new(Door));
    let cluster = Cluster::open(options).await?;
    let (stop, stopped) = watch::channel(false);

    let (listener, database) = listeners(home).await?;
    let server = Server {
        pid: i32::try_from(std::process::id()).context("the process id is no pid")?,
        address: listener.local_addr()?.to_string(),
        database: database.local_addr()?.to_string(),
        version: env!("CARGO_PKG_VERSION").into(),
        started: Timestamp::now(),
    };
    let token = kubeconfig::token(&state.kubeconfig());
    let identity = tls::identity(&state.tls())?;
    kubeconfig::write(&state.kubeconfig(), &server.address, &identity.authority, &token)?;

    let activity = Activity::new();
    let router = activity.noted(require_token(cluster.router(), token));
    let config = RustlsConfig::from_config(identity.config);
    let api = axum_server::from_tcp_rustls(listener.into_std()?, config)?;
    let api = tokio::spawn(api.serve(router.into_make_service()));
    let manager = spawn_database(&cluster, &store, database, &stopped);
    let node = start_node(&cluster, state)?;
    let mut basic = cluster::controllers::start(cluster.client());
    let settings = settings(&store, &server);
    let (client, ours, stopped) = (cluster.client(), home.controllers, until(stopped));
    let mut controllers = tokio::spawn(async move {
        if ours {
            return controllers::run(client, settings, stopped).await;
        }
        stopped.await;
        Ok(())
    });
    state.write_server(&server)?;
    ready(state, &server);

    let ended: anyhow::Result<()> = tokio::select! {
        () = end => Ok(()),
        () = idle(cluster.client(), activity, home.idle_exit) => {
            tracing::info!("nothing to do any more");
            Ok(())
        }
        _ = basic.join_next() => Err(anyhow::anyhow!("the controllers of jobs ended by themselves")),
        early = &mut controllers => match early {
            Ok(Ok(())) => Err(anyhow::anyhow!("the controllers ended by themselves")),
            Ok(Err(error)) => Err(error.into()),
            Err(panic) => Err(panic.into()),
        },
    };
    // Clients first see that nobody is there; then what writes ends, and last what it writes to.
    state.forget_server();
    api.abort();
    // Receivers that are gone already have ended.
    let _ = stop.send(true);
    if ended.is_ok() && tokio::time::timeout(END_MAX, controllers).await.is_err() {
        tracing::warn!("the controllers did not end in time");
    }
    manager.abort();
    drop((basic, node));
    cluster.close().await;
    ended
}

async fn open(path: &Path) -> anyhow::Result<SqliteStore> {
    SqliteStore::open(path).await.with_context(|| {
        format!("{}: restore a backup, or move the file away to start without it", path.display())
    })
}

/// What the controllers of a home need.
fn settings(store: &Arc<dyn Store>, server: &Server) -> Settings {
    let database = Some(server.database.clone());
    Settings { database, ..Settings::new(Arc::clone(store)) }
}

/// Where this home listened before, if that is free, so that clients outlive a restart.
async fn listeners(home: &Home) -> anyhow::Result<(TcpListener, TcpListener)> {
    let before = home.state.server();
    let wanted = |old: Option<&String>, usual: SocketAddr| -> Vec<SocketAddr> {
        let old = old.and_then(|it| it.parse().ok());
        old.filter(|_| usual.port() != 0).into_iter().chain([usual]).collect()
    };
    let api = wanted(before.as_ref().map(|it| &it.address), home.address);
    let database = wanted(before.as_ref().map(|it| &it.database), DATABASE);
    Ok((
        listen::at_or_near(&api).await.context("the API cannot listen")?,
        listen::at_or_near(&database).await.context("DBManager cannot listen")?,
    ))
}

fn start_node(cluster: &Cluster, state: &State) -> anyhow::Result<node::NodeHandle> {
    let binary = std::env::current_exe().context("the path of this program is not known")?;
    let shim = vec![binary.into_os_string(), "shim".into()];
    let images = config::read(&state.config())?.images;
    let options = node::Options { images, ..node::Options::new(state.root(), shim) };
    Ok(node::start(cluster.client(), options))
}

fn spawn_database(
    cluster: &Cluster,
    store: &Arc<dyn Store>,
    listener: TcpListener,
    stopped: &watch::Receiver<bool>,
) -> JoinHandle<()> {
    let (store, client, stopped) = (Arc::clone(store), cluster.client(), until(stopped.clone()));
    tokio::spawn(async move {
        let served =
            metrics_collector::service::serve(listener, store, resolver(client), stopped).await;
        if let Err(error) = served {
            tracing::error!("DBManager ended: {error}");
        }
    })
}

/// Finds a trial's namespace: that of the one trial of this name, or of its pod.
fn resolver(client: Client) -> Resolver {
    Arc::new(move |trial| {
        let client = client.clone();
        Box::pin(async move {
            let by_name = ListParams::default().fields(&format!("metadata.name={trial}"));
            let trials = Api::<Trial>::all(client.clone()).list(&by_name).await.ok()?.items;
            let found = trials.into_iter().find_map(|it| it.metadata.namespace);
            if found.is_some() {
                return found;
            }
            let by_label = ListParams::default().labels(&format!("{TRIAL_LABEL}={trial}"));
            let pods = Api::<Pod>::all(client).list(&by_label).await.ok()?.items;
            pods.into_iter().find_map(|it| it.metadata.namespace)
        })
    })
}

/// Resolves once the channel says so, or is gone.
async fn until(mut stopped: watch::Receiver<bool>) {
    // A sender that is gone means the end as well.
    let _ = stopped.wait_for(|it| *it).await;
}
