//! What controllers of pods share: pods made from templates, and how far a pod is.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, OwnerReference};
use kube::runtime::events::{Event, EventType, Recorder};
use kube::{Api, Client, Resource, ResourceExt};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::cluster::letters::letter;

/// A pod as the template describes it.
pub(super) fn from_template(
    template: &PodTemplateSpec,
    name: String,
    namespace: Option<String>,
    owner: Option<OwnerReference>,
) -> Pod {
    let from = template.metadata.clone().unwrap_or_default();
    Pod {
        metadata: ObjectMeta {
            name: Some(name),
            namespace,
            labels: from.labels,
            annotations: from.annotations,
            finalizers: from.finalizers,
            owner_references: owner.map(|it| vec![it]),
            ..ObjectMeta::default()
        },
        spec: template.spec.clone(),
        status: None,
    }
}

/// Letters that follow from a text.
pub(super) fn letters(text: &str, count: usize) -> String {
    let hash = Sha256::digest(text);
    hash.iter().take(count).map(|byte| letter(u64::from(*byte))).collect()
}

/// Letters that follow from a template: the same for equal ones.
pub(super) fn template_hash(template: &PodTemplateSpec) -> String {
    letters(&json!(template).to_string(), 10)
}

/// Whether the pod runs, or will.
pub(super) fn is_active(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|it| it.phase.as_deref());
    pod.metadata.deletion_timestamp.is_none() && !matches!(phase, Some("Succeeded" | "Failed"))
}

/// Since when the pod has been ready; none if it is not.
pub(super) fn ready_since(pod: &Pod) -> Option<Timestamp> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let ready = conditions.iter().find(|it| it.type_ == "Ready" && it.status == "True")?;
    Some(ready.last_transition_time.as_ref().map_or(Timestamp::UNIX_EPOCH, |it| it.0))
}

/// Whether the pod is ready.
pub(super) fn is_ready(pod: &Pod) -> bool {
    pod.metadata.deletion_timestamp.is_none() && ready_since(pod).is_some()
}

/// Whether the pod has been ready for so many seconds.
pub(super) fn is_available(pod: &Pod, seconds: i32, now: Timestamp) -> bool {
    let long =
        |since: Timestamp| SignedDuration::from_secs(seconds.into()) <= now.duration_since(since);
    pod.metadata.deletion_timestamp.is_none() && ready_since(pod).is_some_and(long)
}

/// Whether this very object controls the other.
pub(super) fn controls(owner: &impl Resource, owned: &impl Resource) -> bool {
    let uid = owner.meta().uid.as_deref().unwrap_or_default();
    owned.owner_references().iter().any(|it| it.controller == Some(true) && it.uid == uid)
}

/// The query for a selector's labels.
pub(super) fn query(selector: &LabelSelector) -> String {
    crate::cluster::api::label_selector_text(&json!(selector))
}

/// The objects of a kind near another one.
pub(super) fn near<K>(client: &Client, of: &impl Resource) -> Api<K>
where
    K: Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
{
    Api::namespaced(client.clone(), of.meta().namespace.as_deref().unwrap_or_default())
}

/// What is gone, or was made already, needs no more doing.
pub(super) fn settled<T>(result: Result<T, kube::Error>) -> Result<(), kube::Error> {
    match result {
        Err(kube::Error::Api(why)) if why.is_not_found() || why.is_already_exists() => Ok(()),
        other => other.map(drop),
    }
}

/// Tells people, in the background: no step waits for what only people read.
pub(super) fn tell<K>(recorder: &Recorder, about: &K, reason: &str, note: String)
where
    K: Resource<DynamicType = ()>,
{
    let event = Event {
        type_: EventType::Normal,
        reason: reason.to_owned(),
        note: Some(note),
        action: reason.to_owned(),
        secondary: None,
    };
    let (recorder, about) = (recorder.clone(), about.object_ref(&()));
    tokio::spawn(async move {
        if let Err(error) = recorder.publish(&event, &about).await {
            tracing::debug!(%error, "event not written");
        }
    });
}
