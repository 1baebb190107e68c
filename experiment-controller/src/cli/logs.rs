//! `qalam logs`: what a trial printed, or prints.

use clap::Args;
use futures::{AsyncBufReadExt, TryStreamExt};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::{ListParams, LogParams};
use proto::kinds::{TRIAL_LABEL, Trial};

use super::best::get;
use super::failure::Failure;
use super::out;
use super::place::Session;
use super::trials::{self, holds};

/// Arguments of `qalam logs`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  qalam logs quickstart            the newest trial of an experiment
  qalam logs quickstart --best     its best trial
  qalam logs quickstart-4bxk2m7p -f")]
pub(super) struct Logs {
    /// Name of an experiment or of a trial
    name: String,

    /// Go on as long as the trial prints
    #[arg(short, long)]
    follow: bool,

    /// The best trial of the experiment
    #[arg(long)]
    best: bool,

    /// Only that many lines from the end
    #[arg(long, value_name = "LINES")]
    tail: Option<i64>,
}

/// Prints the log.
pub(super) async fn run(session: &Session, args: &Logs) -> Result<(), Failure> {
    let trial = find(session, args).await?;
    let pods = pods(session, &trial).await?;
    if pods.is_empty() {
        return Err(Failure::Failed(gone(&trial)));
    }
    for pod in pods {
        let params = LogParams {
            container: container(&trial, &pod),
            follow: args.follow,
            tail_lines: args.tail,
            ..LogParams::default()
        };
        let stream = session.api::<Pod>().log_stream(&pod.name_any(), &params).await?;
        let mut lines = stream.lines();
        while let Some(line) = lines.try_next().await? {
            out::say(&line)?;
        }
    }
    Ok(())
}

/// The trial of that name, else one of the experiment of that name.
async fn find(session: &Session, args: &Logs) -> Result<Trial, Failure> {
    let api = session.api::<Trial>();
    if !args.best
        && let Some(trial) = api.get_opt(&args.name).await?
    {
        return Ok(trial);
    }
    let experiment = get(session, &args.name).await.map_err(|_| {
        let namespace = &session.namespace;
        let name = &args.name;
        Failure::Failed(format!("no experiment or trial \"{name}\" in namespace {namespace}"))
    })?;
    let status = experiment.status.unwrap_or_default();
    let best = status.current_optimal_trial.best_trial_name;
    if args.best {
        return match best.is_empty() {
            false => Ok(api.get(&best).await?),
            true => Err(Failure::Failed("no trial has measured its objective yet".into())),
        };
    }
    // The newest that runs, else the newest that ended.
    let conditions = |trial: &Trial| trial.status.clone().unwrap_or_default().conditions;
    let mut all = trials::of(session, &args.name).await?;
    let running = all.iter().rposition(|trial| {
        let conditions = conditions(trial);
        holds(&conditions, "Running") && trials::state(&conditions) == "Running"
    });
    let chosen = running.or(all.len().checked_sub(1));
    let Some(chosen) = chosen.map(|at| all.swap_remove(at)) else {
        return Err(Failure::Failed(format!("{} has no trials yet", args.name)));
    };
    eprintln!("trial {}, {}:", chosen.name_any(), trials::state(&conditions(&chosen)));
    Ok(chosen)
}

/// The pods of a trial, oldest first; those with the primary labels where it has such.
pub(super) async fn pods(session: &Session, trial: &Trial) -> Result<Vec<Pod>, Failure> {
    let selector = format!("{TRIAL_LABEL}={}", trial.name_any());
    let list = ListParams::default().labels(&selector);
    let mut pods = session.api::<Pod>().list(&list).await?.items;
    let primary = |pod: &Pod| {
        let wanted = trial.spec.primary_pod_labels.iter();
        wanted.into_iter().all(|(name, value)| pod.labels().get(name) == Some(value))
    };
    if pods.iter().any(primary) {
        pods.retain(primary);
    }
    pods.sort_by_key(|pod| (pod.metadata.creation_timestamp.clone(), pod.name_any()));
    Ok(pods)
}

/// The container whose output counts: the trial's primary one, else the first.
pub(super) fn container(trial: &Trial, pod: &Pod) -> Option<String> {
    let containers = &pod.spec.as_ref()?.containers;
    let named = containers.iter().find(|it| it.name == trial.spec.primary_container_name);
    named.or(containers.first()).map(|it| it.name.clone())
}

fn gone(trial: &Trial) -> String {
    let name = trial.name_any();
    let conditions = trial.status.clone().unwrap_or_default().conditions;
    match trials::state(&conditions) {
        "Pending" | "Created" | "Running" => format!("trial {name} has not started yet"),
        _ => format!(
            "trial {name} has ended and its workload was deleted; \
             spec.trialTemplate.retain: true keeps the workload and its log"
        ),
    }
}
