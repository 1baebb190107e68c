//! The one integration-test binary.

mod cli;
mod generated;
mod home;
mod manifests;
mod tidy;
