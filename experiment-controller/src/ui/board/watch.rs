//! The watches that feed the board.

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;
use kube::runtime::watcher::{self, watcher};
use kube::{Api, Client, ResourceExt};
use proto::kinds::{Experiment, TRIAL_LABEL, Trial};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::Board;
use super::news::Item;
use crate::controllers::Key;
use crate::controllers::watch::{Change, follow};

/// Watches experiments, trials and their pods for as long as the set lives.
pub(super) fn start(board: Arc<Board>, client: Client) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let (tell_experiments, experiments) = oneshot::channel();
    let (tell_trials, trials) = oneshot::channel();
    tasks.spawn(watch_experiments(board.clone(), client.clone(), tell_experiments));
    tasks.spawn(watch_trials(board.clone(), client.clone(), tell_trials));
    tasks.spawn(watch_pods(board.clone(), client));
    tasks.spawn(async move {
        let _ = futures::join!(experiments, trials);
        board.complete.send_replace(true);
        board.news.tell(Item::Everything);
    });
    tasks
}

async fn watch_experiments(board: Arc<Board>, client: Client, ready: oneshot::Sender<()>) {
    let known = || board.content.lock().experiments.keys().cloned().collect();
    let take = |change: Change<Experiment>| match change {
        Change::Is(it) => board.experiment(it),
        Change::Gone(key) => board.experiment_gone(&key),
    };
    let events = watcher(Api::<Experiment>::all(client), watcher::Config::default());
    follow(events, ready, known, take).await;
}

async fn watch_trials(board: Arc<Board>, client: Client, ready: oneshot::Sender<()>) {
    let take = |change: Change<Trial>| match change {
        Change::Is(it) => board.trial(&it),
        Change::Gone(key) => board.trial_gone(&key),
    };
    let events = watcher(Api::<Trial>::all(client), watcher::Config::default());
    follow(events, ready, || board.trials(), take).await;
}

/// Pods are not kept: pages that show them ask for them anew when one changes.
async fn watch_pods(board: Arc<Board>, client: Client) {
    let take = |change: Change<Pod>| {
        let (namespace, trial) = match change {
            Change::Is(it) => {
                let trial = it.labels().get(TRIAL_LABEL).cloned();
                (it.namespace().unwrap_or_default(), trial.unwrap_or_default())
            }
            Change::Gone(key) => (key.namespace, String::new()),
        };
        board.tell(Item::Pod { namespace, trial });
    };
    let config = watcher::Config::default().labels(TRIAL_LABEL);
    let events = watcher(Api::<Pod>::all(client), config);
    follow(events, oneshot::channel().0, BTreeSet::<Key>::new, take).await;
}
