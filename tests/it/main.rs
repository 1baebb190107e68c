//! The one integration-test binary.

mod ask_tell;
mod beside;
mod cli;
mod clients;
mod cluster;
mod faults;
mod fidelity;
mod flow;
mod generated;
mod home;
mod images;
mod kubectl;
mod life;
mod manifests;
mod packages;
mod pages;
mod python;
mod screen;
mod stopping;
mod tidy;
mod tune;
mod wire;
