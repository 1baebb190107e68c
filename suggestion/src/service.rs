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
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use crate::{History, Live, Problem, Seed, SuggestError, wire};

/// What Katib's probes ask the health service for.
const HEALTH_NAME: &str = "manager.v1beta1.Suggestion";

/// Largest message taken and given: histories of 100,000 trials with 100 parameters.
const MESSAGE_BYTES_MAX: usize = 1 << 30;

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
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status(HEALTH_NAME, tonic_health::ServingStatus::Serving).await;
    let suggestion = SuggestionServer::new(Server { aliases, searches: Arc::default() })
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX);
    tonic::transport::Server::builder()
        .add_service(health)
        .add_service(suggestion)
        .serve_with_incoming_shutdown(TcpIncoming::from(listener), shutdown)
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
