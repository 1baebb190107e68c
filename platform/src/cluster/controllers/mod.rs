//! What a bare cluster does by itself: jobs and sets make pods, services know their pods, what is
//! owned goes with its owner, and what is in a namespace with the namespace.

pub(crate) mod cron;
mod deployment;
mod expiry;
mod garbage;
mod job;
mod namespaces;
mod pods;
mod quotas;
mod replicas;
mod services;
mod statefulset;
#[cfg(test)]
mod tests;

use kube::Client;
use tokio::task::JoinSet;

/// Starts the home's own controllers; they end when the set is dropped.
pub fn start(client: Client) -> JoinSet<()> {
    let mut running = JoinSet::new();
    running.spawn(job::run(client.clone()));
    running.spawn(replicas::run(client.clone()));
    running.spawn(deployment::run(client.clone()));
    running.spawn(statefulset::run(client.clone()));
    running.spawn(cron::run(client.clone()));
    running.spawn(services::run(client.clone()));
    running.spawn(services::accounts(client.clone()));
    running.spawn(quotas::run(client.clone()));
    running.spawn(namespaces::run(client.clone()));
    running.spawn(expiry::run(client.clone()));
    running.spawn(garbage::run(client));
    running
}
