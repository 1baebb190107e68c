//! The service over a real socket, with the generated client.

use futures::FutureExt;
use proto::rpc::health::HealthCheckRequest;
use proto::rpc::health::health_client::HealthClient;
use proto::rpc::v1beta1::db_manager_client::DbManagerClient;
use proto::rpc::v1beta1::{Metric, MetricLog, ObservationLog};
use tokio::sync::oneshot;
use tonic::Code;
use tonic::transport::Channel;

use super::*;
use crate::store::{MemoryStore, Query};

struct Served {
    client: DbManagerClient<Channel>,
    channel: Channel,
    address: String,
    store: Arc<MemoryStore>,
    stop: oneshot::Sender<()>,
    server: tokio::task::JoinHandle<Result<(), tonic::transport::Error>>,
}

async fn served() -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let store = Arc::new(MemoryStore::default());
    let (stop, stopped) = oneshot::channel::<()>();
    let resolver: Resolver =
        Arc::new(|trial| async move { (trial == "known").then(|| "team".to_owned()) }.boxed());
    let stopped = stopped.map(|_| ());
    let server = tokio::spawn(serve(listener, store.clone(), resolver, stopped));
    let channel =
        Channel::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
    Served { client: DbManagerClient::new(channel.clone()), channel, address, store, stop, server }
}

fn request(trial: &str, rows: &[(&str, &str, &str)]) -> ReportObservationLogRequest {
    let log = |(time, name, value): &(&str, &str, &str)| MetricLog {
        time_stamp: (*time).to_owned(),
        metric: Some(Metric { name: (*name).to_owned(), value: (*value).to_owned() }),
        step: None,
    };
    ReportObservationLogRequest {
        trial_name: trial.to_owned(),
        observation_log: Some(ObservationLog { metric_logs: rows.iter().map(log).collect() }),
    }
}

fn get(trial: &str, metric: &str, start: &str, end: &str) -> GetObservationLogRequest {
    GetObservationLogRequest {
        trial_name: trial.to_owned(),
        metric_name: metric.to_owned(),
        start_time: start.to_owned(),
        end_time: end.to_owned(),
    }
}

async fn rows(served: &mut Served, request: GetObservationLogRequest) -> Vec<(String, String)> {
    let reply = served.client.get_observation_log(request).await.unwrap().into_inner();
    let logs = reply.observation_log.unwrap().metric_logs;
    logs.into_iter().map(|it| (it.time_stamp, it.metric.unwrap().value)).collect()
}

fn texts(rows: &[(String, String)]) -> Vec<(&str, &str)> {
    rows.iter().map(|(time, value)| (time.as_str(), value.as_str())).collect()
}

#[tokio::test]
async fn reports_are_kept_once_and_read_in_utc() {
    let mut served = served().await;
    let pushed = request(
        "t",
        &[
            ("2026-01-02T03:04:05Z", "acc", "0.5"),
            ("2026-01-02T03:04:05Z", "acc", "0.5"),
            ("2026-01-02T05:04:05.25+02:00", "acc", "0.75"),
            ("0001-01-01T00:00:00Z", "loss", "unavailable"),
        ],
    );
    for _ in 0..2 {
        served.client.report_observation_log(pushed.clone()).await.unwrap();
    }
    let got = rows(&mut served, get("t", "acc", "", "")).await;
    assert_eq!(
        texts(&got),
        [
            ("2026-01-02T03:04:05Z", "0.5"),
            ("2026-01-02T03:04:05Z", "0.5"),
            ("2026-01-02T03:04:05.25Z", "0.75"),
        ]
    );
    let got = rows(&mut served, get("t", "", "", "2026-01-02T03:04:05Z")).await;
    assert_eq!(got.len(), 3);
    assert_eq!(texts(&got)[0], ("0001-01-01T00:00:00Z", "unavailable"));

    let delete = DeleteObservationLogRequest { trial_name: "t".to_owned() };
    served.client.delete_observation_log(delete).await.unwrap();
    assert!(rows(&mut served, get("t", "", "", "")).await.is_empty());
}

#[tokio::test]
async fn the_resolver_says_the_namespace() {
    let mut served = served().await;
    for (trial, namespace) in [("known", "team"), ("unknown", "default")] {
        let pushed = request(trial, &[("2026-01-02T03:04:05Z", "acc", "1")]);
        served.client.report_observation_log(pushed).await.unwrap();
        let key = TrialKey { namespace: namespace.into(), trial: trial.into() };
        assert_eq!(served.store.read(&key, &Query::default()).await.unwrap().len(), 1, "{trial}");
    }
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_by_name() {
    let mut served = served().await;
    let bad = [
        (request("", &[]), "trial_name"),
        (request("t", &[("", "a", "1")]), "observation_log.metric_logs[0].time_stamp"),
        (
            request("t", &[("2026-01-02T03:04:05Z", "a", "1"), ("noon", "a", "1")]),
            "metric_logs[1].time_stamp",
        ),
        (request("t", &[("2026-01-02T03:04:05Z", "", "1")]), "metric.name"),
    ];
    for (request, part) in bad {
        let status = served.client.report_observation_log(request).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(status.message().contains(part), "{status}");
    }
    let status = served.client.get_observation_log(get("t", "", "x", "")).await.unwrap_err();
    assert!(status.message().contains("start_time"), "{status}");
    // Nothing of a refused request was kept, and an empty log is fine.
    let empty = ReportObservationLogRequest { trial_name: "t".into(), observation_log: None };
    served.client.report_observation_log(empty).await.unwrap();
    assert!(rows(&mut served, get("t", "", "", "")).await.is_empty());
}

#[tokio::test]
async fn health_is_told_and_shutdown_ends_the_server() {
    let served = served().await;
    let mut health = HealthClient::new(served.channel.clone());
    for service in HEALTHY {
        let request = HealthCheckRequest { service: service.to_owned() };
        let reply = health.check(request).await.unwrap().into_inner();
        assert_eq!(reply.status, 1 /* SERVING */, "{service:?}");
    }
    served.stop.send(()).unwrap();
    drop((health, served.client, served.channel));
    served.server.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_log_is_read_from_afar_with_its_steps() {
    let served = served().await;
    let key = TrialKey { namespace: "team".into(), trial: "known".into() };
    let report = |step: i64, value: &str| crate::report::Report {
        metric: "acc".into(),
        value: value.into(),
        time: jiff::Timestamp::from_second(step).unwrap(),
        step: Some(step),
        position: None,
    };
    let reports = [report(1, "0.5"), report(2, "0.75")];
    served.store.append(&key, &reports).await.unwrap();
    let mut remote = crate::remote::Remote::connect(&served.address).await.unwrap();
    assert_eq!(remote.read("known").await.unwrap(), reports);
    assert_eq!(remote.read("unknown").await.unwrap(), []);

    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refused = crate::remote::Remote::connect(&nobody.to_string()).await;
    assert!(refused.unwrap_err().to_string().starts_with("no DBManager answers at 127.0.0.1:"));
}
