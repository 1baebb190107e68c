//! The single-machine home: a Kubernetes-compatible API over an object store, with a node that
//! runs pods as local processes.

pub mod admission;
pub mod api;
pub mod controllers;
pub mod node;
pub mod store;
