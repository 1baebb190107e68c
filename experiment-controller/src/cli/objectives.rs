//! `--maximize` and `--minimize` of `qalam tune`, in the order in which they were typed.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use proto::kinds::{MetricStrategy, ObjectiveSpec};

/// The objectives, in the order in which they were typed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Objectives {
    /// Direction (`maximize` or `minimize`) and metric.
    pub(super) list: Vec<(String, String)>,
}

const DIRECTIONS: [(&str, &str); 2] = [
    ("maximize", "Metric to make as large as possible"),
    (
        "minimize",
        "Metric to make as small as possible; several objectives give several best trials",
    ),
];

impl Objectives {
    /// The objectives of the manifest. Goals without a metric are the first one's; `more` metrics
    /// are recorded with it.
    pub(crate) fn specs(
        &self,
        goals: &[(Option<String>, f64)],
        more: &[String],
    ) -> Result<Vec<ObjectiveSpec>, Vec<String>> {
        let mut specs: Vec<ObjectiveSpec> = self.list.iter().map(spec).collect();
        if let Some(first) = specs.first_mut() {
            first.additional_metric_names = more.to_vec();
        }
        let mut faults = Vec::new();
        for (metric, goal) in goals {
            let meant = |it: &ObjectiveSpec| {
                metric.as_ref().is_none_or(|metric| *metric == it.objective_metric_name)
            };
            match (specs.iter_mut().find(|it| meant(it)), metric) {
                (Some(spec), _) => spec.goal = Some(*goal),
                (None, Some(metric)) => {
                    faults.push(format!("--goal {metric}={goal}: \"{metric}\" is no objective"));
                }
                (None, None) => {}
            }
        }
        if faults.is_empty() { Ok(specs) } else { Err(faults) }
    }
}

fn spec((direction, metric): &(String, String)) -> ObjectiveSpec {
    let best = if direction == "maximize" { "max" } else { "min" };
    ObjectiveSpec {
        type_: direction.clone(),
        objective_metric_name: metric.clone(),
        metric_strategies: vec![MetricStrategy { name: metric.clone(), value: best.into() }],
        ..Default::default()
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
    fn all_are_optimised_in_the_order_typed() {
        let check = |line: &[&str], goals: &[(Option<&str>, f64)], expect: &str| {
            let command = Objectives::augment_args(Command::new("tune"));
            let matches = command.try_get_matches_from([&["tune"], line].concat()).unwrap();
            let goals: Vec<_> = goals.iter().map(|(it, at)| (it.map(str::to_owned), *at)).collect();
            let objectives = Objectives::from_arg_matches(&matches).unwrap();
            let show = |it: &ObjectiveSpec| {
                let how = &it.metric_strategies[0].value;
                let also = it.additional_metric_names.join(" ");
                let goal = it.goal.map_or_else(String::new, |goal| format!(" {goal}"));
                format!("{} {} {how} [{also}]{goal}", it.type_, it.objective_metric_name)
            };
            let got = match objectives.specs(&goals, &["time".into()]) {
                Ok(specs) => specs.iter().map(show).collect::<Vec<_>>().join(", "),
                Err(faults) => faults.join(", "),
            };
            assert_eq!(got, expect, "{line:?}");
        };
        check(&[], &[], "");
        check(&["--maximize", "acc"], &[(None, 0.9)], "maximize acc max [time] 0.9");
        check(
            &["--minimize", "loss", "--maximize", "acc"],
            &[(Some("acc"), 1.0)],
            "minimize loss min [time], maximize acc max [] 1",
        );
        check(
            &["--maximize", "acc", "--minimize", "loss"],
            &[],
            "maximize acc max [time], minimize loss min []",
        );
        let unknown = "--goal size=1: \"size\" is no objective";
        check(&["--maximize", "acc"], &[(Some("size"), 1.0)], unknown);
    }
}
