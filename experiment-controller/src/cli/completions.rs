//! `qalam completions`: what a shell needs to complete the verbs.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::failure::Failure;
use super::{Cli, out};

/// Arguments of `qalam completions`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  qalam completions bash > ~/.local/share/bash-completion/completions/qalam
  qalam completions zsh > ~/.zfunc/_qalam")]
pub(super) struct Completions {
    /// For which shell
    shell: Shell,
}

/// Prints the script.
pub(super) fn run(args: &Completions) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "qalam", &mut script);
    out::write(&String::from_utf8_lossy(&script))
}
