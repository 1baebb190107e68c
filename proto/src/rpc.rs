//! Generated gRPC code: messages, clients and servers of `api/*.proto`.

/// `api.v1.beta1`: Suggestion, EarlyStopping and DBManager, wire-compatible with Katib's.
#[allow(missing_docs, unreachable_pub, clippy::all, clippy::too_many_lines)]
pub mod v1beta1 {
    tonic::include_proto!("api.v1.beta1");
}

/// `grpc.health.v1`, as the tonic-health crate generates it.
pub use tonic_health::pb as health;
