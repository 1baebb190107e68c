//! Whether the home has anything to do: requests, unfinished experiments, running pods.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::{Api, Client};
use parking_lot::Mutex;
use proto::kinds::Experiment;
use tokio::time::Instant;

/// How often it is looked at, at most.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// When the last request came.
#[derive(Clone, Debug)]
pub(super) struct Activity(Arc<Mutex<Instant>>);

impl Activity {
    pub(super) fn new() -> Activity {
        Activity(Arc::new(Mutex::new(Instant::now())))
    }

    /// The router, with every request noted.
    pub(super) fn noted(&self, router: Router) -> Router {
        let activity = self.clone();
        router.layer(from_fn(move |request: Request, next: Next| {
            activity.note();
            next.run(request)
        }))
    }

    /// Somebody is there.
    pub(super) fn note(&self) {
        *self.0.lock() = Instant::now();
    }

    fn since(&self) -> Duration {
        self.0.lock().elapsed()
    }
}

/// Resolves once nothing was asked for, and nothing was unfinished, for `span`; without a span
/// never.
pub(super) async fn idle(client: Client, activity: Activity, span: Option<Duration>) {
    let Some(span) = span else { return std::future::pending().await };
    let mut last_busy = Instant::now();
    loop {
        tokio::time::sleep(LOOK_EVERY.min(span)).await;
        if busy(client.clone()).await {
            last_busy = Instant::now();
        }
        // The last thing that happened, work or request, decides.
        if span <= activity.since().min(last_busy.elapsed()) {
            return;
        }
    }
}

/// Whether an experiment or a pod is unfinished; when in doubt, yes.
async fn busy(client: Client) -> bool {
    let experiments: Api<Experiment> = Api::all(client.clone());
    let pods: Api<Pod> = Api::all(client);
    let all = ListParams::default();
    let (Ok(experiments), Ok(pods)) = (experiments.list(&all).await, pods.list(&all).await) else {
        return true;
    };
    !experiments.items.iter().all(experiment_ended) || !pods.items.iter().all(pod_ended)
}

fn experiment_ended(experiment: &Experiment) -> bool {
    let conditions = experiment.status.as_ref().map(|it| it.conditions.as_slice());
    let ends = |type_: &str| type_ == "Succeeded" || type_ == "Failed";
    conditions.unwrap_or_default().iter().any(|it| ends(&it.type_) && it.status == "True")
}

fn pod_ended(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|it| it.phase.as_deref());
    matches!(phase, Some("Succeeded" | "Failed"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::kinds::{Condition, ExperimentStatus};

    #[test]
    fn what_has_ended_is_no_work() {
        let check = |type_: &str, status: &str, expect: bool| {
            let mut experiment = Experiment::new("e", Default::default());
            let condition =
                Condition { type_: type_.into(), status: status.into(), ..Default::default() };
            experiment.status =
                Some(ExperimentStatus { conditions: vec![condition], ..Default::default() });
            assert_eq!(experiment_ended(&experiment), expect, "{type_} {status}");
        };
        check("Running", "True", false);
        check("Succeeded", "True", true);
        check("Succeeded", "False", false);
        check("Failed", "True", true);
        assert!(!experiment_ended(&Experiment::new("e", Default::default())));
        assert!(!pod_ended(&Pod::default()));
    }
}
