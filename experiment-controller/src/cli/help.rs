//! The first things that people read: what `qalam` alone says, and the verbs in groups.

use std::fmt::Write;

use clap::Command;

use crate::admission::nearest;

/// What is said when there is no verb: the two ways to begin.
pub(super) const START: &str = "\
qalam finds good hyperparameters: it runs a training again and again, each time with values chosen
by what came of those before.

Two ways to begin:
  qalam tune --maximize accuracy --param lr=log:1e-5..1e-1 -- python train.py --lr {lr}
      tunes a command that prints lines such as accuracy=0.93; nothing else is needed
  qalam run examples/quickstart.yaml
      runs an experiment from a manifest in Katib's form

`qalam --help` lists all verbs, `qalam VERB --help` explains one of them with examples.";

/// Every verb under what it is for.
const GROUPS: [(&str, &[&str]); 6] = [
    ("Search", &["run", "tune", "validate", "algorithms", "rules", "ask-tell"]),
    ("Look at experiments", &["ui", "get", "describe", "logs", "best", "export"]),
    ("Pause and end experiments", &["pause", "resume", "stop", "delete"]),
    ("The home, which runs them on this machine", &["status", "up", "down", "doctor", "token"]),
    ("Parts, for clusters", &["controller", "suggest", "store"]),
    ("More", &["digits", "completions", "help"]),
];

/// Flags of every verb, as the list of verbs shows them.
const FLAGS: &str = "\
Flags of every verb:
  -n, --namespace <NAME>    where experiments are looked up [default: that of the context]
      --home <DIR>          the home's folder [env: QALAM_HOME] [default: ~/.qalam]
      --kubeconfig <FILE>   talk to the cluster of this kubeconfig, in place of the home
      --context <NAME>      talk to the cluster of this context, in place of the home
  -h, --help                explain a verb, with examples
  -V, --version             print the version";

/// The command with its verbs listed in groups.
pub(super) fn arranged(mut command: Command) -> Command {
    // Only then it knows the verb `help`.
    command.build();
    let mut text = String::from("{about}\n\n{usage-heading} qalam <VERB>\n");
    for (group, verbs) in GROUPS {
        // Writing into a string does not fail.
        let _ = write!(text, "\n{group}:\n");
        for name in verbs {
            let verb = command.find_subcommand(name);
            let about = verb.and_then(|it| it.get_about().map(ToString::to_string));
            let _ = writeln!(text, "  {name:<13}{}", about.unwrap_or_default());
        }
    }
    command.help_template(format!("{text}\n{FLAGS}{{after-help}}"))
}

/// What is said to one who mistyped a verb.
pub(super) fn unknown(verb: &str) -> String {
    let all = GROUPS.iter().flat_map(|(_, verbs)| verbs.iter().copied());
    let meant = nearest(verb, all).map(|it| format!("; did you mean `qalam {it}`?"));
    let list = "; `qalam --help` lists all verbs".to_owned();
    format!("there is no verb \"{verb}\"{}", meant.unwrap_or(list))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::CommandFactory;

    #[test]
    fn a_mistyped_verb_is_met_with_the_nearest() {
        let check = |verb: &str, expect: &str| assert!(unknown(verb).contains(expect), "{verb}");
        check("rnu", "did you mean `qalam run`?");
        check("statu", "did you mean `qalam status`?");
        check("expotr", "did you mean `qalam export`?");
        check("frobnicate", "`qalam --help` lists all verbs");
    }

    #[test]
    fn every_verb_is_in_one_group_and_every_flag_is_told() {
        let mut command = arranged(Cli::command());
        let shown = command.get_subcommands().filter(|it| !it.is_hide_set());
        let mut shown: Vec<String> = shown.map(|it| it.get_name().to_owned()).collect();
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, it)| it.iter().copied()).collect();
        shown.sort();
        grouped.sort_unstable();
        assert_eq!(grouped, shown);
        for flag in command.get_arguments().filter_map(|it| it.get_long()) {
            assert!(FLAGS.contains(&format!("--{flag} ")), "{flag}");
        }
        let help = command.render_help().to_string();
        assert!(
            help.contains("  stop         End experiments, and keep what they found\n"),
            "{help}"
        );
    }
}
