//! Tells people what happens to their pods: events, written in the background.

use super::NODE;
use super::status::News;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use kube::api::PostParams;
use kube::{Api, Client, Resource};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;

const WAITING_MAX: usize = 1024;
/// How many events are written at once.
const TOGETHER_MAX: usize = 64;

/// Takes news of pods. An event that cannot be written, or comes when too many wait, is dropped:
/// what counts is in the status.
#[derive(Clone)]
pub(super) struct Recorder {
    sender: Sender<Event>,
}

impl Recorder {
    pub(super) fn start(client: Client) -> (Self, JoinHandle<()>) {
        let (sender, receiver) = channel(WAITING_MAX);
        (Self { sender }, tokio::spawn(write(client, receiver)))
    }

    pub(super) fn tell(&self, pod: &Pod, news: &News) {
        let _too_many_wait = self.sender.try_send(event(pod, news, Timestamp::now()));
    }
}

/// Those that came while others were written are written together: they share a commit.
async fn write(client: Client, mut events: Receiver<Event>) {
    let mut waiting = Vec::new();
    while 0 < events.recv_many(&mut waiting, TOGETHER_MAX).await {
        let writes = waiting.drain(..).map(|event| {
            let namespace = event.metadata.namespace.clone().unwrap_or_default();
            let api = Api::<Event>::namespaced(client.clone(), &namespace);
            async move {
                if let Err(error) = api.create(&PostParams::default(), &event).await {
                    tracing::debug!(%error, "an event was not written");
                }
            }
        });
        futures::future::join_all(writes).await;
    }
}

fn event(pod: &Pod, news: &News, now: Timestamp) -> Event {
    let name = pod.metadata.name.clone().unwrap_or_default();
    let source =
        EventSource { component: Some("qalam-node".to_owned()), host: Some(NODE.to_owned()) };
    Event {
        metadata: ObjectMeta {
            generate_name: Some(format!("{name}.")),
            namespace: pod.metadata.namespace.clone(),
            ..ObjectMeta::default()
        },
        involved_object: ObjectReference {
            api_version: Some("v1".to_owned()),
            kind: Some("Pod".to_owned()),
            ..pod.object_ref(&())
        },
        type_: Some(if news.warning { "Warning" } else { "Normal" }.to_owned()),
        reason: Some(news.cause.reason.clone()),
        message: Some(news.cause.message.clone()),
        count: Some(1),
        first_timestamp: Some(Time(now)),
        last_timestamp: Some(Time(now)),
        source: Some(source),
        ..Event::default()
    }
}
