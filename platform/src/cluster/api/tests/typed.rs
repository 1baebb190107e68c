//! What controllers do, through `kube::Client`.

use futures::StreamExt;
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::api::{
    DeleteParams, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams,
};
use kube::{Api, ResourceExt};
use proto::kinds::{Experiment, ExperimentStatus};
use serde_json::{Value, json};

use super::home;

fn made<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn config(name: &str, value: &str) -> ConfigMap {
    made(json!({"metadata": {"name": name, "labels": {"value": value}}, "data": {"k": value}}))
}

fn code<T>(result: Result<T, kube::Error>) -> (u16, String) {
    match result.map(|_| ()) {
        Err(kube::Error::Api(status)) => (status.code, status.reason.clone()),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[tokio::test]
async fn an_object_lives() {
    let (_folder, cluster) = home().await;
    let maps: Api<ConfigMap> = Api::default_namespaced(cluster.client());
    let first = maps.create(&PostParams::default(), &config("a", "1")).await.unwrap();
    assert!(first.uid().is_some() && first.metadata.creation_timestamp.is_some());
    let again = maps.create(&PostParams::default(), &config("a", "1")).await;
    assert_eq!(code(again), (409, "AlreadyExists".into()));

    let mut next = first.clone();
    next.data.as_mut().unwrap().insert("k".into(), "2".into());
    let next = maps.replace("a", &PostParams::default(), &next).await.unwrap();
    assert_ne!(next.resource_version(), first.resource_version());
    let stale = maps.replace("a", &PostParams::default(), &first).await;
    assert_eq!(code(stale), (409, "Conflict".into()));
    let same = maps.replace("a", &PostParams::default(), &next).await.unwrap();
    assert_eq!(same.resource_version(), next.resource_version(), "a no-op bumps nothing");

    maps.delete("a", &DeleteParams::default()).await.unwrap();
    assert_eq!(code(maps.get("a").await), (404, "NotFound".into()));
}

#[tokio::test]
async fn lists_are_selected_and_paged() {
    let (_folder, cluster) = home().await;
    let maps: Api<ConfigMap> = Api::default_namespaced(cluster.client());
    for index in 0..7 {
        let map = config(&format!("m{index}"), &(index % 2).to_string());
        maps.create(&PostParams::default(), &map).await.unwrap();
    }
    let odd = maps.list(&ListParams::default().labels("value in (1)")).await.unwrap();
    assert_eq!(odd.items.len(), 3);
    let (mut names, mut token) = (Vec::new(), None);
    loop {
        let mut page = ListParams::default().limit(3);
        page.continue_token = token;
        let page = maps.list(&page).await.unwrap();
        names.extend(page.items.iter().map(ResourceExt::name_any));
        token = page.metadata.continue_.filter(|it| !it.is_empty());
        if token.is_none() {
            break;
        }
    }
    assert_eq!(names, ["m0", "m1", "m2", "m3", "m4", "m5", "m6"]);
}

#[tokio::test]
async fn a_watch_tells_what_enters_and_leaves() {
    let (_folder, cluster) = home().await;
    let maps: Api<ConfigMap> = Api::default_namespaced(cluster.client());
    let version = maps.list(&ListParams::default()).await.unwrap().metadata.resource_version;
    let params = WatchParams::default().labels("value=1");
    let watch = maps.watch(&params, &version.unwrap()).await.unwrap();
    maps.create(&PostParams::default(), &config("a", "1")).await.unwrap();
    maps.create(&PostParams::default(), &config("b", "2")).await.unwrap();
    let relabel = |value: &str| Patch::Merge(json!({"metadata": {"labels": {"value": value}}}));
    let params = PatchParams::default();
    maps.patch("b", &params, &relabel("1")).await.unwrap();
    maps.patch("b", &params, &relabel("1")).await.unwrap();
    maps.patch("b", &params, &relabel("2")).await.unwrap();
    maps.delete("a", &DeleteParams::default()).await.unwrap();
    let seen: Vec<String> = watch
        .take(4)
        .map(|event| match event.unwrap() {
            WatchEvent::Added(it) => format!("+{}", it.name_any()),
            WatchEvent::Modified(it) => format!("~{}", it.name_any()),
            WatchEvent::Deleted(it) => format!("-{}", it.name_any()),
            other => panic!("{other:?}"),
        })
        .collect()
        .await;
    assert_eq!(seen, ["+a", "+b", "-b", "-a"]);
}

#[tokio::test]
async fn status_is_a_door_of_its_own() {
    let (_folder, cluster) = home().await;
    let all: Api<Experiment> = Api::default_namespaced(cluster.client());
    let experiment: Experiment = made(json!({
        "apiVersion": "kubeflow.org/v1beta1", "kind": "Experiment",
        "metadata": {"generateName": "e-"}, "spec": {"maxTrialCount": 3},
        "status": {"trials": 9},
    }));
    let first = all.create(&PostParams::default(), &experiment).await.unwrap();
    assert!(first.status.is_none(), "status is not for the creator");
    let name = first.name_any();
    assert!(name.starts_with("e-") && name.len() == 7);
    assert_eq!(first.metadata.generation, Some(1));
    let patch = Patch::Merge(json!({"status": {"trials": 2}, "spec": {"maxTrialCount": 5}}));
    let params = PatchParams::default();
    let told = all.patch_status(&name, &params, &patch).await.unwrap();
    assert_eq!(told.status, Some(ExperimentStatus { trials: 2, ..Default::default() }));
    assert_eq!((told.spec.max_trial_count, told.metadata.generation), (Some(3), Some(1)));
    let patched = all.patch(&name, &params, &patch).await.unwrap();
    assert_eq!((patched.spec.max_trial_count, patched.metadata.generation), (Some(5), Some(2)));
}

#[tokio::test]
async fn a_pod_leaves_with_grace() {
    let (_folder, cluster) = home().await;
    let pods: Api<Pod> = Api::default_namespaced(cluster.client());
    let pod: Pod = made(json!({
        "metadata": {"name": "p"},
        "spec": {"nodeName": "here", "containers": [{"name": "main", "image": "x"}]},
    }));
    pods.create(&PostParams::default(), &pod).await.unwrap();
    let here = pods.list(&ListParams::default().fields("spec.nodeName=here")).await.unwrap();
    assert_eq!(here.items.len(), 1);
    pods.delete("p", &DeleteParams::default()).await.unwrap();
    let leaving = pods.get("p").await.unwrap();
    assert_eq!(leaving.metadata.deletion_grace_period_seconds, Some(30));
    pods.delete("p", &DeleteParams { grace_period_seconds: Some(0), ..Default::default() })
        .await
        .unwrap();
    assert_eq!(code(pods.get("p").await).0, 404);
}

#[tokio::test]
async fn finalizers_hold_an_object() {
    let (_folder, cluster) = home().await;
    let maps: Api<ConfigMap> = Api::default_namespaced(cluster.client());
    let mut map = config("a", "1");
    map.metadata.finalizers = Some(vec!["x.io/hold".into()]);
    maps.create(&PostParams::default(), &map).await.unwrap();
    maps.delete("a", &DeleteParams::foreground()).await.unwrap();
    let held = maps.get("a").await.unwrap();
    assert_eq!(held.finalizers(), ["x.io/hold", "foregroundDeletion"]);
    let more = Patch::Merge(json!({"metadata": {"finalizers": ["y.io/hold"]}}));
    assert_eq!(code(maps.patch("a", &PatchParams::default(), &more).await).0, 422);
    let free = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    maps.patch("a", &PatchParams::default(), &free).await.unwrap();
    assert_eq!(code(maps.get("a").await).0, 404);
}
