//! Every stopping rule there is: to be listed here is to be under the laws.

use proto::FieldError;
use suggestion::settings::{SettingSpec, Settings};

use crate::rule::{Decide, Draft};
use crate::{
    asha, extrapolation, hyperband, median, none, patient, percentile, threshold, wilcoxon,
};

/// A rule by name, with what can be set.
pub struct Entry {
    /// Name in `earlyStopping.algorithmName`.
    pub name: &'static str,
    /// A sentence or two: when it stops a trial, and after whom.
    pub about: &'static str,
    /// What can be set.
    pub settings: &'static [SettingSpec],
    /// Whether it compares a trial with others; else its own curve is all that counts.
    pub compares: bool,
    /// Whether it asks another rule too, which its setting `rule` names.
    pub(crate) inner: bool,
    /// What does not fit among settings that are each sound.
    pub(crate) check: fn(&Settings) -> Vec<FieldError>,
    /// Makes the rule; its settings have been checked.
    pub(crate) make: fn(Draft<'_>) -> Box<dyn Decide>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.name)
    }
}

/// The setting with the name of a rule that is asked too.
pub(crate) const INNER: &str = "rule";

const RULES: &[Entry] = &[
    median::ENTRY,
    percentile::ENTRY,
    asha::ENTRY,
    hyperband::ENTRY,
    threshold::ENTRY,
    patient::ENTRY,
    wilcoxon::ENTRY,
    extrapolation::ENTRY,
    none::ENTRY,
];

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

/// For rules whose settings are sound together if each is.
pub(crate) fn fits(_: &Settings) -> Vec<FieldError> {
    Vec::new()
}
