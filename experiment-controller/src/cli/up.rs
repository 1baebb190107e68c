//! `qalam up`: the home in the foreground.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;

use super::failure::Failure;
use super::place::Place;
use super::{out, span};
use crate::roles::{Home, up};

/// Arguments of `qalam up`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  qalam up
  qalam up --no-ui
  export KUBECONFIG=~/.qalam/kubeconfig; kubectl get experiments")]
pub(super) struct Up {
    /// Where the API listens; another free port is taken if this one is not free
    #[arg(long, default_value = "127.0.0.1:7460")]
    address: SocketAddr,

    /// Leave after this time without requests and with nothing unfinished, such as 10m
    /// [default: 10m when started by another command, else never]
    #[arg(long, value_name = "SPAN", value_parser = span::parse)]
    idle_exit: Option<Duration>,

    /// Started by another command: in a session of its own, leaves when idle
    #[arg(long, hide = true)]
    pub(super) detached: bool,

    /// Where the dashboard listens; another free port is taken if this one is not free
    #[arg(long, value_name = "ADDRESS", default_value = DASHBOARD)]
    ui_listen: SocketAddr,

    /// A name under which the dashboard is reached, through a tunnel or a proxy; may be repeated
    #[arg(long, value_name = "NAME")]
    ui_host: Vec<String>,

    /// Have no dashboard
    #[arg(long)]
    no_ui: bool,

    /// Leave experiments to controllers that run elsewhere (`qalam controller`)
    #[arg(long, hide = true)]
    no_controllers: bool,
}

/// Where the dashboard listens.
const DASHBOARD: &str = "127.0.0.1:7461";

/// How long a detached home stays with nothing to do.
const IDLE_EXIT: Duration = Duration::from_secs(600);

/// Runs the home until a signal ends it, or until it is idle for long enough.
pub(super) async fn run(place: &Place, args: &Up) -> Result<(), Failure> {
    for (flag, address) in [("--address", args.address), ("--ui-listen", args.ui_listen)] {
        if !address.ip().is_loopback() {
            return Err(Failure::Refused(format!(
                "{flag} {address}: the home listens on loopback only, such as 127.0.0.1:{}; any \
                 other address would need TLS and authentication",
                address.port(),
            )));
        }
    }
    let home = Home {
        state: place.state()?,
        address: args.address,
        controllers: !args.no_controllers,
        idle_exit: args.idle_exit.or(args.detached.then_some(IDLE_EXIT)),
        dashboard: (!args.no_ui).then_some(args.ui_listen),
        dashboard_hosts: args.ui_host.clone(),
    };
    let detached = args.detached;
    let ended = up(&home, |state, server, ui| {
        // A link in the log would be one for everybody who may read it.
        let link = ui.filter(|_| !detached).map(|it| format!("  dashboard   {}\n", it.link("/")));
        // A reader that went away is no reason to end the home.
        let _ = out::say(&format!(
            "home {} is up\n  api         https://{}\n  metrics     {} (DBManager)\n{}  kubeconfig  \
             {path}\n\n  export KUBECONFIG={path}",
            state.root().display(),
            server.address,
            server.database,
            link.unwrap_or_default(),
            path = state.kubeconfig().display(),
        ));
    });
    match ended.await {
        Err(crate::roles::UpError::Taken(_)) if detached => Ok(()),
        other => other.map_err(|error| Failure::Failed(error.to_string())),
    }
}
