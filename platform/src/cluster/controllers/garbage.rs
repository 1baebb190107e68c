//! Garbage.
pub(super) async fn run(_: kube::Client) {}
