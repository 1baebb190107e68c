//! What handlers take from a request: a query, a body, the session. What cannot be read is told as
//! every other failure is.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::Ui;
use super::access::guard::Pass;
use super::problem::Trouble;

impl FromRequestParts<Arc<Ui>> for Pass {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Ui>) -> Result<Pass, Trouble> {
        parts.extensions.get::<Pass>().cloned().ok_or_else(Trouble::unauthorized)
    }
}

/// The query string.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Arc<Ui>> for Asked<T> {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Ui>) -> Result<Asked<T>, Trouble> {
        let text = parts.uri.query().unwrap_or_default();
        serde_html_form::from_str(text)
            .map(Asked)
            .map_err(|why| Trouble::bad(format!("the query {text:?} cannot be used: {why}")))
    }
}

/// The body, as JSON.
pub(crate) struct Given<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<Ui>> for Given<T> {
    type Rejection = Trouble;

    async fn from_request(request: Request, ui: &Arc<Ui>) -> Result<Given<T>, Trouble> {
        let read = Json::<T>::from_request(request, ui).await;
        read.map(|it| Given(it.0)).map_err(|why: JsonRejection| {
            let status = why.status().as_u16();
            Trouble::new(status, "BadRequest", why.body_text())
        })
    }
}
