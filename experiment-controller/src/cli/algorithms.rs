//! `qalam algorithms`: the search algorithms and what can be set.

use clap::Args;

use super::failure::Failure;
use super::out;

/// Arguments of `qalam algorithms`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  qalam algorithms
  qalam algorithms tpe")]
pub(super) struct Algorithms {
    /// Only this one
    name: Option<String>,
}

/// Lists them.
pub(super) fn run(args: &Algorithms) -> Result<(), Failure> {
    let all = suggestion::registry::algorithms();
    let wanted = |name: &str| args.name.as_deref().is_none_or(|it| it == name);
    let chosen: Vec<_> = all.iter().filter(|it| wanted(it.name)).collect();
    if let (true, Some(name)) = (chosen.is_empty(), &args.name) {
        let names: Vec<&str> = all.iter().map(|it| it.name).collect();
        let names = names.join(", ");
        return Err(Failure::Refused(format!("no algorithm \"{name}\"; there are {names}")));
    }
    for algorithm in chosen {
        out::say(&format!("{}\n  {}", algorithm.name, algorithm.about))?;
        let setting = |it: &suggestion::settings::SettingSpec| {
            vec![format!("    {}", it.name), format!("[{}]", it.default), it.meaning.to_owned()]
        };
        if !algorithm.settings.is_empty() {
            out::say(&out::table(&[], algorithm.settings.iter().map(setting).collect()))?;
        }
    }
    Ok(())
}
