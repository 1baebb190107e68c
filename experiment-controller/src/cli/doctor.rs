//! `qalam doctor`: what this machine allows, and what will be refused.

use clap::Args;
use platform::cluster::node::survey::{Standing, survey};

use super::failure::Failure;
use super::out;
use super::place::Place;

/// Arguments of `qalam doctor`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  qalam doctor
  qalam doctor --home /data/qalam")]
pub(super) struct Doctor {}

/// Tells it; fails where nothing would work.
pub(super) fn run(place: &Place) -> Result<(), Failure> {
    let state = place.state()?;
    let shim = vec![std::env::current_exe()?.into_os_string(), "shim".into()];
    let found = survey(state.root(), &shim);
    let word = |it: Standing| match it {
        Standing::Good => "ok",
        Standing::Limited => "limited",
        Standing::Bad => "BAD",
    };
    let rows = found
        .iter()
        .map(|it| vec![it.about.to_owned(), word(it.standing).to_owned(), it.text.clone()]);
    out::say(&out::table(&[], rows.collect()))?;
    let bad: Vec<&str> =
        found.iter().filter(|it| it.standing == Standing::Bad).map(|it| it.about).collect();
    if bad.is_empty() {
        return Ok(());
    }
    Err(Failure::Failed(format!("nothing can run before this is mended: {}", bad.join(", "))))
}
