//! What a container is asked while it lives: probes and hooks, from the pod's spec to what the shim
//! does.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::{
    Container, ContainerPort, HTTPGetAction, Lifecycle, LifecycleHandler, Probe,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde::{Deserialize, Serialize};

use super::expand::expand;

/// Something that is done beside a container, and either goes well or does not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Action {
    /// Runs a command in the container; well if it exits with 0.
    Exec(Vec<String>),
    /// Asks over HTTP; well if the answer is from 200 to 399. Over HTTPS only the connection counts.
    Http {
        /// Where; the pod's address if there is none.
        host: Option<String>,
        /// Port.
        port: u16,
        /// Path, with a slash.
        path: String,
        /// Headers of the request.
        headers: Vec<(String, String)>,
        /// Whether the port speaks TLS.
        tls: bool,
    },
    /// Connects; well if somebody listens.
    Tcp {
        /// Where; the pod's address if there is none.
        host: Option<String>,
        /// Port.
        port: u16,
    },
    /// Waits so many seconds.
    Sleep(u64),
}

/// A question that is asked again and again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProbePlan {
    /// What is done.
    pub action: Action,
    /// Seconds until it is asked first.
    pub delay: u64,
    /// Seconds between two times.
    pub period: u64,
    /// Seconds after which no answer is a bad one.
    pub timeout: u64,
    /// Good answers in a row that count as good.
    pub successes: u32,
    /// Bad answers in a row that count as bad.
    pub failures: u32,
}

impl ProbePlan {
    /// Until it is asked first.
    #[must_use]
    pub fn first(&self) -> Duration {
        Duration::from_secs(self.delay)
    }
}

/// All that a container is asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Care {
    /// The pod's address, where ports are looked for.
    pub ip: String,
    /// Asked until it goes well once; nothing else is asked before.
    pub startup: Option<ProbePlan>,
    /// The container is ended where it goes badly.
    pub liveness: Option<ProbePlan>,
    /// The container is ready while it goes well.
    pub readiness: Option<ProbePlan>,
    /// Done right after the start.
    pub post_start: Option<Action>,
    /// Done before the container is asked to end.
    pub pre_stop: Option<Action>,
    /// Bytes of memory above which the container is ended.
    pub memory: Option<u64>,
}

impl Care {
    /// Whether anything is to be done at all.
    #[must_use]
    pub fn is_none(&self) -> bool {
        let Care { startup, liveness, readiness, post_start, pre_stop, memory, .. } = self;
        startup.is_none()
            && liveness.is_none()
            && readiness.is_none()
            && post_start.is_none()
            && pre_stop.is_none()
            && memory.is_none()
    }
}

/// What a container asks for.
pub(super) fn care(
    container: &Container,
    env: &BTreeMap<String, String>,
    ip: &str,
    memory: Option<u64>,
) -> Care {
    let ports = container.ports.as_deref().unwrap_or_default();
    let probe = |probe: &Option<Probe>| probe.as_ref().and_then(|it| plan(it, ports, env));
    let lifecycle = container.lifecycle.clone().unwrap_or_default();
    let Lifecycle { post_start, pre_stop, .. } = lifecycle;
    let hook = |hook: Option<LifecycleHandler>| hook.and_then(|it| handler(&it, ports, env));
    Care {
        ip: ip.to_owned(),
        startup: probe(&container.startup_probe),
        liveness: probe(&container.liveness_probe),
        readiness: probe(&container.readiness_probe),
        post_start: hook(post_start),
        pre_stop: hook(pre_stop),
        memory,
    }
}

fn plan(
    probe: &Probe,
    ports: &[ContainerPort],
    env: &BTreeMap<String, String>,
) -> Option<ProbePlan> {
    let action = if let Some(exec) = &probe.exec {
        command(exec.command.as_deref().unwrap_or_default(), env)
    } else if let Some(get) = &probe.http_get {
        http(get, ports)?
    } else if let Some(tcp) = &probe.tcp_socket {
        Action::Tcp { host: tcp.host.clone(), port: port(&tcp.port, ports)? }
    } else if let Some(grpc) = &probe.grpc {
        // Whether the service answers is not asked, only whether it listens.
        Action::Tcp { host: None, port: u16::try_from(grpc.port).ok()? }
    } else {
        return None;
    };
    let seconds = |value: Option<i32>, usual: u64| {
        value.and_then(|it| u64::try_from(it).ok()).unwrap_or(usual)
    };
    let count = |value: Option<i32>, usual: u32| {
        value.and_then(|it| u32::try_from(it).ok()).filter(|it| 0 < *it).unwrap_or(usual)
    };
    Some(ProbePlan {
        action,
        delay: seconds(probe.initial_delay_seconds, 0),
        period: seconds(probe.period_seconds, 10).max(1),
        timeout: seconds(probe.timeout_seconds, 1).max(1),
        successes: count(probe.success_threshold, 1),
        failures: count(probe.failure_threshold, 3),
    })
}

fn handler(
    hook: &LifecycleHandler,
    ports: &[ContainerPort],
    env: &BTreeMap<String, String>,
) -> Option<Action> {
    if let Some(exec) = &hook.exec {
        return Some(command(exec.command.as_deref().unwrap_or_default(), env));
    }
    if let Some(get) = &hook.http_get {
        return http(get, ports);
    }
    if let Some(tcp) = &hook.tcp_socket {
        return Some(Action::Tcp { host: tcp.host.clone(), port: port(&tcp.port, ports)? });
    }
    let sleep = hook.sleep.as_ref()?;
    Some(Action::Sleep(u64::try_from(sleep.seconds).unwrap_or(0)))
}

fn command(words: &[String], env: &BTreeMap<String, String>) -> Action {
    Action::Exec(words.iter().map(|it| expand(it, env)).collect())
}

fn http(get: &HTTPGetAction, ports: &[ContainerPort]) -> Option<Action> {
    let path = get.path.clone().unwrap_or_default();
    let headers = get.http_headers.iter().flatten();
    Some(Action::Http {
        host: get.host.clone(),
        port: port(&get.port, ports)?,
        path: if path.starts_with('/') { path } else { format!("/{path}") },
        headers: headers.map(|it| (it.name.clone(), it.value.clone())).collect(),
        tls: get.scheme.as_deref() == Some("HTTPS"),
    })
}

fn port(port: &IntOrString, ports: &[ContainerPort]) -> Option<u16> {
    let number = match port {
        IntOrString::Int(number) => *number,
        IntOrString::String(name) => {
            let named = ports.iter().find(|it| it.name.as_ref() == Some(name));
            named.map(|it| it.container_port).or_else(|| name.parse().ok())?
        }
    };
    u16::try_from(number).ok()
}
