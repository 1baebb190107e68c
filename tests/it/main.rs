//! The one integration-test binary.

mod generated;
mod manifests;
mod tidy;
