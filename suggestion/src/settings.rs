//! Settings of an algorithm, checked once against its table: the texts are those that Katib's
//! clients see.

use std::collections::{BTreeMap, BTreeSet};

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
    /// A number above `lo`, up to and including `hi`.
    UpTo {
        /// Lower bound, not itself accepted.
        lo: f64,
        /// Largest accepted.
        hi: f64,
        /// What is said of one outside.
        fault: &'static str,
    },
    /// What another range accepts, or `None`: the part that it steers is left out.
    OrNone(&'static Range),
    /// A number from `lo` to `hi`, both accepted.
    Within {
        /// Smallest accepted.
        lo: f64,
        /// Largest accepted.
        hi: f64,
        /// What is said of one outside.
        fault: &'static str,
    },
    /// Any text but an empty one; `what` it is, for people.
    Text(&'static str),
}

impl std::fmt::Display for Range {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Range::Whole { min, .. } => write!(out, "whole number ≥ {min}"),
            Range::Between { lo, hi, .. } if lo.is_infinite() && hi.is_infinite() => {
                write!(out, "number")
            }
            Range::Between { lo, hi, .. } if hi.is_infinite() => write!(out, "number > {lo}"),
            Range::Between { lo, hi, .. } => write!(out, "number in ({lo}, {hi})"),
            Range::AtLeast { min, .. } => write!(out, "number ≥ {min}"),
            Range::Choice { of, .. } => write!(out, "{}", of.join(", ")),
            Range::UpTo { lo, hi, .. } => write!(out, "number in ({lo}, {hi}]"),
            Range::OrNone(range) => write!(out, "{range}, or None"),
            Range::Within { lo, hi, .. } => write!(out, "number in [{lo}, {hi}]"),
            Range::Text(what) => write!(out, "{what}"),
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
pub struct Settings {
    numbers: BTreeMap<&'static str, f64>,
    wholes: BTreeMap<&'static str, u64>,
    texts: BTreeMap<&'static str, &'static str>,
    /// Texts that no list holds, such as names.
    words: BTreeMap<&'static str, String>,
    /// Those that were set to `None`.
    nones: BTreeSet<&'static str>,
    /// All of them as they were written, for algorithms that hand them on to the trials.
    written: Vec<(String, String)>,
}

/// How the service of one of Katib's algorithms speaks of settings.
struct Manner {
    /// Of a name that is not in the table; none where any name is taken.
    unknown: Option<fn(name: &str, algorithm: &str) -> String>,
    /// Of a value that is no number: the parser's text, and whether a whole one was wanted.
    unread: fn(setting: &Setting, why: &str, whole: bool) -> String,
}

/// Most of them.
const USUAL: Manner = Manner {
    unknown: Some(|name, algorithm| format!("unknown setting {name} for algorithm {algorithm}")),
    unread: |it, why, _| format!("failed to validate {}({}): {why}", it.name, it.value),
};

fn manner(algorithm: &str) -> Manner {
    match algorithm {
        "enas" => Manner {
            unknown: Some(|name, _| format!("Unknown Algorithm Setting name: {name}")),
            unread: |it, why, whole| {
                let type_ = if whole { "int" } else { "float" };
                format!("Algorithm Setting {} must be {type_} type: exception {why}", it.name)
            },
        },
        "darts" => Manner { unknown: None, ..USUAL },
        "hyperband" => Manner {
            unread: |it, why, whole| match it.name.as_str() {
                "r_l" => "r_l must be a positive float number.".into(),
                _ => (USUAL.unread)(it, why, whole),
            },
            ..USUAL
        },
        _ => USUAL,
    }
}

impl Settings {
    /// Checks what was set against the table of `algorithm`; all faults at once, with paths such
    /// as `algorithmSettings[0].value`. Of a name that is set twice, the last counts.
    pub fn parse(
        algorithm: &str,
        table: &'static [SettingSpec],
        set: &[Setting],
    ) -> Result<Settings, Vec<FieldError>> {
        let manner = manner(algorithm);
        let mut settings = Settings::default();
        let mut faults = Vec::new();
        for (i, setting) in set.iter().enumerate() {
            let Setting { name, value } = setting;
            let path = format!("algorithmSettings[{i}]");
            settings.written.push((name.clone(), value.clone()));
            let Some(spec) = table.iter().find(|spec| spec.name == name) else {
                let text = manner.unknown.map(|text| text(name, algorithm));
                faults.extend(text.map(|text| FieldError::new(format!("{path}.name"), text)));
                continue;
            };
            if let Err(why) = settings.set(spec.name, spec.range, value.trim()) {
                let whole = matches!(spec.range, Range::Whole { .. });
                let text = why.unwrap_or_else(|parse| (manner.unread)(setting, &parse, whole));
                faults.push(FieldError::new(format!("{path}.value"), text));
            }
        }
        if faults.is_empty() { Ok(settings) } else { Err(faults) }
    }

    /// Keeps one value; a fault is either the table's text (`Ok`) or a parser's (`Err`).
    fn set(
        &mut self,
        name: &'static str,
        range: Range,
        value: &str,
    ) -> Result<(), Result<String, String>> {
        self.nones.remove(name);
        match range {
            Range::Whole { min, fault } => {
                let number: i128 = value.parse().map_err(|why| Err(format!("{why}")))?;
                let small = || Ok(fault.replace("{}", value));
                let number = u64::try_from(number)
                    .map_err(|_| if number < 0 { small() } else { Err("too large".into()) })?;
                if number < min {
                    return Err(small());
                }
                self.wholes.insert(name, number);
                Ok(())
            }
            Range::Between { lo, hi, fault } => {
                self.number_in(name, value, fault, |number| lo < number && number < hi)
            }
            Range::AtLeast { min, fault } => {
                self.number_in(name, value, fault, |number| min <= number)
            }
            Range::UpTo { lo, hi, fault } => {
                self.number_in(name, value, fault, |number| lo < number && number <= hi)
            }
            Range::Choice { of, fault } => {
                let known = of.iter().find(|known| **known == value);
                self.texts.insert(name, known.ok_or_else(|| Ok(fault.replace("{}", value)))?);
                Ok(())
            }
            Range::OrNone(_) if value == "None" => {
                self.numbers.remove(name);
                self.wholes.remove(name);
                self.nones.insert(name);
                Ok(())
            }
            Range::OrNone(range) => self.set(name, *range, value),
            Range::Within { lo, hi, fault } => {
                self.number_in(name, value, fault, |number| lo <= number && number <= hi)
            }
            Range::Text(what) if value.is_empty() => Err(Ok(format!("{name} must be {what}"))),
            Range::Text(_) => {
                self.words.insert(name, value.to_owned());
                Ok(())
            }
        }
    }

    /// Keeps a number that is `within` its range; `{}` in the text of a fault is the number.
    fn number_in(
        &mut self,
        name: &'static str,
        value: &str,
        fault: &str,
        within: impl Fn(f64) -> bool,
    ) -> Result<(), Result<String, String>> {
        let number: f64 = value.parse().map_err(|why| Err(format!("{why}")))?;
        if !(within(number) && number.is_finite()) {
            return Err(Ok(fault.replace("{}", &format!("{number:?}"))));
        }
        self.numbers.insert(name, number);
        Ok(())
    }

    /// A whole number, if it was set.
    pub fn whole(&self, name: &str) -> Option<u64> {
        self.wholes.get(name).copied()
    }

    /// A whole number for counting, if it was set.
    pub fn size(&self, name: &str) -> Option<usize> {
        self.whole(name).map(|n| usize::try_from(n).unwrap_or(usize::MAX))
    }

    /// A number, if it was set.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.numbers.get(name).copied()
    }

    /// One of the texts that a setting accepts, if it was set.
    pub fn text(&self, name: &str) -> Option<&'static str> {
        self.texts.get(name).copied()
    }

    /// A text of its own, if it was set.
    pub fn word(&self, name: &str) -> Option<&str> {
        self.words.get(name).map(String::as_str)
    }

    /// Whether it was set to `None`.
    pub fn is_none(&self, name: &str) -> bool {
        self.nones.contains(name)
    }

    /// Names and values of all that was set, as they were written, in their order.
    pub fn written(&self) -> &[(String, String)] {
        &self.written
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
    }
}
