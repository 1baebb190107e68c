//! The controllers against the cluster at home, with a stand-in for what runs the workloads.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams,
};
use kube::runtime::WatchStreamExt;
use kube::runtime::wait::await_condition;
use kube::runtime::watcher::{self, watcher};
use kube::{Client, ResourceExt};
use metrics_collector::{MemoryStore, Report, Store, TrialKey};
use platform::cluster::{Cluster, Options};
use proto::kinds::{Experiment, ExperimentStatus, Suggestion, Trial};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Key, Settings, conditions, run};
use crate::index::Class;

/// Longest that anything here may take; reached only when something is broken.
const PATIENCE: Duration = Duration::from_secs(60);

/// How the stand-in plays a job of a given number (in the order of creation, from 0).
type Play = fn(usize) -> Act;

/// What becomes of a job.
enum Act {
    /// It reports this and completes.
    Report(f64),
    /// It reports these metrics and completes.
    Metrics(Vec<(&'static str, f64)>),
    /// It completes without a word.
    Silent,
    /// It fails.
    Fail,
    /// It never ends.
    Hang,
}

struct Stage {
    cluster: Cluster,
    store: Arc<MemoryStore>,
    _home: TempDir,
    player: JoinHandle<()>,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.player.abort();
    }
}

impl Stage {
    async fn set(play: Play) -> Stage {
        let home = tempfile::tempdir().unwrap();
        let mut options = Options::at(home.path());
        options.definitions = proto::kinds::definitions();
        let cluster = Cluster::open(options).await.unwrap();
        let store = Arc::new(MemoryStore::default());
        let player = tokio::spawn(act(cluster.client(), store.clone(), play));
        let mut stage = Stage { cluster, store, _home: home, player, running: None };
        stage.start();
        stage
    }

    fn start(&mut self) {
        let (stop, stopped) = oneshot::channel();
        let settings = Settings::new(self.store.clone());
        let running = run(self.cluster.client(), settings, async {
            let _ = stopped.await;
        });
        let task = tokio::spawn(async move { running.await.unwrap() });
        self.running = Some((stop, task));
    }

    /// Ends the controllers wherever they are.
    async fn stop(&mut self) {
        let (stop, task) = self.running.take().unwrap();
        stop.send(()).unwrap();
        task.await.unwrap();
    }

    fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
    {
        Api::namespaced(self.cluster.client(), "default")
    }

    async fn create(&self, spec: Value) {
        let experiment = json!({"apiVersion": "kubeflow.org/v1beta1", "kind": "Experiment",
                                "metadata": {"name": "e"}, "spec": spec});
        let experiment: Experiment = serde_json::from_value(experiment).unwrap();
        self.api().create(&PostParams::default(), &experiment).await.unwrap();
    }

    async fn edit(&self, spec: Value) {
        let api: Api<Experiment> = self.api();
        let body = Patch::Merge(json!({ "spec": spec }));
        api.patch("e", &PatchParams::default(), &body).await.unwrap();
    }

    async fn annotate(&self, stop: Value) {
        let api: Api<Experiment> = self.api();
        let annotations = json!({"annotations": {crate::experiment::STOP_ANNOTATION: stop}});
        let body = Patch::Merge(json!({ "metadata": annotations }));
        api.patch("e", &PatchParams::default(), &body).await.unwrap();
    }

    /// Waits until the experiment looks so.
    async fn until(&self, what: &str, so: impl Fn(&ExperimentStatus) -> bool) -> ExperimentStatus {
        let so = |it: Option<&Experiment>| it.and_then(|it| it.status.as_ref()).is_some_and(&so);
        let wait = await_condition(self.api::<Experiment>(), "e", so);
        match tokio::time::timeout(PATIENCE, wait).await {
            Ok(found) => found.unwrap().unwrap().status.unwrap(),
            Err(_) => {
                let now = self.api::<Experiment>().get("e").await.unwrap();
                let suggestion = self.api::<Suggestion>().get_opt("e").await.unwrap();
                panic!("never {what}: {:#?} {suggestion:#?}", now.status);
            }
        }
    }

    /// Waits until it has ended for that reason, and nothing of it runs.
    async fn ended(&self, reason: &str) -> ExperimentStatus {
        self.until(reason, |it| {
            it.conditions.last().is_some_and(|it| it.reason == reason)
                && (it.trials_running, it.trials_pending) == (0, 0)
        })
        .await
    }

    async fn trials(&self) -> Vec<Trial> {
        self.api::<Trial>().list(&ListParams::default()).await.unwrap().items
    }

    /// Every trial has a number and a point of its own.
    async fn check_nothing_doubled(&self) {
        let trials = self.trials().await;
        let mut numbers: Vec<_> =
            trials.iter().map(|it| it.status.as_ref().unwrap().completion_number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), trials.len(), "{numbers:?}");
        let indexes: std::collections::BTreeSet<_> =
            trials.iter().map(crate::index::number).collect();
        assert_eq!(indexes.len(), trials.len());
    }
}

/// Plays every job once, in the order of creation.
async fn act(client: Client, store: Arc<MemoryStore>, play: Play) {
    let jobs: Api<Job> = Api::namespaced(client, "default");
    let mut played = BTreeMap::new();
    let events = watcher(jobs.clone(), watcher::Config::default()).default_backoff();
    let mut events = events.applied_objects().boxed();
    while let Ok(Some(job)) = events.try_next().await {
        let count = played.len();
        if played.insert(job.uid(), ()).is_some() {
            continue;
        }
        let name = job.name_any();
        let ended = match play(count) {
            Act::Hang => continue,
            Act::Fail => {
                json!([{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}])
            }
            Act::Silent => json!([{"type": "Complete", "status": "True"}]),
            Act::Report(value) => completed(&store, &name, &[("m", value)]).await,
            Act::Metrics(all) => completed(&store, &name, &all).await,
        };
        let body = Patch::Merge(json!({ "status": { "conditions": ended } }));
        // The job may be gone already, with its experiment.
        let _ = jobs.patch_status(&name, &PatchParams::default(), &body).await;
    }
}

/// Reports metrics of a trial; answers the conditions of its job.
async fn completed(store: &MemoryStore, trial: &str, metrics: &[(&str, f64)]) -> Value {
    let key = TrialKey { namespace: "default".into(), trial: trial.to_owned() };
    let report = |(metric, value): &(&str, f64)| Report {
        metric: (*metric).into(),
        value: value.to_string(),
        time: Timestamp::now(),
        step: None,
        position: None,
    };
    let reports: Vec<Report> = metrics.iter().map(report).collect();
    store.append(&key, &reports).await.unwrap();
    json!([{"type": "Complete", "status": "True", "reason": "CompletionsReached"}])
}

fn spec(change: Value) -> Value {
    let mut spec = json!({
        "objective": {"type": "maximize", "objectiveMetricName": "m"},
        "algorithm": {"algorithmName": "random"},
        "parallelTrialCount": 3, "maxTrialCount": 8, "maxFailedTrialCount": 3,
        "parameters": [{"name": "x", "parameterType": "double", "feasibleSpace": {"min": "0", "max": "1"}}],
        "metricsCollectorSpec": {"collector": {"kind": "Push"}},
        "trialTemplate": {
            "primaryContainerName": "main",
            "trialParameters": [{"name": "x", "reference": "x"}],
            "trialSpec": {"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": {"spec": {
                "restartPolicy": "Never",
                "containers": [{"name": "main", "image": "i", "command": ["echo", "${trialParameters.x}"]}]}}}},
        },
    });
    json_patch::merge(&mut spec, &change);
    spec
}

#[tokio::test(flavor = "multi_thread")]
async fn an_experiment_runs_to_its_budget_and_names_its_best_trial() {
    let stage = Stage::set(|number| Act::Report(number as f64)).await;
    stage.create(spec(json!({}))).await;
    let status = stage.ended("ExperimentMaxTrialsReached").await;
    assert_eq!((status.trials, status.trials_succeeded), (8, 8));
    assert_eq!(status.current_optimal_trial.observation.metrics[0].max, "7");
    assert_eq!(status.succeeded_trial_list.len(), 8);
    let told: Vec<_> = status.conditions.iter().map(|it| (&*it.type_, &*it.status)).collect();
    assert_eq!(told, [("Created", "True"), ("Running", "False"), ("Succeeded", "True")]);
    stage.check_nothing_doubled().await;
    let reasons: Vec<_> = stage.trials().await.iter().map(reason).collect();
    assert!(reasons.iter().all(|it| it == "TrialSucceeded. Job reason: CompletionsReached"));
}

fn reason(trial: &Trial) -> String {
    trial.status.as_ref().unwrap().conditions.last().unwrap().reason.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_goal_ends_it_and_what_still_runs_is_killed() {
    let play: Play = |number| if number == 2 { Act::Report(0.99) } else { Act::Hang };
    let stage = Stage::set(play).await;
    stage.create(spec(json!({"objective": {"goal": 0.9}}))).await;
    let status = stage.ended("ExperimentGoalReached").await;
    assert_eq!((status.trials_succeeded, status.trials_killed), (1, 2));
    stage.check_nothing_doubled().await;
}

/// `m` as large and `n` as small as possible.
fn two_objectives(goals: [Value; 2]) -> Value {
    let [m, n] = goals;
    json!({"objective": null, "parallelTrialCount": 1, "objectives": [
        {"type": "maximize", "objectiveMetricName": "m", "goal": m},
        {"type": "minimize", "objectiveMetricName": "n", "goal": n}]})
}

fn values(trial: &proto::kinds::OptimalTrial) -> Vec<f64> {
    trial.observation.metrics.iter().map(|it| it.latest.parse().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn several_objectives_end_with_the_trials_that_no_other_beats() {
    let play: Play = |number| match number {
        0 => Act::Metrics(vec![("m", 5.0), ("n", 5.0)]),
        1 => Act::Metrics(vec![("m", 9.0)]),
        2 => Act::Metrics(vec![("m", 4.0), ("n", 6.0)]),
        3 => Act::Metrics(vec![("n", 9.0), ("m", 8.0)]),
        4 => Act::Metrics(vec![("m", 1.0), ("n", 1.0)]),
        _ => Act::Metrics(vec![("m", 0.0), ("n", 1.0)]),
    };
    let stage = Stage::set(play).await;
    stage.create(spec(two_objectives([Value::Null, Value::Null]))).await;
    let status = stage.ended("ExperimentMaxTrialsReached").await;
    assert_eq!((status.trials_succeeded, status.trial_metrics_unavailable), (7, 1));
    let front: Vec<Vec<f64>> = status.optimal_trials.iter().map(values).collect();
    assert_eq!(front, [[8.0, 9.0], [5.0, 5.0], [1.0, 1.0]], "by the first objective");
    assert_eq!(values(&status.current_optimal_trial), [8.0, 9.0]);
    let trials = stage.trials().await;
    let objective = trials[0].spec.objective.as_ref().unwrap();
    assert_eq!(objective.additional_metric_names, ["n"], "for Katib's clients");
    let lost = trials.iter().find(|it| Class::of(it) == Class::MetricsUnavailable).unwrap();
    let message = &lost.status.as_ref().unwrap().conditions.last().unwrap().message;
    assert!(message.contains("\"n\" was never reported"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn goals_of_several_objectives_are_reached_by_one_trial() {
    let play: Play = |number| match number {
        0 => Act::Metrics(vec![("m", 9.0), ("n", 9.0)]),
        1 => Act::Metrics(vec![("m", 1.0), ("n", 1.0)]),
        2 => Act::Metrics(vec![("m", 5.0), ("n", 2.0)]),
        _ => Act::Hang,
    };
    let stage = Stage::set(play).await;
    stage.create(spec(two_objectives([json!(4), json!(3)]))).await;
    let status = stage.ended("ExperimentGoalReached").await;
    assert_eq!(values(&status.current_optimal_trial), [5.0, 2.0], "the one that reaches both");
    assert_eq!(status.optimal_trials.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_that_breaks_a_bound_is_best_only_while_there_is_no_other() {
    let play: Play = |number| match number {
        0 => Act::Metrics(vec![("m", 9.0), ("size", 30.0)]),
        1 => Act::Metrics(vec![("m", 8.0), ("size", 11.0)]),
        2 => Act::Metrics(vec![("m", 1.0), ("size", 10.0)]),
        3 => Act::Metrics(vec![("m", 7.0)]),
        _ => Act::Hang,
    };
    let stage = Stage::set(play).await;
    let bound = json!([{"metricName": "size", "comparison": "less", "value": "10"}]);
    let change = json!({"constraints": bound, "parallelTrialCount": 1, "maxTrialCount": 2,
                        "maxFailedTrialCount": 1, "resumePolicy": "LongRunning",
                        "objective": {"goal": 6}});
    stage.create(spec(change)).await;
    let status = stage.ended("ExperimentMaxTrialsReached").await;
    assert_eq!(values(&status.current_optimal_trial), [8.0, 11.0], "it breaks the bound least");
    let message = &status.conditions.last().unwrap().message;
    assert!(message.contains("no trial keeps every constraint"), "{message}");
    assert_eq!(status.optimal_trials, []);

    stage.edit(json!({"maxTrialCount": 4})).await;
    let status = stage.until("4 trials", |it| it.trials_succeeded == 4).await;
    assert_eq!(values(&status.current_optimal_trial), [1.0, 10.0]);
    let status = stage.ended("ExperimentMaxTrialsReached").await;
    let message = &status.conditions.last().unwrap().message;
    assert!(!message.contains("constraint"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_and_missing_metrics_end_it() {
    let play: Play = |number| match number % 3 {
        0 => Act::Fail,
        1 => Act::Silent,
        _ => Act::Report(1.0),
    };
    let stage = Stage::set(play).await;
    stage.create(spec(json!({"maxTrialCount": 30}))).await;
    let status = stage.ended("ExperimentFailed").await;
    assert!(3 <= status.trials_failed + status.trial_metrics_unavailable);
    let trials = stage.trials().await;
    let failed = trials.iter().find(|it| Class::of(it) == Class::Failed).unwrap();
    assert_eq!(reason(failed), "TrialFailed. Job reason: BackoffLimitExceeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn lowering_the_parallel_count_stops_the_newest_and_raising_it_takes_them_up_again() {
    let stage = Stage::set(|_| Act::Hang).await;
    stage.create(spec(json!({}))).await;
    stage.until("3 running", |it| it.trials_running == 3).await;
    let oldest = stage.trials().await.into_iter().min_by_key(crate::index::number).unwrap();
    stage.edit(json!({"parallelTrialCount": 1})).await;
    let status = stage.until("1 left", |it| it.trials == 1).await;
    assert_eq!(status.running_trial_list, [oldest.name_any()]);
    stage.edit(json!({"parallelTrialCount": 2})).await;
    stage.until("2 running", |it| it.trials_running == 2).await;
    let suggestion = stage.api::<Suggestion>().get("e").await.unwrap();
    assert_eq!(suggestion.spec.requests, 3, "stopped assignments are taken up before new ones");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_experiment_that_ran_out_goes_on_when_it_may() {
    let stage = Stage::set(|number| Act::Report(number as f64)).await;
    stage.create(spec(json!({"maxTrialCount": 3, "resumePolicy": "LongRunning"}))).await;
    stage.ended("ExperimentMaxTrialsReached").await;
    stage.edit(json!({"maxTrialCount": 5})).await;
    let status = stage.until("5 trials", |it| it.trials_succeeded == 5).await;
    assert!(conditions::find(&status.conditions, "Restarting").is_some());
    stage.ended("ExperimentMaxTrialsReached").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_experiment_that_is_stopped_keeps_what_it_found_and_goes_on_when_it_may() {
    let play: Play = |number| if number < 2 { Act::Report(number as f64) } else { Act::Hang };
    let stage = Stage::set(play).await;
    stage.create(spec(json!({"resumePolicy": "LongRunning"}))).await;
    stage.until("3 running", |it| (it.trials_running, it.trials_succeeded) == (3, 2)).await;
    stage.annotate(json!("true")).await;
    let status = stage.ended("ExperimentStopped").await;
    assert!(conditions::holds(&status.conditions, "Succeeded"));
    assert_eq!((status.trials_succeeded, status.trials_killed), (2, 3));
    assert_eq!(status.current_optimal_trial.observation.metrics[0].max, "1");
    stage.annotate(Value::Null).await;
    stage.until("the rest running", |it| it.trials_running == 3).await;

    stage.annotate(json!("true")).await;
    let status = stage.ended("ExperimentStopped").await;
    assert_eq!((status.trials_succeeded, status.trials_killed), (2, 6));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_experiment_that_is_stopped_with_nothing_found_has_failed() {
    let stage = Stage::set(|_| Act::Hang).await;
    stage.create(spec(json!({}))).await;
    stage.until("3 running", |it| it.trials_running == 3).await;
    stage.annotate(json!("true")).await;
    let status = stage.ended("ExperimentStopped").await;
    assert!(conditions::holds(&status.conditions, "Failed"));
    assert_eq!(status.trials_killed, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_space_is_searched_through() {
    let stage = Stage::set(|number| Act::Report(number as f64)).await;
    let parameters = json!([{"name": "x", "parameterType": "categorical",
                             "feasibleSpace": {"list": ["a", "b", "c", "d"]}}]);
    let change = json!({"algorithm": {"algorithmName": "grid"}, "maxTrialCount": null,
                        "parameters": parameters});
    stage.create(spec(change)).await;
    let status = stage.ended("ExperimentSuggestionEndReached").await;
    assert_eq!(status.trials_succeeded, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_spec_is_refused_with_every_fault() {
    let stage = Stage::set(|_| Act::Hang).await;
    stage.create(spec(json!({"objective": {"type": "enlarge"}, "parallelTrialCount": 0}))).await;
    let status = stage.ended("InvalidSpec").await;
    let message = &status.conditions.last().unwrap().message;
    assert!(message.contains("spec.objective.type"), "{message}");
    assert!(message.contains("spec.parallelTrialCount"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn controllers_that_are_killed_and_started_again_double_nothing() {
    let mut stage = Stage::set(|number| Act::Report(number as f64)).await;
    stage.create(spec(json!({"maxTrialCount": 30}))).await;
    for some in [3, 9, 20] {
        stage.until("some trials", |it| some <= it.trials_succeeded).await;
        stage.stop().await;
        stage.start();
    }
    let status = stage.ended("ExperimentMaxTrialsReached").await;
    assert_eq!((status.trials, status.trials_succeeded), (30, 30));
    stage.check_nothing_doubled().await;
}

#[tokio::test]
async fn what_vanished_while_no_watch_ran_is_found_by_its_kind() {
    let home = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(Options::at(home.path())).await.unwrap();
    let settings = Settings::new(Arc::new(MemoryStore::default()));
    let (world, _kinds) = super::World::new(cluster.client(), &settings);
    for (name, version, kind) in [("a", "batch/v1", "Job"), ("b", "v1", "Pod")] {
        let object = json!({"apiVersion": version, "kind": kind, "metadata": {"name": name}});
        let object: DynamicObject = serde_json::from_value(object).unwrap();
        world.workloads.lock().insert(Key::new("n", name), Arc::new(object));
    }
    let known = super::watch::known_workloads(&world, &ApiResource::erase::<Job>(&()));
    assert_eq!(known.into_iter().collect::<Vec<_>>(), [Key::new("n", "a")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_experiment_takes_everything_with_it() {
    let stage = Stage::set(|_| Act::Hang).await;
    let collector = platform::cluster::controllers::start(stage.cluster.client());
    stage.create(spec(json!({}))).await;
    stage.until("running", |it| it.trials_running == 3).await;
    let api: Api<Experiment> = stage.api();
    api.delete("e", &DeleteParams::background()).await.unwrap();
    let gone = async {
        while !stage.trials().await.is_empty()
            || !stage.api::<Job>().list(&ListParams::default()).await.unwrap().items.is_empty()
            || stage.api::<Suggestion>().get_opt("e").await.unwrap().is_some()
        {
            tokio::task::yield_now().await;
        }
    };
    if tokio::time::timeout(PATIENCE, gone).await.is_err() {
        panic!("left behind: {:#?}", stage.trials().await);
    }
    drop(collector);
}
