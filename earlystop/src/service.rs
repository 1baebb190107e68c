//! The gRPC server of `EarlyStopping`, as Katib's controller and collectors call it.
//!
//! Its protocol has no words for curves: a rule answers one bar for trials that are about to
//! begin. Rules that cannot be said so (asha, hyperband, patient, wilcoxon, curve) answer none;
//! Qalam's own controllers do not come this way, and look at live curves.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::{StreamExt, TryStreamExt, stream};
use parking_lot::Mutex;
use proto::rpc::v1beta1 as rpc;
use rpc::db_manager_client::DbManagerClient;
use rpc::early_stopping_server::{EarlyStopping, EarlyStoppingServer};
use suggestion::Direction;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status};

use crate::{Curve, Rule, Standing, wire};

/// Says in the cluster that a trial was stopped early, by its name.
pub type Marker = Arc<dyn Fn(String) -> BoxFuture<'static, Result<(), Status>> + Send + Sync>;

/// Largest message taken: histories of 100,000 trials.
const MESSAGE_BYTES_MAX: usize = 1 << 30;
/// How many logs are read at once, and how many of ended trials are kept.
const READS_AT_ONCE: usize = 16;
const KEPT_MAX: usize = 100_000;

/// The service; `marker` does what `SetTrialStatus` asks for.
pub fn service(marker: Marker) -> EarlyStoppingServer<Service> {
    let service = Service { marker, kept: Mutex::default() };
    EarlyStoppingServer::new(service).max_decoding_message_size(MESSAGE_BYTES_MAX)
}

/// Answers for any experiment; what it keeps is a cache.
pub struct Service {
    marker: Marker,
    kept: Mutex<Logs>,
}

/// Logs of ended trials, which change no more: by server, trial, time of its end and metric.
type Logs = BTreeMap<[String; 4], Vec<(f64, f64)>>;

#[tonic::async_trait]
impl EarlyStopping for Service {
    async fn get_early_stopping_rules(
        &self,
        request: Request<rpc::GetEarlyStoppingRulesRequest>,
    ) -> Result<Response<rpc::GetEarlyStoppingRulesReply>, Status> {
        let request = request.into_inner();
        let spec = request.experiment.and_then(|it| it.spec).unwrap_or_default();
        let (metric, direction) = wire::objective(&spec.objective.unwrap_or_default())?;
        let rule = parsed(spec.early_stopping, direction)?;
        let address = request.db_manager_address;
        let curves = self.curves(&address, &metric, direction, request.trials).await?;
        let rules = rule.bar(&curves).map(|bar| wire::rule(metric, direction, &bar));
        let early_stopping_rules = rules.into_iter().collect();
        Ok(Response::new(rpc::GetEarlyStoppingRulesReply { early_stopping_rules }))
    }

    async fn set_trial_status(
        &self,
        request: Request<rpc::SetTrialStatusRequest>,
    ) -> Result<Response<rpc::SetTrialStatusReply>, Status> {
        (self.marker)(request.into_inner().trial_name).await?;
        Ok(Response::new(rpc::SetTrialStatusReply {}))
    }

    async fn validate_early_stopping_settings(
        &self,
        request: Request<rpc::ValidateEarlyStoppingSettingsRequest>,
    ) -> Result<Response<rpc::ValidateEarlyStoppingSettingsReply>, Status> {
        // Either direction will do: only the faults are wanted.
        parsed(request.into_inner().early_stopping, Direction::Minimize)?;
        Ok(Response::new(rpc::ValidateEarlyStoppingSettingsReply {}))
    }
}

fn parsed(spec: Option<rpc::EarlyStoppingSpec>, direction: Direction) -> Result<Rule, Status> {
    let spec = wire::spec(spec.unwrap_or_default());
    Rule::parse(&spec, direction).map_err(|faults| {
        let faults: Vec<String> = faults.into_iter().map(|it| it.message).collect();
        Status::invalid_argument(faults.join("; "))
    })
}

impl Service {
    /// The curves of the trials of a request, as the observation log at `address` has them.
    async fn curves(
        &self,
        address: &str,
        metric: &str,
        direction: Direction,
        trials: Vec<rpc::Trial>,
    ) -> Result<Vec<Curve>, Status> {
        let counting = (0..).zip(trials);
        let counting = counting.filter_map(|(index, it)| Some((index, wire::standing(&it)?, it)));
        let counting: Vec<(u64, Standing, rpc::Trial)> = counting.collect();
        if counting.is_empty() {
            return Ok(Vec::new());
        }
        let client = connect(address).await?;
        let read = |(index, standing, trial): (u64, Standing, rpc::Trial)| {
            let client = client.clone();
            async move {
                let reports = self.reports(client, address, metric, standing, &trial).await?;
                Ok(Curve::new(&trial.name, index, standing, direction, &reports))
            }
        };
        stream::iter(counting).map(read).buffered(READS_AT_ONCE).try_collect().await
    }

    async fn reports(
        &self,
        mut client: DbManagerClient<Channel>,
        address: &str,
        metric: &str,
        standing: Standing,
        trial: &rpc::Trial,
    ) -> Result<Vec<(f64, f64)>, Status> {
        let ended = trial.status.clone().unwrap_or_default().completion_time;
        let key = [address.to_owned(), trial.name.clone(), ended, metric.to_owned()];
        if let Some(kept) = self.kept.lock().get(&key) {
            return Ok(kept.clone());
        }
        let request = rpc::GetObservationLogRequest {
            trial_name: trial.name.clone(),
            metric_name: metric.to_owned(),
            ..Default::default()
        };
        let reply = client.get_observation_log(request).await?.into_inner();
        let reports = wire::reports(&reply.observation_log.unwrap_or_default());
        if standing != Standing::Running {
            let mut kept = self.kept.lock();
            if KEPT_MAX <= kept.len() {
                kept.clear();
            }
            kept.insert(key, reports.clone());
        }
        Ok(reports)
    }
}

async fn connect(address: &str) -> Result<DbManagerClient<Channel>, Status> {
    let named = address
        .rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
    let wrong = || {
        let text = format!("db_manager_address must be host:port, got \"{address}\"");
        Status::invalid_argument(text)
    };
    if !named {
        return Err(wrong());
    }
    let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(|_| wrong())?;
    let channel = endpoint.connect().await;
    let channel = channel
        .map_err(|why| Status::unavailable(format!("no DBManager answers at {address}: {why}")))?;
    Ok(DbManagerClient::new(channel).max_decoding_message_size(MESSAGE_BYTES_MAX))
}

#[cfg(test)]
mod tests;
