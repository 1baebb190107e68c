//! An observation log at an address: a DBManager, this program's or Katib's.

use std::time::Duration;

use proto::rpc::v1beta1::GetObservationLogRequest;
use proto::rpc::v1beta1::db_manager_client::DbManagerClient;
use thiserror::Error;
use tonic::transport::{Channel, Endpoint};

use crate::report::Report;
use crate::wire;

/// Longest time for a connection.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// Largest answer: some millions of reports.
const ANSWER_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Why a log could not be read.
#[derive(Debug, Error)]
pub enum RemoteError {
    /// Nobody answers there: look at the address.
    #[error("no DBManager answers at {0}: {1}")]
    Unreachable(String, tonic::transport::Error),
    /// It answered, but not with the log.
    #[error("DBManager: {0}")]
    Refused(#[from] tonic::Status),
}

/// A connection to a DBManager.
#[derive(Debug)]
pub struct Remote {
    client: DbManagerClient<Channel>,
}

impl Remote {
    /// Connects to `host:port`.
    ///
    /// # Errors
    /// Nobody answers there.
    pub async fn connect(address: &str) -> Result<Remote, RemoteError> {
        let unreachable = |error| RemoteError::Unreachable(address.to_owned(), error);
        let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(unreachable)?;
        let channel = endpoint.connect_timeout(CONNECT_MAX).connect().await.map_err(unreachable)?;
        let client = DbManagerClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX);
        Ok(Remote { client })
    }

    /// Every report of a trial, in the order of time; positions are the server's secret.
    ///
    /// # Errors
    /// The server refuses, or answers something else.
    pub async fn read(&mut self, trial: &str) -> Result<Vec<Report>, RemoteError> {
        let request =
            GetObservationLogRequest { trial_name: trial.to_owned(), ..Default::default() };
        let reply = self.client.get_observation_log(request).await?.into_inner();
        let mut reports = wire::read(&reply.observation_log.unwrap_or_default())?;
        reports.iter_mut().for_each(|it| it.position = None);
        Ok(reports)
    }
}
