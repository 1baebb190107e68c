//! Garbage collection: what is owned goes with its owner, whatever kinds both are.

mod apply;
mod observe;
mod plan;

use std::collections::BTreeMap;

use futures::StreamExt;
use kube::Client;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use observe::{KindKey, Seen};
use plan::Graph;

/// How many objects are deleted at once.
const WORKERS: usize = 16;
/// How many news may wait before the watchers do.
const QUEUE: usize = 4096;

/// Runs until its task is dropped.
pub(super) async fn run(client: Client) {
    let (news, mut inbox) = mpsc::channel(QUEUE);
    let mut watchers = JoinSet::new();
    watchers.spawn(observe::kinds(client.clone(), news));

    let mut graph = Graph::default();
    let mut waiting: BTreeMap<KindKey, bool> = BTreeMap::new();
    let mut batch = Vec::new();
    loop {
        batch.clear();
        if inbox.recv_many(&mut batch, QUEUE).await == 0 {
            return;
        }
        let mut moves = Vec::new();
        for seen in batch.drain(..) {
            match seen {
                Seen::Kind(kind) => drop(waiting.entry(kind).or_insert(false)),
                Seen::Listed(kind, uids) => {
                    waiting.insert(kind.clone(), true);
                    moves.extend(graph.relisted(&kind, &uids));
                }
                Seen::Applied(node) => moves.extend(graph.apply(node)),
                Seen::Deleted(uid) => moves.extend(graph.delete(&uid)),
            }
        }
        // Before every kind was listed once, an owner that is not known may only be late.
        if waiting.values().all(|listed| *listed) {
            moves.extend(graph.strays());
        }
        let work = moves.into_iter().map(|it| apply::apply(&client, it));
        futures::stream::iter(work).buffer_unordered(WORKERS).collect::<Vec<()>>().await;
    }
}
