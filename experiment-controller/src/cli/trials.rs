//! Trials as the verbs see them: whose they are, in which order, and in what state.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;
use kube::api::ListParams;
use proto::kinds::{Condition, EXPERIMENT_LABEL, Experiment, Trial};

use super::failure::Failure;
use super::place::Session;
pub(super) use crate::controllers::conditions::holds;
use crate::experiment::ended;
use crate::index::INDEX_ANNOTATION;

/// How many trials one request asks for.
const PAGE: u32 = 500;

/// All trials of an experiment, in the order in which they were suggested.
pub(super) async fn of(session: &Session, experiment: &str) -> Result<Vec<Trial>, Failure> {
    let selector = format!("{EXPERIMENT_LABEL}={experiment}");
    list(session, &ListParams::default().labels(&selector)).await
}

/// All trials that the parameters select, page by page.
pub(super) async fn list(session: &Session, which: &ListParams) -> Result<Vec<Trial>, Failure> {
    let api = session.api::<Trial>();
    let mut trials = Vec::new();
    let mut page = which.clone().limit(PAGE);
    loop {
        let answer = api.list(&page).await?;
        trials.extend(answer.items);
        match answer.metadata.continue_.filter(|it| !it.is_empty()) {
            Some(next) => page = page.continue_token(&next),
            None => break,
        }
    }
    trials.sort_by_cached_key(|trial| (index(trial).unwrap_or(u64::MAX), trial.name_any()));
    Ok(trials)
}

/// The index of the trial's suggestion, from 0.
pub(super) fn index(trial: &Trial) -> Option<u64> {
    trial.annotations().get(INDEX_ANNOTATION)?.parse().ok()
}

/// The newest condition that holds: Created, Running, Succeeded …
pub(super) fn state(conditions: &[Condition]) -> &str {
    let newest = conditions.iter().rev().find(|it| it.status == "True");
    newest.map_or("Pending", |it| it.type_.as_str())
}

/// Whether the experiment has ended, and its trials with it: those that ran are killed only after
/// it says that it has ended.
pub(super) fn settled(experiment: &Experiment) -> bool {
    let counts = experiment.status.as_ref().map(|it| (it.trials_running, it.trials_pending));
    ended(experiment) && counts.is_none_or(|it| it == (0, 0))
}

/// Time from one stamp to another, or to now where there is no other.
pub(super) fn between(from: Option<&Time>, to: Option<&Time>) -> Option<Duration> {
    let end = to.map_or_else(Timestamp::now, |it| it.0);
    Some(Duration::try_from(end.duration_since(from?.0)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_condition_that_holds_is_the_state() {
        let check = |conditions: &[(&str, &str)], expect: &str| {
            let condition = |(type_, status): &(&str, &str)| Condition {
                type_: (*type_).into(),
                status: (*status).into(),
                ..Default::default()
            };
            let conditions: Vec<Condition> = conditions.iter().map(condition).collect();
            assert_eq!(state(&conditions), expect);
        };
        check(&[], "Pending");
        check(&[("Created", "True")], "Created");
        check(&[("Created", "True"), ("Running", "True")], "Running");
        check(&[("Running", "False"), ("Succeeded", "True")], "Succeeded");
        check(&[("Succeeded", "True"), ("Running", "False")], "Succeeded");
    }
}
