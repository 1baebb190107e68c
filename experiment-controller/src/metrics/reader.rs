//! Reads the log of one run of one container to its end, through the API, and keeps what it
//! reports.

use std::sync::Arc;
use std::time::Duration;

use futures::AsyncBufReadExt;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::api::LogParams;
use kube::{Api, Client};
use metrics_collector::follow::Lines;
use metrics_collector::{Store, TrialKey};

use super::feed::{Cursor, Feed};
use super::source::Source;

/// Pause before a log that broke off, or was not there yet, is asked for again.
const PAUSE: Duration = Duration::from_millis(200);
/// How long the end of a run may stay unknown after its log ended, before the log is read again.
const END_UNKNOWN_MAX: Duration = Duration::from_secs(2);

/// Reads until the run has ended and its log was read after that. `moved` is called when the
/// objective was reported.
pub(super) async fn read(
    client: Client,
    store: Arc<dyn Store>,
    trial: TrialKey,
    source: Source,
    feed: &Feed,
    moved: impl Fn(),
) {
    let api: Api<Pod> = Api::namespaced(client, &trial.namespace);
    let mut cursor = Cursor::default();
    loop {
        // Only a reading that began after the end is sure to have seen everything.
        let last = feed.has_ended(&source);
        match once(&api, &*store, &trial, &source, feed, &mut cursor, &moved).await {
            Ok(()) if last => break,
            Ok(()) => wait_for_end(feed, &source).await,
            // The pod is gone, and its log with it.
            Err(kube::Error::Api(why)) if why.is_not_found() => break,
            Err(why) => {
                tracing::debug!(pod = %source.pod, %why, "a log broke off; it is read again");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    feed.finish(&source);
}

async fn wait_for_end(feed: &Feed, source: &Source) {
    let deadline = tokio::time::sleep(END_UNKNOWN_MAX);
    tokio::pin!(deadline);
    loop {
        let told = feed.ended.notified();
        if feed.has_ended(source) {
            return;
        }
        tokio::select! {
            () = told => {}
            () = &mut deadline => return,
        }
    }
}

async fn once(
    api: &Api<Pod>,
    store: &dyn Store,
    trial: &TrialKey,
    source: &Source,
    feed: &Feed,
    cursor: &mut Cursor,
    moved: &impl Fn(),
) -> Result<(), kube::Error> {
    let again = cursor.time != Timestamp::default();
    let params = LogParams {
        container: Some(source.container.clone()),
        follow: true,
        timestamps: true,
        since_time: again.then(|| whole_second(cursor.time)),
        ..Default::default()
    };
    let name = format!("{}/{}/{}", source.pod_uid, source.container, source.restart);
    let mut log = std::pin::pin!(api.log_stream(&source.pod, &params).await?);
    cursor.rewind();
    let mut lines = Lines::default();
    loop {
        let chunk = log.fill_buf().await.map_err(kube::Error::ReadEvents)?;
        let size = chunk.len();
        let mut read = lines.push(chunk);
        log.consume_unpin(size);
        if size == 0 {
            read.extend(lines.finish());
        }
        let reports: Vec<_> =
            read.iter().flat_map(|it| feed.line(&name, &it.text, cursor)).collect();
        if !reports.is_empty() {
            keep(store, trial, &reports).await;
            if reports.iter().any(|it| feed.is_objective(it)) {
                moved();
            }
        }
        if size == 0 {
            return Ok(());
        }
    }
}

/// The second that a time lies in. Lines get their places by counting from the first that is
/// read, so a reading may not begin amid those of one microsecond (and kubelets know no less).
fn whole_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// Appends, for as long as it takes: a report that was read must not be lost.
async fn keep(store: &dyn Store, trial: &TrialKey, reports: &[metrics_collector::Report]) {
    let mut pause = PAUSE;
    while let Err(why) = store.append(trial, reports).await {
        tracing::warn!(trial = %trial.trial, %why, "reports wait for the store");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(10));
    }
}
