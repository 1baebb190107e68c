//! The service as a client of Katib's protocol sees it, with an observation log beside it.

use rpc::db_manager_server::{DbManager, DbManagerServer};
use rpc::early_stopping_client::EarlyStoppingClient;
use rpc::trial_status::TrialConditionType as Condition;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::Code;
use tonic::transport::Server;

use super::*;

/// An observation log in which trial `0.3` reported 0.3 five times.
struct Log;

#[tonic::async_trait]
impl DbManager for Log {
    async fn report_observation_log(
        &self,
        _: Request<rpc::ReportObservationLogRequest>,
    ) -> Result<Response<rpc::ReportObservationLogReply>, Status> {
        Err(Status::unimplemented("only read here"))
    }

    async fn get_observation_log(
        &self,
        request: Request<rpc::GetObservationLogRequest>,
    ) -> Result<Response<rpc::GetObservationLogReply>, Status> {
        let request = request.into_inner();
        assert_eq!(request.metric_name, "accuracy");
        let metric = rpc::Metric { name: "accuracy".into(), value: request.trial_name };
        let log = rpc::MetricLog { metric: Some(metric), ..Default::default() };
        let log = rpc::ObservationLog { metric_logs: vec![log; 5] };
        Ok(Response::new(rpc::GetObservationLogReply { observation_log: Some(log) }))
    }

    async fn delete_observation_log(
        &self,
        _: Request<rpc::DeleteObservationLogRequest>,
    ) -> Result<Response<rpc::DeleteObservationLogReply>, Status> {
        Err(Status::unimplemented("only read here"))
    }
}

/// A service, what it was told to mark, and the address of both it and the log.
async fn started() -> (EarlyStoppingClient<Channel>, Arc<Mutex<Vec<String>>>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let marked = Arc::new(Mutex::new(Vec::new()));
    let marker: Marker = {
        let marked = marked.clone();
        Arc::new(move |trial: String| {
            marked.lock().push(trial);
            Box::pin(std::future::ready(Ok(())))
        })
    };
    let server = Server::builder()
        .add_service(service(marker))
        .add_service(DbManagerServer::new(Log))
        .serve_with_incoming(TcpListenerStream::new(listener));
    tokio::spawn(server);
    let client = EarlyStoppingClient::connect(format!("http://{address}")).await.unwrap();
    (client, marked, address)
}

fn rule(name: &str, settings: &[(&str, &str)]) -> rpc::EarlyStoppingSpec {
    let setting = |(name, value): &(&str, &str)| rpc::EarlyStoppingSetting {
        name: (*name).into(),
        value: (*value).into(),
    };
    rpc::EarlyStoppingSpec {
        algorithm_name: name.into(),
        algorithm_settings: settings.iter().map(setting).collect(),
    }
}

fn request(rule: rpc::EarlyStoppingSpec, address: &str) -> rpc::GetEarlyStoppingRulesRequest {
    let objective = rpc::ObjectiveSpec {
        r#type: rpc::ObjectiveType::Maximize.into(),
        objective_metric_name: "accuracy".into(),
        ..Default::default()
    };
    let spec = rpc::ExperimentSpec {
        objective: Some(objective),
        early_stopping: Some(rule),
        ..Default::default()
    };
    let trial = |name: &str, condition: Condition| rpc::Trial {
        name: name.into(),
        status: Some(rpc::TrialStatus { condition: condition.into(), ..Default::default() }),
        ..Default::default()
    };
    rpc::GetEarlyStoppingRulesRequest {
        experiment: Some(rpc::Experiment { name: "e".into(), spec: Some(spec) }),
        trials: vec![
            trial("0.2", Condition::Succeeded),
            trial("0.3", Condition::Succeeded),
            trial("1.0", Condition::Succeeded),
            trial("0.0", Condition::Failed),
            trial("0.1", Condition::Running),
        ],
        db_manager_address: address.into(),
    }
}

#[tokio::test]
async fn rules_are_those_of_katibs_service() {
    let (mut client, _, address) = started().await;
    let less = i32::from(rpc::ComparisonType::Less);
    for (name, settings, want) in [
        (
            "medianstop",
            &[("average", "mean"), ("min_trials_required", "1"), ("start_step", "2")][..],
            Some(("0.5", 2)),
        ),
        ("medianstop", &[][..], Some(("0.3", 4))),
        ("medianstop", &[("min_trials_required", "4")][..], None),
        (
            "percentile",
            &[("percentile", "25"), ("min_trials_required", "1")][..],
            Some(("0.475", 4)),
        ),
        ("threshold", &[("lower", "0.7"), ("start_step", "3")][..], Some(("0.7", 3))),
        ("asha", &[][..], None),
    ] {
        let reply = client.get_early_stopping_rules(request(rule(name, settings), &address)).await;
        let rules = reply.unwrap().into_inner().early_stopping_rules;
        let told: Vec<_> = rules
            .iter()
            .map(|it| (it.name.as_str(), it.value.as_str(), it.comparison, it.start_step))
            .collect();
        let want = want.map(|(value, start)| ("accuracy", value, less, start));
        assert_eq!(told, want.into_iter().collect::<Vec<_>>(), "{name} {settings:?}");
    }
    let wrong = client.get_early_stopping_rules(request(rule("medianstop", &[]), "nowhere")).await;
    let wrong = wrong.unwrap_err();
    assert_eq!(wrong.message(), "db_manager_address must be host:port, got \"nowhere\"");
}

#[tokio::test]
async fn settings_are_refused_with_katibs_texts() {
    let (mut client, _, _) = started().await;
    for (name, setting, want) in [
        ("medianstop", ("start_step", "3"), None),
        ("medianstop", ("stop", "3"), Some("unknown setting stop for algorithm medianstop")),
        (
            "medianstop",
            ("min_trials_required", "0"),
            Some("min_trials_required must be greater than zero (>0)"),
        ),
        (
            "medianstop",
            ("start_step", "0"),
            Some("start_step must be greater or equal than one (>=1)"),
        ),
    ] {
        let early_stopping = Some(rule(name, &[setting]));
        let request = rpc::ValidateEarlyStoppingSettingsRequest { early_stopping };
        let error = client.validate_early_stopping_settings(request).await.err();
        assert!(error.iter().all(|it| it.code() == Code::InvalidArgument));
        assert_eq!(error.as_ref().map(Status::message), want);
    }
}

#[tokio::test]
async fn a_status_is_set_by_who_can() {
    let (mut client, marked, _) = started().await;
    let request = rpc::SetTrialStatusRequest { trial_name: "e-1".into() };
    client.set_trial_status(request).await.unwrap();
    assert_eq!(*marked.lock(), ["e-1"]);
}
