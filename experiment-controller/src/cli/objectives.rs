//! `--maximize` and `--minimize` of `qalam tune`, in the order in which they were typed.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use proto::kinds::{MetricStrategy, ObjectiveSpec};

/// The objectives: the first is optimised, further ones are recorded.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Objectives {
    /// Direction (`maximize` or `minimize`) and metric.
    pub(super) list: Vec<(String, String)>,
}

const DIRECTIONS: [(&str, &str); 2] = [
    ("maximize", "Metric to make as large as possible; the first objective is the one optimised"),
    ("minimize", "Metric to make as small as possible; further objectives are recorded"),
];

impl Objectives {
    /// The objective of the manifest; none when there is no objective at all.
    pub(crate) fn spec(&self, goal: Option<f64>) -> Option<ObjectiveSpec> {
        let ((direction, metric), others) = self.list.split_first()?;
        let strategy = |(direction, metric): &(String, String)| MetricStrategy {
            name: metric.clone(),
            value: if direction == "maximize" { "max".into() } else { "min".into() },
        };
        Some(ObjectiveSpec {
            type_: direction.clone(),
            goal,
            objective_metric_name: metric.clone(),
            additional_metric_names: others.iter().map(|(_, metric)| metric.clone()).collect(),
            metric_strategies: self.list.iter().map(strategy).collect(),
        })
    }
}

impl Args for Objectives {
    fn augment_args(command: Command) -> Command {
        DIRECTIONS.into_iter().fold(command, |command, (direction, help)| {
            let arg = Arg::new(direction).long(direction).value_name("METRIC");
            command.arg(arg.action(ArgAction::Append).help(help))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Objectives::augment_args(command)
    }
}

impl FromArgMatches for Objectives {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Objectives, clap::Error> {
        let mut typed: Vec<(usize, (String, String))> = Vec::new();
        for (direction, _) in DIRECTIONS {
            let metrics = matches.get_many::<String>(direction).into_iter().flatten();
            let places = matches.indices_of(direction).into_iter().flatten();
            typed.extend(places.zip(metrics.map(|it| (direction.to_owned(), it.clone()))));
        }
        typed.sort();
        Ok(Objectives { list: typed.into_iter().map(|(_, objective)| objective).collect() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Objectives::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_optimised() {
        let check = |line: &[&str], expect: &str| {
            let command = Objectives::augment_args(Command::new("tune"));
            let matches = command.try_get_matches_from([&["tune"], line].concat()).unwrap();
            let spec = Objectives::from_arg_matches(&matches).unwrap().spec(None);
            let got = spec.map(|it| {
                let how: Vec<_> = it.metric_strategies.iter().map(|it| it.value.as_str()).collect();
                let also = it.additional_metric_names.join(" ");
                format!("{} {} [{also}] {}", it.type_, it.objective_metric_name, how.join(" "))
            });
            assert_eq!(got.unwrap_or_default(), expect, "{line:?}");
        };
        check(&[], "");
        check(&["--maximize", "acc"], "maximize acc [] max");
        check(&["--minimize", "loss", "--maximize", "acc"], "minimize loss [acc] min max");
        check(&["--maximize", "acc", "--minimize", "loss"], "maximize acc [loss] max min");
    }
}
