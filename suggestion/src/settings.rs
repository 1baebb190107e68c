//! Settings of an algorithm, checked once against its table: the texts are those that Katib's
//! clients see.

use std::collections::BTreeMap;

use proto::FieldError;
use proto::kinds::Setting;

/// One setting of an algorithm.
#[derive(Debug)]
pub struct SettingSpec {
    /// Name of the setting.
    pub name: &'static str,
    /// What holds when it is not set, for people.
    pub default: &'static str,
    /// What it accepts.
    pub range: Range,
    /// One sentence: what it does.
    pub meaning: &'static str,
}

/// What a setting accepts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Range {
    /// A whole number from `min` on; `fault` is said of smaller ones.
    Whole {
        /// Smallest accepted.
        min: u64,
        /// What is said of a smaller one.
        fault: &'static str,
    },
    /// A number between two bounds, which are not themselves accepted.
    Between {
        /// Lower bound.
        lo: f64,
        /// Upper bound.
        hi: f64,
        /// What is said of one outside.
        fault: &'static str,
    },
    /// A number from `min` on; `fault` is said of smaller ones.
    AtLeast {
        /// Smallest accepted.
        min: f64,
        /// What is said of a smaller one.
        fault: &'static str,
    },
    /// One of some texts; `fault` is said of others, with `{}` for what was given.
    Choice {
        /// What is accepted.
        of: &'static [&'static str],
        /// What is said of another value.
        fault: &'static str,
    },
}

impl std::fmt::Display for Range {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Range::Whole { min, .. } => write!(out, "whole number ≥ {min}"),
            Range::Between { lo, hi, .. } if hi.is_infinite() => write!(out, "number > {lo}"),
            Range::Between { lo, hi, .. } => write!(out, "number in ({lo}, {hi})"),
            Range::AtLeast { min, .. } => write!(out, "number ≥ {min}"),
            Range::Choice { of, .. } => write!(out, "{}", of.join(", ")),
        }
    }
}

/// `random_state`, which every algorithm has.
pub(crate) const RANDOM_STATE: SettingSpec = SettingSpec {
    name: "random_state",
    default: "a hash of the experiment's uid",
    range: Range::Whole { min: 0, fault: "random_state should be great or equal than zero" },
    meaning: "Seed: equal seeds and equal histories give equal suggestions.",
};

/// The checked settings that were set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings(
    BTreeMap<&'static str, f64>,
    BTreeMap<&'static str, u64>,
    BTreeMap<&'static str, &'static str>,
);

impl Settings {
    /// Checks what was set against the table of `algorithm`; all faults at once, with paths such
    /// as `algorithmSettings[0].value`. Of a name that is set twice, the last counts.
    pub fn parse(
        algorithm: &str,
        table: &'static [SettingSpec],
        set: &[Setting],
    ) -> Result<Settings, Vec<FieldError>> {
        let mut settings = Settings::default();
        let mut faults = Vec::new();
        for (i, Setting { name, value }) in set.iter().enumerate() {
            let path = format!("algorithmSettings[{i}]");
            let Some(spec) = table.iter().find(|spec| spec.name == name) else {
                let text = format!("unknown setting {name} for algorithm {algorithm}");
                faults.push(FieldError::new(format!("{path}.name"), text));
                continue;
            };
            if let Err(why) = settings.set(spec, value.trim()) {
                let text = why
                    .unwrap_or_else(|parse| format!("failed to validate {name}({value}): {parse}"));
                faults.push(FieldError::new(format!("{path}.value"), text));
            }
        }
        if faults.is_empty() { Ok(settings) } else { Err(faults) }
    }

    /// Keeps one value; a fault is either the table's text (`Ok`) or a parser's (`Err`).
    fn set(&mut self, spec: &SettingSpec, value: &str) -> Result<(), Result<String, String>> {
        match spec.range {
            Range::Whole { min, fault } => {
                let number: i128 = value.parse().map_err(|why| Err(format!("{why}")))?;
                let small = || Ok(fault.to_owned());
                let number = u64::try_from(number)
                    .map_err(|_| if number < 0 { small() } else { Err("too large".into()) })?;
                if number < min {
                    return Err(small());
                }
                self.1.insert(spec.name, number);
            }
            Range::Between { lo, hi, fault } => {
                let number: f64 = value.parse().map_err(|why| Err(format!("{why}")))?;
                if !(lo < number && number < hi) {
                    return Err(Ok(fault.to_owned()));
                }
                self.0.insert(spec.name, number);
            }
            Range::AtLeast { min, fault } => {
                let number: f64 = value.parse().map_err(|why| Err(format!("{why}")))?;
                if !(min <= number && number.is_finite()) {
                    return Err(Ok(fault.to_owned()));
                }
                self.0.insert(spec.name, number);
            }
            Range::Choice { of, fault } => {
                let known = of.iter().find(|known| **known == value);
                self.2.insert(spec.name, known.ok_or_else(|| Ok(fault.replace("{}", value)))?);
            }
        }
        Ok(())
    }

    /// A whole number, if it was set.
    pub fn whole(&self, name: &str) -> Option<u64> {
        self.1.get(name).copied()
    }

    /// A whole number for counting, if it was set.
    pub fn size(&self, name: &str) -> Option<usize> {
        self.whole(name).map(|n| usize::try_from(n).unwrap_or(usize::MAX))
    }

    /// A number, if it was set.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }

    /// One of the texts that a setting accepts, if it was set.
    pub fn text(&self, name: &str) -> Option<&'static str> {
        self.2.get(name).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry;

    fn check(algorithm: &str, name: &str, value: &str, want: &str) {
        let table = registry::find(algorithm).unwrap().settings;
        let set = [Setting { name: name.into(), value: value.into() }];
        let faults = Settings::parse(algorithm, table, &set).err().unwrap_or_default();
        let got: Vec<_> = faults.into_iter().map(|fault| fault.message).collect();
        assert_eq!(got.join("; "), want, "{algorithm}: {name}={value}");
    }

    #[test]
    fn choices_are_read_and_others_named() {
        let of = &["GP", "RF"];
        let fault = "estimator {} is not supported in Bayesian optimization";
        let spec = SettingSpec {
            name: "estimator",
            default: "GP",
            range: Range::Choice { of, fault },
            meaning: "",
        };
        let mut settings = Settings::default();
        settings.set(&spec, "RF").unwrap();
        assert_eq!(settings.text("estimator"), Some("RF"));
        let want = "estimator rf is not supported in Bayesian optimization";
        assert_eq!(settings.set(&spec, "rf"), Err(Ok(want.to_owned())));
        assert_eq!(spec.range.to_string(), "GP, RF");
    }

    #[test]
    fn faults_read_as_katibs() {
        check("random", "random_state", "10", "");
        check("random", "random_state", "-1", "random_state should be great or equal than zero");
        check("random", "gamma", "0.5", "unknown setting gamma for algorithm random");
        check("tpe", "gamma", "0.5", "");
        check("tpe", "gamma", "1.5", "gamma should be in the range of (0, 1)");
        check("tpe", "gamma", "nan", "gamma should be in the range of (0, 1)");
        check("tpe", "n_EI_candidates", "0", "n_EI_candidates should be great than zero");
        check("tpe", "prior_weight", "0", "prior_weight should be great than zero");
        check(
            "tpe",
            "n_EI_candidates",
            "many",
            "failed to validate n_EI_candidates(many): invalid digit found in string",
        );
        check("tpe", "gamma", "x", "failed to validate gamma(x): invalid float literal");
        check("tpe", "n_startup_trials", "20", "");
        check("cmaes", "sigma", "0", "");
        check("cmaes", "sigma", "-0.1", "sigma should be great or equal than zero");
        check("cmaes", "sigma", "nan", "sigma should be great or equal than zero");
        let fault = "restart_strategy should be one of none, ipop, bipop";
        check("cmaes", "restart_strategy", "often", fault);
        check("cmaes", "restart_strategy", "ipop", "");
    }
}
