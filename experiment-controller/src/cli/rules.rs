//! `qalam rules`: the early-stopping rules and what can be set.

use std::fmt::Write;

use clap::Args;
use earlystop::registry::{self, Entry};

use super::algorithms::{HEADING, cells, rows};
use super::failure::Failure;
use super::out;

/// Arguments of `qalam rules`.
#[derive(Args, Debug)]
#[command(after_help = "A manifest names one in earlyStopping.algorithmName; on the command line:
  qalam tune --early-stop=asha:grace_period=3,reduction_factor=4 …

Examples:
  qalam rules
  qalam rules medianstop
  qalam rules --markdown > rules.md")]
pub(super) struct Rules {
    /// Only this one
    name: Option<String>,

    /// As Markdown, as in docs/early-stopping.md
    #[arg(long)]
    markdown: bool,
}

/// Lists them.
pub(super) fn run(args: &Rules) -> Result<(), Failure> {
    let wanted = |it: &&Entry| args.name.as_deref().is_none_or(|name| name == it.name);
    let chosen: Vec<&Entry> = registry::rules().iter().filter(wanted).collect();
    if let (true, Some(name)) = (chosen.is_empty(), &args.name) {
        let names = registry::names().join(", ");
        return Err(Failure::Refused(format!("no rule \"{name}\"; there are {names}")));
    }
    if args.markdown {
        return out::write(&markdown(&chosen));
    }
    for (place, rule) in chosen.into_iter().enumerate() {
        let gap = if place == 0 { "" } else { "\n" };
        out::say(&format!("{gap}{}\n  {}", rule.name, rule.about))?;
        if !rule.settings.is_empty() {
            out::say(&out::table(&HEADING, rows(rule.settings)))?;
        }
    }
    Ok(())
}

fn markdown(rules: &[&Entry]) -> String {
    let mut text = String::new();
    for rule in rules {
        // Writing into a string does not fail.
        let _ = writeln!(text, "\n### {}\n\n{}", rule.name, rule.about);
        if !rule.settings.is_empty() {
            text += "\n| setting | default | range | meaning |\n|---|---|---|---|\n";
        }
        for setting in rule.settings {
            let [name, rest @ ..] = cells(setting).map(|it| it.replace('|', "\\|"));
            let _ = writeln!(text, "| `{name}` | {} |", rest.join(" | "));
        }
    }
    text
}
