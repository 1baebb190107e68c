//! OpenAPI documents of the kinds, for explain and for validation by clients.

mod document;
mod protobuf;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::kinds::{Kind, Registry};
use super::status::Status;

/// `/openapi/v3`, `/openapi/v3/…`, `/openapi/v2`.
pub fn routes(registry: Arc<Registry>) -> Router {
    let documents = Arc::new(Documents { registry, rendered: Mutex::default() });
    Router::new()
        .route("/openapi/v2", get(version_2))
        .route("/openapi/v3", get(index))
        .route("/openapi/v3/", get(index))
        .route("/openapi/v3/{*path}", get(version_3))
        .with_state(documents)
}

/// The rendered documents, as long as the registry stays as it is.
struct Documents {
    registry: Arc<Registry>,
    rendered: Mutex<Rendered>,
}

#[derive(Default)]
struct Rendered {
    revision: u64,
    by_path: BTreeMap<String, Bytes>,
}

impl Documents {
    /// The document under this path, rendered at most once for each state of the registry.
    fn get(&self, path: &str, render: impl FnOnce(&[Arc<Kind>]) -> Option<Value>) -> Option<Bytes> {
        let revision = self.registry.revision();
        {
            let mut rendered = self.rendered.lock();
            if rendered.revision != revision {
                *rendered = Rendered { revision, by_path: BTreeMap::new() };
            }
            if let Some(found) = rendered.by_path.get(path) {
                return Some(found.clone());
            }
        }
        let made = Bytes::from(render(&self.registry.all())?.to_string());
        let mut rendered = self.rendered.lock();
        if rendered.revision == revision {
            rendered.by_path.insert(path.to_owned(), made.clone());
        }
        Some(made)
    }
}

async fn index(State(documents): State<Arc<Documents>>) -> Response {
    let found = documents.get("", |kinds| {
        let mut paths = serde_json::Map::new();
        for kind in kinds {
            let path = group_version_path(&kind.group, &kind.version);
            let url = format!("/openapi/v3/{path}?hash={:X}", hash(kinds, &path));
            paths.insert(path, json!({ "serverRelativeURL": url }));
        }
        Some(json!({ "paths": paths }))
    });
    answer(found)
}

async fn version_3(State(documents): State<Arc<Documents>>, Path(path): Path<String>) -> Response {
    let path = path.trim_end_matches('/').to_owned();
    let found = documents.get(&path, |kinds| {
        let of_path = |it: &&Arc<Kind>| group_version_path(&it.group, &it.version) == path;
        let kinds: Vec<&Kind> = kinds.iter().filter(of_path).map(|it| &**it).collect();
        (!kinds.is_empty()).then(|| document::render(&kinds))
    });
    answer(found)
}

/// Tells clients when the document that they keep is stale, across restarts too.
fn hash(kinds: &[Arc<Kind>], path: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    let of_path = |it: &&Arc<Kind>| group_version_path(&it.group, &it.version) == path;
    kinds.iter().filter(of_path).for_each(|it| format!("{it:?}").hash(&mut hasher));
    hasher.finish()
}

/// Most clients want this form in protobuf, whatever else they take.
async fn version_2(State(documents): State<Arc<Documents>>, headers: HeaderMap) -> Response {
    let accepted = headers.get(header::ACCEPT).and_then(|it| it.to_str().ok()).unwrap_or("*/*");
    let names = accepted.split(',').map(|it| it.split(';').next().unwrap_or_default().trim());
    let names: Vec<&str> = names.collect();
    let found = documents.get("v2", |kinds| {
        let kinds: Vec<&Kind> = kinds.iter().map(|it| &**it).collect();
        Some(document::render_version_2(&kinds))
    });
    if names.iter().any(|it| ["application/json", "application/*", "*/*"].contains(it)) {
        return answer(found);
    }
    // Both `…v2.v1.0…` and `…v2@v1.0…` are asked for.
    let protobuf = |it: &&str| it.contains("proto-openapi.spec.v2") && it.ends_with("+protobuf");
    match (names.into_iter().find(protobuf), found) {
        (Some(_), Some(json)) => {
            let document = serde_json::from_slice(&json).unwrap_or_default();
            let body = protobuf::encode(&document);
            (StatusCode::OK, [(header::CONTENT_TYPE, protobuf::MEDIA_TYPE)], body).into_response()
        }
        _ => {
            let message = "only application/json and protobuf are served here";
            Status::new(406, "NotAcceptable", message).into_response()
        }
    }
}

/// `api/v1`, or `apis/{group}/{version}`.
fn group_version_path(group: &str, version: &str) -> String {
    if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") }
}

fn answer(found: Option<Bytes>) -> Response {
    match found {
        Some(body) => {
            (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], body).into_response()
        }
        None => Status::no_such_path().into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_rendered_anew_when_kinds_change() {
        let registry = Arc::new(Registry::default());
        let documents = Documents { registry: registry.clone(), rendered: Mutex::default() };
        let count = |_: &[Arc<Kind>]| Some(json!(registry.revision()));
        let first = documents.get("a", count);
        assert_eq!(documents.get("a", |_| None), first);
        registry.define(&[]);
        assert_eq!(documents.get("a", |_| None), None);
        assert_ne!(documents.get("a", count), first);
    }
}
