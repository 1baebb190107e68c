//! DBManager: the observation log over gRPC, as Katib's SDK and collectors speak to it.

use std::sync::Arc;

use futures::future::BoxFuture;
use proto::rpc::v1beta1::db_manager_server::{DbManager, DbManagerServer};
use proto::rpc::v1beta1::{
    DeleteObservationLogReply, DeleteObservationLogRequest, GetObservationLogReply,
    GetObservationLogRequest, ReportObservationLogReply, ReportObservationLogRequest,
};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};
use tonic_health::ServingStatus;

use crate::report::TrialKey;
use crate::store::Store;
use crate::wire;

/// The namespace of a trial that nobody knows.
const NAMESPACE_DEFAULT: &str = "default";
/// The services that a health check may name; the empty name is the whole server.
const HEALTHY: [&str; 3] = ["", "grpc.health.v1.Health", "api.v1.beta1.DBManager"];
/// Largest request: some hundred thousand reports.
const REQUEST_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Says in which namespace a trial is, since requests do not.
pub type Resolver = Arc<dyn Fn(String) -> BoxFuture<'static, Option<String>> + Send + Sync>;

/// Serves DBManager and health checks on `listener` until `shutdown` completes.
///
/// # Errors
/// The listener fails.
pub async fn serve(
    listener: TcpListener,
    store: Arc<dyn Store>,
    resolver: Resolver,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), tonic::transport::Error> {
    let (reporter, health) = tonic_health::server::health_reporter();
    for service in HEALTHY {
        reporter.set_service_status(service, ServingStatus::Serving).await;
    }
    let manager = DbManagerServer::new(Service { store, resolver })
        .max_decoding_message_size(REQUEST_BYTES_MAX);
    Server::builder()
        .add_service(health)
        .add_service(manager)
        .serve_with_incoming_shutdown(TcpListenerStream::new(listener), shutdown)
        .await
}

struct Service {
    store: Arc<dyn Store>,
    resolver: Resolver,
}

impl Service {
    async fn key(&self, trial: &str) -> Result<TrialKey, Status> {
        if trial.is_empty() {
            return Err(Status::invalid_argument("trial_name: is empty"));
        }
        let namespace = (self.resolver)(trial.to_owned()).await;
        let namespace = namespace.unwrap_or_else(|| NAMESPACE_DEFAULT.to_owned());
        Ok(TrialKey { namespace, trial: trial.to_owned() })
    }
}

#[tonic::async_trait]
impl DbManager for Service {
    async fn report_observation_log(
        &self,
        request: Request<ReportObservationLogRequest>,
    ) -> Result<Response<ReportObservationLogReply>, Status> {
        let request = request.into_inner();
        let key = self.key(&request.trial_name).await?;
        let reports = wire::reports(&request)?;
        self.store.append(&key, &reports).await.map_err(|err| wire::status(&err))?;
        Ok(Response::new(ReportObservationLogReply {}))
    }

    async fn get_observation_log(
        &self,
        request: Request<GetObservationLogRequest>,
    ) -> Result<Response<GetObservationLogReply>, Status> {
        let request = request.into_inner();
        let key = self.key(&request.trial_name).await?;
        let query = wire::query(&request)?;
        let reports = self.store.read(&key, &query).await.map_err(|err| wire::status(&err))?;
        Ok(Response::new(GetObservationLogReply { observation_log: Some(wire::log(reports)) }))
    }

    async fn delete_observation_log(
        &self,
        request: Request<DeleteObservationLogRequest>,
    ) -> Result<Response<DeleteObservationLogReply>, Status> {
        let key = self.key(&request.into_inner().trial_name).await?;
        self.store.delete(&key).await.map_err(|err| wire::status(&err))?;
        Ok(Response::new(DeleteObservationLogReply {}))
    }
}

#[cfg(test)]
mod tests;
