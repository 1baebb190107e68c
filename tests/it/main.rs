//! The one integration-test binary.

mod ask_tell;
mod beside;
mod cli;
mod clients;
mod faults;
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
mod tidy;
mod tune;
mod wire;
