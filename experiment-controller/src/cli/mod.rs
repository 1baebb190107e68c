//! The verbs that people type: one a file, and beside them the pure parts they share.

mod algorithms;
mod ask_tell;
pub(crate) mod assignments;
mod bar;
mod best;
mod braces;
mod clauses;
mod completions;
pub(crate) mod csv;
mod delete;
mod describe;
pub mod digits;
mod doctor;
mod down;
mod ending;
mod export;
mod failure;
mod files;
mod follow;
mod get;
mod help;
mod home;
mod launch;
mod left;
mod logs;
mod objectives;
mod out;
mod overrides;
mod param;
mod pause;
mod place;
mod progress;
mod reports;
pub(crate) mod resume;
mod rules;
mod run;
mod sketch;
mod span;
mod status;
mod stop;
mod token;
mod trials;
mod tune;
mod ui;
mod up;
mod validate;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use failure::Failure;
use place::Place;

/// Hyperparameter tuning and experiments: Katib's manifests, on this machine or on a cluster.
#[derive(Parser, Debug)]
#[command(name = "qalam", version, max_term_width = 100, color = clap::ColorChoice::Auto)]
#[command(after_help = "Examples:
  qalam run examples/quickstart.yaml
  qalam tune --maximize accuracy --param lr=log:1e-5..1e-1 -- python train.py --lr {lr}
  qalam best quickstart -o args")]
pub struct Cli {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Run experiments from manifests, and show the best trial
    Run(run::Run),
    /// Tune a command, with no manifest to write
    Tune(Box<tune::Tune>),
    /// Say everything that is wrong with manifests
    Validate(validate::Validate),
    /// List experiments or trials
    Get(get::Get),
    /// Show one experiment or trial with its events
    Describe(describe::Describe),
    /// Show what a trial printed
    Logs(logs::Logs),
    /// Show the best trial
    Best(best::Best),
    /// Write every trial as CSV or JSON
    Export(export::Export),
    /// Open the dashboard
    Ui(ui::Ui),
    /// Make no new trials for now
    Pause(pause::Pause),
    /// End experiments, and keep what they found
    Stop(stop::Stop),
    /// Let an experiment go on that was paused or stopped, or ran out of trials
    Resume(resume::Resume),
    /// Delete experiments and all that is under them
    Delete(delete::Delete),
    /// Run the home in the foreground
    Up(up::Up),
    /// End the home's server
    Down(down::Down),
    /// Tell whether the home is up
    Status(status::Status),
    /// Say what this machine allows, and what will be refused
    Doctor(doctor::Doctor),
    /// Say who else may use the home
    Token(token::Token),
    /// Print a completion script for a shell
    Completions(completions::Completions),
    /// List the search algorithms and their settings
    Algorithms(algorithms::Algorithms),
    /// List the early-stopping rules and their settings
    Rules(rules::Rules),
    /// Search by lines of JSON, from any language
    AskTell(ask_tell::AskTell),
    /// Train a small network on handwritten digits: something real to tune
    Digits(digits::Digits),
    /// Run the controllers against a cluster
    Controller(crate::roles::ControllerArgs),
    /// Serve search algorithms over gRPC
    Suggest(crate::roles::SuggestArgs),
    /// Serve the observation store over gRPC (DBManager)
    Store(crate::roles::StoreArgs),
    /// Print the lines of a metrics file as they grow (runs beside a trial)
    #[command(hide = true)]
    Collect(crate::roles::CollectArgs),
}

/// Runs what the command line says, and answers the exit status.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    // The shim must be alone in its process, so nothing else comes first.
    if arguments.get(1).is_some_and(|it| it == "shim") {
        return platform::cluster::node::shim::main(arguments.into_iter().skip(2));
    }
    let performed = match arguments.len() {
        0 | 1 => out::say(help::START),
        _ => parse(arguments).and_then(|cli| perform(&cli)),
    };
    match performed {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn parse(arguments: Vec<OsString>) -> Result<Cli, Failure> {
    let parsed = help::arranged(Cli::command()).try_get_matches_from(arguments);
    match parsed.and_then(|it| Cli::from_arg_matches(&it)) {
        Ok(cli) => Ok(cli),
        Err(error) => match error.get(ContextKind::InvalidSubcommand) {
            Some(ContextValue::String(verb)) => Err(Failure::Refused(help::unknown(verb))),
            _ => error.exit(),
        },
    }
}

fn perform(cli: &Cli) -> Result<(), Failure> {
    match &cli.verb {
        Verb::Collect(args) => return crate::roles::collect(args).map_err(Failure::from),
        Verb::Completions(args) => return completions::run(args),
        Verb::Doctor(_) => return doctor::run(&cli.place),
        Verb::Token(args) => return token::run(&cli.place, args),
        Verb::Validate(args) => return validate::run(args),
        Verb::Algorithms(args) => return algorithms::run(args),
        Verb::Rules(args) => return rules::run(args),
        Verb::AskTell(args) => return ask_tell::run(args),
        Verb::Digits(args) => return Ok(digits::run(args, &mut std::io::stdout().lock())?),
        Verb::Up(args) if args.detached => {
            // Fails where the process leads a group already, and then nothing is to be done.
            let _ = nix::unistd::setsid();
        }
        _ => {}
    }
    log(&cli.verb);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(dispatch(cli));
    // A read of the terminal that nobody waits for any more must not hold the process.
    runtime.shutdown_background();
    result
}

async fn dispatch(cli: &Cli) -> Result<(), Failure> {
    let place = &cli.place;
    match &cli.verb {
        Verb::Run(args) => run::run(place, args).await,
        Verb::Tune(args) => tune::run(place, args).await,
        Verb::Get(args) => get::run(&place.reach().await?, args).await,
        Verb::Describe(args) => describe::run(&place.reach().await?, args).await,
        Verb::Logs(args) => logs::run(&place.reach().await?, args).await,
        Verb::Best(args) => best::run(&place.reach().await?, args).await,
        Verb::Export(args) => export::run(&place.reach().await?, args).await,
        Verb::Ui(args) => ui::run(place, args).await,
        Verb::Pause(args) => pause::run(&place.reach().await?, args).await,
        Verb::Stop(args) => stop::run(&place.reach().await?, args).await,
        Verb::Resume(args) => resume::run(&place.reach().await?, args).await,
        Verb::Delete(args) => delete::run(&place.reach().await?, args).await,
        Verb::Up(args) => up::run(place, args).await,
        Verb::Down(args) => down::run(place, args).await,
        Verb::Status(_) => status::run(place).await,
        Verb::Controller(args) => {
            Ok(crate::roles::controller(&place.reach().await?.client, args).await?)
        }
        Verb::Suggest(args) => {
            Ok(crate::roles::suggest(args, place.cluster_if_any().await?).await?)
        }
        Verb::Store(args) => Ok(crate::roles::store(args).await?),
        Verb::Validate(_)
        | Verb::Algorithms(_)
        | Verb::Rules(_)
        | Verb::AskTell(_)
        | Verb::Digits(_)
        | Verb::Collect(_)
        | Verb::Completions(_)
        | Verb::Doctor(_)
        | Verb::Token(_) => Ok(()),
    }
}

/// Servers tell what they do on standard error; other verbs only what `RUST_LOG` asks for.
fn log(verb: &Verb) {
    let server =
        matches!(verb, Verb::Up(_) | Verb::Controller(_) | Verb::Suggest(_) | Verb::Store(_));
    let usual = if server { "info,sqlx=warn" } else { "off" };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(usual));
    let plain = std::env::var_os("NO_COLOR").is_some() || !std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(!plain)
        .with_writer(std::io::stderr)
        .init();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound_and_every_verb_has_examples() {
        let mut command = Cli::command();
        command.build();
        command.clone().debug_assert();
        for verb in command.get_subcommands().filter(|it| it.get_name() != "help") {
            let after = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(after.contains("Example"), "{} has no examples", verb.get_name());
        }
    }
}
