//! `qalam best`: the best trial so far, for people and for other programs.

use clap::{Args, ValueEnum};
use proto::kinds::{Experiment, ObjectiveSpec, OptimalTrial};
use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::place::Session;
use super::progress::metric_value;
use super::{assignments, out};

/// Arguments of `qalam best`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  qalam best quickstart
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
    let best = experiment.status.map(|it| it.current_optimal_trial).unwrap_or_default();
    if best.best_trial_name.is_empty() {
        let name = &args.experiment;
        return Err(Failure::Failed(format!(
            "no trial of {name} has measured its objective yet; `qalam get trials {name}` shows them"
        )));
    }
    let objective = experiment.spec.objective.unwrap_or_default();
    out::say(&match args.output {
        Output::Text => text(&objective, &best, None),
        Output::Json => out::json(&value(&objective, &best))?,
        Output::Yaml => out::yaml(&value(&objective, &best))?,
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

/// Name, metrics and parameters in lines; beside the objective what the first trial had, if that
/// is given.
pub(super) fn text(objective: &ObjectiveSpec, best: &OptimalTrial, first: Option<&str>) -> String {
    let mut metrics = metrics(objective, best);
    let objective = metrics.iter_mut().find(|it| it.0 == objective.objective_metric_name);
    if let (Some((_, value)), Some(first)) = (objective, first) {
        *value = format!("{value}  (first trial: {first})");
    }
    let values = best.parameter_assignments.iter();
    let rows = |pairs: Vec<(String, String)>| {
        let row = |(name, value): (String, String)| vec![format!("  {name}"), value];
        out::table(&[], pairs.into_iter().map(row).collect())
    };
    format!(
        "Best trial: {}\n{}\nParameters:\n{}",
        best.best_trial_name,
        rows(metrics),
        rows(values.map(|it| (it.name.clone(), it.value.clone())).collect()),
    )
}

fn metrics(objective: &ObjectiveSpec, best: &OptimalTrial) -> Vec<(String, String)> {
    let names = best.observation.metrics.iter().map(|it| it.name.clone());
    let value = |name: &str| metric_value(objective, &best.observation, name).unwrap_or_default();
    names.map(|name| (name.clone(), value(&name))).collect()
}

fn value(objective: &ObjectiveSpec, best: &OptimalTrial) -> Value {
    let object = |pairs: Vec<(String, String)>| -> Map<String, Value> {
        pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect()
    };
    let values = best.parameter_assignments.iter();
    json!({
        "trial": best.best_trial_name,
        "metrics": object(metrics(objective, best)),
        "parameters": object(values.map(|it| (it.name.clone(), it.value.clone())).collect()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::kinds::{Metric, Observation, ParameterAssignment};

    #[test]
    fn the_best_trial_is_told() {
        let objective = ObjectiveSpec {
            type_: "maximize".into(),
            objective_metric_name: "acc".into(),
            ..Default::default()
        };
        let metric = Metric { name: "acc".into(), max: "0.9".into(), ..Default::default() };
        let best = OptimalTrial {
            best_trial_name: "e-1".into(),
            parameter_assignments: vec![ParameterAssignment {
                name: "layers".into(),
                value: "3".into(),
            }],
            observation: Observation { metrics: vec![metric] },
        };
        assert_eq!(
            text(&objective, &best, None),
            "Best trial: e-1\n  acc  0.9\nParameters:\n  layers  3"
        );
        assert!(text(&objective, &best, Some("0.5")).contains("acc  0.9  (first trial: 0.5)\n"));
        let expect =
            json!({"trial": "e-1", "metrics": {"acc": "0.9"}, "parameters": {"layers": "3"}});
        assert_eq!(value(&objective, &best), expect);
    }
}
