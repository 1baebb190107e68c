//! Contracts: all that crosses a process boundary, and no logic.
//!
//! `kinds` holds the custom resources (one file each), `rpc` the generated gRPC code,
//! `crds/*.yaml` the custom resource definitions generated from `kinds`, and `FieldError` the
//! form in which every refusal names its field.

mod field;
pub mod kinds;
pub mod rpc;

pub use field::FieldError;
