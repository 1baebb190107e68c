//! The gRPC server of `Suggestion`, as Katib's controller calls it: each call carries the whole
//! history. What was fitted to an earlier call's history is kept for the next, and used where the
//! new one begins with it; answers are those of a server that keeps nothing.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use parking_lot::Mutex;
use proto::rpc::v1beta1 as rpc;
use rpc::suggestion_server::{Suggestion, SuggestionServer};
use tokio::net::TcpListener;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use crate::{History, Live, Problem, Seed, SuggestError, wire};

/// What Katib's probes ask the health service for.
const HEALTH_NAME: &str = "manager.v1beta1.Suggestion";

/// Largest message taken and given: histories of 100,000 trials with 100 parameters.
const MESSAGE_BYTES_MAX: usize = 1 << 30;

/// Bytes of a request that may be under way before the server says that it took some.
const WINDOW_BYTES: u32 = 8 << 20;

/// Most suggestions in one call, so that one request cannot ask for all memory.
const SUGGESTIONS_MAX: usize = 100_000;

/// How many experiments something is kept of; the one that was not asked about longest makes room.
const SEARCHES_MAX: usize = 32;

/// Other names under which algorithms are asked for: what a request says, and what is meant.
pub type Aliases = BTreeMap<String, String>;

/// Serves `Suggestion` and health on `listener` until `shutdown` is done; calls in flight are
/// answered first.
pub async fn serve(
    listener: TcpListener,
    aliases: Aliases,
    shutdown: impl Future<Output = ()>,
) -> Result<(), tonic::transport::Error> {
    serve_with(listener, aliases, Routes::default(), shutdown).await
}

/// The same, with other services at the same address.
pub async fn serve_with(
    listener: TcpListener,
    aliases: Aliases,
    others: Routes,
    shutdown: impl Future<Output = ()>,
) -> Result<(), tonic::transport::Error> {
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status(HEALTH_NAME, tonic_health::ServingStatus::Serving).await;
    let suggestion = SuggestionServer::new(Server { aliases, searches: Arc::default() })
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX);
    // Without nodelay each answer waits for the client's delayed acknowledgement, 40 ms; and a long
    // history should not stop for leave to go on at every 64 KiB.
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    tonic::transport::Server::builder()
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .add_routes(others)
        .add_service(health)
        .add_service(suggestion)
        .serve_with_incoming_shutdown(incoming, shutdown)
        .await
}

/// Keeps nothing of a call that another needs: each carries all.
struct Server {
    aliases: Aliases,
    searches: Arc<Searches>,
}

/// Searches between two calls, by the experiment that they were asked about: the latest last.
#[derive(Default)]
struct Searches(Mutex<Vec<(rpc::Experiment, Live)>>);

impl Searches {
    /// Takes out the search of an experiment that is in every part the same.
    fn take(&self, experiment: &rpc::Experiment) -> Option<Live> {
        let mut kept = self.0.lock();
        let at = kept.iter().position(|(known, _)| known == experiment)?;
        Some(kept.remove(at).1)
    }

    /// Keeps a search.
    fn put(&self, experiment: rpc::Experiment, live: Live) {
        let mut kept = self.0.lock();
        kept.push((experiment, live));
        let over = kept.len().saturating_sub(SEARCHES_MAX);
        kept.drain(..over);
    }
}

impl Server {
    /// The experiment of a request, its algorithm by the name known here.
    fn meant(&self, experiment: Option<rpc::Experiment>) -> rpc::Experiment {
        let mut experiment = experiment.unwrap_or_default();
        let spec = experiment.spec.as_mut();
        if let Some(algorithm) = spec.and_then(|it| it.algorithm.as_mut())
            && let Some(name) = self.aliases.get(&algorithm.algorithm_name)
        {
            algorithm.algorithm_name.clone_from(name);
        }
        experiment
    }
}

#[tonic::async_trait]
impl Suggestion for Server {
    async fn get_suggestions(
        &self,
        request: Request<rpc::GetSuggestionsRequest>,
    ) -> Result<Response<rpc::GetSuggestionsReply>, Status> {
        let mut request = request.into_inner();
        request.experiment = Some(self.meant(request.experiment));
        // Histories may be long: no other call waits for this one's arithmetic.
        let searches = Arc::clone(&self.searches);
        let reply = tokio::task::spawn_blocking(move || suggestions(request, &searches));
        let reply = reply.await.map_err(|why| Status::internal(why.to_string()))?;
        reply.map(Response::new)
    }

    async fn validate_algorithm_settings(
        &self,
        request: Request<rpc::ValidateAlgorithmSettingsRequest>,
    ) -> Result<Response<rpc::ValidateAlgorithmSettingsReply>, Status> {
        let experiment = self.meant(request.into_inner().experiment);
        match Problem::check(&wire::spec(&experiment)) {
            faults if faults.is_empty() => {
                Ok(Response::new(rpc::ValidateAlgorithmSettingsReply {}))
            }
            faults => Err(wire::status(SuggestError::Invalid(faults))),
        }
    }
}

fn suggestions(
    request: rpc::GetSuggestionsRequest,
    searches: &Searches,
) -> Result<rpc::GetSuggestionsReply, Status> {
    let experiment = request.experiment.unwrap_or_default();
    let asked = usize::try_from(request.current_request_number).unwrap_or(0);
    if SUGGESTIONS_MAX < asked {
        let text = format!("current_request_number is {asked}, more than {SUGGESTIONS_MAX}");
        return Err(Status::invalid_argument(text));
    }
    // The total counts this request too; clients that leave it out have as many as trials.
    let before =
        i64::from(request.total_request_number) - i64::from(request.current_request_number);
    let first = u64::try_from(before).unwrap_or(0).max(request.trials.len() as u64);

    let mut live = match searches.take(&experiment) {
        Some(live) => live,
        None => Live::new(problem(&experiment)?),
    };
    live.retell(History::new(live.problem(), wire::told(request.trials)));
    let answer = live.ask(first, asked).map_err(wire::status)?;
    searches.put(experiment, live);
    wire::reply(answer, asked)
}

/// What a request asks.
fn problem(experiment: &rpc::Experiment) -> Result<Problem, Status> {
    // No uid travels on this wire; the name is what tells experiments apart.
    let seed = Seed::of_uid(&experiment.name);
    Problem::parse(&wire::spec(experiment), seed).map_err(|faults| wire::status(faults.into()))
}

#[cfg(test)]
mod tests {
    use proto::rpc::health::HealthCheckRequest;
    use proto::rpc::health::health_client::HealthClient;
    use rpc::suggestion_client::SuggestionClient;
    use tonic::Code;
    use tonic::transport::Channel;

    use super::*;

    /// A server on a port of its own, and a channel to it.
    async fn started() -> Channel {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let aliases = [("mine".to_owned(), "random".to_owned())].into();
        tokio::spawn(serve(listener, aliases, std::future::pending()));
        Channel::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap()
    }

    fn experiment(algorithm: &str, settings: &[(&str, &str)]) -> rpc::Experiment {
        let setting = |(name, value): &(&str, &str)| rpc::AlgorithmSetting {
            name: (*name).into(),
            value: (*value).into(),
        };
        let feasible =
            rpc::FeasibleSpace { min: "1".into(), max: "4".into(), ..Default::default() };
        let parameter = rpc::ParameterSpec {
            name: "layers".into(),
            parameter_type: rpc::ParameterType::Int.into(),
            feasible_space: Some(feasible),
        };
        let spec = rpc::ExperimentSpec {
            parameter_specs: Some(rpc::experiment_spec::ParameterSpecs {
                parameters: vec![parameter],
            }),
            objective: Some(rpc::ObjectiveSpec {
                r#type: rpc::ObjectiveType::Maximize.into(),
                objective_metric_name: "accuracy".into(),
                ..Default::default()
            }),
            algorithm: Some(rpc::AlgorithmSpec {
                algorithm_name: algorithm.into(),
                algorithm_settings: settings.iter().map(setting).collect(),
            }),
            ..Default::default()
        };
        rpc::Experiment { name: "e".into(), spec: Some(spec) }
    }

    fn trial(layers: &str) -> rpc::Trial {
        let assignment = rpc::ParameterAssignment { name: "layers".into(), value: layers.into() };
        rpc::Trial {
            name: format!("e-{layers}"),
            spec: Some(rpc::TrialSpec {
                parameter_assignments: Some(rpc::trial_spec::ParameterAssignments {
                    assignments: vec![assignment],
                }),
                ..Default::default()
            }),
            ..Default::default()
        }
    }

    #[tokio::test]
    async fn suggestions_are_exactly_as_many_as_asked_for_or_none() {
        let mut client = SuggestionClient::new(started().await);
        let request = |trials: Vec<rpc::Trial>, count: i32| rpc::GetSuggestionsRequest {
            experiment: Some(experiment("tpe", &[])),
            total_request_number: i32::try_from(trials.len()).unwrap() + count,
            trials,
            current_request_number: count,
        };
        let reply = client.get_suggestions(request(vec![trial("2")], 3)).await.unwrap();
        let mut values: Vec<_> = reply
            .into_inner()
            .parameter_assignments
            .into_iter()
            .map(|it| it.assignments[0].value.clone())
            .collect();
        values.sort();
        assert_eq!(values, ["1", "3", "4"]);

        let error = client.get_suggestions(request(vec![trial("2")], 4)).await.unwrap_err();
        assert_eq!(error.code(), Code::FailedPrecondition);
        assert_eq!(
            error.message(),
            "the search space is exhausted: 3 untried of 4 asked for; lower maxTrialCount or \
             widen the space"
        );
    }

    #[tokio::test]
    async fn settings_are_refused_with_katibs_texts() {
        let mut client = SuggestionClient::new(started().await);
        for (algorithm, settings, want) in [
            ("tpe", [("gamma", "0.5")], None),
            ("mine", [("random_state", "5")], None),
            ("tpe", [("gamma", "5")], Some("gamma should be in the range of (0, 1)")),
            ("random", [("gamma", "1")], Some("unknown setting gamma for algorithm random")),
            (
                "tpe",
                [("n_startup_trials", "x")],
                Some("failed to validate n_startup_trials(x): invalid digit found in string"),
            ),
        ] {
            let experiment = Some(experiment(algorithm, &settings));
            let request = rpc::ValidateAlgorithmSettingsRequest { experiment };
            let error = client.validate_algorithm_settings(request).await.err();
            assert!(error.iter().all(|error| error.code() == Code::InvalidArgument));
            assert_eq!(error.as_ref().map(Status::message), want);
        }
    }

    /// An experiment over networks of three layers with four operations.
    fn over_networks(algorithm: &str, settings: &[(&str, &str)]) -> rpc::Experiment {
        let parameter = |name: &str, type_: rpc::ParameterType, feasible: rpc::FeasibleSpace| {
            rpc::ParameterSpec {
                name: name.into(),
                parameter_type: type_.into(),
                feasible_space: Some(feasible),
            }
        };
        let operation = |kind: &str, parameter| rpc::Operation {
            operation_type: kind.into(),
            parameter_specs: Some(rpc::operation::ParameterSpecs { parameters: vec![parameter] }),
        };
        let sizes = rpc::FeasibleSpace { list: vec!["3".into(), "5".into()], ..Default::default() };
        let bounds = rpc::FeasibleSpace {
            min: "2".into(),
            max: "3".into(),
            step: "1".into(),
            ..Default::default()
        };
        let mut experiment = experiment(algorithm, settings);
        let spec = experiment.spec.as_mut().unwrap();
        spec.parameter_specs = None;
        spec.nas_config = Some(rpc::NasConfig {
            graph_config: Some(rpc::GraphConfig {
                num_layers: 3,
                input_sizes: vec![8, 8, 1],
                output_sizes: vec![10],
            }),
            operations: Some(rpc::nas_config::Operations {
                operation: vec![
                    operation(
                        "convolution",
                        parameter("filter_size", rpc::ParameterType::Categorical, sizes),
                    ),
                    operation("reduction", parameter("pool_size", rpc::ParameterType::Int, bounds)),
                ],
            }),
        });
        experiment
    }

    /// Two requests, the second with the first's trials measured; what both answer.
    async fn asked_twice(
        client: &mut SuggestionClient<Channel>,
        experiment: rpc::Experiment,
    ) -> Vec<Vec<rpc::ParameterAssignment>> {
        let mut trials: Vec<rpc::Trial> = Vec::new();
        for round in 1..=2 {
            let reply = client.get_suggestions(rpc::GetSuggestionsRequest {
                experiment: Some(experiment.clone()),
                trials: trials.clone(),
                current_request_number: 2,
                total_request_number: 2 * round,
            });
            for suggested in reply.await.unwrap().into_inner().parameter_assignments {
                let metric = rpc::Metric { name: "accuracy".into(), value: "0.9".into() };
                let status = rpc::TrialStatus {
                    condition: rpc::trial_status::TrialConditionType::Succeeded.into(),
                    observation: Some(rpc::Observation { metrics: vec![metric] }),
                    ..Default::default()
                };
                let mut done = trial("");
                done.status = Some(status);
                let assignments = suggested.assignments;
                done.spec.as_mut().unwrap().parameter_assignments =
                    Some(rpc::trial_spec::ParameterAssignments { assignments });
                trials.push(done);
            }
        }
        let assignments =
            |it: rpc::Trial| it.spec.unwrap().parameter_assignments.unwrap().assignments;
        trials.into_iter().map(assignments).collect()
    }

    #[tokio::test]
    async fn architectures_travel_as_katibs_do() {
        let mut client = SuggestionClient::new(started().await);
        let all = asked_twice(&mut client, over_networks("enas", &[])).await;
        let names = |it: &[rpc::ParameterAssignment]| -> Vec<String> {
            it.iter().map(|it| it.name.clone()).collect()
        };
        let mut architectures = std::collections::BTreeSet::new();
        for assignments in &all {
            assert_eq!(names(assignments), ["architecture", "nn_config"]);
            let read = |i: usize| -> serde_json::Value {
                serde_json::from_str(&assignments[i].value.replace('\'', "\"")).unwrap()
            };
            let operation = read(0)[0][0].to_string();
            assert_eq!(read(1)["embedding"][&operation]["opt_id"].to_string(), operation);
            architectures.insert(assignments[0].value.clone());
        }
        assert_eq!(architectures.len(), 4);

        let settings = [("num_epochs", "3"), ("batch_size", "None"), ("mine", "x")];
        for assignments in asked_twice(&mut client, over_networks("darts", &settings)).await {
            let [settings, space, layers] = &assignments[..] else { panic!("{assignments:?}") };
            assert_eq!(names(&assignments), ["algorithm-settings", "search-space", "num-layers"]);
            assert_eq!(
                settings.value,
                "{'num_epochs': '3', 'w_lr': 0.025, 'w_lr_min': 0.001, 'w_momentum': 0.9, \
                 'w_weight_decay': 0.0003, 'w_grad_clip': 5.0, 'alpha_lr': 0.0003, \
                 'alpha_weight_decay': 0.001, 'batch_size': null, 'num_workers': 4, \
                 'init_channels': 16, 'print_step': 50, 'num_nodes': 4, 'stem_multiplier': 3, \
                 'mine': 'x'}"
            );
            assert_eq!(
                space.value,
                "['convolution_3x3', 'convolution_5x5', 'reduction_2x2', 'reduction_3x3']"
            );
            assert_eq!(layers.value, "3");
        }
    }

    /// An algorithm, a setting, and what is said of it.
    type Said = (&'static str, (&'static str, &'static str), Option<&'static str>);

    const NETWORK_SETTINGS: &[Said] = &[
        ("enas", ("controller_temperature", "None"), None),
        ("enas", ("controller_baseline_decay", "1.0"), None),
        (
            "enas",
            ("controller_temperature", "-1"),
            Some(
                "Algorithm Setting controller_temperature: -1.0 with float type must be in \
                 range (0, inf)",
            ),
        ),
        (
            "enas",
            ("controller_skip_target", "1.5"),
            Some(
                "Algorithm Setting controller_skip_target: 1.5 with float type must be in \
                 range (0.0, 1.0)",
            ),
        ),
        (
            "enas",
            ("controller_train_steps", "0"),
            Some(
                "Algorithm Setting controller_train_steps: 0 with int type must be in range \
                 [1, inf)",
            ),
        ),
        (
            "enas",
            ("controller_learning_rate", "None"),
            Some(
                "Algorithm Setting controller_learning_rate must be float type: exception \
                 invalid float literal",
            ),
        ),
        ("enas", ("depth", "1"), Some("Unknown Algorithm Setting name: depth")),
        ("darts", ("depth", "1"), None),
        ("darts", ("num_epochs", "0"), Some("num_epochs should be greater than zero")),
        ("darts", ("w_lr", "-1"), Some("w_lr should be greater than or equal to zero")),
        (
            "darts",
            ("num_nodes", "None"),
            Some("failed to validate num_nodes(None): invalid digit found in string"),
        ),
        (
            "darts",
            ("mine", "it's"),
            Some("trials receive settings between quotes; leave those of mine out"),
        ),
    ];

    #[tokio::test]
    async fn networks_are_refused_with_katibs_texts() {
        let mut client = SuggestionClient::new(started().await);
        let mut check = async |experiment: rpc::Experiment, want: Option<&str>| {
            let request = rpc::ValidateAlgorithmSettingsRequest { experiment: Some(experiment) };
            let error = client.validate_algorithm_settings(request).await.err();
            assert!(error.iter().all(|error| error.code() == Code::InvalidArgument));
            assert_eq!(error.as_ref().map(Status::message), want);
        };
        for (algorithm, setting, want) in NETWORK_SETTINGS {
            check(over_networks(algorithm, &[*setting]), *want).await;
        }
        let broken = |change: fn(&mut rpc::NasConfig)| {
            let mut experiment = over_networks("enas", &[]);
            change(experiment.spec.as_mut().unwrap().nas_config.as_mut().unwrap());
            experiment
        };
        check(
            broken(|it| it.graph_config.as_mut().unwrap().num_layers = 0),
            Some("Missing NumLayers in GraphConfig:\nnasConfig.graphConfig.numLayers"),
        )
        .await;
        check(
            broken(|it| it.operations.as_mut().unwrap().operation[1].operation_type.clear()),
            Some("Missing operationType in Operation:\nnasConfig.operations[1].operationType"),
        )
        .await;
    }

    #[tokio::test]
    async fn probes_find_it_serving() {
        let mut client = HealthClient::new(started().await);
        for service in ["", HEALTH_NAME] {
            let request = HealthCheckRequest { service: service.into() };
            assert_eq!(client.check(request).await.unwrap().into_inner().status, 1, "{service}");
        }
        let request = HealthCheckRequest { service: "other".into() };
        assert_eq!(client.check(request).await.unwrap_err().code(), Code::NotFound);
    }
}
