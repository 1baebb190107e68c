//! The one integration-test binary.

mod cli;
mod clients;
mod generated;
mod home;
mod manifests;
mod python;
mod tidy;
