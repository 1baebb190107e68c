//! `qalam algorithms`: the search algorithms and what can be set.

use std::fmt::Write;

use clap::Args;
use suggestion::registry::{self, Algorithm};
use suggestion::settings::SettingSpec;

use super::failure::Failure;
use super::out;

/// Arguments of `qalam algorithms`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  qalam algorithms
  qalam algorithms tpe
  qalam algorithms --markdown > algorithms.md")]
pub(super) struct Algorithms {
    /// Only this one
    name: Option<String>,

    /// As Markdown, as in docs/algorithms.md
    #[arg(long)]
    markdown: bool,
}

/// Heading of the settings, below a name and a sentence.
pub(super) const HEADING: [&str; 4] = ["    SETTING", "DEFAULT", "RANGE", "MEANING"];

/// Lists them.
pub(super) fn run(args: &Algorithms) -> Result<(), Failure> {
    let all = registry::algorithms();
    let wanted = |name: &str| args.name.as_deref().is_none_or(|it| it == name);
    let chosen: Vec<&Algorithm> = all.iter().filter(|it| wanted(it.name)).collect();
    if let (true, Some(name)) = (chosen.is_empty(), &args.name) {
        let names: Vec<&str> = all.iter().map(|it| it.name).collect();
        let names = names.join(", ");
        return Err(Failure::Refused(format!("no algorithm \"{name}\"; there are {names}")));
    }
    if args.markdown {
        return out::write(&markdown(&chosen));
    }
    for (place, algorithm) in chosen.into_iter().enumerate() {
        let gap = if place == 0 { "" } else { "\n" };
        out::say(&format!("{gap}{}\n  {}", algorithm.name, algorithm.about))?;
        if !algorithm.settings.is_empty() {
            out::say(&out::table(&HEADING, rows(algorithm.settings)))?;
        }
    }
    Ok(())
}

/// The settings as rows of a table.
pub(super) fn rows(settings: &[SettingSpec]) -> Vec<Vec<String>> {
    let row = |it: &SettingSpec| {
        let [name, rest @ ..] = cells(it);
        [vec![format!("    {name}")], rest.to_vec()].concat()
    };
    settings.iter().map(row).collect()
}

/// Name, default, range and meaning.
pub(super) fn cells(it: &SettingSpec) -> [String; 4] {
    [it.name.into(), it.default.into(), it.range.to_string(), it.meaning.into()]
}

fn markdown(algorithms: &[&Algorithm]) -> String {
    let mut text = String::from(
        "# Search algorithms\n\nGenerated from the registry of algorithms: `UPDATE=1 cargo test \
         generated` writes it anew. `qalam algorithms NAME` shows the same.\n\nA manifest names one \
         in `algorithm.algorithmName`, and sets `algorithm.algorithmSettings` by name and value.\n",
    );
    for algorithm in algorithms {
        // Writing into a string does not fail.
        let _ = writeln!(text, "\n## {}\n\n{}", algorithm.name, algorithm.about);
        if !algorithm.settings.is_empty() {
            text += "\n| setting | default | range | meaning |\n|---|---|---|---|\n";
        }
        for setting in algorithm.settings {
            let [name, rest @ ..] = cells(setting).map(|it| it.replace('|', "\\|"));
            let _ = writeln!(text, "| `{name}` | {} |", rest.join(" | "));
        }
    }
    text
}
