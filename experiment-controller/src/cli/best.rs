//! `qalam best`: the best trial so far, for people and for other programs.

use clap::{Args, ValueEnum};
use proto::kinds::{Experiment, OptimalTrial};
use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::place::Session;
use super::{assignments, out};
use crate::trial::value::Wanted;

/// Arguments of `qalam best`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  qalam best quickstart                 with several objectives, all that no other trial beats
  qalam best quickstart -o json
  python train.py $(qalam best quickstart -o args)     --lr=0.01 --layers=3
  eval \"$(qalam best quickstart -o env)\"               QALAM_PARAM_LR=0.01 …")]
pub(super) struct Best {
    /// Name of the experiment
    experiment: String,

    /// How to show it
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum Output {
    Text,
    Json,
    Yaml,
    Args,
    Env,
}

/// Shows the best trial.
pub(super) async fn run(session: &Session, args: &Best) -> Result<(), Failure> {
    let experiment = get(session, &args.experiment).await?;
    let status = experiment.status.unwrap_or_default();
    let best = &status.current_optimal_trial;
    if best.best_trial_name.is_empty() {
        let name = &args.experiment;
        return Err(Failure::Failed(format!(
            "no trial of {name} has measured its objective yet; `qalam get trials {name}` shows them"
        )));
    }
    let wanted = Wanted::of(&experiment.spec);
    let all = || {
        let mut one = value(&wanted, best);
        if 1 < wanted.objectives().len() {
            let front = status.optimal_trials.iter().map(|it| value(&wanted, it));
            one["front"] = front.collect::<Vec<Value>>().into();
        }
        one
    };
    out::say(&match args.output {
        Output::Text => match front(&wanted, &status.optimal_trials, usize::MAX) {
            Some(front) => format!("{}\n\n{front}", text(&wanted, best, None)),
            None => text(&wanted, best, None),
        },
        Output::Json => out::json(&all())?,
        Output::Yaml => out::yaml(&all())?,
        Output::Args => assignments::arguments(&best.parameter_assignments),
        Output::Env => assignments::environment(&best.parameter_assignments),
    })
}

/// The experiment of that name, or a failure that says that there is none.
pub(super) async fn get(session: &Session, name: &str) -> Result<Experiment, Failure> {
    let found = session.api::<Experiment>().get_opt(name).await?;
    found.ok_or_else(|| {
        let namespace = &session.namespace;
        Failure::Failed(format!("no experiment \"{name}\" in namespace {namespace}"))
    })
}

/// Name, metrics and parameters in lines; beside the first objective what the first trial had, if
/// that is given.
pub(super) fn text(wanted: &Wanted, best: &OptimalTrial, first: Option<&str>) -> String {
    let mut metrics = metrics(wanted, best);
    let objective = wanted.objectives().next().map(|it| it.metric.as_str());
    let objective = metrics.iter_mut().find(|it| Some(it.0.as_str()) == objective);
    if let (Some((_, value)), Some(first)) = (objective, first) {
        *value = format!("{value}  (first trial: {first})");
    }
    let values = best.parameter_assignments.iter();
    let rows = |pairs: Vec<(String, String)>| {
        let row = |(name, value): (String, String)| vec![format!("  {name}"), value];
        out::table(&[], pairs.into_iter().map(row).collect())
    };
    let note = match 0.0 < wanted.excess(&best.observation) {
        true => "\n  No trial keeps every constraint; this one breaks them least.",
        false => "",
    };
    format!(
        "Best trial: {}{note}\n{}\nParameters:\n{}",
        best.best_trial_name,
        rows(metrics),
        rows(values.map(|it| (it.name.clone(), it.value.clone())).collect()),
    )
}

/// The trials that no other beats in all objectives, as a table of at most `most` rows; none where
/// there is but one objective, or one such trial.
pub(super) fn front(wanted: &Wanted, trials: &[OptimalTrial], most: usize) -> Option<String> {
    if wanted.objectives().len() < 2 || trials.len() < 2 {
        return None;
    }
    let mut names: Vec<&str> = Vec::new();
    for assignment in trials.iter().flat_map(|it| &it.parameter_assignments) {
        if !names.contains(&assignment.name.as_str()) {
            names.push(&assignment.name);
        }
    }
    let row = |it: &OptimalTrial| {
        let metric = |name: &str| wanted.text(&it.observation, name).unwrap_or_default().to_owned();
        let parameter = |name: &&str| {
            let found = it.parameter_assignments.iter().find(|it| it.name == **name);
            found.map(|it| it.value.clone()).unwrap_or_default()
        };
        let mut row = vec![format!("  {}", it.best_trial_name)];
        row.extend(wanted.names().map(metric));
        row.extend(names.iter().map(parameter));
        row
    };
    let mut heading = vec!["  TRIAL"];
    heading.extend(wanted.names());
    heading.extend(&names);
    let table = out::table(&heading, trials.iter().take(most).map(row).collect());
    let left = trials.len().saturating_sub(most);
    let more = if left == 0 { String::new() } else { format!("\n  … and {left} more") };
    Some(format!("{} trials that no other beats in all objectives:\n{table}{more}", trials.len()))
}

fn metrics(wanted: &Wanted, best: &OptimalTrial) -> Vec<(String, String)> {
    let metrics = best.observation.metrics.iter();
    let value = |name: &str| wanted.text(&best.observation, name).unwrap_or_default().to_owned();
    metrics.map(|it| (it.name.clone(), value(&it.name))).collect()
}

fn value(wanted: &Wanted, best: &OptimalTrial) -> Value {
    let object = |pairs: Vec<(String, String)>| -> Map<String, Value> {
        pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect()
    };
    let values = best.parameter_assignments.iter();
    json!({
        "trial": best.best_trial_name,
        "metrics": object(metrics(wanted, best)),
        "parameters": object(values.map(|it| (it.name.clone(), it.value.clone())).collect()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::kinds::{ExperimentSpec, Metric, ObjectiveSpec, Observation, ParameterAssignment};

    fn objective(type_: &str, metric: &str) -> ObjectiveSpec {
        ObjectiveSpec {
            type_: type_.into(),
            objective_metric_name: metric.into(),
            ..Default::default()
        }
    }

    fn trial(name: &str, metrics: &[(&str, &str)], layers: &str) -> OptimalTrial {
        let metric = |(name, text): &(&str, &str)| Metric {
            name: (*name).into(),
            min: (*text).into(),
            max: (*text).into(),
            latest: (*text).into(),
        };
        let layers = ParameterAssignment { name: "layers".into(), value: layers.into() };
        OptimalTrial {
            best_trial_name: name.into(),
            parameter_assignments: vec![layers],
            observation: Observation { metrics: metrics.iter().map(metric).collect() },
        }
    }

    #[test]
    fn the_best_trial_is_told() {
        let spec =
            ExperimentSpec { objective: Some(objective("maximize", "acc")), ..Default::default() };
        let wanted = Wanted::of(&spec);
        let best = trial("e-1", &[("acc", "0.9")], "3");
        assert_eq!(
            text(&wanted, &best, None),
            "Best trial: e-1\n  acc  0.9\nParameters:\n  layers  3"
        );
        assert!(text(&wanted, &best, Some("0.5")).contains("acc  0.9  (first trial: 0.5)\n"));
        let expect =
            json!({"trial": "e-1", "metrics": {"acc": "0.9"}, "parameters": {"layers": "3"}});
        assert_eq!(value(&wanted, &best), expect);
        assert_eq!(front(&wanted, &[best.clone(), best], 9), None);
    }

    #[test]
    fn a_front_is_a_table() {
        let spec = ExperimentSpec {
            objectives: vec![objective("maximize", "acc"), objective("minimize", "ms")],
            ..Default::default()
        };
        let both = [
            trial("e-1", &[("acc", "0.9"), ("ms", "9")], "8"),
            trial("e-2", &[("acc", "0.5"), ("ms", "1")], "1"),
        ];
        let shown = |most: usize| front(&Wanted::of(&spec), &both, most).unwrap();
        let head = "2 trials that no other beats in all objectives:\n  TRIAL  acc  ms  layers\n";
        assert_eq!(shown(9), format!("{head}  e-1    0.9  9   8\n  e-2    0.5  1   1"));
        assert_eq!(shown(1), format!("{head}  e-1    0.9  9   8\n  … and 1 more"));
    }
}
