//! The collector in a trial's pods: what is written into a pod template so that metrics which the
//! primary container does not print are printed beside it.
//!
//! It is a native sidecar (an init container that is started again for as long as the pod runs): it
//! ends with the pod by itself, and no mesh or other sidecar is in its way.

use proto::kinds::{FileSystemPath, MetricsCollectorSpec};
use serde_json::{Value, json};

/// Name of the container that collects metrics, as Katib's clients ask for it.
pub const COLLECTOR: &str = "metrics-logger-and-collector";
/// Name of the volume that the primary container and the collector share.
pub const VOLUME: &str = "metrics-volume";
/// The folder that a pod starts in at home, as its manifest names it.
const POD_FOLDER: &str = "$(QALAM_POD_DIR)";
/// Where a program writes its metrics when the manifest does not say.
const FILE_DEFAULT: &str = "/var/log/katib/metrics.log";
/// Where a program writes event files when the manifest does not say.
const FOLDER_DEFAULT: &str = "/var/log/katib/tfevent/";
/// The variable with the pod's own address.
const ADDRESS: &str = "QALAM_POD_IP";

/// What is collected how.
#[derive(Clone, Debug, PartialEq)]
enum Plan<'a> {
    /// Our collector, with these arguments; it sees this folder.
    Ours { arguments: Vec<String>, folder: Option<&'a str> },
    /// The owner's container; it sees this folder.
    Own { container: &'a Value, folder: Option<&'a str> },
}

/// The container whose output is read: the collector where there is one, else the primary.
pub fn container<'a>(spec: Option<&'a MetricsCollectorSpec>, primary: &'a str) -> &'a str {
    match spec.and_then(|spec| plan(spec, &[])) {
        None => primary,
        Some(Plan::Ours { .. }) => COLLECTOR,
        Some(Plan::Own { container, .. }) => container["name"].as_str().unwrap_or(COLLECTOR),
    }
}

/// Whether our collector runs in the pods.
pub fn is_ours(spec: Option<&MetricsCollectorSpec>) -> bool {
    matches!(spec.and_then(|spec| plan(spec, &[])), Some(Plan::Ours { .. }))
}

/// What the manifest asks for; nothing where the primary container's output is what counts.
fn plan<'a>(spec: &'a MetricsCollectorSpec, wanted: &[String]) -> Option<Plan<'a>> {
    let collector = spec.collector.as_ref()?;
    let source = spec.source.as_ref();
    let file = source.and_then(|it| it.file_system_path.as_ref());
    let path = file.map(|it| it.path.as_str()).filter(|it| !it.is_empty());
    let metrics = || wanted.iter().flat_map(|it| ["--metric".to_owned(), it.clone()]);
    match collector.kind.as_str() {
        "File" => {
            let path = path.unwrap_or(FILE_DEFAULT);
            let arguments = vec!["--path".to_owned(), path.to_owned()];
            Some(Plan::Ours { arguments, folder: Some(parent(path)) })
        }
        "TensorFlowEvent" => {
            let path = path.unwrap_or(FOLDER_DEFAULT);
            let first = ["--events".to_owned(), path.to_owned()].into_iter();
            let arguments = first.chain(metrics()).collect();
            Some(Plan::Ours { arguments, folder: Some(trimmed(path)) })
        }
        "PrometheusMetric" => {
            let endpoint = source.and_then(|it| it.http_get.as_ref());
            let urls = urls(endpoint.unwrap_or(&Value::Null)).into_iter();
            let first = urls.flat_map(|url| ["--endpoint".to_owned(), url]);
            Some(Plan::Ours { arguments: first.chain(metrics()).collect(), folder: None })
        }
        "Custom" => {
            let folder = file.map(|FileSystemPath { path, kind, .. }| match kind.as_str() {
                "Directory" => trimmed(path),
                _ => parent(path),
            });
            let folder = folder.filter(|it| !it.is_empty());
            collector.custom_collector.as_ref().map(|container| Plan::Own { container, folder })
        }
        _ => None,
    }
}

/// Where an endpoint is looked for: at the pod's own address, and on loopback, where a program may
/// listen alone.
fn urls(endpoint: &Value) -> Vec<String> {
    let port = match &endpoint["port"] {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => "8080".to_owned(),
    };
    let path = endpoint["path"].as_str().unwrap_or("/metrics");
    let own = format!("$({ADDRESS})");
    let hosts = match endpoint["host"].as_str().filter(|it| !it.is_empty()) {
        Some(host) => vec![host.to_owned()],
        None => vec![own, "127.0.0.1".to_owned()],
    };
    hosts.into_iter().map(|host| format!("http://{host}:{port}{path}")).collect()
}

fn trimmed(path: &str) -> &str {
    match path.trim_end_matches('/') {
        "" => "/",
        folder => folder,
    }
}

fn parent(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((folder, _)) => folder,
        None => "",
    }
}

/// Whose metrics are collected, and by what.
#[derive(Clone, Debug, Default)]
pub struct Wish<'a> {
    /// The container whose metrics count.
    pub primary: &'a str,
    /// Where metrics come from.
    pub spec: Option<&'a MetricsCollectorSpec>,
    /// The metrics that count.
    pub wanted: Vec<String>,
    /// The image with our collector; without one it is looked for in the primary container's.
    pub image: Option<String>,
    /// Name of the trial.
    pub trial: &'a str,
}

/// Writes the collector into the spec of a pod, and the volume through which it sees what the
/// primary container writes. A pod without the primary container is left alone.
pub fn add(pod: &mut Value, wish: &Wish<'_>) {
    let Some(plan) = wish.spec.and_then(|spec| plan(spec, &wish.wanted)) else { return };
    let containers = pod["containers"].as_array_mut();
    let found = containers.into_iter().flatten().find(|it| it["name"] == wish.primary);
    let Some(primary) = found else { return };
    let folder = match &plan {
        Plan::Ours { folder, .. } | Plan::Own { folder, .. } => *folder,
    };
    let (mount, adds) = folder.map_or((None, false), |folder| shared(primary, folder));
    let mut sidecar = match plan {
        Plan::Ours { arguments, .. } => ours(arguments, primary, wish.image.as_deref()),
        Plan::Own { container, .. } => container.clone(),
    };
    sidecar["restartPolicy"] = "Always".into();
    if sidecar["name"].is_null() {
        sidecar["name"] = COLLECTOR.into();
    }
    let variables = array(&mut sidecar["env"]);
    for (name, value) in [
        ("KATIB_TRIAL_NAME", json!({"value": wish.trial})),
        (ADDRESS, json!({"valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}})),
    ] {
        if variables.iter().all(|it| it["name"] != name) {
            let mut variable = value;
            variable["name"] = name.into();
            variables.push(variable);
        }
    }
    if let Some(mount) = mount {
        let mounts = array(&mut sidecar["volumeMounts"]);
        if mounts.iter().all(|it| it["mountPath"] != mount["mountPath"]) {
            mounts.push(mount);
        }
    }
    array(&mut pod["initContainers"]).insert(0, sidecar);
    if adds {
        array(&mut pod["volumes"]).push(json!({ "name": VOLUME, "emptyDir": {} }));
    }
}

/// Our collector as a container.
fn ours(arguments: Vec<String>, primary: &Value, image: Option<&str>) -> Value {
    let program: &[&str] =
        if image.is_some() { &["metrics-collector"] } else { &["qalam", "collect"] };
    let command: Vec<String> = program.iter().map(|it| (*it).to_owned()).chain(arguments).collect();
    let mut sidecar = json!({ "name": COLLECTOR, "command": command });
    match (image, primary.get("image")) {
        (Some(image), _) => sidecar["image"] = image.into(),
        (None, Some(image)) => sidecar["image"] = image.clone(),
        (None, None) => {}
    }
    sidecar
}

/// The mount by which the primary container's folder is seen by another, and whether a volume has
/// to be made for it.
fn shared(primary: &mut Value, folder: &str) -> (Option<Value>, bool) {
    // The pod's own folder is shared by its containers as it is.
    if folder.is_empty() || folder.starts_with(POD_FOLDER) || !folder.starts_with('/') {
        return (None, false);
    }
    let mounts = array(&mut primary["volumeMounts"]);
    let at_folder =
        |it: &&Value| it["mountPath"].as_str().map(|it| it.trim_end_matches('/')) == Some(folder);
    if let Some(own) = mounts.iter().find(at_folder) {
        return (Some(own.clone()), false);
    }
    let mount = json!({ "name": VOLUME, "mountPath": folder });
    mounts.push(mount.clone());
    (Some(mount), true)
}

fn array(value: &mut Value) -> &mut Vec<Value> {
    if !value.is_array() {
        *value = json!([]);
    }
    value.as_array_mut().expect("it was just made an array")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(kind: &str, source: Value) -> MetricsCollectorSpec {
        let custom = json!({"name": "mine", "image": "own", "env": [{"name": "A", "value": "1"}]});
        let collector = match kind {
            "Custom" => json!({"kind": kind, "customCollector": custom}),
            _ => json!({"kind": kind}),
        };
        serde_json::from_value(json!({"collector": collector, "source": source})).unwrap()
    }

    fn added(spec: &MetricsCollectorSpec, change: impl FnOnce(&mut Wish<'_>)) -> Value {
        let mut wish = Wish {
            primary: "main",
            spec: Some(spec),
            wanted: vec!["acc".into()],
            trial: "e-1",
            ..Default::default()
        };
        change(&mut wish);
        let mut pod = json!({"containers": [{"name": "main", "image": "i"}]});
        add(&mut pod, &wish);
        pod
    }

    #[test]
    fn a_file_collector_shares_the_files_folder() {
        let spec = spec("File", json!({"fileSystemPath": {"path": "/out/m.log"}}));
        let pod = added(&spec, |_| {});
        let mount = json!([{"name": VOLUME, "mountPath": "/out"}]);
        let sidecar = &pod["initContainers"][0];
        assert_eq!(sidecar["command"], json!(["qalam", "collect", "--path", "/out/m.log"]));
        assert_eq!((&sidecar["image"], &sidecar["restartPolicy"]), (&json!("i"), &json!("Always")));
        assert_eq!(
            (&sidecar["volumeMounts"], &pod["containers"][0]["volumeMounts"]),
            (&mount, &mount)
        );
        assert_eq!(pod["volumes"], json!([{"name": VOLUME, "emptyDir": {}}]));

        let other = added(&spec, |wish| wish.primary = "other");
        assert_eq!(other.get("volumes"), None);
        let with_image = added(&spec, |wish| wish.image = Some("collector:1".into()));
        let sidecar = &with_image["initContainers"][0];
        assert_eq!(sidecar["command"], json!(["metrics-collector", "--path", "/out/m.log"]));
        assert_eq!(sidecar["image"], "collector:1");
    }

    #[test]
    fn event_files_and_endpoints_are_asked_for_the_wanted_metrics() {
        let pod = added(&spec("TensorFlowEvent", json!(null)), |_| {});
        let sidecar = &pod["initContainers"][0];
        let events = ["qalam", "collect", "--events", FOLDER_DEFAULT, "--metric", "acc"];
        assert_eq!(sidecar["command"], json!(events));
        assert_eq!(sidecar["volumeMounts"][0]["mountPath"], "/var/log/katib/tfevent");

        let source = json!({"httpGet": {"port": 9090, "path": "/m"}});
        let pod = added(&spec("PrometheusMetric", source), |_| {});
        let sidecar = &pod["initContainers"][0];
        assert_eq!(sidecar["command"][3], "http://$(QALAM_POD_IP):9090/m");
        assert_eq!(sidecar["command"][5], "http://127.0.0.1:9090/m");
        assert_eq!(sidecar.get("volumeMounts"), None);
        assert_eq!(pod.get("volumes"), None);
    }

    #[test]
    fn a_custom_collector_is_the_owners_container_and_is_told_its_trial() {
        let source = json!({"fileSystemPath": {"kind": "Directory", "path": "/out/"}});
        let spec = spec("Custom", source);
        let pod = added(&spec, |_| {});
        let sidecar = &pod["initContainers"][0];
        assert_eq!((&sidecar["name"], &sidecar["image"]), (&json!("mine"), &json!("own")));
        assert_eq!(sidecar["env"][0], json!({"name": "A", "value": "1"}));
        assert_eq!(sidecar["env"][1], json!({"name": "KATIB_TRIAL_NAME", "value": "e-1"}));
        assert_eq!(sidecar["volumeMounts"], json!([{"name": VOLUME, "mountPath": "/out"}]));
        assert_eq!(container(Some(&spec), "main"), "mine");
    }

    #[test]
    fn output_is_read_from_the_collector_or_from_the_primary_container() {
        let check = |kind: &str, want: &str| {
            assert_eq!(container(Some(&spec(kind, json!(null))), "main"), want, "{kind}");
        };
        check("StdOut", "main");
        check("Push", "main");
        check("File", COLLECTOR);
        check("TensorFlowEvent", COLLECTOR);
        check("PrometheusMetric", COLLECTOR);
        assert_eq!(container(None, "main"), "main");
    }

    #[test]
    fn a_mount_of_the_owner_is_shared_as_it_is() {
        let spec = spec("File", json!({"fileSystemPath": {"path": "/data/run/m.log"}}));
        let mount = json!({"name": "mine", "mountPath": "/data/run/", "subPath": "a"});
        let mut pod = json!({"containers": [{"name": "main", "volumeMounts": [mount]}]});
        add(&mut pod, &Wish { primary: "main", spec: Some(&spec), ..Default::default() });
        assert_eq!(pod["initContainers"][0]["volumeMounts"], json!([mount]));
        assert_eq!(pod.get("volumes"), None);
    }
}
