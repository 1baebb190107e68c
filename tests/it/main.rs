//! The one integration-test binary.

mod manifests;
