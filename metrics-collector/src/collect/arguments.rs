//! What the collector is told on its command line, the same for the small program and for `qalam`.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::What;

/// Prints what is measured beside a program; on SIGTERM prints what is left and ends.
#[derive(Args, Clone, Debug)]
#[command(group(ArgGroup::new("what").required(true).args(["path", "events", "endpoint"])))]
pub struct Arguments {
    /// The lines of this file; it may not exist yet
    #[arg(long, value_name = "FILE")]
    path: Option<PathBuf>,

    /// The scalars of TensorBoard's event files below this folder
    #[arg(long, value_name = "FOLDER", requires = "metric")]
    events: Option<PathBuf>,

    /// What this address answers in Prometheus' format; the first that answers, if there are several
    #[arg(long, value_name = "URL", requires = "metric")]
    endpoint: Vec<String>,

    /// A metric that is wanted
    #[arg(long, value_name = "NAME")]
    metric: Vec<String>,
}

impl Arguments {
    /// What is to be collected.
    pub fn what(&self) -> What {
        let metrics = self.metric.clone();
        match (&self.path, &self.events) {
            (Some(path), _) => What::File(path.clone()),
            (None, Some(folder)) => What::Events { folder: folder.clone(), metrics },
            (None, None) => What::Endpoint { urls: self.endpoint.clone(), metrics },
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn check(line: &str, want: Option<What>) {
        let words = std::iter::once("program").chain(line.split_whitespace());
        let got = Program::try_parse_from(words).ok().map(|it| it.arguments.what());
        assert_eq!(got, want, "{line}");
    }

    #[test]
    fn one_thing_is_collected() {
        let metrics = vec!["a".to_owned(), "b".to_owned()];
        check("--path f", Some(What::File("f".into())));
        check(
            "--events d --metric a --metric b",
            Some(What::Events { folder: "d".into(), metrics: metrics.clone() }),
        );
        let urls = vec!["http://a/".to_owned(), "http://b/".to_owned()];
        check(
            "--endpoint http://a/ --endpoint http://b/ --metric a --metric b",
            Some(What::Endpoint { urls, metrics }),
        );
        for line in ["", "--metric a", "--events d", "--path f --events d --metric a"] {
            check(line, None);
        }
    }
}
