//! Discovery: which groups, versions and kinds there are.

use std::sync::Arc;

use axum::Router;

use super::kinds::Registry;

/// `/api`, `/apis`, `/api/v1`, `/apis/{group}`, `/apis/{group}/{version}`, `/version`.
pub fn routes(_registry: Arc<Registry>) -> Router {
    Router::new()
}
