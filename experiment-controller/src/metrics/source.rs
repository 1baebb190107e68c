//! Which containers of which pods a trial's metrics are read from.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::ResourceExt;
use proto::kinds::Trial;

use crate::trial::collector;

/// One run of one container.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// Uid of the pod.
    pub pod_uid: String,
    /// Name of the pod.
    pub pod: String,
    /// Name of the container.
    pub container: String,
    /// How often the container had been started again.
    pub restart: i32,
}

/// A run of a container, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Which run.
    pub source: Source,
    /// It has ended: nothing more will be printed.
    pub ended: bool,
    /// It has begun: there is a log to read.
    pub begun: bool,
}

/// The runs that count: in pods that carry the primary labels and have the container.
pub fn sources(trial: &Trial, pods: &[Arc<Pod>]) -> Vec<Sighting> {
    let collects = trial.spec.metrics_collector.as_ref();
    let name = collector::container(collects, &trial.spec.primary_container_name);
    let primary = |pod: &&Arc<Pod>| {
        trial
            .spec
            .primary_pod_labels
            .iter()
            .all(|(name, value)| pod.labels().get(name) == Some(value))
    };
    pods.iter().filter(primary).filter_map(|it| sighting(it, name)).collect()
}

fn sighting(pod: &Pod, container: &str) -> Option<Sighting> {
    let spec = pod.spec.as_ref()?;
    let inits = spec.init_containers.iter().flatten();
    if !spec.containers.iter().chain(inits).any(|it| it.name == container) {
        return None;
    }
    let status = pod.status.as_ref();
    let lists = status.map(|it| [&it.container_statuses, &it.init_container_statuses]);
    let mut all = lists.into_iter().flatten().flatten().flatten();
    let found = all.find(|it| it.name == container);
    let phase = status.and_then(|it| it.phase.as_deref());
    let over = matches!(phase, Some("Succeeded" | "Failed"));
    let state = found.and_then(|it| it.state.as_ref());
    let terminated = state.is_some_and(|it| it.terminated.is_some());
    let running = state.is_some_and(|it| it.running.is_some());
    Some(Sighting {
        source: Source {
            pod_uid: pod.uid().unwrap_or_default(),
            pod: pod.name_any(),
            container: container.to_owned(),
            restart: found.map_or(0, |it| it.restart_count),
        },
        ended: over || terminated,
        begun: running || terminated || found.is_some_and(ran_before),
    })
}

fn ran_before(status: &ContainerStatus) -> bool {
    status.last_state.as_ref().is_some_and(|it| it.terminated.is_some())
}

#[cfg(test)]
mod tests {
    use proto::kinds::TrialSpec;
    use serde_json::{Value, json};

    use super::*;

    fn check(status: Value, want: Option<(bool, bool, i32)>) {
        let pod = json!({
            "metadata": {"name": "p", "uid": "u", "labels": {"role": "master"}},
            "spec": {"containers": [{"name": "main"}]},
            "status": status,
        });
        let pod = Arc::new(serde_json::from_value::<Pod>(pod).unwrap());
        let mut trial = Trial::new("t", TrialSpec::default());
        trial.spec.primary_container_name = "main".into();
        trial.spec.primary_pod_labels.insert("role".into(), "master".into());
        let seen = sources(&trial, std::slice::from_ref(&pod));
        let seen = seen.first().map(|it| (it.begun, it.ended, it.source.restart));
        assert_eq!(seen, want);

        trial.spec.primary_pod_labels.insert("role".into(), "worker".into());
        assert_eq!(sources(&trial, std::slice::from_ref(&pod)), []);
        trial.spec.primary_pod_labels.clear();
        trial.spec.primary_container_name = "other".into();
        assert_eq!(sources(&trial, &[pod]), []);
    }

    #[test]
    fn a_run_is_seen_from_its_containers_status() {
        check(json!({}), Some((false, false, 0)));
        let with = |state: Value| {
            json!({"containerStatuses": [{"name": "main", "restartCount": 2,
            "ready": true, "image": "", "imageID": "", "state": state}]})
        };
        check(with(json!({"waiting": {}})), Some((false, false, 2)));
        check(with(json!({"running": {}})), Some((true, false, 2)));
        check(with(json!({"terminated": {"exitCode": 1}})), Some((true, true, 2)));
        check(json!({"phase": "Failed"}), Some((false, true, 0)));
    }
}
