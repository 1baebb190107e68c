//! How long an experiment still takes, by how long its trials take. Wall-clock time since its
//! start tells nothing: the home may have been down meanwhile.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::join_all;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::Api;
use proto::kinds::{Experiment, ExperimentStatus, Trial};

use super::trials::between;

/// How many of the newest finished trials are asked how long they took.
const FINISHED_MAX: usize = 16;
/// How many of the running trials are asked since when they run.
const RUNNING_MAX: usize = 64;
/// Trials that run at once where the manifest does not say.
const PARALLEL: u64 = 3;

/// What is known of an experiment's trials.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Pace {
    /// How long finished trials took.
    pub(super) took: Vec<Duration>,
    /// How long the running ones have run.
    pub(super) running: Vec<Duration>,
    /// Trials that have not started.
    pub(super) waiting: u64,
    /// How many run at once.
    pub(super) parallel: u64,
}

/// The time until the last trial ends, if each takes as long as the median of those that ended.
///
/// None while none has ended, or when nothing is left.
pub(super) fn left(pace: &Pace) -> Option<Duration> {
    let mut took = pace.took.clone();
    took.sort();
    let each = *took.get(took.len() / 2)?;
    // When each place is free for the next trial; places are filled in turn.
    let places = usize::try_from(pace.parallel).ok()?.max(1);
    let mut free: Vec<Duration> = pace.running.iter().map(|it| each.saturating_sub(*it)).collect();
    let idle = places.saturating_sub(free.len()).min(usize::try_from(pace.waiting).ok()?);
    free.resize(free.len() + idle, Duration::ZERO);
    free.sort();
    if free.is_empty() {
        return None;
    }
    let (rounds, rest) = (pace.waiting / free.len() as u64, pace.waiting % free.len() as u64);
    let rounds = each.checked_mul(u32::try_from(rounds).ok()?)?;
    let last = *free.last()? + rounds;
    let rest = usize::try_from(rest).ok()?.checked_sub(1);
    Some(rest.map_or(last, |rest| last.max(free[rest] + rounds + each)))
}

/// Learns an experiment's pace: asks a few of its trials, each once.
#[derive(Debug, Default)]
pub(super) struct Watch {
    took: BTreeMap<String, Duration>,
    since: BTreeMap<String, Time>,
}

impl Watch {
    /// Asks those trials that were not asked before. A trial that does not answer is left out.
    pub(super) async fn learn(&mut self, api: &Api<Trial>, status: &ExperimentStatus) {
        let finished: Vec<&String> =
            status.succeeded_trial_list.iter().take(FINISHED_MAX).collect();
        let running: Vec<&String> = status.running_trial_list.iter().take(RUNNING_MAX).collect();
        self.took.retain(|name, _| finished.contains(&name));
        self.since.retain(|name, _| running.contains(&name));
        let known = |it: &&&String| self.took.contains_key(**it) || self.since.contains_key(**it);
        let ask = finished.iter().chain(&running).filter(|it| !known(it));
        let answers = join_all(ask.map(|name| api.get_opt(name))).await;
        for trial in answers.into_iter().filter_map(Result::ok).flatten() {
            let (Some(name), Some(status)) = (trial.metadata.name, trial.status) else { continue };
            let Some(began) = status.start_time else { continue };
            match &status.completion_time {
                Some(end) => {
                    let took = between(Some(&began), Some(end)).unwrap_or_default();
                    self.took.insert(name, took);
                }
                None => {
                    self.since.insert(name, began);
                }
            }
        }
    }

    /// What was learnt, as of now.
    pub(super) fn pace(&self, experiment: &Experiment, now: Timestamp) -> Pace {
        let status = experiment.status.clone().unwrap_or_default();
        let count = |number: Option<i32>| u64::try_from(number.unwrap_or(0)).unwrap_or(0);
        let started = count(Some(status.trials)) - count(Some(status.trials_pending));
        let now = Time(now);
        let age = |began: &Time| between(Some(began), Some(&now)).unwrap_or_default();
        Pace {
            took: self.took.values().copied().collect(),
            running: self.since.values().map(age).collect(),
            waiting: count(experiment.spec.max_trial_count).saturating_sub(started),
            parallel: experiment.spec.parallel_trial_count.map_or(PARALLEL, |it| count(Some(it))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::kinds::ExperimentSpec;

    #[test]
    fn the_time_left_follows_from_what_trials_took() {
        let seconds = |it: &[u64]| it.iter().copied().map(Duration::from_secs).collect();
        let check = |took: &[u64], running: &[u64], waiting, parallel, expect: Option<u64>| {
            let pace = Pace { took: seconds(took), running: seconds(running), waiting, parallel };
            assert_eq!(left(&pace).map(|it| it.as_secs()), expect, "{pace:?}");
        };
        // Nothing is known, or nothing is left.
        check(&[], &[1], 5, 2, None);
        check(&[10], &[], 0, 2, None);
        // What runs, and then what waits.
        check(&[10], &[4], 0, 2, Some(6));
        check(&[10], &[4, 1], 0, 2, Some(9));
        check(&[10], &[4, 1], 1, 2, Some(16));
        check(&[10], &[4, 1], 2, 2, Some(19));
        check(&[10], &[4, 1], 3, 2, Some(26));
        // A place that is free is used at once; a trial that is late ends any moment.
        check(&[10], &[4], 1, 2, Some(10));
        check(&[10], &[], 1, 4, Some(10));
        check(&[10], &[99], 1, 1, Some(10));
        // An odd one, such as a trial that waited for a home that was down, counts as one.
        check(&[10, 11, 3600], &[], 4, 1, Some(44));
        check(&[10], &[], 4, 0, Some(40));
    }

    #[test]
    fn what_waits_is_what_has_not_started() {
        let spec = ExperimentSpec {
            max_trial_count: Some(10),
            parallel_trial_count: Some(4),
            ..Default::default()
        };
        let mut experiment = Experiment::new("e", spec);
        let status = ExperimentStatus { trials: 5, trials_pending: 1, ..Default::default() };
        experiment.status = Some(status);
        let pace = Watch::default().pace(&experiment, Timestamp::UNIX_EPOCH);
        assert_eq!((pace.waiting, pace.parallel), (6, 4));
    }
}
