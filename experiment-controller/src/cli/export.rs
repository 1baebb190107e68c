//! `qalam export`: every trial of an experiment as a table for other programs.

use clap::{Args, ValueEnum};
use kube::ResourceExt;
use proto::kinds::{ExperimentSpec, Trial};
use serde_json::{Map, Value, json};

use super::best::get;
use super::failure::Failure;
use super::place::Session;
use super::{csv, out, reports, trials};
use crate::roles::State;
use crate::trial::value::Wanted;

/// Arguments of `qalam export`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  qalam export quickstart > trials.csv         one row a trial
  qalam export quickstart -o json
  qalam export quickstart --metrics > curves.csv
                                               one row for everything that was reported
  qalam export mnist --metrics --context kind-kind --database 127.0.0.1:6789
                                               from a cluster, DBManager forwarded to this port")]
pub(super) struct Export {
    /// Name of the experiment
    experiment: String,

    /// Which form
    #[arg(short, long, value_enum, default_value = "csv")]
    output: Output,

    /// Every report of every trial: metric, step, time and value
    #[arg(long)]
    metrics: bool,

    /// Where DBManager, which has the reports, listens [default: the home's]
    #[arg(long, value_name = "HOST:PORT", requires = "metrics")]
    database: Option<String>,
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
    if args.metrics {
        let address = database(session, args.database.as_deref())?;
        return reports::export(&address, &trials, args.output == Output::Json).await;
    }
    let wanted = Wanted::of(&experiment.spec);
    let columns = columns(&experiment.spec, &wanted);
    let rows = trials.iter().map(|trial| row(trial, &wanted, &columns));
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

/// Where the reports are.
fn database(session: &Session, given: Option<&str>) -> Result<String, Failure> {
    if let Some(given) = given {
        return Ok(given.to_owned());
    }
    let server = session.state.as_ref().and_then(State::server);
    server.map(|it| it.database).ok_or_else(|| {
        Failure::Refused(
            "a cluster does not tell where its reports are; say --database HOST:PORT, the address \
             of DBManager (`kubectl port-forward` can bring it here)"
                .into(),
        )
    })
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
    Parameter(String),
}

fn columns(spec: &ExperimentSpec, wanted: &Wanted) -> Vec<Column> {
    let mut columns =
        vec![Column::Trial, Column::Index, Column::State, Column::Started, Column::Ended];
    columns.extend(wanted.names().map(|name| Column::Metric(name.to_owned())));
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
        }
    }

    /// A cell in JSON: numbers where the column has numbers, null where it is empty.
    fn value(&self, cell: String) -> Value {
        let number = || serde_json::from_str::<serde_json::Number>(&cell).ok().map(Value::Number);
        match self {
            _ if cell.is_empty() => Value::Null,
            Column::Index | Column::Metric(_) => number().unwrap_or(Value::String(cell)),
            _ => Value::String(cell),
        }
    }
}

fn row(trial: &Trial, wanted: &Wanted, columns: &[Column]) -> Vec<String> {
    let status = trial.status.clone().unwrap_or_default();
    let observation = status.observation.clone().unwrap_or_default();
    let assigned = &trial.spec.parameter_assignments;
    let cell = |column: &Column| match column {
        Column::Trial => Some(trial.name_any()),
        Column::Index => trials::index(trial).map(|it| it.to_string()),
        Column::State => Some(trials::state(&status.conditions).to_owned()),
        Column::Started => status.start_time.as_ref().map(|it| it.0.to_string()),
        Column::Ended => status.completion_time.as_ref().map(|it| it.0.to_string()),
        Column::Metric(name) => wanted.text(&observation, name).map(str::to_owned),
        Column::Parameter(name) => {
            assigned.iter().find(|it| it.name == *name).map(|it| it.value.clone())
        }
    };
    columns.iter().map(|column| cell(column).unwrap_or_default()).collect()
}
