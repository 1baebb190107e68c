//! Events expire: what happened more than an hour ago is in the objects, or does not matter.

use std::time::Duration;

use futures::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Event;
use kube::api::{DeleteParams, ListParams};
use kube::{Api, Client, ResourceExt};

/// How long an event is kept, as a Kubernetes API server keeps them unless told otherwise.
const KEEP: SignedDuration = SignedDuration::from_hours(1);
/// How often old ones are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(300);
/// How many are looked at in one page.
const PAGE: u32 = 500;
/// How many are deleted at once.
const WORKERS: usize = 32;

/// Runs until its task is dropped.
pub(super) async fn run(client: Client) {
    loop {
        if let Err(error) = sweep(&client, Timestamp::now()).await {
            tracing::warn!(%error, "old events not deleted, trying again later");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Deletes the events that are too old at `now`, page by page.
pub(super) async fn sweep(client: &Client, now: Timestamp) -> Result<(), kube::Error> {
    let events: Api<Event> = Api::all(client.clone());
    let mut page = ListParams::default().limit(PAGE);
    loop {
        let found = events.list(&page).await?;
        let next = found.metadata.continue_.clone().filter(|it| !it.is_empty());
        let old = found.items.into_iter().filter(|it| is_old(it, now));
        let gone = old.map(|it| {
            let near: Api<Event> =
                Api::namespaced(client.clone(), &it.namespace().unwrap_or_default());
            async move { near.delete(&it.name_any(), &DeleteParams::default()).await.map(|_| ()) }
        });
        // One that is gone already, or cannot go now, is no concern of the others.
        stream::iter(gone).buffer_unordered(WORKERS).collect::<Vec<_>>().await;
        let Some(next) = next else { return Ok(()) };
        page = page.continue_token(&next);
    }
}

/// An event counts from when it was last seen.
fn is_old(event: &Event, now: Timestamp) -> bool {
    let seen = event.series.as_ref().and_then(|it| it.last_observed_time.as_ref().map(|it| it.0));
    let last = event.last_timestamp.as_ref().map(|it| it.0);
    let made = event.metadata.creation_timestamp.as_ref().map(|it| it.0);
    let latest = [seen, last, made].into_iter().flatten().max();
    latest.is_some_and(|it| KEEP < now.duration_since(it))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::{Cluster, Options};

    fn event(name: &str, second: i64) -> Event {
        let time = Timestamp::from_second(second).unwrap().to_string();
        serde_json::from_value(json!({
            "metadata": {"name": name, "namespace": "default"},
            "involvedObject": {"kind": "Pod", "name": "p", "namespace": "default"},
            "reason": "Tested", "message": "m", "type": "Normal",
            "firstTimestamp": time, "lastTimestamp": time,
        }))
        .unwrap()
    }

    #[test]
    fn an_event_is_old_an_hour_after_it_was_last_seen() {
        let check = |second, want| {
            let now = Timestamp::from_second(second).unwrap();
            assert_eq!(is_old(&event("e", 1_000), now), want, "{second}");
        };
        check(1_000, false);
        check(1_000 + 3_600, false);
        check(1_000 + 3_601, true);
        assert!(!is_old(&Event::default(), Timestamp::MAX));
    }

    #[tokio::test]
    async fn old_events_go_and_young_ones_stay() {
        let home = tempfile::tempdir().unwrap();
        let cluster = Cluster::open(Options::at(home.path())).await.unwrap();
        let events: Api<Event> = Api::default_namespaced(cluster.client());
        let now = Timestamp::now();
        let late = now + SignedDuration::from_hours(2);
        events.create(&Default::default(), &event("old", now.as_second())).await.unwrap();
        events.create(&Default::default(), &event("young", late.as_second())).await.unwrap();
        sweep(&cluster.client(), late).await.unwrap();
        let left = events.list(&ListParams::default()).await.unwrap().items;
        assert_eq!(left.iter().map(ResourceExt::name_any).collect::<Vec<_>>(), ["young"]);
    }
}
