//! Looks: the job's pods, reduced to what the plan needs.

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};

/// Label on the pods of a job, by which they are found.
pub(super) const JOB_NAME: &str = "batch.kubernetes.io/job-name";
/// Annotation on the pods of a job: which attempt they are, from 0.
pub(super) const ATTEMPT: &str = "qalam.dev/attempt";

/// Annotation and label on the pods of an indexed job: which completion they are for.
pub(super) const INDEX: &str = "batch.kubernetes.io/job-completion-index";

/// A pod of the job.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Attempt {
    pub(super) number: u32,
    pub(super) pod: String,
    pub(super) phase: Phase,
    /// How often containers of the pod were started again in place.
    pub(super) restarts: i32,
    pub(super) ready: bool,
    /// When the pod ended, if it has.
    pub(super) ended: Option<Timestamp>,
    /// Which of the job's completions it is for, where these are told apart.
    pub(super) index: Option<u32>,
    /// Containers that have ended, and their exit codes.
    pub(super) codes: Vec<(String, i32)>,
    /// Conditions of the pod, and their status.
    pub(super) conditions: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Active,
    /// Asked to go, and not gone yet.
    Leaving,
    Succeeded,
    Failed,
    /// Failed because its machine or its home went down: made again, and not counted.
    Disrupted,
}

/// Reads the pods that this very job owns, in the order of attempts.
pub(super) async fn observe(client: &Client, job: &Job) -> Result<Vec<Attempt>, kube::Error> {
    let namespace = job.namespace().unwrap_or_default();
    let pods: Api<Pod> = Api::namespaced(client.clone(), &namespace);
    let selector = format!("{JOB_NAME}={}", job.name_any());
    let found = pods.list(&ListParams::default().labels(&selector)).await?;
    let uid = job.metadata.uid.as_deref().unwrap_or_default();
    let ours = |pod: &&Pod| pod.owner_references().iter().any(|it| it.uid == uid);
    let mut seen: Vec<Attempt> = found.items.iter().filter(ours).filter_map(attempt).collect();
    seen.sort_by_key(|it| it.number);
    Ok(seen)
}

fn attempt(pod: &Pod) -> Option<Attempt> {
    let number = pod.annotations().get(ATTEMPT)?.parse().ok()?;
    let status = pod.status.clone().unwrap_or_default();
    let conditions = status.conditions.unwrap_or_default();
    let holds = |type_: &str| conditions.iter().any(|it| it.type_ == type_ && it.status == "True");
    let phase = match status.phase.as_deref() {
        Some("Succeeded") => Phase::Succeeded,
        Some("Failed") if holds("DisruptionTarget") => Phase::Disrupted,
        Some("Failed") => Phase::Failed,
        _ if pod.metadata.deletion_timestamp.is_some() => Phase::Leaving,
        _ => Phase::Active,
    };
    let containers = status.container_statuses.unwrap_or_default();
    let ended = containers
        .iter()
        .filter_map(|it| it.state.as_ref()?.terminated.as_ref()?.finished_at.as_ref())
        .map(|it| it.0)
        .max();
    let restarts = containers.iter().map(|it| it.restart_count).sum();
    let ready = holds("Ready");
    let code = |it: &ContainerStatus| {
        Some((it.name.clone(), it.state.as_ref()?.terminated.as_ref()?.exit_code))
    };
    let inits = status.init_container_statuses.unwrap_or_default();
    let codes = containers.iter().chain(&inits).filter_map(code).collect();
    let index = pod.annotations().get(INDEX).and_then(|it| it.parse().ok());
    let conditions = conditions.iter().map(|it| (it.type_.clone(), it.status.clone())).collect();
    let pod = pod.name_any();
    Some(Attempt { number, pod, phase, restarts, ready, ended, index, codes, conditions })
}
