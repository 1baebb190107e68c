//! `pods/{name}/log`: what a container printed.

use std::io;
use std::pin::Pin;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::{FutureExt, Stream, StreamExt, stream};
use http::{HeaderValue, header};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::Api;
use super::request::{Query, Target};
use super::status::Status;
use crate::cluster::node::logs::{self, LogOptions};

/// Clients of Katib read a trial's metrics under this name, whether or not there is a sidecar.
const COLLECTOR_CONTAINER: &str = "metrics-logger-and-collector";

impl Api {
    /// Answers with a container's log, as it is or as it grows.
    pub(super) async fn log(&self, target: &Target, query: &Query) -> Result<Response, Status> {
        let pod = self.get(target)?;
        let container = choose_container(&pod.value(), &pod.key.name, query.text("container"))?;
        let options = parse_options(query)?;
        let (follow, previous) = (options.follow, options.previous);
        let mut log = Box::pin(logs::read(&self.home, &pod.uid, &container, options));
        // Who follows waits for the container; a refusal that is known at once is still told.
        let first = if follow { log.next().now_or_never() } else { Some(log.next().await) };
        let refusal = |error: &io::Error| refuse(error, &container, &pod.key.name, previous);
        let lines: Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>> = match first {
            None => log,
            Some(None) => Box::pin(stream::empty()),
            Some(Some(Err(error))) => return Err(refusal(&error)),
            Some(Some(first)) => Box::pin(stream::iter([first]).chain(log)),
        };
        let mut response = Response::new(Body::from_stream(lines));
        let text = HeaderValue::from_static("text/plain");
        response.headers_mut().insert(header::CONTENT_TYPE, text);
        Ok(response)
    }
}

fn refuse(error: &io::Error, container: &str, pod: &str, previous: bool) -> Status {
    if error.kind() != io::ErrorKind::NotFound {
        return Status::internal(format!("log of {container} in {pod}: {error}"));
    }
    let told = if previous {
        format!("previous terminated container \"{container}\" in pod \"{pod}\" not found")
    } else {
        format!("container \"{container}\" in pod \"{pod}\" is waiting to start")
    };
    Status::bad_request(told)
}

fn choose_container(pod: &Value, name: &str, asked: Option<&str>) -> Result<String, Status> {
    let names = |part: &str| -> Vec<&str> {
        let list = pod["spec"][part].as_array();
        list.into_iter().flatten().filter_map(|it| it["name"].as_str()).collect()
    };
    let (main, init) = (names("containers"), names("initContainers"));
    match (asked, main.as_slice()) {
        (Some(asked), _) if main.contains(&asked) || init.contains(&asked) => Ok(asked.to_owned()),
        (Some(COLLECTOR_CONTAINER), [primary, ..]) => Ok((*primary).to_owned()),
        (Some(asked), _) => {
            Err(Status::bad_request(format!("container {asked} is not valid for pod {name}")))
        }
        (None, [only]) => Ok((*only).to_owned()),
        (None, _) => Err(Status::bad_request(format!(
            "a container name must be specified for pod {name}, choose one of: [{}]",
            main.join(" ")
        ))),
    }
}

fn parse_options(query: &Query) -> Result<LogOptions, Status> {
    let ago = query.number("sinceSeconds")?.map(|seconds| {
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        Timestamp::now().checked_sub(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MIN)
    });
    let since = query.text("sinceTime").map(|text| {
        let refuse = |error| Status::bad_request(format!("sinceTime: \"{text}\": {error}"));
        text.parse::<Timestamp>().map_err(refuse)
    });
    let tail = query.number("tailLines")?;
    Ok(LogOptions {
        follow: query.flag("follow"),
        tail_lines: tail.map(|it| usize::try_from(it).unwrap_or(usize::MAX)),
        since: ago.or(since.transpose()?),
        timestamps: query.flag("timestamps"),
        previous: query.flag("previous"),
        limit_bytes: query.number("limitBytes")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_container_that_is_meant() {
        let one = json!({"spec": {"containers": [{"name": "main"}]}});
        let two = json!({"spec": {
            "containers": [{"name": "main"}, {"name": "other"}], "initContainers": [{"name": "in"}],
        }});
        for (pod, asked, expected) in [
            (&one, None, Some("main")),
            (&one, Some(COLLECTOR_CONTAINER), Some("main")),
            (&one, Some("else"), None),
            (&two, None, None),
            (&two, Some("in"), Some("in")),
            (&two, Some("other"), Some("other")),
        ] {
            let chosen = choose_container(pod, "p", asked);
            assert_eq!(chosen.ok().as_deref(), expected, "{asked:?}");
        }
    }
}
