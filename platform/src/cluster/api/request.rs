//! What a request is about: its path, its query, its body.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use http::{HeaderMap, Uri, header};
use serde_json::Value;

use super::kinds::{Kind, Registry};
use super::status::Status;

/// Largest body that is read.
pub(super) const BODY_BYTES_MAX: usize = 3 << 20;
/// Most that is heard out, and thrown away, of a body that is too large: a client that is cut off
/// while it still sends does not read the answer.
const BODY_BYTES_HEARD_MAX: usize = 64 << 20;

/// What a path names.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) kind: Arc<Kind>,
    /// The namespace in the path; none for cluster-wide kinds and for lists over all namespaces.
    pub(super) namespace: Option<String>,
    pub(super) name: Option<String>,
    pub(super) subresource: Option<String>,
}

impl Target {
    /// # Errors
    /// 404 when the path leads to no kind that is served.
    pub(super) fn parse(registry: &Registry, path: &str) -> Result<Target, Status> {
        let parts: Vec<String> = path.split('/').filter(|it| !it.is_empty()).map(decode).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return Err(Status::no_such_path()),
        };
        let (namespace, rest) = match rest {
            // `namespaces/{name}/status` is about the namespace; anything else is inside it.
            ["namespaces", _, "status" | "finalize"] => (None, rest),
            ["namespaces", namespace, inner @ ..] if !inner.is_empty() => (Some(*namespace), inner),
            _ => (None, rest),
        };
        let [plural, rest @ ..] = rest else { return Err(Status::no_such_path()) };
        let (name, subresource) = match rest {
            [] => (None, None),
            [name] => (Some(*name), None),
            [name, subresource] => (Some(*name), Some(*subresource)),
            _ => return Err(Status::no_such_path()),
        };
        let kind = registry.find(group, version, plural).ok_or_else(Status::no_such_path)?;
        // An object of a namespaced kind has no address outside one, and the reverse.
        let astray = if kind.namespaced {
            namespace.is_none() && name.is_some()
        } else {
            namespace.is_some()
        };
        if astray {
            return Err(Status::no_such_path());
        }
        let owned = |it: Option<&str>| it.map(str::to_owned);
        let (namespace, name) = (owned(namespace), owned(name));
        Ok(Target { kind, namespace, name, subresource: owned(subresource) })
    }

    /// Whether it is that part of an object of that kind of the core group.
    pub(super) fn is_part(&self, kind: &str, part: &str) -> bool {
        self.kind.is("", kind) && self.subresource.as_deref() == Some(part)
    }

    /// The namespace as the store keeps it.
    pub(super) fn place(&self) -> &str {
        self.namespace.as_deref().unwrap_or_default()
    }
}

fn decode(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = |it: u8| char::from(it).to_digit(16).and_then(|it| u8::try_from(it).ok());
        match rest {
            [b'%', high, low, tail @ ..] if hex(*high).is_some() && hex(*low).is_some() => {
                bytes.push(hex(*high).unwrap_or(0) * 16 + hex(*low).unwrap_or(0));
                rest = tail;
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The query of a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Query(BTreeMap<String, String>);

impl Query {
    pub(super) fn parse(uri: &Uri) -> Result<Query, Status> {
        // A key given twice: the last one counts.
        let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri);
        let pairs = pairs.map_err(|error| Status::bad_request(error.body_text()))?;
        Ok(Query(pairs.0.into_iter().collect()))
    }

    /// The value under that key, if it is there and not empty.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str).filter(|it| !it.is_empty())
    }

    pub(super) fn flag(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(|it| matches!(it.as_str(), "true" | "1" | ""))
    }

    pub(super) fn number(&self, key: &str) -> Result<Option<u64>, Status> {
        let Some(text) = self.text(key) else { return Ok(None) };
        let parsed = text.parse().map(Some);
        parsed.map_err(|_| Status::bad_request(format!("{key}: needs a number, got \"{text}\"")))
    }

    pub(super) fn dry_run(&self) -> Result<bool, Status> {
        match self.text("dryRun") {
            None => Ok(false),
            Some("All") => Ok(true),
            Some(other) => {
                Err(Status::bad_request(format!("dryRun: only All is known, got \"{other}\"")))
            }
        }
    }
}

/// The bytes of a body.
///
/// # Errors
/// 413 when there are too many.
pub(super) async fn read_body(body: axum::body::Body) -> Result<Bytes, Status> {
    let mut stream = body.into_data_stream();
    let mut kept = BytesMut::new();
    let mut seen = 0;
    while let Some(part) = stream.next().await {
        let part = part.map_err(|error| Status::bad_request(format!("request body: {error}")))?;
        seen += part.len();
        if seen <= BODY_BYTES_MAX {
            kept.extend_from_slice(&part);
        } else if BODY_BYTES_HEARD_MAX < seen {
            break;
        }
    }
    if BODY_BYTES_MAX < seen {
        let told = format!("request body: limit is {BODY_BYTES_MAX} bytes");
        return Err(Status::too_large(told));
    }
    Ok(kept.freeze())
}

/// The media type of a body, without parameters.
pub(super) fn media_type(headers: &HeaderMap) -> &str {
    let value = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    value.unwrap_or("application/json").split(';').next().unwrap_or_default().trim()
}

/// The object in a body, JSON or YAML.
///
/// # Errors
/// 415 for another media type, 400 when the text does not parse.
pub(super) fn decode_object(headers: &HeaderMap, body: &[u8]) -> Result<Value, Status> {
    let value = match media_type(headers) {
        "application/json" | "" => decode_json(body)?,
        "application/yaml" => decode_yaml(body)?,
        "application/vnd.kubernetes.protobuf" => super::protobuf::decode(body)?,
        other => {
            let known = "application/json, application/yaml";
            return Err(Status::unsupported(format!("{other}: send one of {known}")));
        }
    };
    if !value.is_object() {
        return Err(Status::bad_request("request body: needs an object"));
    }
    Ok(value)
}

pub(super) fn decode_json(body: &[u8]) -> Result<Value, Status> {
    let parsed = serde_json::from_slice(body);
    parsed.map_err(|error| Status::bad_request(format!("request body is no JSON: {error}")))
}

pub(super) fn decode_yaml(body: &[u8]) -> Result<Value, Status> {
    let text = std::str::from_utf8(body);
    let text = text.map_err(|_| Status::bad_request("request body is not UTF-8"))?;
    let parsed = serde_saphyr::from_str(text);
    parsed.map_err(|error| Status::bad_request(format!("request body is no YAML: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: Option<(&str, &str, &str, &str)>) {
        let target = Target::parse(&Registry::default(), path).ok();
        let told = target.map(|it| {
            let text = |part: &Option<String>| part.clone().unwrap_or_default();
            (it.kind.kind.clone(), text(&it.namespace), text(&it.name), text(&it.subresource))
        });
        let owned =
            expected.map(|(a, b, c, d)| (a.to_owned(), b.to_owned(), c.to_owned(), d.to_owned()));
        assert_eq!(told, owned, "{path}");
    }

    #[test]
    fn paths() {
        check("/api/v1/pods", Some(("Pod", "", "", "")));
        check("/api/v1/namespaces/a/pods", Some(("Pod", "a", "", "")));
        check("/api/v1/namespaces/a/pods/p", Some(("Pod", "a", "p", "")));
        check("/api/v1/namespaces/a/pods/p/log", Some(("Pod", "a", "p", "log")));
        check("/api/v1/namespaces", Some(("Namespace", "", "", "")));
        check("/api/v1/namespaces/a", Some(("Namespace", "", "a", "")));
        check("/api/v1/namespaces/a/finalize", Some(("Namespace", "", "a", "finalize")));
        check("/apis/batch/v1/namespaces/a/jobs/j%2Dx", Some(("Job", "a", "j-x", "")));
        check("/api/v1/pods/p", None);
        check("/api/v1/namespaces/a/nodes/n", None);
        check("/api/v1/namespaces/a/pods/p/log/x", None);
        check("/apis/batch/v2/jobs", None);
        check("/healthz", None);
    }

    #[test]
    fn a_yaml_bomb_is_refused() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let before = level - 1;
            let refs = vec![format!("*a{before}"); 10].join(", ");
            text += &format!("a{level}: &a{level} [{refs}]\n");
        }
        assert_eq!(decode_yaml(text.as_bytes()).unwrap_err().code, 400);
        assert_eq!(decode_yaml(&[0xff, 0xfe]).unwrap_err().code, 400);
    }
}
