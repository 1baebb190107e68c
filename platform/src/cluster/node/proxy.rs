//! Services have an address that reaches their pods: what connects there is passed on to one of
//! them. And they have a name: a file of hosts that containers see.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use k8s_openapi::api::core::v1::{Endpoints, Service};
use kube::api::ListParams;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, ResourceExt};
use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use futures::StreamExt;

/// How long to gather changes before all is looked at anew.
const GATHER: Duration = Duration::from_millis(50);
/// How long a pod may take to accept a connection.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// Pause after a connection could not be accepted.
const PAUSE: Duration = Duration::from_millis(100);

/// Where the pods behind one port of a service listen.
type Backends = Arc<Mutex<Vec<(String, u16)>>>;

/// An address and a port on which a service listens.
type Front = (String, u16);

/// One port that is open.
struct Open {
    backends: Backends,
    task: JoinHandle<()>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Runs until its task is dropped.
pub(super) async fn run(client: Client, home: PathBuf) {
    let services = watcher(Api::<Service>::all(client.clone()), watcher::Config::default());
    let endpoints = watcher(Api::<Endpoints>::all(client.clone()), watcher::Config::default());
    let changed = |ok: bool| std::future::ready(ok.then_some(()));
    let services = services.default_backoff().filter_map(move |it| changed(it.is_ok()));
    let endpoints = endpoints.default_backoff().filter_map(move |it| changed(it.is_ok()));
    let mut changes = std::pin::pin!(futures::stream::select(services, endpoints));
    let mut open: BTreeMap<Front, Open> = BTreeMap::new();
    loop {
        if let Err(error) = look(&client, &home, &mut open).await {
            tracing::warn!(%error, "services cannot be read");
        }
        if changes.next().await.is_none() {
            return;
        }
        tokio::time::sleep(GATHER).await;
        // What came meanwhile is seen by the same look.
        while let Some(Some(())) = futures::FutureExt::now_or_never(changes.next()) {}
    }
}

async fn look(client: &Client, home: &Path, open: &mut BTreeMap<Front, Open>) -> kube::Result<()> {
    let all = ListParams::default();
    let services = Api::<Service>::all(client.clone()).list(&all).await?.items;
    let endpoints = Api::<Endpoints>::all(client.clone()).list(&all).await?.items;
    let wanted = fronts(&services, &endpoints);
    open.retain(|front, _| wanted.contains_key(front));
    for (front, backends) in wanted {
        if let Some(known) = open.get(&front) {
            *known.backends.lock() = backends;
            continue;
        }
        let shared: Backends = Arc::new(Mutex::new(backends));
        match TcpListener::bind((front.0.as_str(), front.1)).await {
            Ok(listener) => {
                let task = tokio::spawn(serve(listener, Arc::clone(&shared)));
                open.insert(front, Open { backends: shared, task });
            }
            Err(error) => {
                let (address, port) = front;
                tracing::warn!(%error, "a service's address {address}:{port} cannot be opened");
            }
        }
    }
    let text = hosts(&services, &endpoints);
    if let Err(error) = write_hosts(home, &text) {
        tracing::warn!(%error, "the names of services cannot be written");
    }
    Ok(())
}

/// What is to be open, and who is behind it.
fn fronts(services: &[Service], endpoints: &[Endpoints]) -> BTreeMap<Front, Vec<(String, u16)>> {
    let mut fronts = BTreeMap::new();
    for service in services {
        let spec = service.spec.clone().unwrap_or_default();
        let address = spec.cluster_ip.filter(|it| it.starts_with("127."));
        let Some(address) = address else { continue };
        let same = |it: &&Endpoints| {
            it.name_any() == service.name_any() && it.namespace() == service.namespace()
        };
        let subsets =
            endpoints.iter().find(same).and_then(|it| it.subsets.clone()).unwrap_or_default();
        for port in spec.ports.iter().flatten() {
            if port.protocol.as_deref().unwrap_or("TCP") != "TCP" {
                continue;
            }
            let mut backends = Vec::new();
            for subset in &subsets {
                let named = |it: &&k8s_openapi::api::core::v1::EndpointPort| {
                    it.name.clone().unwrap_or_default() == port.name.clone().unwrap_or_default()
                };
                let Some(target) = subset.ports.iter().flatten().find(named) else { continue };
                let Ok(target) = u16::try_from(target.port) else { continue };
                let addresses = subset.addresses.iter().flatten();
                backends.extend(addresses.map(|it| (it.ip.clone(), target)));
            }
            if let Ok(number) = u16::try_from(port.port) {
                fronts.insert((address.clone(), number), backends);
            }
        }
    }
    fronts
}

async fn serve(listener: TcpListener, backends: Backends) {
    let next = Arc::new(AtomicUsize::new(0));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let (backends, next) = (Arc::clone(&backends), Arc::clone(&next));
        tokio::spawn(async move {
            let all = backends.lock().clone();
            // Whoever connects sees that nobody is there: the connection ends.
            let _ended = pass(stream, &all, next.fetch_add(1, Ordering::Relaxed)).await;
        });
    }
}

/// Passes a connection on: to each pod in turn, the next one where one does not answer.
async fn pass(mut stream: TcpStream, all: &[(String, u16)], turn: usize) -> io::Result<()> {
    for at in 0..all.len() {
        let (address, port) = &all[(turn + at) % all.len()];
        // Programs that listen on 127.0.0.1 alone are found, too.
        for address in [address.as_str(), "127.0.0.1"] {
            let connect = TcpStream::connect((address, *port));
            if let Ok(Ok(mut pod)) = tokio::time::timeout(CONNECT_MAX, connect).await {
                return tokio::io::copy_bidirectional(&mut stream, &mut pod).await.map(drop);
            }
        }
    }
    Ok(())
}

/// The file of hosts of this home.
pub(super) fn hosts_file(home: &Path) -> PathBuf {
    home.join("hosts")
}

/// Names of services: `name.namespace` and longer; the bare name where no two namespaces share it.
/// Pods of a headless service have names below it.
fn hosts(services: &[Service], endpoints: &[Endpoints]) -> String {
    let count = |name: &str| services.iter().filter(|it| it.name_any() == name).count();
    let mut text = String::new();
    let mut line = |address: &str, names: &[String]| {
        text.push_str(&format!("{address}\t{}\n", names.join(" ")));
    };
    for service in services {
        let (name, namespace) = (service.name_any(), service.namespace().unwrap_or_default());
        let within = format!("{name}.{namespace}");
        let mut names =
            vec![within.clone(), format!("{within}.svc"), format!("{within}.svc.cluster.local")];
        if count(&name) == 1 {
            names.push(name.clone());
        }
        let address =
            service.spec.as_ref().and_then(|it| it.cluster_ip.clone()).unwrap_or_default();
        if address.starts_with("127.") {
            line(&address, &names);
            continue;
        }
        let same = |it: &&Endpoints| {
            it.name_any() == name && it.namespace().as_deref() == Some(&namespace)
        };
        let subsets =
            endpoints.iter().find(same).and_then(|it| it.subsets.clone()).unwrap_or_default();
        for address in subsets.iter().flat_map(|it| it.addresses.iter().flatten()) {
            let mut all = names.clone();
            if let Some(pod) = address.target_ref.as_ref().and_then(|it| it.name.clone()) {
                all.extend(names.iter().map(|it| format!("{pod}.{it}")));
            }
            line(&address.ip, &all);
        }
    }
    text
}

/// Writes the machine's own hosts and these, into the same file: containers have it mounted.
fn write_hosts(home: &Path, services: &str) -> io::Result<()> {
    let own =
        std::fs::read_to_string("/etc/hosts").unwrap_or_else(|_| "127.0.0.1\tlocalhost\n".into());
    let text = format!("{own}\n# Services of this home.\n{services}");
    let path = hosts_file(home);
    if std::fs::read_to_string(&path).is_ok_and(|it| it == text) {
        return Ok(());
    }
    std::fs::write(path, text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn made<T: serde::de::DeserializeOwned>(value: serde_json::Value) -> T {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn fronts_and_names_follow_from_services_and_their_endpoints() {
        let services: Vec<Service> = made(json!([
            {"metadata": {"name": "web", "namespace": "a"},
             "spec": {"clusterIP": "127.40.0.1", "ports": [{"port": 80}]}},
            {"metadata": {"name": "db", "namespace": "a"},
             "spec": {"clusterIP": "None", "ports": [{"port": 5}]}},
        ]));
        let endpoints: Vec<Endpoints> = made(json!([
            {"metadata": {"name": "web", "namespace": "a"},
             "subsets": [{"addresses": [{"ip": "127.64.0.9"}], "ports": [{"name": "", "port": 8080}]}]},
            {"metadata": {"name": "db", "namespace": "a"},
             "subsets": [{"addresses": [{"ip": "127.64.0.8", "targetRef": {"name": "db-0"}}],
                          "ports": [{"port": 5}]}]},
        ]));
        let open = fronts(&services, &endpoints);
        assert_eq!(open, [(("127.40.0.1".into(), 80), vec![("127.64.0.9".into(), 8080)])].into());
        let names = hosts(&services, &endpoints);
        assert!(
            names.contains("127.40.0.1\tweb.a web.a.svc web.a.svc.cluster.local web\n"),
            "{names}"
        );
        assert!(names.contains("127.64.0.8\tdb.a ") && names.contains(" db-0.db.a "), "{names}");
    }

    #[tokio::test]
    async fn a_connection_reaches_a_pod_that_answers() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let pod = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = pod.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = pod.accept().await.unwrap();
            stream.write_all(b"hello").await.unwrap();
        });
        let front = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = front.local_addr().unwrap();
        let dead = ("127.99.99.99".to_owned(), 1);
        let backends = Arc::new(Mutex::new(vec![dead, ("127.64.1.1".to_owned(), port)]));
        let task = tokio::spawn(serve(front, backends));
        let mut said = String::new();
        TcpStream::connect(at).await.unwrap().read_to_string(&mut said).await.unwrap();
        assert_eq!(said, "hello");
        task.abort();
    }
}
