//! `qalam describe`: one experiment or trial with its conditions and events.

use clap::Args;
use k8s_openapi::api::core::v1::Event;
use kube::ResourceExt;
use kube::api::ListParams;
use proto::kinds::{Condition, Experiment, Trial};

use super::failure::Failure;
use super::place::Session;
use super::progress::Progress;
use super::trials::{between, state};
use super::{best, out, span};

/// Arguments of `qalam describe`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  qalam describe quickstart
  qalam describe quickstart-4bxk2m7p")]
pub(super) struct Describe {
    /// Name of an experiment or of a trial
    name: String,
}

/// Shows it.
pub(super) async fn run(session: &Session, args: &Describe) -> Result<(), Failure> {
    let name = &args.name;
    let text = if let Some(found) = session.api::<Experiment>().get_opt(name).await? {
        experiment(&found)
    } else if let Some(found) = session.api::<Trial>().get_opt(name).await? {
        trial(&found)
    } else {
        let namespace = &session.namespace;
        let text = format!("no experiment or trial \"{name}\" in namespace {namespace}");
        return Err(Failure::Failed(text));
    };
    out::say(&text)?;
    out::say(&events(session, name).await?)
}

fn experiment(it: &Experiment) -> String {
    let status = it.status.clone().unwrap_or_default();
    let objective = it.spec.objective.clone().unwrap_or_default();
    let algorithm = it.spec.algorithm.clone().unwrap_or_default();
    let settings = algorithm.algorithm_settings.iter();
    let settings: Vec<String> = settings.map(|it| format!("{}={}", it.name, it.value)).collect();
    let elapsed = between(status.start_time.as_ref(), status.completion_time.as_ref());
    let goal = objective.goal.map_or_else(String::new, |goal| format!(", goal {goal}"));
    let heading = vec![
        vec![
            "Experiment:".into(),
            format!("{}/{}", it.namespace().unwrap_or_default(), it.name_any()),
        ],
        vec!["State:".into(), state(&status.conditions).into()],
        vec![
            "Objective:".into(),
            format!("{} {}{goal}", objective.type_, objective.objective_metric_name),
        ],
        vec![
            "Algorithm:".into(),
            format!("{} {}", algorithm.algorithm_name, settings.join(" ")).trim_end().into(),
        ],
        vec!["Progress:".into(), Progress::of(&it.spec, &status).line(None)],
        vec!["Took:".into(), elapsed.map(span::show).unwrap_or_default()],
    ];
    let optimal = &status.current_optimal_trial;
    let best = match optimal.best_trial_name.is_empty() {
        true => String::new(),
        false => format!("\n{}", best::text(&objective, optimal, None)),
    };
    let parameters = it.spec.parameters.iter().map(|it| {
        let space = it.feasible_space.clone().unwrap_or_default();
        let values = match space.list.is_empty() {
            true => format!("{}..{}", space.min, space.max),
            false => space.list.join(", "),
        };
        let step = if space.step.is_empty() { String::new() } else { format!(":{}", space.step) };
        vec![
            format!("  {}", it.name),
            it.parameter_type.clone(),
            format!("{values}{step}"),
            space.distribution,
        ]
    });
    format!(
        "{}\nSearch space:\n{}{best}\n{}",
        out::table(&[], heading),
        out::table(&[], parameters.collect()),
        conditions(&status.conditions)
    )
}

fn trial(it: &Trial) -> String {
    let status = it.status.clone().unwrap_or_default();
    let took = between(status.start_time.as_ref(), status.completion_time.as_ref());
    let heading = vec![
        vec!["Trial:".into(), format!("{}/{}", it.namespace().unwrap_or_default(), it.name_any())],
        vec!["State:".into(), state(&status.conditions).into()],
        vec!["Took:".into(), took.map(span::show).unwrap_or_default()],
    ];
    let values = it.spec.parameter_assignments.iter();
    let values = values.map(|it| vec![format!("  {}", it.name), it.value.clone()]).collect();
    let observation = status.observation.clone().unwrap_or_default();
    let metrics = observation.metrics.into_iter();
    let metrics = metrics.map(|it| vec![format!("  {}", it.name), it.min, it.max, it.latest]);
    format!(
        "{}\nParameters:\n{}\nMetrics:\n{}\n{}",
        out::table(&[], heading),
        out::table(&[], values),
        out::table(&["  NAME", "MIN", "MAX", "LATEST"], metrics.collect()),
        conditions(&status.conditions)
    )
}

fn conditions(list: &[Condition]) -> String {
    let row = |it: &Condition| {
        vec![format!("  {}", it.type_), it.status.clone(), it.reason.clone(), it.message.clone()]
    };
    let heading = ["  CONDITION", "STATUS", "REASON", "MESSAGE"];
    format!("Conditions:\n{}", out::table(&heading, list.iter().map(row).collect()))
}

async fn events(session: &Session, name: &str) -> Result<String, Failure> {
    let which = ListParams::default().fields(&format!("involvedObject.name={name}"));
    let mut events = session.api::<Event>().list(&which).await?.items;
    events.retain(|it| it.involved_object.name.as_deref() == Some(name));
    let when = |it: &Event| {
        it.last_timestamp
            .clone()
            .or(it.first_timestamp.clone())
            .or(it.metadata.creation_timestamp.clone())
    };
    events.sort_by_key(when);
    let row = |it: &Event| {
        let ago = between(when(it).as_ref(), None).map(span::show).unwrap_or_default();
        let text = |it: &Option<String>| it.clone().unwrap_or_default();
        vec![format!("  {ago}"), text(&it.type_), text(&it.reason), text(&it.message)]
    };
    let heading = ["  AGO", "TYPE", "REASON", "MESSAGE"];
    Ok(format!("Events:\n{}", out::table(&heading, events.iter().map(row).collect())))
}
