//! `qalam export`: every trial of an experiment as a table for other programs.

use clap::{Args, ValueEnum};
use kube::ResourceExt;
use proto::kinds::{ExperimentSpec, ObjectiveSpec, Trial};
use serde_json::{Map, Value, json};

use super::best::get;
use super::failure::Failure;
use super::place::Session;
use super::progress::metric_value;
use super::{csv, out, trials};

/// Arguments of `qalam export`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  qalam export quickstart > trials.csv
  qalam export quickstart -o json
  qalam export quickstart --metrics      min, max and latest of each metric")]
pub(super) struct Export {
    /// Name of the experiment
    experiment: String,

    /// Which form
    #[arg(short, long, value_enum, default_value = "csv")]
    output: Output,

    /// Smallest, largest and latest value of each metric, in place of the one that counts
    #[arg(long)]
    metrics: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum Output {
    Csv,
    Json,
}

/// Prints the table.
pub(super) async fn run(session: &Session, args: &Export) -> Result<(), Failure> {
    let experiment = get(session, &args.experiment).await?;
    let trials = trials::of(session, &args.experiment).await?;
    let columns = columns(&experiment.spec, args.metrics);
    let rows = trials.iter().map(|trial| row(trial, &columns));
    match args.output {
        Output::Csv => {
            let names: Vec<String> = columns.iter().map(Column::name).collect();
            let mut text = csv::record(&names);
            rows.for_each(|row| text.push_str(&csv::record(&row)));
            out::write(&text)
        }
        Output::Json => {
            let object = |row: Vec<String>| -> Map<String, Value> {
                let cells = columns.iter().zip(row);
                cells.map(|(column, cell)| (column.name(), column.value(cell))).collect()
            };
            out::say(&out::json(&json!(rows.map(object).collect::<Vec<_>>()))?)
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Column {
    Trial,
    Index,
    State,
    Started,
    Ended,
    /// The value that stands for the trial.
    Metric(String),
    /// `min`, `max` or `latest` of a metric.
    Summary(String, &'static str),
    Parameter(String),
}

fn columns(spec: &ExperimentSpec, summaries: bool) -> Vec<Column> {
    let objective = spec.objective.clone().unwrap_or_default();
    let metrics = [objective.objective_metric_name].into_iter();
    let metrics = metrics.chain(objective.additional_metric_names);
    let mut columns =
        vec![Column::Trial, Column::Index, Column::State, Column::Started, Column::Ended];
    columns.extend(metrics.flat_map(|name| match summaries {
        true => ["min", "max", "latest"].map(|it| Column::Summary(name.clone(), it)).to_vec(),
        false => vec![Column::Metric(name)],
    }));
    columns.extend(spec.parameters.iter().map(|it| Column::Parameter(it.name.clone())));
    columns
}

impl Column {
    fn name(&self) -> String {
        match self {
            Column::Trial => "trial".into(),
            Column::Index => "index".into(),
            Column::State => "state".into(),
            Column::Started => "started".into(),
            Column::Ended => "ended".into(),
            Column::Metric(name) | Column::Parameter(name) => name.clone(),
            Column::Summary(name, which) => format!("{name}.{which}"),
        }
    }

    /// A cell in JSON: numbers where the column has numbers, null where it is empty.
    fn value(&self, cell: String) -> Value {
        let number = || serde_json::from_str::<serde_json::Number>(&cell).ok().map(Value::Number);
        match self {
            _ if cell.is_empty() => Value::Null,
            Column::Index | Column::Metric(_) | Column::Summary(..) => {
                number().unwrap_or(Value::String(cell))
            }
            _ => Value::String(cell),
        }
    }
}

fn row(trial: &Trial, columns: &[Column]) -> Vec<String> {
    let status = trial.status.clone().unwrap_or_default();
    let objective = trial.spec.objective.clone().unwrap_or_default();
    let observation = status.observation.clone().unwrap_or_default();
    let assigned = &trial.spec.parameter_assignments;
    let cell = |column: &Column| match column {
        Column::Trial => Some(trial.name_any()),
        Column::Index => trials::index(trial).map(|it| it.to_string()),
        Column::State => Some(trials::state(&status.conditions).to_owned()),
        Column::Started => status.start_time.as_ref().map(|it| it.0.to_string()),
        Column::Ended => status.completion_time.as_ref().map(|it| it.0.to_string()),
        Column::Metric(name) => metric_value(&objective, &observation, name),
        Column::Summary(name, which) => {
            let latest = ObjectiveSpec {
                metric_strategies: vec![proto::kinds::MetricStrategy {
                    name: name.clone(),
                    value: (*which).into(),
                }],
                ..Default::default()
            };
            metric_value(&latest, &observation, name)
        }
        Column::Parameter(name) => {
            assigned.iter().find(|it| it.name == *name).map(|it| it.value.clone())
        }
    };
    columns.iter().map(|column| cell(column).unwrap_or_default()).collect()
}
