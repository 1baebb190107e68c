//! Events: what happened, told beside the object it happened to. Best effort, and never in the
//! way of the work.

use futures::future::join_all;
use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta, Time};
use kube::api::PostParams;
use kube::{Api, Client, Resource};
use tokio::sync::mpsc;

/// How many events may wait to be written; beyond it the newest are dropped, so that a slow
/// server cannot make the controllers grow.
const WAITING_MAX: usize = 10_000;

/// How many events are written at once.
const TOGETHER_MAX: usize = 64;

/// Longest note that the API takes.
const NOTE_BYTES_MAX: usize = 1024;

/// Writes events in the background; clones write to the same place.
#[derive(Clone)]
pub struct Events(mpsc::Sender<Event>);

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// Whether somebody should look at it.
    pub warning: bool,
    /// One word, such as `TrialCreated`.
    pub reason: &'static str,
    /// A sentence.
    pub note: String,
}

impl Happening {
    /// Something in the normal course.
    pub fn normal(reason: &'static str, note: impl Into<String>) -> Happening {
        Happening { warning: false, reason, note: note.into() }
    }

    /// Something that somebody should look at.
    pub fn warning(reason: &'static str, note: impl Into<String>) -> Happening {
        Happening { warning: true, reason, note: note.into() }
    }
}

impl Events {
    /// Starts the writer.
    pub fn start(client: Client) -> Events {
        let (sender, mut waiting) = mpsc::channel::<Event>(WAITING_MAX);
        tokio::spawn(async move {
            // Those that came while others were written are written together: one round trip.
            let mut batch = Vec::new();
            while 0 < waiting.recv_many(&mut batch, TOGETHER_MAX).await {
                join_all(batch.drain(..).map(|event| write(&client, event))).await;
            }
        });
        Events(sender)
    }

    /// Tells what happened to `object`, in the name of `controller`.
    pub fn tell<K>(&self, controller: &str, object: &K, what: &Happening)
    where
        K: Resource<DynamicType = ()>,
    {
        let event = event(controller, object.object_ref(&()), what, jiff::Timestamp::now());
        if self.0.try_send(event).is_err() {
            tracing::debug!(reason = what.reason, "an event was dropped: too many wait");
        }
    }
}

async fn write(client: &Client, event: Event) {
    let namespace = event.metadata.namespace.clone().unwrap_or_default();
    let api: Api<Event> = Api::namespaced(client.clone(), &namespace);
    if let Err(why) = api.create(&PostParams::default(), &event).await {
        tracing::debug!(%why, "an event was not written");
    }
}

fn event(
    controller: &str,
    about: ObjectReference,
    what: &Happening,
    now: jiff::Timestamp,
) -> Event {
    let mut note = what.note.clone();
    if note.len() > NOTE_BYTES_MAX {
        note.truncate(note.floor_char_boundary(NOTE_BYTES_MAX - 3));
        note.push_str("...");
    }
    let name = about.name.clone().unwrap_or_default();
    Event {
        metadata: ObjectMeta {
            name: Some(format!("{name}.{:x}", now.as_nanosecond())),
            namespace: about.namespace.clone(),
            ..Default::default()
        },
        involved_object: about,
        reason: Some(what.reason.to_owned()),
        message: Some(note),
        type_: Some(if what.warning { "Warning" } else { "Normal" }.to_owned()),
        count: Some(1),
        first_timestamp: Some(Time(now)),
        last_timestamp: Some(Time(now)),
        event_time: Some(MicroTime(now)),
        action: Some("Reconcile".to_owned()),
        source: Some(EventSource { component: Some(controller.to_owned()), host: None }),
        reporting_component: Some(controller.to_owned()),
        reporting_instance: Some(controller.to_owned()),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_names_its_object_and_fits() {
        let about = ObjectReference {
            name: Some("e".into()),
            namespace: Some("n".into()),
            ..Default::default()
        };
        let what = Happening::warning("Bad", "é".repeat(2000));
        let told = event("trial-controller", about, &what, jiff::Timestamp::UNIX_EPOCH);
        assert_eq!(told.metadata.namespace.as_deref(), Some("n"));
        assert_eq!(told.type_.as_deref(), Some("Warning"));
        assert!(told.message.unwrap().len() <= NOTE_BYTES_MAX);
    }
}
