//! `qalam tune`: from a command line to the best parameters, with no manifest to write.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use proto::kinds::{ConstraintSpec, EarlyStoppingSpec, ParameterSpec};
use serde_json::Value;

use super::failure::Failure;
use super::objectives::Objectives;
use super::place::Place;
use super::run::{self, How};
use super::sketch::Sketch;
use super::{clauses, files, launch, out, param, span};
use crate::admission::validate;

/// Longest stem of a name that is made up: `<stem>-<4 letters>` stays below the limit of 40.
const STEM_MAX: usize = 24;
/// The setting in which algorithms take their seed.
const SEED: &str = "random_state";

/// Arguments of `qalam tune`.
#[derive(Args, Debug)]
#[command(
    override_usage = "qalam tune --maximize METRIC --param NAME=FORM… [OPTIONS] -- COMMAND…",
    after_help = "Forms of a parameter:
  lr=log:1e-5..1e-1        a number, searched by orders of magnitude
  dropout=float:0..0.5     a number; float:0..0.5:0.1 in steps
  layers=int:1..8          a whole number; int:0..100:10 in steps; logint:1..1024
  batch=discrete:16,32,64  one of some numbers
  opt=adam,sgd             one of some words; choice:adam,sgd where that is ambiguous
  momentum=float:0..1@opt=sgd
                           only in trials where opt is sgd, else an empty text

The command is run as it is, without a shell, in this directory and environment. {lr} stands for
the value of lr, {{ and }} for braces. Every value is also in the environment: lr as
QALAM_PARAM_LR, batch-size as QALAM_PARAM_BATCH_SIZE. A trial prints its metrics as name=value.

Examples:
  qalam tune --maximize accuracy --param lr=log:1e-5..1e-1 --param layers=int:1..8 \\
    --param opt=adam,sgd --trials 40 --parallel 4 -- python train.py --lr {lr} --layers {layers}
  qalam tune --minimize loss --param x=float:-1..1 --seed 7 --dry-run -- ./train {x}
  qalam tune --minimize loss --param x=float:-1..1 --early-stop=asha:grace_period=3 -- ./train {x}
  qalam tune --maximize accuracy --minimize latency --constraint 'memory<=200' \\
    --param width=int:1..64 --try width=8 -- ./train {width}
  qalam tune --maximize accuracy --algorithm asha --resource epochs=1..27 --trials 100 \\
    --param lr=log:1e-5..1e-1 -- python train.py --lr {lr} --epochs {epochs}

With --resource a trial that did well goes on as a new trial, with more of it: the folder
$QALAM_CONTINUES_DIR holds the checkpoint that it goes on from, if there is one, and
$QALAM_TRIAL_DIR is where it leaves its own."
)]
pub(super) struct Tune {
    #[command(flatten)]
    objectives: Objectives,

    /// A further metric to record
    #[arg(long, value_name = "METRIC")]
    record: Vec<String>,

    /// A bound on a metric that the best trial must keep, such as 'latency<=100'
    #[arg(long = "constraint", value_name = "METRIC<=NUMBER", value_parser = clauses::constraint)]
    constraints: Vec<ConstraintSpec>,

    /// A parameter and its values, as name=form
    #[arg(short, long = "param", value_name = "NAME=FORM", value_parser = param::parse)]
    params: Vec<ParameterSpec>,

    /// Values to try first, such as lr=0.1,layers=2; one for each parameter that counts
    #[arg(long = "try", value_name = "NAME=VALUE,…", value_parser = clauses::point)]
    first: Vec<BTreeMap<String, String>>,

    /// A combination never to try, such as opt=sgd,batch=16
    #[arg(long = "forbid", value_name = "NAME=VALUE,…", value_parser = clauses::point)]
    never: Vec<BTreeMap<String, String>>,

    /// How many trials
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(i32).range(1..))]
    trials: i32,

    /// How many trials at once
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(i32).range(1..))]
    parallel: i32,

    /// How many trials may fail before the experiment does
    #[arg(long, value_name = "TRIALS", value_parser = clap::value_parser!(i32).range(0..))]
    failures: Option<i32>,

    /// How to search [default: auto]
    #[arg(long, value_name = "NAME")]
    algorithm: Option<String>,

    /// What a trial spends, and between which bounds the algorithm decides it, such as
    /// epochs=1..27; for asha (the default with it), bohb, dehb and hyperband
    #[arg(long, value_name = "NAME=LEAST..MOST", value_parser = param::resource)]
    resource: Option<ParameterSpec>,

    /// A setting of the algorithm
    #[arg(long = "setting", value_name = "NAME=VALUE", value_parser = setting)]
    settings: Vec<(String, String)>,

    /// End as soon as a trial is at least this good; metric=number for one of several objectives
    #[arg(long = "goal", value_name = "NUMBER", allow_negative_numbers = true,
        value_parser = clauses::goal)]
    goals: Vec<(Option<String>, f64)>,

    /// Seed of the search: the same seed and results give the same trials
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u32>,

    /// End a trial that takes longer, such as 90s, 10m or 2h
    #[arg(long, value_name = "SPAN", value_parser = span::parse)]
    timeout: Option<Duration>,

    /// Stop trials that do badly, by this rule (`qalam rules` lists them)
    #[arg(long, value_name = "RULE:NAME=VALUE,…", num_args = 0..=1, require_equals = true,
        default_missing_value = "medianstop", value_parser = clauses::rule)]
    early_stop: Option<EarlyStoppingSpec>,

    /// Name of the experiment [default: made from the command]
    #[arg(long)]
    name: Option<String>,

    /// Print the manifest, and run nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    how: How,

    /// Program and arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Builds the manifest; prints it, or runs it.
pub(super) async fn run(place: &Place, args: &Tune) -> Result<(), Failure> {
    let manifest = manifest(place, args)?;
    if args.dry_run {
        let faults = files::faults(&validate(vec![manifest.clone()]), true);
        return match faults.is_empty() {
            true => out::say(&out::yaml(&manifest)?),
            false => Err(Failure::Refused(faults.join("\n"))),
        };
    }
    let (session, _) = run::reach(place, std::slice::from_ref(&manifest), None, true).await?;
    eprintln!("experiment {}", manifest["metadata"]["name"].as_str().unwrap_or_default());
    launch::launch(&session, manifest, args.how.options()).await
}

fn manifest(place: &Place, args: &Tune) -> Result<Value, Failure> {
    let mut faults = Vec::new();
    let objectives = args.objectives.specs(&args.goals, &args.record);
    let objectives = objectives.map_err(|more| faults.extend(more)).unwrap_or_default();
    if args.objectives.list.is_empty() {
        faults.push("say what to optimise: --maximize METRIC or --minimize METRIC".to_owned());
    }
    if args.params.is_empty() {
        faults.push(format!("say what to vary: --param name=form ({})", param::FORMS));
    }
    let resource = args.resource.as_ref();
    let algorithm = args.algorithm.clone().or_else(|| resource.map(|_| "asha".to_owned()));
    let mut settings = args.settings.clone();
    settings.extend(implied(algorithm.as_deref(), resource, &args.settings));
    settings.extend(args.seed.map(|seed| (SEED.to_owned(), seed.to_string())));
    let sketch = Sketch {
        name: args.name.clone().unwrap_or_else(|| made_up(&args.command)),
        namespace: place.namespace.clone().unwrap_or_else(|| "default".into()),
        objectives,
        constraints: args.constraints.clone(),
        parameters: args.params.iter().chain(resource).cloned().collect(),
        first: args.first.clone(),
        never: args.never.clone(),
        trials: args.trials,
        parallel: args.parallel,
        failures: args.failures,
        algorithm,
        settings,
        early_stop: args.early_stop.clone(),
        timeout: args.timeout,
        command: args.command.clone(),
    };
    let experiment = match sketch.experiment() {
        Ok(experiment) if faults.is_empty() => experiment,
        Ok(_) => return Err(Failure::Refused(faults.join("\n"))),
        Err(more) => {
            faults.extend(more);
            return Err(Failure::Refused(faults.join("\n")));
        }
    };
    let mut manifest = serde_json::to_value(experiment)
        .map_err(|error| Failure::Failed(format!("the manifest cannot be written: {error}")))?;
    if let Some(manifest) = manifest.as_object_mut() {
        manifest.remove("status");
    }
    Ok(manifest)
}

/// Settings that need not be said: which parameter is the resource, the most of it for Katib's
/// `hyperband`, and what Katib's `pbt` cannot do without.
fn implied(
    algorithm: Option<&str>,
    resource: Option<&ParameterSpec>,
    said: &[(String, String)],
) -> Vec<(String, String)> {
    let mut implied = Vec::new();
    if let Some(it) = resource {
        let most = it.feasible_space.as_ref().map(|it| it.max.clone()).unwrap_or_default();
        implied.push(("resource_name", it.name.clone()));
        implied.extend((algorithm == Some("hyperband")).then_some(("r_l", most)));
    }
    if algorithm == Some("pbt") {
        implied.push(("suggestion_trial_dir", "$(QALAM_TRIAL_DIR)".into()));
        implied.push(("n_population", "10".into()));
        implied.push(("truncation_threshold", "0.2".into()));
    }
    let unsaid = |name: &str| said.iter().all(|(known, _)| known != name);
    let unsaid = implied.into_iter().filter(|(name, _)| unsaid(name));
    unsaid.map(|(name, value)| (name.to_owned(), value)).collect()
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("needs name=value, got \"{text}\"")),
    }
}

/// `train-x7kq` for `python train.py …`: new each time, so that nothing stands in the way.
fn made_up(command: &[String]) -> String {
    let letters: String = uuid::Uuid::new_v4().simple().to_string().chars().take(4).collect();
    format!("{}-{letters}", stem(command))
}

/// What the command is about: its script, else its program.
fn stem(command: &[String]) -> String {
    let script = command.iter().skip(1).find(|it| {
        let path = Path::new(it.as_str());
        !it.starts_with('-') && path.extension().is_some() && !it.contains('{')
    });
    let word = script.or(command.first()).map(String::as_str).unwrap_or_default();
    let word = Path::new(word).file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let word: String = word.chars().map(plain).take(STEM_MAX).collect();
    let word =
        word.trim_matches(|c: char| c == '-').trim_start_matches(|c: char| c.is_ascii_digit());
    let word = word.trim_start_matches('-');
    if word.is_empty() { "tune".to_owned() } else { word.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_the_command() {
        let check = |command: &str, expect: &str| {
            let words: Vec<String> = command.split(' ').map(str::to_owned).collect();
            assert_eq!(stem(&words), expect, "{command}");
        };
        check("python train.py --lr {lr}", "train");
        check("python -u src/My_Model.py", "my-model");
        check("./train {x}", "train");
        check("/usr/bin/env", "env");
        check("3d.sh", "d");
        check("_", "tune");
        let long = "x".repeat(99);
        check(&long, &long[..STEM_MAX]);
    }
}
