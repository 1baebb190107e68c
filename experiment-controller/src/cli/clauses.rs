//! What `qalam tune` says beside parameters, as words of text: bounds on metrics, goals, points to
//! try first, combinations never to try, a rule with its settings.

use std::collections::BTreeMap;

use earlystop::{Direction, Rule};
use proto::kinds::{ConstraintSpec, EarlyStoppingSpec, Setting};

/// Reads `latency<=100` or `accuracy>=0.5`.
pub(crate) fn constraint(text: &str) -> Result<ConstraintSpec, String> {
    let parted = text
        .split_once("<=")
        .map(|it| ("less", it))
        .or_else(|| text.split_once(">=").map(|it| ("greater", it)));
    let Some((comparison, (metric, value))) = parted else {
        return Err(format!("needs METRIC<=NUMBER or METRIC>=NUMBER, got \"{text}\""));
    };
    let (metric, value) = (metric.trim(), value.trim());
    if metric.is_empty() {
        return Err(format!("needs the name of a metric in front of the bound, got \"{text}\""));
    }
    number(value)?;
    let comparison = comparison.into();
    Ok(ConstraintSpec { metric_name: metric.into(), comparison, value: value.into() })
}

/// Reads `0.9`, which is meant for the first objective, or `latency=20`.
pub(crate) fn goal(text: &str) -> Result<(Option<String>, f64), String> {
    match text.rsplit_once('=') {
        Some((metric, value)) => Ok((Some(metric.trim().to_owned()), number(value.trim())?)),
        None => Ok((None, number(text.trim())?)),
    }
}

/// Reads `lr=0.1,layers=2`: parameter to value.
pub(crate) fn point(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut values = BTreeMap::new();
    for part in text.split(',') {
        let pair = part.split_once('=').map(|(name, value)| (name.trim(), value.trim()));
        let Some((name, value)) = pair.filter(|(name, _)| !name.is_empty()) else {
            return Err(format!("needs name=value,name=value,…, got \"{part}\""));
        };
        if values.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(format!("\"{name}\" is there twice"));
        }
    }
    Ok(values)
}

/// Reads `asha` or `asha:grace_period=3,reduction_factor=4`: a rule and its settings.
pub(crate) fn rule(text: &str) -> Result<EarlyStoppingSpec, String> {
    let (name, settings) = match text.split_once(':') {
        Some((name, settings)) => (name.trim(), point(settings)?),
        None => (text.trim(), BTreeMap::new()),
    };
    let settings = settings.into_iter().map(|(name, value)| Setting { name, value });
    let rule = EarlyStoppingSpec {
        algorithm_name: name.to_owned(),
        algorithm_settings: settings.collect(),
    };
    // Either direction will do: only the faults are wanted.
    match Rule::parse(&rule, Direction::Minimize) {
        Ok(_) => Ok(rule),
        Err(faults) => {
            let faults: Vec<String> = faults.into_iter().map(|it| it.message).collect();
            Err(format!("{} (`qalam rules` lists rules and settings)", faults.join("; ")))
        }
    }
}

fn number(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|it: &f64| it.is_finite());
    number.ok_or_else(|| format!("needs a number, got \"{text}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told<T>(read: Result<T, String>, show: impl Fn(T) -> String) -> String {
        read.map_or_else(|why| why, show)
    }

    #[test]
    fn bounds_goals_and_points_are_read() {
        let check = |text: &str, expect: &str| {
            let show =
                |it: ConstraintSpec| format!("{} {} {}", it.metric_name, it.comparison, it.value);
            assert_eq!(told(constraint(text), show), expect);
        };
        check("latency<=100", "latency less 100");
        check("acc >= 0.5", "acc greater 0.5");
        check("acc<0.5", "needs METRIC<=NUMBER or METRIC>=NUMBER, got \"acc<0.5\"");
        check("<=3", "needs the name of a metric in front of the bound, got \"<=3\"");
        check("a<=inf", "needs a number, got \"inf\"");

        let check = |text: &str, expect: &str| {
            let show = |(metric, value): (Option<String>, f64)| format!("{metric:?} {value}");
            assert_eq!(told(goal(text), show), expect);
        };
        check("0.9", "None 0.9");
        check("-3", "None -3");
        check("latency=20", "Some(\"latency\") 20");
        check("latency=", "needs a number, got \"\"");

        let check = |text: &str, expect: &str| {
            assert_eq!(told(point(text), |it| format!("{it:?}")), expect);
        };
        check("lr=0.1, n=2", "{\"lr\": \"0.1\", \"n\": \"2\"}");
        check("lr", "needs name=value,name=value,…, got \"lr\"");
        check("a=1,a=2", "\"a\" is there twice");

        let check = |text: &str, expect: &str| {
            let show = |it: EarlyStoppingSpec| format!("{it:?}");
            assert!(told(rule(text), show).contains(expect), "{text}");
        };
        check("asha", r#"algorithm_name: "asha", algorithm_settings: []"#);
        check("asha:grace_period=3", r#"[Setting { name: "grace_period", value: "3" }]"#);
        check(
            "asha:grace_period=0",
            "grace_period must be greater than zero, got 0 (`qalam rules`",
        );
        check("asha:grace_period", "needs name=value,name=value,…, got \"grace_period\"");
        check("ashes", "unknown algorithm name ashes; there are: medianstop, ");
    }
}
