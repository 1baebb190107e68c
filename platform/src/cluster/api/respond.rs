//! The form of an answer: plain JSON, a Table for people, or metadata alone.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::convert;
use super::kinds::Kind;
use super::status::Status;
use super::table::{self, Include};
use crate::cluster::store::Object;

/// What the reader asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Plain,
    /// Rows, with as much of each object as is asked for.
    Table(Include),
    Metadata,
}

impl Shape {
    /// The first form in `Accept` that we speak; the rows of a table are to `include` that.
    ///
    /// # Errors
    /// 406 when there is none.
    pub(super) fn of(headers: &HeaderMap, include: Include) -> Result<Shape, Status> {
        let Some(accept) = headers.get(header::ACCEPT).and_then(|it| it.to_str().ok()) else {
            return Ok(Shape::Plain);
        };
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default();
            let json = matches!(kind, "application/json" | "application/*" | "*/*" | "");
            let shape = match parts.find_map(|it| it.strip_prefix("as=")) {
                None => Some(Shape::Plain),
                Some("Table") => Some(Shape::Table(include)),
                Some("PartialObjectMetadata" | "PartialObjectMetadataList") => {
                    Some(Shape::Metadata)
                }
                Some(_) => None,
            };
            if let (true, Some(shape)) = (json, shape) {
                return Ok(shape);
            }
        }
        let known = "only the following media types are accepted: application/json";
        Err(Status::new(406, "NotAcceptable", known))
    }

    /// A stored object in this form, as JSON text.
    pub(super) fn object(self, kind: &Kind, object: &Object) -> Bytes {
        match self {
            Shape::Plain if convert::is_identity(kind) => return object.raw.clone(),
            Shape::Metadata => return Bytes::from(head_of(object).to_string()),
            _ => {}
        }
        self.value(kind, convert::to_served(kind, object.value()))
    }

    /// An object in its served version in this form, as JSON text.
    pub(super) fn value(self, kind: &Kind, mut value: Value) -> Bytes {
        let shaped = match self {
            Shape::Plain => value,
            Shape::Metadata => metadata_of(value["metadata"].take()),
            Shape::Table(include) => {
                let version = json!({"resourceVersion": value["metadata"]["resourceVersion"]});
                table::table(kind, &[Arc::new(value)], version, include)
            }
        };
        Bytes::from(shaped.to_string())
    }

    /// A list in this form, as JSON text.
    pub(super) fn list(self, kind: &Kind, objects: &[Arc<Object>], metadata: Value) -> Bytes {
        let values = || objects.iter().map(|it| convert::to_served(kind, it.value()));
        match self {
            Shape::Plain => plain_list(kind, objects, &metadata),
            Shape::Table(include) => {
                let items: Vec<Arc<Value>> = values().map(Arc::new).collect();
                Bytes::from(table::table(kind, &items, metadata, include).to_string())
            }
            Shape::Metadata => {
                let items: Vec<Value> = objects.iter().map(|it| head_of(it)).collect();
                let list = json!({
                    "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
                    "metadata": metadata, "items": items,
                });
                Bytes::from(list.to_string())
            }
        }
    }
}

fn metadata_of(metadata: Value) -> Value {
    let mut shown = json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"});
    shown["metadata"] = metadata;
    shown
}

/// A stored object's metadata, which is the same in all served versions. The rest of the text is
/// passed over: whoever watches metadata watches many kinds.
fn head_of(object: &Object) -> Value {
    #[derive(serde::Deserialize)]
    struct Head {
        #[serde(default)]
        metadata: Value,
    }
    // Only JSON objects enter a store.
    let head: Option<Head> = serde_json::from_slice(&object.raw).ok();
    metadata_of(head.map_or(Value::Null, |it| it.metadata))
}

/// Joins the stored texts: a list parses nothing.
fn plain_list(kind: &Kind, objects: &[Arc<Object>], metadata: &Value) -> Bytes {
    let size: usize = objects.iter().map(|it| it.raw.len() + 1).sum();
    let mut text = Vec::with_capacity(size + 256);
    let head = format!(
        r#"{{"kind":"{}List","apiVersion":"{}","metadata":{metadata},"items":["#,
        kind.kind,
        kind.api_version()
    );
    text.extend_from_slice(head.as_bytes());
    for (index, object) in objects.iter().enumerate() {
        if 0 < index {
            text.push(b',');
        }
        text.extend_from_slice(&Shape::Plain.object(kind, object));
    }
    text.extend_from_slice(b"]}");
    Bytes::from(text)
}

/// A JSON answer with warnings.
pub(super) fn answer(code: StatusCode, body: Bytes, warnings: &[String]) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = code;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for warning in warnings {
        let safe: String = warning
            .chars()
            .map(|it| if it.is_ascii_graphic() || it == ' ' { it } else { '?' })
            .collect();
        let quoted = safe.replace('\\', "\\\\").replace('"', "\\\"");
        if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{quoted}\"")) {
            headers.append(header::WARNING, value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_form_that_we_speak() {
        let kubectl = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
        let metadata = "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata,\
                        application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
        for (accept, expected) in [
            ("*/*", Some(Shape::Plain)),
            (kubectl, Some(Shape::Table(Include::None))),
            (metadata, Some(Shape::Metadata)),
            ("application/vnd.kubernetes.protobuf, application/json", Some(Shape::Plain)),
            ("text/html", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(Shape::of(&headers, Include::None).ok(), expected, "{accept}");
        }
    }
}
