//! Every stopping rule there is: to be listed here is to be under the laws.

use suggestion::Direction;

use crate::median;
use crate::rule::Decide;
use crate::settings::Settings;

/// A rule by name, with what can be set.
#[derive(Debug)]
pub struct Entry {
    /// Name in `earlyStopping.algorithmName`.
    pub name: &'static str,
    /// One sentence: when it stops a trial.
    pub about: &'static str,
    /// What can be set.
    pub settings: &'static [SettingSpec],
    /// Makes the rule; `settings` have been checked.
    pub(crate) make: fn(&Settings, Direction) -> Box<dyn Decide>,
}

/// One setting of a rule.
#[derive(Debug)]
pub struct SettingSpec {
    /// Name of the setting.
    pub name: &'static str,
    /// Its value when it is not set.
    pub default: &'static str,
    /// What it accepts.
    pub range: Range,
    /// One sentence: what it does.
    pub meaning: &'static str,
}

/// What a setting accepts.
#[derive(Debug)]
pub enum Range {
    /// A whole number from `min` on; `fault` is said of smaller ones.
    Count {
        /// Smallest accepted.
        min: usize,
        /// What is said of a smaller one.
        fault: &'static str,
    },
    /// One of these words.
    OneOf(&'static [&'static str]),
}

const RULES: &[Entry] = &[median::ENTRY];

/// Every rule, for listings and laws.
pub fn rules() -> &'static [Entry] {
    RULES
}

/// The rule called `name`.
pub fn find(name: &str) -> Option<&'static Entry> {
    RULES.iter().find(|entry| entry.name == name)
}

/// The names of all rules.
pub fn names() -> Vec<&'static str> {
    RULES.iter().map(|entry| entry.name).collect()
}
