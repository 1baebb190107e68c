//! Services know their pods: Endpoints and an EndpointSlice for each, and an account in every
//! namespace.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::{Endpoints, Namespace, Pod, Service, ServiceAccount, ServicePort};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::runtime::controller::{Action, Config, Controller};
use kube::runtime::reflector::ObjectRef;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, Resource, ResourceExt};
use serde_json::{Value, json};

use super::pods::{is_active, is_ready, near, settled};

/// How long to wait after the API has refused something.
const RETRY: Duration = Duration::from_millis(500);

/// Runs until its task is dropped.
pub(super) async fn run(client: Client) {
    let services = Controller::new(Api::<Service>::all(client.clone()), watcher::Config::default());
    let known = services.store();
    services
        .watches(Api::<Pod>::all(client.clone()), watcher::Config::default(), move |pod| {
            let near = known.state().into_iter().filter(|it| it.namespace() == pod.namespace());
            let mine: Vec<ObjectRef<Service>> = near
                .filter(|it| selects(it, pod.labels()))
                .map(|it| ObjectRef::from_obj(&*it))
                .collect();
            mine
        })
        .with_config(Config::default().concurrency(4))
        .run(reconcile, retry, Arc::new(client))
        .for_each(|_| std::future::ready(()))
        .await;
}

fn selects(service: &Service, labels: &BTreeMap<String, String>) -> bool {
    let selector = service.spec.as_ref().and_then(|it| it.selector.as_ref());
    selector.is_some_and(|it| {
        !it.is_empty() && it.iter().all(|(key, value)| labels.get(key) == Some(value))
    })
}

async fn reconcile(service: Arc<Service>, client: Arc<Client>) -> Result<Action, kube::Error> {
    let selector = service.spec.as_ref().and_then(|it| it.selector.clone()).unwrap_or_default();
    if selector.is_empty() || service.metadata.deletion_timestamp.is_some() {
        // Without a selector its owner writes the endpoints.
        return Ok(Action::await_change());
    }
    let pods: Api<Pod> = near(&client, &*service);
    let labels: Vec<String> =
        selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let mut found = pods.list(&ListParams::default().labels(&labels.join(","))).await?.items;
    found.retain(|it| is_active(it) && address(it).is_some());
    found.sort_by_key(ResourceExt::name_any);
    let name = service.name_any();
    let how = PatchParams::apply("endpoint-controller").force();
    let api: Api<Endpoints> = near(&client, &*service);
    settled(api.patch(&name, &how, &Patch::Apply(endpoints(&service, &found))).await)?;
    let api: Api<EndpointSlice> = near(&client, &*service);
    let slice = slice(&service, &found);
    let slice_name = slice["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    settled(api.patch(&slice_name, &how, &Patch::Apply(slice)).await)?;
    Ok(Action::await_change())
}

fn address(pod: &Pod) -> Option<&str> {
    pod.status.as_ref()?.pod_ip.as_deref().filter(|it| !it.is_empty())
}

fn target(pod: &Pod) -> Value {
    json!({"kind": "Pod", "name": pod.name_any(), "namespace": pod.namespace(),
        "uid": pod.metadata.uid})
}

/// The port of the pod behind a port of the service.
fn port_of(port: &ServicePort, pod: Option<&Pod>) -> Option<i32> {
    match &port.target_port {
        None => Some(port.port),
        Some(IntOrString::Int(number)) => Some(*number),
        Some(IntOrString::String(name)) => {
            let containers = &pod?.spec.as_ref()?.containers;
            let mut ports = containers.iter().flat_map(|it| it.ports.iter().flatten());
            ports.find(|it| it.name.as_ref() == Some(name)).map(|it| it.container_port)
        }
    }
}

fn ports(service: &Service, pod: Option<&Pod>) -> Vec<Value> {
    let all = service.spec.iter().flat_map(|it| it.ports.iter().flatten());
    let shown = all.filter_map(|it| {
        let number = port_of(it, pod)?;
        Some(json!({"name": it.name.clone().unwrap_or_default(), "port": number,
            "protocol": it.protocol.clone().unwrap_or("TCP".into())}))
    });
    shown.collect()
}

fn metadata(service: &Service, name: &str) -> Value {
    let mut labels = service.labels().clone();
    labels.insert("kubernetes.io/service-name".into(), service.name_any());
    labels.insert(
        "endpointslice.kubernetes.io/managed-by".into(),
        "endpointslice-controller.k8s.io".into(),
    );
    json!({"name": name, "namespace": service.namespace(), "labels": labels,
        "ownerReferences": service.controller_owner_ref(&()).map(|it| vec![it])})
}

fn endpoints(service: &Service, pods: &[Pod]) -> Value {
    let early = service.spec.as_ref().and_then(|it| it.publish_not_ready_addresses) == Some(true);
    let shown = |good: bool| -> Vec<Value> {
        let some = pods.iter().filter(|it| (early || is_ready(it)) == good);
        some.map(|it| json!({"ip": address(it), "nodeName": "home", "targetRef": target(it)}))
            .collect()
    };
    let (ready, not_ready) = (shown(true), shown(false));
    let mut subset = json!({"ports": ports(service, pods.first())});
    if !ready.is_empty() {
        subset["addresses"] = json!(ready);
    }
    if !not_ready.is_empty() {
        subset["notReadyAddresses"] = json!(not_ready);
    }
    let subsets = if pods.is_empty() { json!([]) } else { json!([subset]) };
    json!({"apiVersion": "v1", "kind": "Endpoints", "subsets": subsets,
        "metadata": {"name": service.name_any(), "namespace": service.namespace(),
            "labels": service.labels(),
            "ownerReferences": service.controller_owner_ref(&()).map(|it| vec![it])}})
}

fn slice(service: &Service, pods: &[Pod]) -> Value {
    let early = service.spec.as_ref().and_then(|it| it.publish_not_ready_addresses) == Some(true);
    let shown: Vec<Value> = pods
        .iter()
        .map(|it| {
            let ready = early || is_ready(it);
            json!({"addresses": [address(it)], "nodeName": "home", "targetRef": target(it),
                "hostname": it.spec.as_ref().and_then(|it| it.hostname.clone()),
                "conditions": {"ready": ready, "serving": is_ready(it), "terminating": false}})
        })
        .collect();
    // One slice a service: a home has no thousands of pods behind one.
    let name = format!("{}-home", service.name_any());
    json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": metadata(service, &name), "endpoints": shown,
        "ports": ports(service, pods.first())})
}

fn retry(service: Arc<Service>, error: &kube::Error, _: Arc<Client>) -> Action {
    tracing::warn!(name = service.metadata.name, %error, "endpoints not written, trying again");
    Action::requeue(RETRY)
}

/// Gives every namespace its account `default`.
pub(super) async fn accounts(client: Client) {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let seen = watcher(namespaces, watcher::Config::default()).default_backoff().applied_objects();
    let made = seen.try_for_each(|namespace| {
        let client = client.clone();
        async move {
            if namespace.metadata.deletion_timestamp.is_some() {
                return Ok(());
            }
            let api: Api<ServiceAccount> = Api::namespaced(client, &namespace.name_any());
            let account = json!({"metadata": {"name": "default"}});
            let Ok(account) = serde_json::from_value(account) else { return Ok(()) };
            match settled(api.create(&PostParams::default(), &account).await) {
                // A namespace that goes needs none.
                Err(kube::Error::Api(why)) if why.code == 403 => {}
                Err(error) => tracing::warn!(%error, "no default account"),
                Ok(()) => {}
            }
            Ok(())
        }
    });
    if let Err(error) = made.await {
        tracing::warn!(%error, "namespaces cannot be watched");
    }
}
