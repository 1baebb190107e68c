//! What a bare cluster does by itself: jobs make pods, what is owned goes with its owner,
//! and what is in a namespace with the namespace.

mod expiry;
mod garbage;
mod job;
mod namespaces;
#[cfg(test)]
mod tests;

use kube::Client;
use tokio::task::JoinSet;

/// Starts the home's own controllers; they end when the set is dropped.
pub fn start(client: Client) -> JoinSet<()> {
    let mut running = JoinSet::new();
    running.spawn(job::run(client.clone()));
    running.spawn(namespaces::run(client.clone()));
    running.spawn(expiry::run(client.clone()));
    running.spawn(garbage::run(client));
    running
}
