//! `qalam get`: experiments and trials as tables, or as they are.

use clap::{Args, ValueEnum};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::{ApiResource, DynamicObject, ListParams};
use kube::{Api, ResourceExt};
use proto::kinds::{EXPERIMENT_LABEL, Experiment, Trial};
use serde_json::{Value, json};

use super::failure::Failure;
use super::place::Session;
use super::progress::Progress;
use super::trials::{between, index, state};
use super::{out, span};
use crate::trial::value::Wanted;

/// Arguments of `qalam get`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  qalam get                              all experiments
  qalam get trials quickstart            the trials of an experiment
  qalam get experiments quickstart -o yaml")]
pub(super) struct Get {
    /// What to list
    #[arg(value_enum, default_value = "experiments")]
    kind: Kind,

    /// One of them; for trials also the name of an experiment, for all its trials
    name: Option<String>,

    /// How to show it
    #[arg(short, long, value_enum, default_value = "table")]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum Kind {
    #[value(alias = "experiment", alias = "exp")]
    Experiments,
    #[value(alias = "trial")]
    Trials,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum Output {
    Table,
    Wide,
    Json,
    Yaml,
}

/// Lists what was asked for.
pub(super) async fn run(session: &Session, args: &Get) -> Result<(), Failure> {
    let (objects, single) = find(session, args).await?;
    let shape = |objects: Vec<DynamicObject>| -> Value {
        match single {
            true => json!(objects.first()),
            false => json!({"apiVersion": "v1", "kind": "List", "items": objects}),
        }
    };
    let wide = args.output == Output::Wide;
    match args.output {
        Output::Json => out::say(&out::json(&shape(objects))?),
        Output::Yaml => out::say(&out::yaml(&shape(objects))?),
        _ if objects.is_empty() => {
            eprintln!("nothing in namespace {}", session.namespace);
            Ok(())
        }
        _ if args.kind == Kind::Experiments => out::say(&experiments(&parse(objects)?, wide)),
        _ => out::say(&trials(parse(objects)?, wide)),
    }
}

/// The objects, as the API has them, and whether one was asked for by its name.
async fn find(session: &Session, args: &Get) -> Result<(Vec<DynamicObject>, bool), Failure> {
    let resource = match args.kind {
        Kind::Experiments => ApiResource::erase::<Experiment>(&()),
        Kind::Trials => ApiResource::erase::<Trial>(&()),
    };
    let api: Api<DynamicObject> =
        Api::namespaced_with(session.client.clone(), &session.namespace, &resource);
    let Some(name) = &args.name else {
        return Ok((api.list(&ListParams::default()).await?.items, false));
    };
    if let Some(object) = api.get_opt(name).await? {
        return Ok((vec![object], true));
    }
    if args.kind == Kind::Trials {
        let of = ListParams::default().labels(&format!("{EXPERIMENT_LABEL}={name}"));
        let found = api.list(&of).await?.items;
        if !found.is_empty() || session.api::<Experiment>().get_opt(name).await?.is_some() {
            return Ok((found, false));
        }
    }
    let what = if args.kind == Kind::Trials { "trial or experiment" } else { "experiment" };
    Err(Failure::Failed(format!("no {what} \"{name}\" in namespace {}", session.namespace)))
}

fn parse<K>(objects: Vec<DynamicObject>) -> Result<Vec<K>, Failure>
where
    K: kube::Resource + serde::de::DeserializeOwned,
{
    let typed = objects.into_iter().map(DynamicObject::try_parse);
    typed
        .collect::<Result<Vec<K>, _>>()
        .map_err(|error| Failure::Failed(format!("an object cannot be read: {error}")))
}

/// Experiments as a table.
pub(super) fn experiments(list: &[Experiment], wide: bool) -> String {
    let mut heading = vec!["NAME", "STATE", "TRIALS", "RUNNING", "FAILED", "AGE", "BEST"];
    if wide {
        heading.extend(["ALGORITHM", "BEST TRIAL"]);
    }
    let row = |it: &Experiment| {
        let status = it.status.clone().unwrap_or_default();
        let progress = Progress::of(&it.spec, &status);
        let total = progress.total.map_or_else(|| "-".into(), |total| total.to_string());
        let mut row = vec![
            it.name_any(),
            state(&status.conditions).into(),
            format!("{}/{total}", progress.done),
            progress.running.to_string(),
            progress.failed.to_string(),
            age(it.metadata.creation_timestamp.as_ref()),
            progress.best_text,
        ];
        if wide {
            let algorithm = it.spec.algorithm.as_ref().map(|it| it.algorithm_name.clone());
            row.extend([algorithm.unwrap_or_default(), progress.best]);
        }
        row
    };
    out::table(&heading, list.iter().map(row).collect())
}

fn trials(mut list: Vec<Trial>, wide: bool) -> String {
    list.sort_by_cached_key(|it| (index(it).unwrap_or(u64::MAX), it.name_any()));
    let mut heading = vec!["NAME", "STATE", "OBJECTIVE", "AGE", "TOOK", "PARAMETERS"];
    if wide {
        heading.push("REASON");
    }
    let row = |it: &Trial| {
        let status = it.status.clone().unwrap_or_default();
        let wanted = Wanted::of_trial(&it.spec);
        let observed = status.observation.clone().unwrap_or_default();
        let measured = wanted.objectives().filter_map(|it| {
            let value = wanted.text(&observed, &it.metric)?;
            Some(format!("{}={value}", it.metric))
        });
        let measured: Vec<String> = measured.collect();
        let took = status
            .completion_time
            .as_ref()
            .and_then(|end| between(status.start_time.as_ref(), Some(end)).map(span::show));
        let values = it.spec.parameter_assignments.iter();
        let values: Vec<String> = values.map(|it| format!("{}={}", it.name, it.value)).collect();
        let mut row = vec![
            it.name_any(),
            state(&status.conditions).into(),
            measured.join(" "),
            age(it.metadata.creation_timestamp.as_ref()),
            took.unwrap_or_default(),
            values.join(" "),
        ];
        if wide {
            row.push(status.conditions.last().map(|it| it.reason.clone()).unwrap_or_default());
        }
        row
    };
    out::table(&heading, list.iter().map(row).collect())
}

fn age(created: Option<&Time>) -> String {
    between(created, None).map(span::show).unwrap_or_default()
}
