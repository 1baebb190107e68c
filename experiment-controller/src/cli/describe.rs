//! `qalam describe`: one experiment or trial with its conditions and events.

use std::collections::BTreeMap;

use clap::Args;
use k8s_openapi::api::core::v1::Event;
use kube::ResourceExt;
use kube::api::ListParams;
use proto::kinds::{Condition, Experiment, ExperimentSpec, ParameterSpec, Trial};

use super::failure::Failure;
use super::place::Session;
use super::progress::Progress;
use super::trials::{between, state};
use super::{best, out, span};
use crate::trial::value::Wanted;

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
    let wanted = Wanted::of(&it.spec);
    let algorithm = it.spec.algorithm.clone().unwrap_or_default();
    let settings = algorithm.algorithm_settings.iter();
    let settings: Vec<String> = settings.map(|it| format!("{}={}", it.name, it.value)).collect();
    let elapsed = between(status.start_time.as_ref(), status.completion_time.as_ref());
    let mut heading = vec![
        vec![
            "Experiment:".into(),
            format!("{}/{}", it.namespace().unwrap_or_default(), it.name_any()),
        ],
        vec!["State:".into(), state(&status.conditions).into()],
        vec![
            "Algorithm:".into(),
            format!("{} {}", algorithm.algorithm_name, settings.join(" ")).trim_end().into(),
        ],
        vec!["Progress:".into(), Progress::of(&it.spec, &status).line(None)],
        vec!["Took:".into(), elapsed.map(span::show).unwrap_or_default()],
    ];
    heading.splice(2..2, aims(&it.spec));
    let optimal = &status.current_optimal_trial;
    let mut best = match optimal.best_trial_name.is_empty() {
        true => String::new(),
        false => format!("\n{}", best::text(&wanted, optimal, None)),
    };
    if let Some(front) = best::front(&wanted, &status.optimal_trials, usize::MAX) {
        best = format!("{best}\n{front}");
    }
    let parameters = it.spec.parameters.iter().map(parameter).collect();
    format!(
        "{}\nSearch space:\n{}{}{best}\n{}",
        out::table(&[], heading),
        out::table(&[], parameters),
        points(&it.spec),
        conditions(&status.conditions)
    )
}

/// What is wanted: a row for each objective and each constraint.
fn aims(spec: &ExperimentSpec) -> Vec<Vec<String>> {
    let objectives = spec.objective.iter().chain(&spec.objectives).map(|it| {
        let goal = it.goal.map_or_else(String::new, |goal| format!(", goal {goal}"));
        vec!["Objective:".into(), format!("{} {}{goal}", it.type_, it.objective_metric_name)]
    });
    let constraints = spec.constraints.iter().map(|it| {
        let sign = if it.comparison == "less" { "≤" } else { "≥" };
        vec!["Constraint:".into(), format!("{} {sign} {}", it.metric_name, it.value)]
    });
    objectives.chain(constraints).collect()
}

/// A row of the search space.
fn parameter(it: &ParameterSpec) -> Vec<String> {
    let space = it.feasible_space.clone().unwrap_or_default();
    let values = match space.list.is_empty() {
        true => format!("{}..{}", space.min, space.max),
        false => space.list.join(", "),
    };
    let step = if space.step.is_empty() { String::new() } else { format!(":{}", space.step) };
    let mut notes = vec![space.distribution];
    notes.extend(it.when.iter().map(|it| format!("if {}={}", it.parameter, it.values.join(","))));
    notes.extend(it.prior.iter().map(|it| format!("probably near {}", it.value)));
    notes.retain(|it| !it.is_empty());
    let name = format!("  {}", it.name);
    vec![name, it.parameter_type.clone(), format!("{values}{step}"), notes.join(", ")]
}

/// Points that are tried first, and combinations that never are, one a line.
fn points(spec: &ExperimentSpec) -> String {
    let line = |what: &str, it: &BTreeMap<String, String>| {
        let values: Vec<String> =
            it.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("\n{what} {}", values.join(" "))
    };
    let first = spec.initial_points.iter().map(|it| line("Tried first:", it));
    first.chain(spec.forbidden.iter().map(|it| line("Never tried:", it))).collect()
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
