//! The Kubernetes API over the object store: one verb or concern a file.
//!
//! A request is parsed by `request`, read by `read` and `watch`, written by `write`, `patch` and
//! `delete`, and answered in the form that `respond` finds in its `Accept`; refusals are `status`.

mod apply;
pub mod auth;
mod convert;
mod defaults;
mod definitions;
mod delete;
pub mod discovery;
pub mod kinds;
mod limits;
mod logs;
mod meta;
pub mod openapi;
mod patch;
mod protobuf;
mod read;
mod request;
mod respond;
mod scale;
pub mod schema;
mod selectors;
pub mod status;
pub mod strategic;
pub mod table;
#[cfg(test)]
mod tests;
mod watch;
mod write;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

use super::admission::Admission;
use super::store::Store;
use apply::Applied;
use auth::{User, is_review};
use kinds::Registry;
pub(crate) use meta::now;
use patch::Patch;
use request::{Query, Target, decode_object, media_type, read_body};
use respond::{Shape, answer};
pub(in crate::cluster) use selectors::label_selector_text;
use status::Status;
use table::Include;
use write::{After, Manner, Written};

/// What every request needs; clones share it.
#[derive(Clone)]
pub(super) struct Api {
    pub(super) store: Store,
    pub(super) registry: Arc<Registry>,
    pub(super) admission: Arc<[Arc<dyn Admission>]>,
    /// The home's folder: pod logs are below it.
    pub(super) home: PathBuf,
    /// Taken by creations that a quota counts.
    pub(super) turns: Arc<tokio::sync::Mutex<()>>,
}

impl Api {
    /// All paths of the API.
    pub(super) fn router(&self) -> Router {
        let registry = || Arc::clone(&self.registry);
        Router::new()
            .route("/healthz", get(|| async { "ok" }))
            .route("/readyz", get(|| async { "ok" }))
            .route("/livez", get(|| async { "ok" }))
            .merge(discovery::routes(registry()))
            .merge(openapi::routes(registry()))
            .merge(Router::new().fallback(serve).with_state(self.clone()))
    }
}

async fn serve(State(api): State<Api>, request: Request) -> Response {
    api.dispatch(request).await.unwrap_or_else(IntoResponse::into_response)
}

/// A request without its body: what every verb needs to know of it.
struct Asked {
    target: Target,
    query: Query,
    headers: HeaderMap,
    shape: Shape,
    user: Option<User>,
}

impl Asked {
    fn manner(&self) -> Result<Manner, Status> {
        Manner::of(&self.query, &self.headers, self.user.clone())
    }
}

impl Api {
    async fn dispatch(&self, request: Request) -> Result<Response, Status> {
        let (head, body) = request.into_parts();
        let query = Query::parse(&head.uri)?;
        // `/api/v1/watch/…` is the old way to say `?watch=true`; clients no longer use it.
        let target = Target::parse(&self.registry, head.uri.path())?;
        let user = head.extensions.get::<User>().cloned();
        self.authorize(user.as_ref(), &head.method, &target, &query)?;
        let include = Include::parse(query.text("includeObject").unwrap_or_default());
        let shape = Shape::of(&head.headers, include)?;
        let asked = Asked { target, query, headers: head.headers, shape, user };
        if head.method == Method::GET {
            let target = &asked.target;
            return match (&target.name, target.subresource.as_deref()) {
                (Some(_), Some("log")) if target.kind.is("", "Pod") => {
                    self.log(target, &asked.query).await
                }
                _ => self.read(target, &asked.query, shape),
            };
        }
        let body = read_body(body).await?;
        self.write(&head.method, &asked, &body).await
    }

    async fn write(&self, method: &Method, asked: &Asked, body: &[u8]) -> Result<Response, Status> {
        let target = &asked.target;
        let created = StatusCode::CREATED;
        match (method.as_str(), &target.name) {
            ("POST", None) => {
                let object = decode_object(&asked.headers, body)?;
                if is_review(&target.kind) {
                    let answered = self.review(target, asked.user.as_ref(), object)?;
                    return Ok(status::json_response(created, &answered));
                }
                let written = self.create(target, asked.manner()?, object).await?;
                Ok(self.tell(target, created, asked.shape, written))
            }
            ("POST", Some(_)) if target.is_part("ServiceAccount", "token") => {
                let object = decode_object(&asked.headers, body)?;
                Ok(status::json_response(created, &self.issue(target, object)?))
            }
            ("POST", Some(_)) => match target.subresource.as_deref() {
                Some(what) => Err(not_there(target, what)),
                None => Err(Status::method_not_allowed()),
            },
            ("PUT", Some(_)) => {
                let object = decode_object(&asked.headers, body)?;
                let written = self.replace(target, asked.manner()?, object).await?;
                Ok(self.tell(target, StatusCode::OK, asked.shape, written))
            }
            ("PATCH", Some(_)) => {
                let patch = Patch::parse(media_type(&asked.headers), body)?;
                let (code, written) = self.patch(asked, patch).await?;
                Ok(self.tell(target, code, asked.shape, written))
            }
            ("DELETE", _) => self.remove(asked, body).await,
            _ => Err(Status::method_not_allowed()),
        }
    }

    fn read(&self, target: &Target, query: &Query, shape: Shape) -> Result<Response, Status> {
        if query.flag("watch") {
            return self.watch(target, query, shape);
        }
        match (&target.name, target.subresource.as_deref()) {
            (None, _) => {
                let page = self.list(target, query)?;
                let body = shape.list(&target.kind, &page.items, page.metadata);
                Ok(answer(StatusCode::OK, body, &[]))
            }
            (Some(_), None) => {
                let body = shape.object(&target.kind, &*self.get(target)?);
                Ok(answer(StatusCode::OK, body, &[]))
            }
            (Some(_), Some("status")) if target.kind.subresources.status => {
                let body = shape.object(&target.kind, &*self.get(target)?);
                Ok(answer(StatusCode::OK, body, &[]))
            }
            (Some(_), Some("scale")) => {
                let scale = self.get_scale(target)?;
                Ok(answer(StatusCode::OK, Bytes::from(scale.to_string()), &[]))
            }
            (Some(_), Some(what)) => Err(not_there(target, what)),
        }
    }

    async fn replace(
        &self,
        target: &Target,
        manner: Manner,
        object: Value,
    ) -> Result<Written, Status> {
        if target.subresource.as_deref() == Some("scale") {
            return self.modify_scale(target, manner, |_| Ok(object.clone())).await;
        }
        check_subresource(target)?;
        let mut object = object;
        meta::settle(target, &mut object)?;
        self.modify(target, manner, |_| Ok(object.clone())).await
    }

    async fn patch(&self, asked: &Asked, patch: Patch) -> Result<(StatusCode, Written), Status> {
        let (target, query) = (&asked.target, &asked.query);
        let mut manner = asked.manner()?;
        if target.subresource.as_deref() == Some("scale") {
            let change = |current: &Value| patch.apply(&target.kind, current);
            return Ok((StatusCode::OK, self.modify_scale(target, manner, change).await?));
        }
        check_subresource(target)?;
        let Patch::Apply(object) = patch else {
            let change = |current: &Value| patch.apply(&target.kind, current);
            return Ok((StatusCode::OK, self.modify(target, manner, change).await?));
        };
        let applied = Applied::parse(object, query, target.subresource.as_deref())?;
        manner.writer = None;
        if target.subresource.is_none() && self.get(target).is_err() {
            let mut fresh = target.clone();
            fresh.name = None;
            let mut object = applied.onto(&target.kind, &json!({}))?;
            meta::settle(target, &mut object)?;
            let written = self.create(&fresh, manner, object).await?;
            return Ok((StatusCode::CREATED, written));
        }
        let change = |current: &Value| applied.onto(&target.kind, current);
        Ok((StatusCode::OK, self.modify(target, manner, change).await?))
    }

    async fn remove(&self, asked: &Asked, body: &[u8]) -> Result<Response, Status> {
        let (target, query, shape) = (&asked.target, &asked.query, asked.shape);
        let given = if body.is_empty() { json!({}) } else { decode_object(&asked.headers, body)? };
        let options = delete::Options::parse(query, &given)?;
        if target.subresource.is_some() {
            return Err(Status::method_not_allowed());
        }
        if target.name.is_some() {
            return Ok(match self.delete(target, &options).await? {
                delete::Outcome::Gone(object) => {
                    let told = delete::success(target, &object);
                    answer(StatusCode::OK, Bytes::from(told.to_string()), &[])
                }
                delete::Outcome::Leaving(object) => {
                    answer(StatusCode::OK, shape.value(&target.kind, object), &[])
                }
            });
        }
        delete::check_collection(target)?;
        let page = self.list(target, query)?;
        for object in &page.items {
            let mut one = target.clone();
            one.name = Some(object.key.name.clone());
            match self.delete(&one, &options).await {
                Err(status) if status.code != 404 => return Err(status),
                _ => {}
            }
        }
        let body = shape.list(&target.kind, &page.items, page.metadata);
        Ok(answer(StatusCode::OK, body, &[]))
    }

    fn tell(&self, target: &Target, code: StatusCode, shape: Shape, written: Written) -> Response {
        // A Scale is no object of the kind: it has no columns.
        let scale = target.subresource.as_deref() == Some("scale");
        let shape = if scale { Shape::Plain } else { shape };
        let body = match written.object {
            After::Stored(object) => shape.object(&target.kind, &object),
            After::Shown(object) => shape.value(&target.kind, object),
        };
        answer(code, body, &written.warnings)
    }
}

fn check_subresource(target: &Target) -> Result<(), Status> {
    match target.subresource.as_deref() {
        None => Ok(()),
        Some("status") if target.kind.subresources.status => Ok(()),
        Some("finalize") if target.kind.is("", "Namespace") => Ok(()),
        Some(what) => Err(not_there(target, what)),
    }
}

/// Some things are known, but this server does not do them.
fn not_there(target: &Target, what: &str) -> Status {
    let known = ["exec", "attach", "portforward", "proxy", "eviction", "ephemeralcontainers"];
    if target.kind.is("", "Pod") && known.contains(&what) {
        return Status::new(501, "NotImplemented", format!("pods/{what} is not done by this home"));
    }
    Status::no_such_path()
}
