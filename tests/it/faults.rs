//! What breaks, on purpose: bad trials, killed processes, denied mounts, full disks, hostile input.

mod crashes;
mod homes;
mod input;
mod mounts;
mod trials;

use serde_json::{Value, json};

/// An experiment over one parameter whose trials run this script in a shell; `$1` is the value.
fn experiment(name: &str, script: &str) -> Value {
    json!({
        "apiVersion": "kubeflow.org/v1beta1",
        "kind": "Experiment",
        "metadata": {"name": name},
        "spec": {
            "objective": {"type": "maximize", "objectiveMetricName": "accuracy"},
            "algorithm": {"algorithmName": "random"},
            "maxTrialCount": 1,
            "parallelTrialCount": 1,
            "maxFailedTrialCount": 0,
            "parameters": [{"name": "lr", "parameterType": "double",
                "feasibleSpace": {"min": "0.1", "max": "0.9"}}],
            "trialTemplate": {
                "retain": true,
                "primaryContainerName": "main",
                "trialParameters": [{"name": "lr", "reference": "lr"}],
                "trialSpec": {"apiVersion": "batch/v1", "kind": "Job", "spec": {
                    "backoffLimit": 0,
                    "template": {"spec": {
                        "restartPolicy": "Never",
                        "terminationGracePeriodSeconds": 1,
                        "containers": [{"name": "main", "image": "host",
                            "command": ["sh", "-c", script, "sh", "${trialParameters.lr}"]}],
                    }},
                }},
            },
        },
    })
}

/// The pod spec in an experiment's template.
fn pod(experiment: &mut Value) -> &mut Value {
    &mut experiment["spec"]["trialTemplate"]["trialSpec"]["spec"]["template"]["spec"]
}
