//! Pods, and what the machine or the cluster has for them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use k8s_openapi::api::core::v1::{Namespace, Node, Pod};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::api::ListParams;
use kube::{Api, ResourceExt};

use super::pods::{self, GPU, amount};
use crate::ui::Ui;
use crate::ui::access::guard::Pass;
use crate::ui::extract::Asked;
use crate::ui::problem::{Answer, Trouble};
use crate::ui::types::{Cluster, NamespaceList, NamespaceQuery, Num, PodInfo, Resource, Slot};

/// How many pods are answered.
const PODS_MAX: usize = 1000;

/// The namespaces that the session may see.
pub(crate) async fn namespaces(State(ui): State<Arc<Ui>>, pass: Pass) -> Answer<NamespaceList> {
    if let Some(items) = pass.rights.namespaces {
        return Ok(Json(NamespaceList { items }));
    }
    let all: Api<Namespace> = Api::all(ui.client.clone());
    let all = all.list(&ListParams::default()).await?.items;
    Ok(Json(NamespaceList { items: all.iter().map(ResourceExt::name_any).collect() }))
}

/// Pods, slots and the queue.
pub(crate) async fn show(
    State(ui): State<Arc<Ui>>,
    pass: Pass,
    Asked(query): Asked<NamespaceQuery>,
) -> Answer<Cluster> {
    let scope = pass.scope(query.namespace.as_deref())?;
    let ((), at) = ui.board.look(|_| ());
    let mut all = Vec::new();
    for pod in pods_in(&ui, scope.as_deref()).await? {
        all.push(pods::info(&pod));
    }
    let phase = |it: &PodInfo| (it.phase == "Running", it.phase == "Pending");
    let running = all.iter().filter(|it| phase(it).0).count();
    let waiting = all.iter().filter(|it| phase(it).1).count();
    let finished = all.len() - running - waiting;
    let slots = slots(&ui, &all).await;
    let mut queue: Vec<PodInfo> = all.iter().filter(|it| phase(it).1).cloned().collect();
    queue.sort_by_key(|it| (pods::age(it), it.name.clone()));
    queue.truncate(PODS_MAX);
    let mut pods: Vec<PodInfo> = all.into_iter().filter(|it| phase(it).0 || phase(it).1).collect();
    pods.sort_by_key(|it| (std::cmp::Reverse(pods::age(it)), it.name.clone()));
    pods.truncate(PODS_MAX);
    let (home, version) = (ui.home, env!("CARGO_PKG_VERSION").to_owned());
    Ok(Json(Cluster { home, version, slots, pods, running, waiting, finished, queue, at }))
}

async fn pods_in(ui: &Ui, scope: Option<&[String]>) -> Result<Vec<Pod>, Trouble> {
    let all = ListParams::default();
    let Some(namespaces) = scope else {
        return Ok(Api::<Pod>::all(ui.client.clone()).list(&all).await?.items);
    };
    let mut pods = Vec::new();
    for namespace in namespaces {
        pods.extend(ui.api::<Pod>(namespace).list(&all).await?.items);
    }
    Ok(pods)
}

/// What nodes have, and what the pods that run have of it. A session that is bound to namespaces
/// counts what its own pods use.
async fn slots(ui: &Ui, pods: &[PodInfo]) -> Vec<Slot> {
    let nodes: Api<Node> = Api::all(ui.client.clone());
    // Whoever may not see nodes still sees the pods.
    let nodes = nodes.list(&ListParams::default()).await.map(|it| it.items).unwrap_or_default();
    let total = |name: &str| {
        let of = |it: &Node| -> Option<Quantity> {
            it.status.as_ref()?.allocatable.as_ref()?.get(name).cloned()
        };
        let found: Vec<Quantity> = nodes.iter().filter_map(of).collect();
        if found.is_empty() { Num::NONE } else { Num(found.iter().map(amount).sum()) }
    };
    let used = |of: fn(&PodInfo) -> f64| {
        pods.iter().filter(|it| it.phase == "Running").map(of).fold(0.0, |sum, it| sum + it)
    };
    vec![
        Slot { resource: Resource::Cpu, used: used(|it| it.cpu), total: total("cpu") },
        Slot { resource: Resource::Memory, used: used(|it| it.memory), total: total("memory") },
        Slot { resource: Resource::Gpu, used: used(|it| it.gpus), total: total(GPU) },
    ]
}
