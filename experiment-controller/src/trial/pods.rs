//! What is written into the pods of a trial when its manifest is rendered: labels, environment,
//! working directory, and the collector of files.

use std::collections::BTreeMap;

use platform::workload;
use proto::kinds::{EXPERIMENT_LABEL, MetricsCollectorSpec, TRIAL_LABEL};
use serde_json::{Map, Value, json};

/// Name of the container that collects metrics, as Katib's clients ask for it.
pub const COLLECTOR: &str = "metrics-logger-and-collector";
/// Name of the volume that the primary container and the collector share.
pub const VOLUME: &str = "metrics-volume";
/// Annotation of an experiment: the directory that its trials run in.
pub const DIRECTORY_ANNOTATION: &str = "qalam.dev/directory";
/// Annotation of an experiment: environment of its trials, a JSON object of texts.
pub const ENVIRONMENT_ANNOTATION: &str = "qalam.dev/environment";
/// The folder that a pod starts in at home, as its manifest names it.
const POD_FOLDER: &str = "$(QALAM_POD_DIR)";
/// Where a program writes its metrics when the manifest does not say.
const FILE_DEFAULT: &str = "/var/log/katib/metrics.log";

/// What the pods of one trial are dressed with.
#[derive(Clone, Debug, Default)]
pub struct Dress<'a> {
    /// Name of the experiment.
    pub experiment: &'a str,
    /// Name of the trial.
    pub trial: &'a str,
    /// Labels of the trial.
    pub labels: BTreeMap<String, String>,
    /// Variables of its primary container.
    pub wishes: Vec<(String, String)>,
    /// The container whose metrics count.
    pub primary: &'a str,
    /// Where metrics come from.
    pub collector: Option<&'a MetricsCollectorSpec>,
    /// Annotations of the experiment.
    pub annotations: Option<&'a BTreeMap<String, String>>,
}

/// The path of the metrics file, where the collector reads one.
pub fn metrics_file(collector: Option<&MetricsCollectorSpec>) -> Option<&str> {
    let collector = collector?;
    let kind = collector.collector.as_ref().map(|it| it.kind.as_str());
    let source = collector.source.as_ref().and_then(|it| it.file_system_path.as_ref());
    let path = source.map(|it| it.path.as_str()).filter(|it| !it.is_empty());
    (kind == Some("File")).then(|| path.unwrap_or(FILE_DEFAULT))
}

/// Writes all of it into a manifest.
pub fn dress(manifest: &mut Value, dress: &Dress<'_>) {
    label(&mut manifest["metadata"], dress);
    for pointer in workload::pod_templates(manifest) {
        if let Some(template) = manifest.pointer_mut(&pointer) {
            dress_template(template, dress);
        }
    }
}

fn dress_template(template: &mut Value, dress: &Dress<'_>) {
    label(&mut template["metadata"], dress);
    let spec = &mut template["spec"];
    let extra = environment(dress);
    let directory = dress.annotations.and_then(|it| it.get(DIRECTORY_ANNOTATION));
    for list in ["initContainers", "containers"] {
        for container in spec[list].as_array_mut().into_iter().flatten() {
            if container["name"] == dress.primary {
                set_env(container, "KATIB_TRIAL_NAME", dress.trial);
                dress.wishes.iter().for_each(|(name, value)| set_env(container, name, value));
            }
            extra.iter().for_each(|(name, value)| set_env(container, name, value));
            if let (Some(directory), Some(Value::Null)) =
                (directory, container.get("workingDir").or(Some(&Value::Null)))
            {
                container["workingDir"] = directory.as_str().into();
            }
        }
        // An absent list reads as null; it is not left behind as one.
        if spec[list].is_null()
            && let Some(spec) = spec.as_object_mut()
        {
            spec.remove(list);
        }
    }
    if let Some(path) = metrics_file(dress.collector) {
        add_collector(spec, dress.primary, path);
    }
}

fn label(metadata: &mut Value, dress: &Dress<'_>) {
    let labels = object(object(metadata).entry("labels").or_insert(Value::Null));
    for (name, value) in &dress.labels {
        labels.insert(name.clone(), value.as_str().into());
    }
    labels.insert(EXPERIMENT_LABEL.into(), dress.experiment.into());
    labels.insert(TRIAL_LABEL.into(), dress.trial.into());
}

fn environment(dress: &Dress<'_>) -> BTreeMap<String, String> {
    let text = dress.annotations.and_then(|it| it.get(ENVIRONMENT_ANNOTATION));
    text.and_then(|it| serde_json::from_str(it).ok()).unwrap_or_default()
}

/// Adds an environment variable unless the container sets it.
fn set_env(container: &mut Value, name: &str, value: &str) {
    let list = array(&mut container["env"]);
    if list.iter().all(|it| it["name"] != name) {
        list.push(json!({ "name": name, "value": value }));
    }
}

/// Adds a native sidecar that prints what is written to the metrics file, and the volume through
/// which it sees it. Pods without the primary container are left alone.
fn add_collector(spec: &mut Value, primary: &str, path: &str) {
    let folder = match path.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((folder, _)) => folder,
        None => "",
    };
    let containers = spec["containers"].as_array_mut();
    let found = containers.into_iter().flatten().find(|it| it["name"] == primary);
    let Some(container) = found else { return };

    let mounts = array(&mut container["volumeMounts"]);
    let at_folder =
        |it: &&Value| it["mountPath"].as_str().map(|it| it.trim_end_matches('/')) == Some(folder);
    let own = mounts.iter().find(at_folder).and_then(|it| it["name"].as_str().map(str::to_owned));
    // The pod's own folder is shared by its containers as it is.
    let shared = folder.is_empty() || folder == POD_FOLDER;
    let adds = own.is_none() && !shared;
    let volume = own.unwrap_or_else(|| VOLUME.to_owned());
    if adds {
        mounts.push(json!({ "name": VOLUME, "mountPath": folder }));
    }
    let mut sidecar = json!({
        "name": COLLECTOR,
        "command": ["qalam", "collect", "--path", path],
        "restartPolicy": "Always",
    });
    if !shared {
        sidecar["volumeMounts"] = json!([{ "name": volume, "mountPath": folder }]);
    }
    if let Some(image) = container.get("image") {
        sidecar["image"] = image.clone();
    }
    array(&mut spec["initContainers"]).insert(0, sidecar);
    if adds {
        array(&mut spec["volumes"]).push(json!({ "name": VOLUME, "emptyDir": {} }));
    }
}

fn object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = json!({});
    }
    value.as_object_mut().expect("it was just made an object")
}

fn array(value: &mut Value) -> &mut Vec<Value> {
    if !value.is_array() {
        *value = json!([]);
    }
    value.as_array_mut().expect("it was just made an array")
}

#[cfg(test)]
mod tests {
    use proto::kinds::{CollectorSpec, FileSystemPath, SourceSpec};

    use super::*;

    fn job(containers: Value) -> Value {
        json!({"apiVersion": "batch/v1", "kind": "Job",
               "spec": {"template": {"spec": {"containers": containers}}}})
    }

    fn dressed(manifest: Value, change: impl FnOnce(&mut Dress<'_>)) -> Value {
        let mut with =
            Dress { experiment: "e", trial: "e-1", primary: "main", ..Default::default() };
        change(&mut with);
        let mut manifest = manifest;
        dress(&mut manifest, &with);
        manifest["spec"]["template"].take()
    }

    #[test]
    fn every_pod_knows_its_trial_and_only_the_primary_container_is_told() {
        let pod = dressed(job(json!([{"name": "main"}, {"name": "other"}])), |it| {
            it.labels.insert("team".into(), "a".into());
        });
        let labels = json!({"team": "a", EXPERIMENT_LABEL: "e", TRIAL_LABEL: "e-1"});
        assert_eq!(pod["metadata"]["labels"], labels);
        let containers = &pod["spec"]["containers"];
        assert_eq!(containers[0]["env"], json!([{"name": "KATIB_TRIAL_NAME", "value": "e-1"}]));
        assert_eq!(containers[1], json!({"name": "other"}));
        assert_eq!(pod["spec"].get("initContainers"), None);
    }

    #[test]
    fn the_callers_directory_and_environment_yield_to_the_manifest() {
        let annotations = BTreeMap::from([
            (DIRECTORY_ANNOTATION.to_owned(), "/home/u".to_owned()),
            (ENVIRONMENT_ANNOTATION.to_owned(), r#"{"PATH":"/x","A":"1"}"#.to_owned()),
        ]);
        let own = json!([{"name": "c"}, {"name": "d", "workingDir": "/w", "env": [{"name": "A"}]}]);
        let pod = {
            let mut manifest = job(own);
            let with = Dress { annotations: Some(&annotations), ..Default::default() };
            dress(&mut manifest, &with);
            manifest["spec"]["template"].take()
        };
        let containers = &pod["spec"]["containers"];
        assert_eq!(containers[0]["workingDir"], "/home/u");
        assert_eq!(containers[0]["env"].as_array().unwrap().len(), 2);
        assert_eq!(containers[1]["workingDir"], "/w");
        assert_eq!(containers[1]["env"][0], json!({"name": "A"}));
    }

    #[test]
    fn a_file_collector_shares_the_files_folder() {
        let collector = MetricsCollectorSpec {
            collector: Some(CollectorSpec { kind: "File".into(), custom_collector: None }),
            source: Some(SourceSpec {
                file_system_path: Some(FileSystemPath {
                    path: "/out/m.log".into(),
                    ..Default::default()
                }),
                ..Default::default()
            }),
        };
        let mut manifest = job(json!([{"name": "main", "image": "i"}]));
        let with = Dress { primary: "main", collector: Some(&collector), ..Default::default() };
        dress(&mut manifest, &with);
        let spec = &manifest["spec"]["template"]["spec"];
        let mount = json!([{"name": VOLUME, "mountPath": "/out"}]);
        let sidecar = &spec["initContainers"][0];
        assert_eq!(sidecar["command"], json!(["qalam", "collect", "--path", "/out/m.log"]));
        assert_eq!((&sidecar["image"], &sidecar["restartPolicy"]), (&json!("i"), &json!("Always")));
        assert_eq!(
            (&sidecar["volumeMounts"], &spec["containers"][0]["volumeMounts"]),
            (&mount, &mount)
        );
        assert_eq!(spec["volumes"], json!([{"name": VOLUME, "emptyDir": {}}]));

        let mut manifest = job(json!([{"name": "other"}]));
        dress(&mut manifest, &with);
        assert_eq!(manifest["spec"]["template"]["spec"].get("volumes"), None);
    }
}
