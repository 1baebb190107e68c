//! What a trial printed, or prints: text, passed on as it comes.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures::{AsyncReadExt, stream};
use http::header;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::{ListParams, LogParams};
use proto::kinds::{TRIAL_LABEL, Trial};

use super::manifest::attachment;
use super::{Place, key};
use crate::ui::Ui;
use crate::ui::access::guard::Pass;
use crate::ui::extract::Asked;
use crate::ui::problem::Trouble;
use crate::ui::types::LogQuery;

/// How much is passed on at once, in bytes.
const CHUNK: usize = 16 * 1024;

/// The log of a trial.
pub(crate) async fn logs(
    State(ui): State<Arc<Ui>>,
    pass: Pass,
    place: Place,
    Asked(query): Asked<LogQuery>,
) -> Result<Response, Trouble> {
    let key = key(&pass, place)?;
    let trial = ui.object::<Trial>(&key).await?;
    let api = ui.api::<Pod>(&key.namespace);
    let label = ListParams::default().labels(&format!("{TRIAL_LABEL}={}", key.name));
    let mut pods = api.list(&label).await?.items;
    pods.sort_by_key(|it| (it.metadata.creation_timestamp.clone(), it.name_any()));
    // Only pods of this trial: a name is no way to another one's log.
    let pod = match &query.pod {
        Some(name) => pods.into_iter().find(|it| it.name_any() == *name),
        None => newest(&trial, pods),
    };
    let Some(pod) = pod else {
        let why = "the trial has no such pod: it has not started yet, or its pods were removed with \
                   its workload (spec.trialTemplate.retain: true keeps them)";
        return Err(Trouble::not_found(why));
    };
    let container = query.container.clone().or_else(|| container(&trial, &pod));
    let params = LogParams {
        container,
        follow: query.follow == Some(true),
        tail_lines: query.tail.filter(|it| 0 <= *it),
        timestamps: query.timestamps == Some(true),
        previous: query.previous == Some(true),
        ..LogParams::default()
    };
    let log = api.log_stream(&pod.name_any(), &params).await?;
    let chunks = stream::try_unfold(Box::pin(log), |mut log| async move {
        let mut chunk = vec![0; CHUNK];
        let size = log.read(&mut chunk).await?;
        chunk.truncate(size);
        std::io::Result::Ok((0 < size).then_some((chunk, log)))
    });
    let mut response = Body::from_stream(chunks).into_response();
    let mut set = |name, value: &str| {
        value.parse().map(|value| response.headers_mut().insert(name, value)).is_ok()
    };
    set(header::CONTENT_TYPE, "text/plain; charset=utf-8");
    if query.follow == Some(true) {
        // Compression would hold lines back.
        set(header::CONTENT_ENCODING, "identity");
    }
    if query.download == Some(true) {
        set(header::CONTENT_DISPOSITION, &attachment(&format!("{}.log", key.name)));
    }
    Ok(response)
}

/// The newest pod whose metrics count, else the newest.
fn newest(trial: &Trial, pods: Vec<Pod>) -> Option<Pod> {
    let counts = |pod: &Pod| {
        let mut wanted = trial.spec.primary_pod_labels.iter();
        wanted.all(|(name, value)| pod.labels().get(name) == Some(value))
    };
    let primary = pods.iter().rposition(counts);
    let place = primary.or(pods.len().checked_sub(1))?;
    pods.into_iter().nth(place)
}

/// The trial's primary container, else the first.
fn container(trial: &Trial, pod: &Pod) -> Option<String> {
    let containers = &pod.spec.as_ref()?.containers;
    let named = containers.iter().find(|it| it.name == trial.spec.primary_container_name);
    named.or(containers.first()).map(|it| it.name.clone())
}
