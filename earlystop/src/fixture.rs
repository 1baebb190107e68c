//! Short ways to rules and curves, for tests.

use proto::kinds::{EarlyStoppingSpec, Setting};
use suggestion::Direction;

use crate::{Curve, Rule, Standing};

/// The rule of that name with these settings.
pub(crate) fn rule(name: &str, settings: &[(&str, &str)], direction: Direction) -> Rule {
    let setting =
        |(name, value): &(&str, &str)| Setting { name: (*name).into(), value: (*value).into() };
    let spec = EarlyStoppingSpec {
        algorithm_name: name.into(),
        algorithm_settings: settings.iter().map(setting).collect(),
    };
    Rule::parse(&spec, direction).expect("the settings are sound")
}

/// A curve with these values at steps 1, 2, 3 and so on.
pub(crate) fn curve(name: &str, standing: Standing, way: Direction, values: &[f64]) -> Curve {
    let reports: Vec<(f64, f64)> = (1..).map(f64::from).zip(values.iter().copied()).collect();
    Curve::new(name, 0, standing, way, &reports)
}
