//! `qalam token`: who else may use this home.

use clap::{Args, Subcommand};
use platform::cluster::api::auth::tokens;

use super::failure::Failure;
use super::out;
use super::place::Place;

/// Arguments of `qalam token`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  qalam token create alice --group team
  kubectl create rolebinding alice --clusterrole=edit --user=alice
  kubectl config set-credentials alice --token=$(qalam token create alice)
  qalam token list
  qalam token revoke alice")]
pub(super) struct Token {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Make a token for a user, and print it: it is shown this once
    #[command(after_help = "Example:\n  qalam token create alice --group team")]
    Create {
        /// The user, as role bindings name them
        user: String,
        /// A group that the user is in; may be repeated
        #[arg(long = "group", value_name = "NAME")]
        groups: Vec<String>,
    },
    /// List users that have tokens
    #[command(after_help = "Example:\n  qalam token list")]
    List,
    /// Take all tokens of a user back
    #[command(after_help = "Example:\n  qalam token revoke alice")]
    Revoke {
        /// The user
        user: String,
    },
}

/// Does it; a server that runs takes it in with its next request.
pub(super) fn run(place: &Place, args: &Token) -> Result<(), Failure> {
    let state = place.state()?;
    let refuse = |error: std::io::Error| Failure::Refused(format!("tokens: {error}"));
    match &args.verb {
        Verb::Create { user, groups } => {
            state.create()?;
            out::say(&tokens::create(state.root(), user, groups).map_err(refuse)?)
        }
        Verb::List => {
            let row =
                |it: tokens::Entry| vec![it.user, it.groups.join(","), it.created.to_string()];
            let rows = tokens::read(state.root()).map_err(refuse)?.into_iter().map(row).collect();
            out::say(&out::table(&["USER", "GROUPS", "CREATED"], rows))
        }
        Verb::Revoke { user } => match tokens::revoke(state.root(), user).map_err(refuse)? {
            0 => Err(Failure::Refused(format!(
                "user {user:?} has no token; `qalam token list` names those that have"
            ))),
            count => out::say(&format!("{count} revoked")),
        },
    }
}
