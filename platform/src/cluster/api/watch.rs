//! Watching: a stream of JSON lines, one an event.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use http::{HeaderValue, header};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Api;
use super::kinds::Kind;
use super::request::{Query, Target};
use super::respond::Shape;
use super::selectors::Selection;
use super::status::Status;
use crate::cluster::store::{Change, Cursor, Event, Expired, Object};

/// How long a watch lasts when the client does not say.
const TIMEOUT_SECONDS: u64 = 3600;
/// Longest that a watch lasts: a day, after which a client asks again.
const TIMEOUT_SECONDS_MAX: u64 = 86_400;
/// How often a client that asked for bookmarks learns how far it is.
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);
/// Lines that are sent together when many wait.
const CHUNK_LINES_MAX: usize = 256;

impl Api {
    /// Answers a watch.
    pub(super) fn watch(
        &self,
        target: &Target,
        query: &Query,
        shape: Shape,
    ) -> Result<Response, Status> {
        let kind = Arc::clone(&target.kind);
        let mut fields = query.text("fieldSelector").unwrap_or_default().to_owned();
        if let Some(name) = &target.name {
            fields = format!("{fields},metadata.name={name}");
        }
        let selection = Selection::parse(&kind, query.text("labelSelector"), Some(&fields))?;
        let bookmarks = query.flag("allowWatchBookmarks");
        let initial = query.flag("sendInitialEvents") && query.text("sendInitialEvents").is_some();
        check_initial(query, initial)?;
        let version = query.text("resourceVersion").filter(|it| *it != "0");
        let version: Option<u64> = version.map(str::parse).transpose().map_err(|_| {
            Status::bad_request("resourceVersion: needs one that this server has given")
        })?;
        let view = View { kind, namespace: target.namespace.clone(), selection, shape };
        let mut waiting = VecDeque::new();
        let start = match version {
            Some(version) if !initial => version,
            _ => {
                let snapshot = self.store.list(
                    &view.kind.resource,
                    view.namespace.as_deref(),
                    None,
                    usize::MAX,
                );
                let seen = snapshot.items.iter().filter(|it| view.selection.matches(it));
                waiting.extend(seen.map(|it| view.line("ADDED", it)));
                if initial && bookmarks {
                    waiting.push_back(view.bookmark(snapshot.version, true));
                }
                snapshot.version
            }
        };
        let cursor = self.store.follow(&view.kind.resource, start);
        let cursor = cursor.map_err(|expired| too_old(start, expired))?;
        let end = end(Instant::now(), query.number("timeoutSeconds")?);
        let watch = Watch { view, cursor, waiting, end, bookmarks, ended: false };
        let mut response = Response::new(Body::from_stream(watch.lines().map(Ok::<_, Infallible>)));
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        Ok(response)
    }
}

/// # Errors
/// 422 for parameters that contradict each other.
fn check_initial(query: &Query, initial: bool) -> Result<(), Status> {
    let matching = query.text("resourceVersionMatch");
    let told = match (initial, matching) {
        (true, Some("NotOlderThan")) | (false, None) => return Ok(()),
        (true, _) => {
            "resourceVersionMatch: Forbidden: sendInitialEvents requires setting \
             resourceVersionMatch to NotOlderThan"
        }
        (false, Some(_)) if query.text("sendInitialEvents").is_some() => return Ok(()),
        (false, Some(_)) => {
            "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless \
             sendInitialEvents is provided"
        }
    };
    Err(Status::new(422, "Invalid", format!("ListOptions.meta.k8s.io \"\" is invalid: {told}")))
}

/// When a watch ends that was asked to last so many seconds.
fn end(now: Instant, seconds: Option<u64>) -> Instant {
    let seconds = seconds.filter(|it| 0 < *it).unwrap_or(TIMEOUT_SECONDS);
    now + Duration::from_secs(seconds.min(TIMEOUT_SECONDS_MAX))
}

fn too_old(version: u64, expired: Expired) -> Status {
    Status::expired(format!("too old resource version: {version} ({})", expired.oldest))
}

/// What a watch looks at, and how it shows it.
struct View {
    kind: Arc<Kind>,
    namespace: Option<String>,
    selection: Selection,
    shape: Shape,
}

impl View {
    fn matches(&self, object: &Object) -> bool {
        self.namespace.as_ref().is_none_or(|it| *it == object.key.namespace)
            && self.selection.matches(object)
    }

    /// The event as this reader sees it: an object may enter or leave what is selected.
    fn translate(&self, event: &Event) -> Option<Bytes> {
        let before = event.previous.as_ref().is_some_and(|it| self.matches(it));
        let after = event.change != Change::Deleted && self.matches(&event.object);
        let word = match (before, after) {
            (false, false) => return None,
            (false, true) => "ADDED",
            (true, true) => "MODIFIED",
            (true, false) => "DELETED",
        };
        Some(self.line(word, &event.object))
    }

    fn line(&self, word: &str, object: &Object) -> Bytes {
        let body = self.shape.object(&self.kind, object);
        let mut line = Vec::with_capacity(body.len() + 32);
        line.extend_from_slice(format!("{{\"type\":\"{word}\",\"object\":").as_bytes());
        line.extend_from_slice(&body);
        line.extend_from_slice(b"}\n");
        Bytes::from(line)
    }

    fn bookmark(&self, version: u64, initial_done: bool) -> Bytes {
        let mut metadata = json!({"resourceVersion": version.to_string()});
        if initial_done {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let (kind, api_version) = match self.shape {
            Shape::Metadata => ("PartialObjectMetadata", "meta.k8s.io/v1".to_owned()),
            Shape::Plain | Shape::Table(_) => (self.kind.kind.as_str(), self.kind.api_version()),
        };
        let object = json!({"kind": kind, "apiVersion": api_version, "metadata": metadata});
        print_line("BOOKMARK", &object)
    }
}

fn print_line(word: &str, object: &Value) -> Bytes {
    Bytes::from(format!("{{\"type\":\"{word}\",\"object\":{object}}}\n"))
}

struct Watch {
    view: View,
    cursor: Cursor,
    /// Lines not yet sent.
    waiting: VecDeque<Bytes>,
    end: Instant,
    bookmarks: bool,
    ended: bool,
}

impl Watch {
    fn lines(self) -> impl Stream<Item = Bytes> {
        stream::unfold(self, |mut watch| async move {
            while watch.waiting.is_empty() {
                if watch.ended {
                    return None;
                }
                watch.fill().await;
            }
            let count = watch.waiting.len().min(CHUNK_LINES_MAX);
            let chunk: Vec<Bytes> = watch.waiting.drain(..count).collect();
            Some((Bytes::from(chunk.concat()), watch))
        })
    }

    /// Waits for events, the next bookmark or the end.
    async fn fill(&mut self) {
        let now = Instant::now();
        let pause = if self.bookmarks { self.end.min(now + BOOKMARK_EVERY) } else { self.end };
        match tokio::time::timeout_at(pause, self.cursor.next()).await {
            Ok(Ok(events)) => {
                self.waiting.extend(events.iter().filter_map(|it| self.view.translate(it)));
            }
            Ok(Err(expired)) => {
                let status = too_old(self.cursor.position(), expired);
                self.waiting.push_back(print_line("ERROR", &status.to_value()));
                self.ended = true;
            }
            Err(_) => {
                self.ended = self.end <= Instant::now();
                if self.bookmarks {
                    let version = self.cursor.position();
                    self.waiting.push_back(self.view.bookmark(version, false));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_lasts_as_long_as_asked_and_not_for_ever() {
        let now = Instant::now();
        let seconds = |asked| (end(now, asked) - now).as_secs();
        assert_eq!(seconds(Some(5)), 5);
        assert_eq!((seconds(None), seconds(Some(0))), (TIMEOUT_SECONDS, TIMEOUT_SECONDS));
        assert_eq!(seconds(Some(u64::MAX)), TIMEOUT_SECONDS_MAX);
    }
}
