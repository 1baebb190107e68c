//! A stopping rule and what it decides.

use proto::FieldError;
use proto::kinds::EarlyStoppingSpec;
use suggestion::Direction;

use crate::curve::Curve;
use crate::registry;
use crate::settings::Settings;

/// Decides by curves alone: no clock, no memory, no chance.
pub trait Decide: std::fmt::Debug + Send + Sync {
    /// The running trials to give up, in the order of `running`.
    ///
    /// `finished` are the trials that ended by themselves.
    fn stops(&self, finished: &[Curve], running: &[Curve]) -> Vec<Stop>;
}

/// A rule that fired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Name of the trial to stop.
    pub trial: String,
    /// A sentence for its owner: what was compared with what.
    pub why: String,
}

/// The rule of one experiment, with its settings.
#[derive(Debug)]
pub struct Rule(Box<dyn Decide>);

impl Rule {
    /// Parses `spec.earlyStopping`; paths of faults are below it.
    pub fn parse(spec: &EarlyStoppingSpec, direction: Direction) -> Result<Rule, Vec<FieldError>> {
        let Some(entry) = registry::find(&spec.algorithm_name) else {
            let message = format!(
                "unknown algorithm name {}; there are: {}",
                spec.algorithm_name,
                registry::names().join(", ")
            );
            return Err(vec![FieldError::new("algorithmName", message)]);
        };
        let settings = Settings::parse(entry, &spec.algorithm_settings)?;
        Ok(Rule((entry.make)(&settings, direction)))
    }

    /// The running trials to give up, and why. `finished` are those that ended by themselves.
    pub fn stops(&self, finished: &[Curve], running: &[Curve]) -> Vec<Stop> {
        self.0.stops(finished, running)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_rule_is_refused_by_name() {
        let spec =
            EarlyStoppingSpec { algorithm_name: "meanstop".into(), algorithm_settings: vec![] };
        let faults = Rule::parse(&spec, Direction::Minimize).unwrap_err();
        assert_eq!(
            faults[0].to_string(),
            "algorithmName: unknown algorithm name meanstop; there are: medianstop"
        );
    }
}
