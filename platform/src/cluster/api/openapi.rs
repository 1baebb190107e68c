//! OpenAPI documents of the kinds, for explain and for validation by clients.

use std::sync::Arc;

use axum::Router;

use super::kinds::Registry;

/// `/openapi/v3`, `/openapi/v3/…`, `/openapi/v2`.
pub fn routes(_registry: Arc<Registry>) -> Router {
    Router::new()
}
