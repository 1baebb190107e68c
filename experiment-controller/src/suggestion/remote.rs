//! A search at an address: a server of `api.v1.beta1.Suggestion`, Katib's own or anybody's.

use std::time::Duration;

use kube::ResourceExt;
use proto::kinds::{Experiment, ExperimentSpec, Suggestion};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

use super::apply::Answered;
use super::verdict::Verdict;
use super::wire::{self, Client};
use crate::controllers::conditions;
use crate::controllers::world::World;
use crate::names;

/// Longest time that an answer may take; beyond it the question is asked again.
const ANSWER_SECONDS_MAX: u64 = 60;
/// Longest time for a connection.
const CONNECT_SECONDS_MAX: u64 = 5;

/// Asks the server at `address` (`host:port`) for `count` assignments. It is asked to validate
/// the settings before its first answer is taken.
pub(super) async fn ask(
    world: &World,
    experiment: &Experiment,
    spec: &ExperimentSpec,
    suggestion: &Suggestion,
    address: &str,
    count: u32,
) -> Answered {
    let mut client = match connect(address).await {
        Ok(client) => client,
        Err(why) => return (Verdict::Unavailable(format!("{address}: {why}")), Vec::new()),
    };
    let status = suggestion.status.clone().unwrap_or_default();
    let told = wire::experiment(&experiment.name_any(), spec, &status.algorithm_settings);
    if !conditions::holds(&status.conditions, "Running") && status.suggestion_count == 0 {
        let question = wire::Validation { experiment: Some(told.clone()) };
        match client.validate_algorithm_settings(question).await {
            Err(why) if why.code() != Code::Unimplemented => {
                return (refusal(address, "Validation failed: ", &why), Vec::new());
            }
            _ => {}
        }
    }

    let uid = experiment.uid().unwrap_or_default();
    let made = u64::try_from(status.suggestion_count).unwrap_or(0);
    let mut count = i32::try_from(count).unwrap_or(i32::MAX);
    let trials = world.with_trials(&uid, |trials| wire::trials(spec, suggestion, trials));
    let reply = loop {
        let request = wire::Request {
            experiment: Some(told.clone()),
            trials: trials.clone(),
            current_request_number: count,
            total_request_number: status.suggestion_count.saturating_add(count),
        };
        match client.get_suggestions(request).await {
            Ok(reply) => break reply.into_inner(),
            // Fewer are left than were asked for, or can be had now: they are fetched one by one.
            Err(why)
                if matches!(why.code(), Code::FailedPrecondition | Code::Unavailable)
                    && 1 < count =>
            {
                count = 1;
            }
            Err(why) => return (refusal(address, "", &why), Vec::new()),
        }
    };
    let name = |place: usize| names::trial_name(&experiment.name_any(), &uid, made + place as u64);
    let (all, settings) = wire::assignments(&reply, name);
    if all.len() != usize::try_from(count).unwrap_or(0) {
        let why =
            format!("{address} answered {} suggestions where {count} were asked for", all.len());
        return (Verdict::Unavailable(why), Vec::new());
    }
    (Verdict::Proposed(all), settings)
}

async fn connect(address: &str) -> Result<Client<Channel>, tonic::transport::Error> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?
        .connect_timeout(Duration::from_secs(CONNECT_SECONDS_MAX))
        .timeout(Duration::from_secs(ANSWER_SECONDS_MAX));
    let client = Client::new(endpoint.connect().await?);
    Ok(client.max_decoding_message_size(usize::MAX).max_encoding_message_size(usize::MAX))
}

/// What a server's error asks of us: only its verdict on the settings, and the end of the space,
/// are final.
fn refusal(address: &str, prefix: &str, why: &Status) -> Verdict {
    match why.code() {
        Code::InvalidArgument => Verdict::Refused(format!("{prefix}{}", why.message())),
        // What `qalam suggest` answers; Katib's own services have no word for it.
        Code::FailedPrecondition => Verdict::Exhausted(Vec::new()),
        code => Verdict::Unavailable(format!("{address}: {code:?}: {}", why.message())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_and_the_end_of_the_space_are_final() {
        let refused = refusal("h:1", "Validation failed: ", &Status::invalid_argument("no"));
        assert_eq!(refused, Verdict::Refused("Validation failed: no".into()));
        let over = refusal("h:1", "", &Status::failed_precondition("the space is exhausted"));
        assert_eq!(over, Verdict::Exhausted(Vec::new()));
        for status in [Status::unavailable("x"), Status::unknown("x"), Status::internal("x")] {
            assert!(matches!(refusal("h:1", "", &status), Verdict::Unavailable(_)));
        }
    }
}
