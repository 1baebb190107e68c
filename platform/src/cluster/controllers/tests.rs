//! The home's controllers against the home's own API; the test plays the node.

use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, PropagationPolicy};
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::cluster::{Cluster, Options};

/// How long anything here may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(20);

struct World {
    client: Client,
    _controllers: JoinSet<()>,
    _home: tempfile::TempDir,
}

async fn world() -> World {
    let home = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(Options::at(home.path())).await.unwrap();
    let client = cluster.client();
    World { client: client.clone(), _controllers: super::start(client), _home: home }
}

impl World {
    fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
    {
        Api::default_namespaced(self.client.clone())
    }

    async fn job(&self, name: &str, spec: Value) -> Job {
        let mut job = json!({
            "metadata": {"name": name},
            "spec": {"template": {"spec": {
                "restartPolicy": "Never",
                "containers": [{"name": "main", "image": "none", "command": ["true"]}],
            }}},
        });
        for (key, value) in spec.as_object().unwrap() {
            job["spec"][key] = value.clone();
        }
        let job = serde_json::from_value(job).unwrap();
        self.api::<Job>().create(&PostParams::default(), &job).await.unwrap()
    }

    async fn pods(&self) -> Vec<Pod> {
        self.api::<Pod>().list(&ListParams::default()).await.unwrap().items
    }

    /// Waits until that many pods are there, and names them.
    async fn pods_are(&self, count: usize) -> Vec<String> {
        let found = async {
            loop {
                let pods = self.pods().await;
                if pods.len() == count {
                    return pods.iter().map(ResourceExt::name_any).collect();
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, found).await.expect("that many pods")
    }

    async fn end(&self, pod: &str, phase: &str) {
        let now = jiff::Timestamp::now().to_string();
        let ended = json!({"terminated": {"exitCode": 0, "finishedAt": now}});
        let container = json!({
            "name": "main", "ready": false, "restartCount": 0, "image": "", "imageID": "",
            "state": ended,
        });
        let status = json!({"status": {"phase": phase, "containerStatuses": [container]}});
        let how = PatchParams::default();
        self.api::<Pod>().patch_status(pod, &how, &Patch::Merge(status)).await.unwrap();
    }

    /// Waits for a condition of the job, and answers its reason.
    async fn job_is(&self, name: &str, condition: &str) -> String {
        let told = async {
            loop {
                let job = self.api::<Job>().get(name).await.unwrap();
                let conditions = job.status.unwrap_or_default().conditions.unwrap_or_default();
                if let Some(it) = conditions.iter().find(|it| it.type_ == condition) {
                    return it.reason.clone().unwrap_or_default();
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, told).await.expect("that condition")
    }
}

#[tokio::test]
async fn a_job_completes_when_its_pods_have() {
    let world = world().await;
    world.job("j", json!({"completions": 3, "parallelism": 2})).await;
    for pod in world.pods_are(2).await {
        world.end(&pod, "Succeeded").await;
    }
    let third = world.pods_are(3).await;
    for pod in third {
        world.end(&pod, "Succeeded").await;
    }
    assert_eq!(world.job_is("j", "Complete").await, "CompletionsReached");
    let status = world.api::<Job>().get("j").await.unwrap().status.unwrap();
    assert_eq!((status.succeeded, status.active, status.failed), (Some(3), None, None));
}

#[tokio::test]
async fn a_job_whose_pods_fail_is_failed() {
    let world = world().await;
    world.job("j", json!({"backoffLimit": 1})).await;
    let first = world.pods_are(1).await;
    world.end(&first[0], "Failed").await;
    for pod in world.pods_are(2).await {
        world.end(&pod, "Failed").await;
    }
    assert_eq!(world.job_is("j", "Failed").await, "BackoffLimitExceeded");
}

#[tokio::test]
async fn what_a_job_owns_goes_with_it() {
    let world = world().await;
    for policy in [PropagationPolicy::Background, PropagationPolicy::Foreground] {
        world.job("j", json!({})).await;
        let pods = world.pods_are(1).await;
        // A pod that has ended needs no node to confirm its end.
        world.end(&pods[0], "Succeeded").await;
        world.job_is("j", "Complete").await;
        let how = DeleteParams { propagation_policy: Some(policy), ..DeleteParams::default() };
        world.api::<Job>().delete("j", &how).await.unwrap();
        world.pods_are(0).await;
        let gone = async {
            while world.api::<Job>().get_opt("j").await.unwrap().is_some() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, gone).await.expect("the job goes");
    }
}

#[tokio::test]
async fn orphans_stay_and_strays_go() {
    let world = world().await;
    world.job("j", json!({})).await;
    let pods = world.pods_are(1).await;
    world.end(&pods[0], "Succeeded").await;
    world.job_is("j", "Complete").await;
    world.api::<Job>().delete("j", &DeleteParams::orphan()).await.unwrap();
    let free = async {
        while !world.pods().await.iter().all(|it| it.owner_references().is_empty()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, free).await.expect("the pod loses its owner");

    let owner = json!([{"apiVersion": "batch/v1", "kind": "Job", "name": "x", "uid": "never"}]);
    let stray = json!({"metadata": {"name": "stray", "ownerReferences": owner}});
    let maps = world.api::<ConfigMap>();
    let stray = serde_json::from_value(stray).unwrap();
    maps.create(&PostParams::default(), &stray).await.unwrap();
    let gone = async {
        while maps.get_opt("stray").await.unwrap().is_some() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("the stray goes");
    assert_eq!(world.pods().await.len(), 1);
}

#[tokio::test]
async fn a_namespace_takes_everything_with_it() {
    let world = world().await;
    let namespaces: Api<Namespace> = Api::all(world.client.clone());
    let team = serde_json::from_value(json!({"metadata": {"name": "team"}})).unwrap();
    namespaces.create(&PostParams::default(), &team).await.unwrap();
    let maps: Api<ConfigMap> = Api::namespaced(world.client.clone(), "team");
    let map = serde_json::from_value(json!({"metadata": {"name": "m"}})).unwrap();
    maps.create(&PostParams::default(), &map).await.unwrap();
    namespaces.delete("team", &DeleteParams::default()).await.unwrap();
    let gone = async {
        while namespaces.get_opt("team").await.unwrap().is_some() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("the namespace goes");
    assert_eq!(maps.list(&ListParams::default()).await.unwrap().items, []);
}
