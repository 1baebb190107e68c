//! What is written into the pods of a trial when its manifest is rendered: labels, environment,
//! working directory, and what collects its metrics (`collector.rs`).

use std::collections::BTreeMap;

use platform::workload;
use proto::kinds::{EXPERIMENT_LABEL, TRIAL_LABEL};
use serde_json::{Map, Value, json};

use super::collector::{self, Wish};

/// Annotation of an experiment: the directory that its trials run in.
pub const DIRECTORY_ANNOTATION: &str = "qalam.dev/directory";
/// Annotation of an experiment: environment of its trials, a JSON object of texts.
pub const ENVIRONMENT_ANNOTATION: &str = "qalam.dev/environment";
/// What the pods of one trial are dressed with.
#[derive(Clone, Debug, Default)]
pub struct Dress<'a> {
    /// Name of the experiment.
    pub experiment: &'a str,
    /// Labels of the trial.
    pub labels: BTreeMap<String, String>,
    /// Variables of its primary container.
    pub wishes: Vec<(String, String)>,
    /// How its metrics are collected.
    pub metrics: Wish<'a>,
    /// Annotations of the experiment.
    pub annotations: Option<&'a BTreeMap<String, String>>,
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
            if container["name"] == dress.metrics.primary {
                set_env(container, "KATIB_TRIAL_NAME", dress.metrics.trial);
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
    collector::add(spec, &dress.metrics);
}

fn label(metadata: &mut Value, dress: &Dress<'_>) {
    let labels = object(object(metadata).entry("labels").or_insert(Value::Null));
    for (name, value) in &dress.labels {
        labels.insert(name.clone(), value.as_str().into());
    }
    labels.insert(EXPERIMENT_LABEL.into(), dress.experiment.into());
    labels.insert(TRIAL_LABEL.into(), dress.metrics.trial.into());
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
    use super::*;

    fn job(containers: Value) -> Value {
        json!({"apiVersion": "batch/v1", "kind": "Job",
               "spec": {"template": {"spec": {"containers": containers}}}})
    }

    fn dressed(manifest: Value, change: impl FnOnce(&mut Dress<'_>)) -> Value {
        let metrics = Wish { trial: "e-1", primary: "main", ..Default::default() };
        let mut with = Dress { experiment: "e", metrics, ..Default::default() };
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
}
