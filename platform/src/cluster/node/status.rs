//! From what the shim tells to what the API shows: a pod's status, and its events. Pure.

use super::record::{Cause, ContainerState, Ended, NODE_LOST, NODE_SHUTDOWN, Phase, PodState};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{
    Container, ContainerState as Shown, ContainerStateRunning, ContainerStateTerminated,
    ContainerStateWaiting, ContainerStatus, HostIP, Pod, PodCondition, PodIP, PodSpec, PodStatus,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use std::collections::BTreeMap;

/// The condition of a pod that failed for no fault of its own.
pub const DISRUPTED: &str = "DisruptionTarget";

/// The status of a pod of which the shim tells `state`.
pub fn status(pod: &Pod, state: &PodState, ip: &str, now: Timestamp) -> PodStatus {
    let empty = PodSpec::default();
    let spec = pod.spec.as_ref().unwrap_or(&empty);
    let phase = phase(spec, state);
    let over = state.finished;
    let regular: Vec<&ContainerState> =
        spec.containers.iter().filter_map(|it| state.containers.get(&it.name)).collect();
    let ready = !over && state.initialized && regular.iter().all(|it| it.is_ready());
    let why = |good: bool| match good {
        true => None,
        false if over => Some("PodCompleted"),
        false => Some("ContainersNotReady"),
    };
    let initialized = state.initialized || (over && phase == "Succeeded");
    let conditions = [
        ("PodScheduled", true, None),
        ("Initialized", initialized, (!initialized).then_some("ContainersNotInitialized")),
        ("ContainersReady", ready, why(ready)),
        ("Ready", ready, why(ready)),
    ];
    let shown = |containers: &[Container]| {
        let all = containers.iter();
        let all: Vec<_> =
            all.map(|it| container(it, state.containers.get(&it.name), pod)).collect();
        (!all.is_empty()).then_some(all)
    };
    let failure = state.failure.clone().unwrap_or_default();
    // As a kubelet tells it: not the pod's own doing, so that who made it may make it again.
    let disrupted = over && matches!(&*failure.reason, NODE_SHUTDOWN | NODE_LOST);
    let disrupted = disrupted.then(|| condition(pod, DISRUPTED, true, &failure, now));
    PodStatus {
        phase: Some(phase.to_owned()),
        conditions: Some(
            conditions
                .into_iter()
                .map(|(kind, good, reason)| {
                    condition(pod, kind, good, &Cause::new(reason.unwrap_or_default(), ""), now)
                })
                .chain(disrupted)
                .collect(),
        ),
        container_statuses: shown(&spec.containers),
        init_container_statuses: shown(spec.init_containers.as_deref().unwrap_or_default()),
        host_ip: Some("127.0.0.1".to_owned()),
        host_ips: Some(vec![HostIP { ip: "127.0.0.1".to_owned() }]),
        pod_ip: Some(ip.to_owned()),
        pod_ips: Some(vec![PodIP { ip: ip.to_owned() }]),
        start_time: state.started_at.map(Time),
        reason: some(&failure.reason),
        message: some(&failure.message),
        ..PodStatus::default()
    }
}

/// The status of a pod that has not started, and why.
pub fn waiting(pod: &Pod, scheduled: bool, cause: &Cause, now: Timestamp) -> PodStatus {
    let shown = |container: &Container| {
        let state = ContainerState { now: Phase::Waiting(cause.clone()), ..Default::default() };
        self::container(container, Some(&state), pod)
    };
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let told = if scheduled { Cause::default() } else { cause.clone() };
    PodStatus {
        phase: Some("Pending".to_owned()),
        conditions: Some(vec![condition(pod, "PodScheduled", scheduled, &told, now)]),
        container_statuses: scheduled.then(|| containers.map(shown).collect()),
        ..PodStatus::default()
    }
}

/// The status of a pod that cannot run, and why.
pub fn failed(cause: &Cause, now: Timestamp) -> PodStatus {
    PodStatus {
        phase: Some("Failed".to_owned()),
        reason: some(&cause.reason),
        message: some(&cause.message),
        start_time: Some(Time(now)),
        ..PodStatus::default()
    }
}

/// Whether a pod has ended for good.
pub fn terminal(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    matches!(phase, Some("Succeeded" | "Failed"))
}

fn phase(spec: &PodSpec, state: &PodState) -> &'static str {
    let regular = || spec.containers.iter().filter_map(|it| state.containers.get(&it.name));
    if state.finished {
        let well = |it: &ContainerState| matches!(&it.now, Phase::Ended(ended) if ended.code == 0);
        let all_well = state.failure.is_none() && regular().all(well);
        return if all_well { "Succeeded" } else { "Failed" };
    }
    let started = |it: &ContainerState| it.last.is_some() || !matches!(it.now, Phase::Waiting(_));
    if state.initialized && regular().any(started) { "Running" } else { "Pending" }
}

/// A condition; its transition time is kept while it stays as it was.
fn condition(pod: &Pod, kind: &str, good: bool, cause: &Cause, now: Timestamp) -> PodCondition {
    let status = if good { "True" } else { "False" };
    let old = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let mut same = old.filter(|old| old.type_ == kind && old.status == status);
    let since = same.next().and_then(|old| old.last_transition_time.clone());
    PodCondition {
        type_: kind.to_owned(),
        status: status.to_owned(),
        reason: some(&cause.reason),
        message: some(&cause.message),
        last_transition_time: since.or(Some(Time(now))),
        ..PodCondition::default()
    }
}

fn container(container: &Container, state: Option<&ContainerState>, pod: &Pod) -> ContainerStatus {
    let fresh = ContainerState::default();
    let state = state.unwrap_or(&fresh);
    let uid = pod.metadata.uid.as_deref().unwrap_or_default();
    let id = |run: u32| format!("qalam://{uid}/{}/{run}", container.name);
    let runs = matches!(state.now, Phase::Running { .. });
    let now = match &state.now {
        Phase::Waiting(cause) => Shown {
            waiting: Some(ContainerStateWaiting {
                reason: some(&cause.reason),
                message: some(&cause.message),
            }),
            ..Shown::default()
        },
        Phase::Running { since, .. } => Shown {
            running: Some(ContainerStateRunning { started_at: Some(Time(*since)) }),
            ..Shown::default()
        },
        Phase::Ended(ended) => terminated(ended, id(state.restarts)),
    };
    let before = state.last.as_ref().map(|ended| {
        let run = if runs { state.restarts.saturating_sub(1) } else { state.restarts };
        terminated(ended, id(run))
    });
    ContainerStatus {
        name: container.name.clone(),
        image: container.image.clone().unwrap_or_default(),
        container_id: runs.then(|| id(state.restarts)),
        ready: state.is_ready(),
        started: Some(state.is_started()),
        restart_count: i32::try_from(state.restarts).unwrap_or(i32::MAX),
        state: Some(now),
        last_state: before,
        ..ContainerStatus::default()
    }
}

fn terminated(ended: &Ended, id: String) -> Shown {
    let terminated = ContainerStateTerminated {
        container_id: Some(id),
        exit_code: ended.code,
        signal: ended.signal,
        reason: some(&ended.cause.reason),
        message: some(&ended.cause.message),
        started_at: Some(Time(ended.started_at)),
        finished_at: Some(Time(ended.finished_at)),
    };
    Shown { terminated: Some(terminated), ..Shown::default() }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// Something to tell people: an event of the pod.
#[derive(Clone, Debug, PartialEq)]
pub struct News {
    /// Whether it is bad.
    pub warning: bool,
    /// What.
    pub cause: Cause,
}

impl News {
    /// Good news.
    pub fn normal(reason: &str, message: impl Into<String>) -> Self {
        Self { warning: false, cause: Cause::new(reason, message) }
    }

    /// Bad news.
    pub fn warning(cause: Cause) -> Self {
        Self { warning: true, cause }
    }
}

/// What is new since `old`.
pub fn news(old: &PodState, new: &PodState) -> Vec<News> {
    let mut all: Vec<News> = Vec::new();
    let remarks = new.warnings.iter().filter(|remark| !old.warnings.contains(remark));
    all.extend(remarks.cloned().map(News::warning));
    if old.failure.is_none() {
        all.extend(new.failure.clone().map(News::warning));
    }
    let known: &BTreeMap<String, ContainerState> = &old.containers;
    for (name, now) in &new.containers {
        let before = known.get(name);
        let started = |state: &ContainerState| {
            (state.last.is_some() || !matches!(state.now, Phase::Waiting(_)))
                .then_some(state.restarts)
        };
        let start_failed = |state: &ContainerState| match (&state.now, &state.last) {
            (Phase::Ended(ended), _) | (Phase::Waiting(_), Some(ended)) => {
                (ended.cause.reason == "StartError").then(|| ended.cause.clone())
            }
            _ => None,
        };
        let changed =
            before.map(|before| (started(before), &before.now)) != Some((started(now), &now.now));
        if let (true, Some(cause)) = (changed, start_failed(now)) {
            all.push(News::warning(Cause::new("Failed", format!("{name}: {}", cause.message))));
        } else if started(now).is_some() && before.and_then(started) != started(now) {
            all.push(News::normal("Started", format!("Started container {name}")));
        }
        if let Phase::Waiting(cause) = &now.now
            && cause.reason == "CrashLoopBackOff"
            && before.map(|before| &before.now) != Some(&now.now)
        {
            all.push(News::warning(Cause::new("BackOff", cause.message.clone())));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod() -> Pod {
        let spec = serde_json::json!({"spec": {"initContainers": [{"name": "i"}],
            "containers": [{"name": "a"}, {"name": "b"}]}});
        serde_json::from_value(spec).unwrap()
    }

    fn running() -> Phase {
        Phase::Running { since: Timestamp::UNIX_EPOCH, pid: 1 }
    }

    fn over(code: i32) -> Phase {
        Phase::Ended(Ended { code, ..Ended::default() })
    }

    fn state(finished: bool, init: Phase, a: Phase, b: Phase) -> PodState {
        let initialized = matches!(&init, Phase::Ended(ended) if ended.code == 0);
        let containers = [("i", init), ("a", a), ("b", b)].map(|(name, now)| {
            (name.to_owned(), ContainerState { now, ..ContainerState::default() })
        });
        let containers = containers.into();
        PodState { containers, finished, initialized, ..PodState::default() }
    }

    #[test]
    fn phases_and_readiness_follow_the_containers() {
        let wait = Phase::default;
        let failed = |state| PodState { failure: Some(Cause::new("Deadline", "")), ..state };
        for (state, phase, ready) in [
            (state(false, running(), wait(), wait()), "Pending", "False"),
            (state(false, over(0), running(), wait()), "Running", "False"),
            (state(false, over(0), running(), running()), "Running", "True"),
            (state(false, over(0), running(), over(0)), "Running", "False"),
            (state(true, over(0), over(0), over(0)), "Succeeded", "False"),
            (state(true, over(0), over(0), over(1)), "Failed", "False"),
            (state(true, over(1), wait(), wait()), "Failed", "False"),
            (failed(state(true, over(0), over(0), over(0))), "Failed", "False"),
        ] {
            let got = status(&pod(), &state, "127.0.0.2", Timestamp::UNIX_EPOCH);
            assert_eq!(got.phase.as_deref(), Some(phase), "{state:?}");
            let conditions = got.conditions.unwrap();
            let found = conditions.iter().find(|condition| condition.type_ == "Ready").unwrap();
            assert_eq!(found.status, ready, "{state:?}");
        }
    }

    #[test]
    fn news_is_told_once() {
        let before = state(false, over(0), Phase::default(), Phase::default());
        let after = state(false, over(0), running(), Phase::default());
        assert_eq!(news(&before, &after), [News::normal("Started", "Started container a")]);
        assert_eq!(news(&after, &after), []);
    }
}
