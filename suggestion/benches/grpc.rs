//! Seconds of a `GetSuggestions` call for `tpe` with 1,000 trials of history, 10 parameters: the
//! first call about an experiment, and later ones. `cargo bench -p suggestion --bench grpc`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use criterion::{BatchSize, Criterion};
use proto::rpc::v1beta1 as rpc;
use rpc::suggestion_client::SuggestionClient;
use suggestion::{Seed, service};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tonic::transport::Channel;

const PARAMETERS: usize = 10;
const TRIALS: usize = 1000;

fn experiment(name: String) -> rpc::Experiment {
    let parameter = |i: usize| rpc::ParameterSpec {
        name: format!("x{i}"),
        parameter_type: rpc::ParameterType::Double.into(),
        feasible_space: Some(rpc::FeasibleSpace {
            min: "0".into(),
            max: "1".into(),
            ..Default::default()
        }),
    };
    let spec = rpc::ExperimentSpec {
        parameter_specs: Some(rpc::experiment_spec::ParameterSpecs {
            parameters: (0..PARAMETERS).map(parameter).collect(),
        }),
        objective: Some(rpc::ObjectiveSpec {
            r#type: rpc::ObjectiveType::Minimize.into(),
            objective_metric_name: "loss".into(),
            ..Default::default()
        }),
        algorithm: Some(rpc::AlgorithmSpec {
            algorithm_name: "tpe".into(),
            algorithm_settings: vec![],
        }),
        ..Default::default()
    };
    rpc::Experiment { name, spec: Some(spec) }
}

/// Trials on a sphere that ended one after another.
fn trials() -> Vec<rpc::Trial> {
    let mut stream = Seed(1).stream(0);
    let one = |i: usize| {
        let x: Vec<f64> = (0..PARAMETERS).map(|_| stream.unit()).collect();
        let loss: f64 = x.iter().map(|x| (x - 0.3).powi(2)).sum();
        let assignment = |(i, x): (usize, &f64)| rpc::ParameterAssignment {
            name: format!("x{i}"),
            value: x.to_string(),
        };
        rpc::Trial {
            name: format!("trial-{i}"),
            spec: Some(rpc::TrialSpec {
                parameter_assignments: Some(rpc::trial_spec::ParameterAssignments {
                    assignments: x.iter().enumerate().map(assignment).collect(),
                }),
                ..Default::default()
            }),
            status: Some(rpc::TrialStatus {
                completion_time: format!("2026-01-01T{:02}:{:02}:00Z", i / 60, i % 60),
                condition: rpc::trial_status::TrialConditionType::Succeeded.into(),
                observation: Some(rpc::Observation {
                    metrics: vec![rpc::Metric { name: "loss".into(), value: loss.to_string() }],
                }),
                ..Default::default()
            }),
        }
    };
    (0..TRIALS).map(one).collect()
}

async fn connected() -> SuggestionClient<Channel> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(service::serve(listener, service::Aliases::new(), std::future::pending()));
    let channel = Channel::from_shared(format!("http://{address}")).expect("a URL");
    SuggestionClient::new(channel.connect().await.expect("a server"))
}

fn main() {
    let runtime = Runtime::new().expect("threads");
    let client = runtime.block_on(connected());
    let trials = trials();
    let names = AtomicU64::new(0);
    let request = |name: String| rpc::GetSuggestionsRequest {
        experiment: Some(experiment(name)),
        trials: trials.clone(),
        current_request_number: 1,
        total_request_number: 1001,
    };
    let call = |request: rpc::GetSuggestionsRequest| {
        let mut client = client.clone();
        let reply = runtime.block_on(async move { client.get_suggestions(request).await });
        assert_eq!(reply.expect("a reply").into_inner().parameter_assignments.len(), 1);
    };
    let mut criterion =
        Criterion::default().measurement_time(Duration::from_secs(5)).configure_from_args();
    criterion.bench_function("GetSuggestions, tpe, 1,000 trials, first call", |bench| {
        let new = || request(format!("e{}", names.fetch_add(1, Ordering::Relaxed)));
        bench.iter_batched(new, call, BatchSize::SmallInput);
    });
    criterion.bench_function("GetSuggestions, tpe, 1,000 trials, later calls", |bench| {
        bench.iter_batched(|| request("known".into()), call, BatchSize::SmallInput);
    });
    criterion.final_summary();
}
