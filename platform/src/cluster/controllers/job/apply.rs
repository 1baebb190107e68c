//! Does: makes and ends pods, then writes the status, once and last.

use k8s_openapi::api::batch::v1::{Job, JobStatus};
use k8s_openapi::api::core::v1::{EnvVar, Pod, PodSpec};
use kube::api::{DeleteParams, ObjectMeta, Patch, PatchParams, PostParams};
use kube::runtime::events::{Event, EventType, Recorder};
use kube::{Api, Client, Resource, ResourceExt};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::observe::{ATTEMPT, INDEX, JOB_NAME};
use super::plan::Plan;
use crate::cluster::letters::letter;

/// Carries the plan out. Every step may be repeated.
pub(super) async fn apply(
    client: &Client,
    recorder: &Recorder,
    job: &Job,
    plan: &Plan,
) -> Result<(), kube::Error> {
    let namespace = job.namespace().unwrap_or_default();
    let pods: Api<Pod> = Api::namespaced(client.clone(), &namespace);
    let jobs: Api<Job> = Api::namespaced(client.clone(), &namespace);
    for (at, number) in plan.create.iter().enumerate() {
        let pod = pod(job, *number, plan.indexes.get(at).copied());
        match pods.create(&PostParams::default(), &pod).await {
            Ok(_) => {
                let note = format!("Created pod: {}", pod.name_any());
                tell(recorder, job, "SuccessfulCreate", note);
            }
            Err(kube::Error::Api(status)) if status.is_already_exists() => {
                is_ours(&pods, job, &pod).await?;
            }
            Err(other) => return Err(other),
        }
    }
    for name in &plan.end {
        gone(pods.delete(name, &DeleteParams::default()).await.map(|_| ()))?;
        tell(recorder, job, "SuccessfulDelete", format!("Deleted pod: {name}"));
    }
    if plan.delete_job {
        return gone(jobs.delete(&job.name_any(), &DeleteParams::background()).await.map(|_| ()));
    }
    if let Some(status) = &plan.status {
        let patch = Patch::Merge(json!({ "status": whole(status) }));
        gone(
            jobs.patch_status(&job.name_any(), &PatchParams::default(), &patch).await.map(|_| ()),
        )?;
    }
    if let Some(verdict) = plan.verdict {
        let word = if verdict.condition() == "Complete" { "Completed" } else { verdict.reason() };
        tell(recorder, job, word, verdict.message().to_owned());
    }
    Ok(())
}

/// The status as a merge patch: what it does not say is null, so that an old value goes.
fn whole(status: &JobStatus) -> Value {
    let mut whole = json!(status);
    for key in ["active", "succeeded", "failed", "startTime", "completionTime", "conditions"] {
        if whole.get(key).is_none() {
            whole[key] = Value::Null;
        }
    }
    whole
}

/// What is gone already needs no more doing.
fn gone(result: Result<(), kube::Error>) -> Result<(), kube::Error> {
    match result {
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
        other => other,
    }
}

/// A pod of that name counts as made only if this job made it.
async fn is_ours(pods: &Api<Pod>, job: &Job, pod: &Pod) -> Result<(), kube::Error> {
    let Some(found) = pods.get_opt(&pod.name_any()).await? else { return Ok(()) };
    let uid = job.metadata.uid.as_deref().unwrap_or_default();
    if found.owner_references().iter().any(|it| it.uid == uid) {
        return Ok(());
    }
    tracing::error!(
        pod = pod.name_any(),
        job = job.name_any(),
        "a foreign pod has this job's name"
    );
    Err(kube::Error::Api(
        kube::core::Status::failure("pod name is taken by another owner", "AlreadyExists")
            .with_code(409)
            .boxed(),
    ))
}

/// The pod of one attempt: the template, with the labels by which a job's pods are known.
fn pod(job: &Job, number: u32, index: Option<u32>) -> Pod {
    let template = job.spec.clone().unwrap_or_default().template;
    let from = template.metadata.unwrap_or_default();
    let uid = job.metadata.uid.clone().unwrap_or_default();
    let mut labels = from.labels.unwrap_or_default();
    for (key, value) in [("job-name", job.name_any()), ("controller-uid", uid.clone())] {
        labels.insert(key.to_owned(), value.clone());
        labels.insert(format!("batch.kubernetes.io/{key}"), value);
    }
    debug_assert!(labels.contains_key(JOB_NAME));
    let mut annotations = from.annotations.unwrap_or_default();
    annotations.insert(ATTEMPT.to_owned(), number.to_string());
    let mut spec = template.spec;
    let mut base = job.name_any();
    if let Some(index) = index {
        base = format!("{base}-{index}");
        annotations.insert(INDEX.to_owned(), index.to_string());
        labels.insert(INDEX.to_owned(), index.to_string());
        if let Some(spec) = &mut spec {
            tell_index(spec, index, &base);
        }
    }
    Pod {
        metadata: ObjectMeta {
            name: Some(format!("{base}-{}", suffix(&uid, number))),
            namespace: job.namespace(),
            labels: Some(labels),
            annotations: Some(annotations),
            owner_references: job.controller_owner_ref(&()).map(|it| vec![it]),
            ..ObjectMeta::default()
        },
        spec,
        status: None,
    }
}

/// Lets the programs of a pod know which completion they are for.
fn tell_index(spec: &mut PodSpec, index: u32, base: &str) {
    spec.hostname.get_or_insert_with(|| base.to_owned());
    let inits = spec.init_containers.iter_mut().flatten();
    for container in inits.chain(&mut spec.containers) {
        let env = container.env.get_or_insert_default();
        if env.iter().all(|it| it.name != "JOB_COMPLETION_INDEX") {
            let (name, value) = ("JOB_COMPLETION_INDEX".to_owned(), Some(index.to_string()));
            env.push(EnvVar { name, value, value_from: None });
        }
    }
}

/// Five letters that follow from job and attempt.
fn suffix(uid: &str, number: u32) -> String {
    let hash = Sha256::digest(format!("{uid}/{number}"));
    hash.iter().take(5).map(|byte| letter(u64::from(*byte))).collect()
}

/// Tells people, in the background: no step waits for what only people read.
fn tell(recorder: &Recorder, job: &Job, reason: &str, note: String) {
    let event = Event {
        type_: EventType::Normal,
        reason: reason.to_owned(),
        note: Some(note),
        action: reason.to_owned(),
        secondary: None,
    };
    let (recorder, about) = (recorder.clone(), job.object_ref(&()));
    tokio::spawn(async move {
        if let Err(error) = recorder.publish(&event, &about).await {
            tracing::debug!(%error, "event not written");
        }
    });
}
