//! What `qalam validate` says: every document of the given files, completed and checked.

use platform::cluster::admission::Outcome;
use proto::FieldError;
use proto::kinds::{GROUP, VERSION};
use serde_json::Value;

use super::{check, check_types, complete, spec_schema};

/// One document and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// Its kind; empty when it has none.
    pub kind: String,
    /// Its name; empty when it has none.
    pub name: String,
    /// The document, completed with the defaults.
    pub completed: Value,
    /// What refuses it.
    pub errors: Vec<FieldError>,
    /// What is merely odd.
    pub warnings: Vec<String>,
}

/// Every document, in the order given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// One entry for each document.
    pub documents: Vec<Document>,
}

impl Report {
    /// Whether nothing is refused.
    pub fn is_sound(&self) -> bool {
        self.documents.iter().all(|it| it.errors.is_empty())
    }
}

/// Completes and checks the documents of one or more files.
///
/// ConfigMaps among them serve the experiments among them, wherever they would be applied: one
/// without a namespace serves every namespace. Documents of other kinds are passed over.
pub fn validate(documents: Vec<Value>) -> Report {
    let lookup = |resource: &str, namespace: &str, name: &str| {
        let found = documents.iter().find(|it| {
            let at = &it["metadata"];
            resource == "configmaps"
                && it["kind"] == "ConfigMap"
                && at["name"] == name
                && at["namespace"].as_str().is_none_or(|it| it == namespace)
        });
        found.cloned()
    };
    Report { documents: documents.iter().map(|it| document(it, &lookup)).collect() }
}

fn document(given: &Value, lookup: super::Lookup<'_>) -> Document {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut completed = given.clone();
    let kind = text(&given["kind"]);
    let outcome = match kind.as_str() {
        "Experiment" => {
            complete(&mut completed);
            let mut outcome = check(&completed, None, lookup);
            outcome.errors.splice(0..0, version(given));
            outcome
        }
        "Trial" | "Suggestion" => check_types(given, &spec_schema(&kind)),
        "" => Outcome {
            errors: vec![FieldError::new(
                "kind",
                format!(
                    "must be specified, such as kind: Experiment and apiVersion: {GROUP}/{VERSION}"
                ),
            )],
            warnings: Vec::new(),
        },
        _ => Outcome::default(),
    };
    Document {
        kind,
        name: text(&given["metadata"]["name"]),
        completed,
        errors: outcome.errors,
        warnings: outcome.warnings,
    }
}

/// Experiments have one version.
fn version(given: &Value) -> Option<FieldError> {
    let want = format!("{GROUP}/{VERSION}");
    let got = given["apiVersion"].as_str().unwrap_or_default();
    (got != want).then(|| {
        FieldError::new("apiVersion", format!("must be {want} for an Experiment, got \"{got}\""))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn config_maps_of_the_same_files_are_found() {
        let experiment = json!({
            "apiVersion": "kubeflow.org/v1beta1", "kind": "Experiment",
            "metadata": {"name": "e", "namespace": "team"},
            "spec": {
                "objective": {"type": "maximize", "objectiveMetricName": "accuracy"},
                "parameters": [{"name": "lr", "parameterType": "double",
                    "feasibleSpace": {"min": "0.1", "max": "1"}}],
                "trialTemplate": {
                    "configMap": {"configMapName": "templates", "configMapNamespace": "team",
                        "templatePath": "job.yaml"},
                    "primaryContainerName": "main",
                    "successCondition": "status.a", "failureCondition": "status.b",
                    "trialParameters": [{"name": "rate", "reference": "lr"}],
                },
            },
        });
        let text = "apiVersion: example.com/v1\nkind: Run\nspec: ${trialParameters.rate}\n";
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "templates"}, "data": {"job.yaml": text}});
        let alone = validate(vec![experiment.clone()]);
        assert!(!alone.is_sound());
        assert_eq!(alone.documents[0].errors[0].path, "spec.trialTemplate.configMap");
        let both = validate(vec![map, experiment]);
        assert!(both.is_sound(), "{both:?}");
        assert_eq!(both.documents[1].name, "e");
        assert_eq!(both.documents[1].completed["spec"]["parallelTrialCount"], 3);
    }

    #[test]
    fn kind_and_version_are_needed() {
        let errors = |document: Value| {
            let report = validate(vec![document]);
            report.documents[0].errors.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(
            errors(json!({})),
            [
                "kind: must be specified, such as kind: Experiment and apiVersion: kubeflow.org/v1beta1"
            ]
        );
        let old = errors(json!({"kind": "Experiment", "apiVersion": "kubeflow.org/v1alpha3"}));
        assert_eq!(
            old[0],
            "apiVersion: must be kubeflow.org/v1beta1 for an Experiment, got \
                            \"kubeflow.org/v1alpha3\""
        );
        assert!(errors(json!({"kind": "Secret"})).is_empty());
        assert_eq!(
            errors(json!({"kind": "Trial", "spec": {"retainRun": 1}})),
            ["spec.retainRun: must be true or false, got the number 1"]
        );
    }
}
