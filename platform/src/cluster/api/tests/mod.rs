//! The API as its clients see it: typed through `kube::Client`, and raw over HTTP.

mod raw;
mod typed;

use crate::cluster::{Cluster, Options};

/// A home in a folder that goes with it.
async fn home() -> (tempfile::TempDir, Cluster) {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(Options::at(folder.path())).await.unwrap();
    (folder, cluster)
}
