//! The Kubernetes API over the object store: one verb or concern a file.

pub mod discovery;
pub mod kinds;
pub mod openapi;
pub mod schema;
pub mod status;
pub mod strategic;
pub mod table;
