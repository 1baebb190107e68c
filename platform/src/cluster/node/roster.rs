//! Which pods are ours: keeps one worker for each pod that is not at its end.

use super::record::{Lock, PodState, pod_folder};
use super::worker::{self, Seen};
use super::{NODE, Node, identity, shim, socket, status};
use futures::StreamExt;
use k8s_openapi::api::core::v1::{Node as ApiNode, Pod};
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixDatagram;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

/// How soon the API is asked again after it failed.
const RETRY: Duration = Duration::from_secs(1);

/// A pod's worker, as the roster knows it.
struct Entry {
    pod: watch::Sender<Seen>,
    poke: Arc<Notify>,
}

struct Roster {
    node: Arc<Node>,
    entries: BTreeMap<String, Entry>,
    workers: JoinSet<String>,
    /// Uids seen since the list began; none before the first list.
    listed: BTreeSet<String>,
}

/// Runs until it is aborted; its workers end with it, and not their pods.
pub(super) async fn run(node: Arc<Node>) {
    register(&node).await;
    let socket = listen(&node);
    let pods = Api::<Pod>::all(node.client.clone());
    let mut events = Box::pin(watcher::watcher(pods, watcher::Config::default()).default_backoff());
    let entries = BTreeMap::new();
    let mut roster = Roster { node, entries, workers: JoinSet::new(), listed: BTreeSet::new() };
    let mut message = [0; 256];
    loop {
        tokio::select! {
            event = events.next() => match event {
                Some(Ok(event)) => roster.on(event),
                Some(Err(error)) => tracing::warn!(%error, "pods cannot be watched"),
                None => return,
            },
            count = hear(socket.as_ref(), &mut message) => {
                let uid = String::from_utf8_lossy(&message[..count]);
                if let Some(entry) = roster.entries.get(&*uid) {
                    entry.poke.notify_one();
                }
            },
            Some(ended) = roster.workers.join_next() => roster.ended(ended),
        }
    }
}

impl Roster {
    fn on(&mut self, event: Event<Pod>) {
        match event {
            Event::Apply(pod) => self.see(pod),
            Event::InitApply(pod) => {
                self.listed.extend(pod.metadata.uid.clone());
                self.see(pod);
            }
            Event::Delete(pod) => self.gone(&pod.metadata.uid.unwrap_or_default()),
            Event::Init => self.listed.clear(),
            Event::InitDone => self.forget_unlisted(),
        }
    }

    fn see(&mut self, pod: Pod) {
        let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()).unwrap_or(NODE);
        let Some(uid) = pod.metadata.uid.clone().filter(|_| node == NODE || node.is_empty()) else {
            return;
        };
        if let Some(entry) = self.entries.get(&uid) {
            entry.pod.send_replace(Seen::Pod(Box::new(pod)));
        } else if pod.metadata.deletion_timestamp.is_some() || !status::terminal(&pod) {
            self.hire(uid, Seen::Pod(Box::new(pod)));
        }
    }

    fn hire(&mut self, uid: String, seen: Seen) {
        let (sender, receiver) = watch::channel(seen);
        let poke = Arc::new(Notify::new());
        self.entries.insert(uid.clone(), Entry { pod: sender, poke: Arc::clone(&poke) });
        self.workers.spawn(worker::run(Arc::clone(&self.node), uid, receiver, poke));
    }

    fn gone(&mut self, uid: &str) {
        match self.entries.get(uid) {
            Some(entry) => drop(entry.pod.send_replace(Seen::Gone)),
            None => self.hire(uid.to_owned(), Seen::Gone),
        }
    }

    /// A worker is done. What came after it looked for the last time is for the next one.
    fn ended(&mut self, ended: Result<String, tokio::task::JoinError>) {
        let Ok(uid) = ended else {
            tracing::error!("a pod's worker failed");
            return;
        };
        let Some(entry) = self.entries.remove(&uid) else { return };
        let last = entry.pod.borrow().clone();
        match last {
            Seen::Pod(pod) if pod.metadata.deletion_timestamp.is_some() => {
                self.hire(uid, Seen::Pod(pod));
            }
            Seen::Gone if pod_folder(&self.node.options.home, &uid).exists() => {
                self.hire(uid, Seen::Gone);
            }
            _ => {}
        }
    }

    /// Folders of pods that were deleted while no node ran, and workers of such pods.
    fn forget_unlisted(&mut self) {
        let folders = fs::read_dir(self.node.options.home.join("pods")).into_iter().flatten();
        let folders = folders.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let known: BTreeSet<String> = folders.chain(self.entries.keys().cloned()).collect();
        for uid in known.difference(&self.listed.clone()) {
            self.gone(uid);
        }
    }
}

/// Waits for a shim to tell the uid of its pod; for ever if there is no socket.
async fn hear(socket: Option<&UnixDatagram>, message: &mut [u8]) -> usize {
    match socket {
        Some(socket) => socket.recv(message).await.unwrap_or(0),
        None => std::future::pending().await,
    }
}

/// Without a socket (its path may be too long) workers still look at their pods, slowly.
fn listen(node: &Node) -> Option<UnixDatagram> {
    let path = socket(&node.options.home);
    let _first_start = fs::remove_file(&path);
    let _exists = fs::create_dir_all(&node.options.home);
    UnixDatagram::bind(&path)
        .inspect_err(|error| tracing::warn!(%error, "{}: no socket", path.display()))
        .ok()
}

/// Makes the Node object, or brings it up to date.
async fn register(node: &Node) {
    let api = Api::<ApiNode>::all(node.client.clone());
    let inventory = &node.options.inventory;
    let mut amounts = json!({
        "cpu": format!("{}m", inventory.cpu_milli),
        "memory": format!("{}Ki", inventory.memory_bytes / 1024),
        "pods": inventory.pods_max.to_string(),
    });
    if !inventory.gpus.is_empty() {
        amounts[super::admit::GPU] = json!(inventory.gpus.len().to_string());
    }
    let now = jiff::Timestamp::now().to_string();
    let object = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE, "labels": {
        "kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux",
        "kubernetes.io/arch": std::env::consts::ARCH}}});
    let status = json!({"status": {
        "capacity": amounts, "allocatable": amounts,
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"},
                      {"type": "Hostname", "address": NODE}],
        "conditions": [{"type": "Ready", "status": "True", "reason": "QalamReady",
            "message": "pods run as processes of this machine",
            "lastHeartbeatTime": now, "lastTransitionTime": now}],
        "nodeInfo": {"architecture": std::env::consts::ARCH, "operatingSystem": "linux",
            "kubeletVersion": concat!("v", env!("CARGO_PKG_VERSION")), "bootID": identity::boot(),
            "containerRuntimeVersion": "qalam://process", "kernelVersion": "", "machineID": "",
            "kubeProxyVersion": "", "osImage": "", "systemUUID": ""}}});
    let Ok(object) = serde_json::from_value::<ApiNode>(object) else { return };
    for _ in 0..5 {
        let made = api.create(&PostParams::default(), &object).await;
        let exists = matches!(&made, Err(kube::Error::Api(status)) if status.code == 409);
        if made.is_ok() || exists {
            let patch = Patch::Merge(&status);
            match api.patch_status(NODE, &PatchParams::default(), &patch).await {
                Ok(_) => return,
                Err(error) => tracing::debug!(%error, "the node's status was not written"),
            }
        }
        tokio::time::sleep(RETRY).await;
    }
    tracing::warn!("the node could not register; pods are run all the same");
}

/// Ends what runs of a pod that nobody wants any more, and removes its folder; false if it has to
/// be asked again, since something runs.
pub(super) fn put_down(folder: &std::path::Path) -> std::io::Result<bool> {
    if !folder.exists() {
        return Ok(true);
    }
    // Held until the folder is gone, so that no shim begins in it.
    let Some(_lock) = Lock::take(folder)? else {
        shim::stop(folder, 0)?;
        return Ok(false);
    };
    if let Some(state) = PodState::load(folder).ok().flatten()
        && !state.finished
        && identity::kill_left_behind(&state.shim, folder)
    {
        return Ok(false);
    }
    fs::remove_dir_all(folder)?;
    Ok(true)
}
