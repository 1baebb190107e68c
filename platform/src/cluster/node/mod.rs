//! The node of the home: runs pods as local processes, as a kubelet runs them as containers.
//!
//! ```text
//! roster    which pods are ours: one worker for each that is not at its end
//! worker    one pod: admit → plan → volumes → shim → status, again at every change
//!   admit   requests against the machine          plan     pod → what the shim runs
//!   volumes folders and files                     status   what the shim tells → PodStatus
//! shim      runs the pod, in a process of its own; outlives this one
//! halt      ends every pod, when no node runs
//! logs      what containers printed, for the API
//! proxy     addresses and names of services               claims   volumes that outlive pods
//! ```
//! The node speaks to the API through its client only, and with a shim through the files of the
//! pod's folder (`record`): so either side may be restarted, or be of another version.

pub mod admit;
mod claims;
mod events;
mod expand;
pub mod halt;
pub mod identity;
pub mod logs;
pub mod plan;
pub mod probe;
mod proxy;
pub mod record;
mod roster;
pub mod shim;
pub mod status;
pub mod survey;
mod venv;
pub mod volumes;
mod worker;

use admit::{Grant, Inventory};
use events::Recorder;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// The node's name in the API.
pub const NODE: &str = "home";

/// Variables that programs get from the environment of the server.
const INHERITED: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
];

/// What a node needs to know.
#[derive(Clone, Debug)]
pub struct Options {
    /// `$QALAM_HOME`.
    pub home: PathBuf,
    /// The argument vector that, followed by a pod's folder, runs the shim: `["/path/qalam", "shim"]`.
    pub shim: Vec<OsString>,
    /// What an image name stands for on this machine.
    pub images: BTreeMap<String, Image>,
    /// What may be given to pods.
    pub inventory: Inventory,
    /// What every container inherits unless it says otherwise.
    pub env: BTreeMap<String, String>,
    /// Forbids namespaces, as `QALAM_NO_NAMESPACES=1` does.
    pub no_namespaces: bool,
}

impl Options {
    /// The node of this machine, with all that the machine has.
    pub fn new(home: impl Into<PathBuf>, shim: Vec<OsString>) -> Self {
        let inherited = |name: &&str| Some(((*name).to_owned(), std::env::var(name).ok()?));
        let mut env: BTreeMap<String, String> = INHERITED.iter().filter_map(inherited).collect();
        let path = env.entry("PATH".to_owned()).or_insert_with(|| "/usr/bin:/bin".to_owned());
        // So that a pod finds the collector, which is this very program.
        if let Some(folder) = shim.first().and_then(|program| Path::new(program).parent()) {
            path.push_str(&format!(":{}", folder.display()));
        }
        Self {
            home: home.into(),
            shim,
            images: BTreeMap::new(),
            inventory: Inventory::of_this_machine(),
            env,
            no_namespaces: false,
        }
    }
}

/// An environment of the host that stands in for an image.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Image {
    /// A virtual environment, or any folder with a `bin`; its programs are found first.
    pub path: Option<PathBuf>,
    /// Set unless the container sets them.
    pub env: BTreeMap<String, String>,
    /// Run when the container has no `command`.
    pub command: Option<Vec<String>>,
}

/// A running node. Dropping it stops the node, and not its pods: their shims go on, and the next
/// node takes them over.
pub struct NodeHandle {
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for NodeHandle {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Starts the node: registers it, takes over the pods that run, and runs those that come.
/// Call it inside a tokio runtime.
pub fn start(client: kube::Client, options: Options) -> NodeHandle {
    let (recorder, writer) = Recorder::start(client.clone());
    let node = Node {
        client,
        options,
        recorder,
        held: parking_lot::Mutex::default(),
        freed: Notify::new(),
    };
    let (client, home) = (node.client.clone(), node.options.home.clone());
    let claims = tokio::spawn(claims::run(client.clone(), home.clone()));
    let proxy = tokio::spawn(proxy::run(client, home));
    let roster = tokio::spawn(roster::run(Arc::new(node)));
    NodeHandle { tasks: vec![roster, writer, claims, proxy] }
}

/// What all workers share.
struct Node {
    client: kube::Client,
    options: Options,
    recorder: Recorder,
    /// What running pods hold, by uid.
    held: parking_lot::Mutex<BTreeMap<String, Grant>>,
    /// Something was given back.
    freed: Notify,
}

/// Where shims tell that a state has changed.
fn socket(home: &Path) -> PathBuf {
    home.join("node.sock")
}
