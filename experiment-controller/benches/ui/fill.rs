//! Fills a home with finished trials, past the controllers: what benches and tests look at.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use platform::cluster::Cluster;
use platform::cluster::store::{Expected, Key};
use serde_json::{Value, json};

/// Objects that are written at once: they share commits.
const AT_ONCE: usize = 256;
/// A second of the year 2026.
const START: i64 = 1_780_000_000;

/// An experiment with so many trials, all but the last few of them succeeded.
pub(crate) async fn fill(cluster: &Cluster, namespace: &str, name: &str, trials: usize) {
    let uid = format!("uid-{namespace}-{name}");
    put(cluster, "experiments.kubeflow.org", experiment(namespace, name, &uid, trials)).await;
    let uid: Arc<str> = uid.into();
    let all = (0..trials).map(|index| {
        let trial = trial(namespace, name, &uid, index);
        async move {
            put(cluster, "trials.kubeflow.org", trial).await;
            Ok::<(), std::convert::Infallible>(())
        }
    });
    let done = stream::iter(all).buffer_unordered(AT_ONCE).try_collect::<()>().await;
    done.expect("nothing of it can fail");
}

/// Writes an object as it is.
pub(crate) async fn put(cluster: &Cluster, resource: &str, object: Value) {
    let text = |it: &Value| it.as_str().expect("a text").to_owned();
    let (namespace, name) =
        (text(&object["metadata"]["namespace"]), text(&object["metadata"]["name"]));
    let key = Key::new(resource, namespace, name);
    let old = cluster.store().get(&key);
    let expected = old.map_or(Expected::Absent, |it| Expected::Version(it.version));
    cluster.store().put(key, expected, object).await.expect("the store takes it");
}

fn time(second: i64) -> String {
    jiff::Timestamp::from_second(second).expect("a time").to_string()
}

fn number(index: usize) -> f64 {
    // An even spread that looks random: the golden ratio.
    (index as f64 * 0.618_033_988_749_894_9).fract()
}

/// An experiment of four parameters and two metrics.
pub(crate) fn experiment(namespace: &str, name: &str, uid: &str, trials: usize) -> Value {
    json!({
        "apiVersion": "kubeflow.org/v1beta1", "kind": "Experiment",
        "metadata": {"name": name, "namespace": namespace, "uid": uid,
            "creationTimestamp": time(START)},
        "spec": {
            "objective": {"type": "minimize", "objectiveMetricName": "loss", "goal": 1e-9,
                "additionalMetricNames": ["accuracy"]},
            "algorithm": {"algorithmName": "random"},
            "maxTrialCount": trials + 1, "parallelTrialCount": 8, "resumePolicy": "LongRunning",
            "parameters": [
                {"name": "lr", "parameterType": "double",
                    "feasibleSpace": {"min": "0.0001", "max": "1", "distribution": "logUniform"}},
                {"name": "momentum", "parameterType": "double",
                    "feasibleSpace": {"min": "0", "max": "1"}},
                {"name": "layers", "parameterType": "int",
                    "feasibleSpace": {"min": "1", "max": "9"}},
                {"name": "optimizer", "parameterType": "categorical",
                    "feasibleSpace": {"list": ["sgd", "adam", "ftrl"]}},
            ],
            "trialTemplate": {"trialSpec": {"apiVersion": "batch/v1", "kind": "Job"},
                "primaryContainerName": "main"},
        },
        "status": {"startTime": time(START), "conditions": [
            {"type": "Created", "status": "True"}, {"type": "Running", "status": "True"}]},
    })
}

/// A trial that succeeded.
pub(crate) fn trial(namespace: &str, experiment: &str, uid: &str, index: usize) -> Value {
    let units = [number(index + 1), number(7 * index + 3), number(13 * index + 5)];
    let lr = 10f64.powf(-4.0 * units[0]);
    let layers = 1 + (units[2] * 9.0) as usize;
    let loss = (units[0] - 0.5).powi(2) + 0.1 * units[1] + 0.01 * layers as f64;
    let optimizer = ["sgd", "adam", "ftrl"][index % 3];
    let metric = |name: &str, value: f64| {
        let value = value.to_string();
        json!({"name": name, "min": value, "max": value, "latest": value})
    };
    let second = START + 10 * index as i64;
    json!({
        "apiVersion": "kubeflow.org/v1beta1", "kind": "Trial",
        "metadata": {"name": format!("{experiment}-{index:06}"), "namespace": namespace,
            "uid": format!("{uid}-{index}"), "creationTimestamp": time(second),
            "labels": {"katib.kubeflow.org/experiment": experiment},
            "annotations": {"qalam.dev/index": index.to_string()},
            "ownerReferences": [{"apiVersion": "kubeflow.org/v1beta1", "kind": "Experiment",
                "name": experiment, "uid": uid, "controller": true}]},
        "spec": {
            "objective": {"type": "minimize", "objectiveMetricName": "loss",
                "additionalMetricNames": ["accuracy"]},
            "primaryContainerName": "main",
            "parameterAssignments": [
                {"name": "lr", "value": lr.to_string()},
                {"name": "momentum", "value": units[1].to_string()},
                {"name": "layers", "value": layers.to_string()},
                {"name": "optimizer", "value": optimizer},
            ],
            "runSpec": {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "x"}},
        },
        "status": {
            "startTime": time(second), "completionTime": time(second + 60),
            "completionNumber": index + 1,
            "conditions": [{"type": "Succeeded", "status": "True"}],
            "observation": {"metrics": [metric("loss", loss), metric("accuracy", 1.0 - loss)]},
        },
    })
}
