//! Settings of a rule, checked once: the texts are those that Katib's clients see.

use std::collections::BTreeMap;

use proto::FieldError;
use proto::kinds::Setting;

use crate::registry::{Entry, Range};

/// The checked settings of one rule, defaults filled in.
#[derive(Debug)]
pub(crate) struct Settings(BTreeMap<&'static str, String>);

impl Settings {
    /// Checks what was set against the rule's table; all faults at once.
    pub(crate) fn parse(entry: &Entry, set: &[Setting]) -> Result<Settings, Vec<FieldError>> {
        let default = entry.settings.iter().map(|spec| (spec.name, spec.default.to_owned()));
        let mut values: BTreeMap<_, _> = default.collect();
        let mut faults = Vec::new();
        for (i, setting) in set.iter().enumerate() {
            let path = format!("algorithmSettings[{i}]");
            let Some(spec) = entry.settings.iter().find(|spec| spec.name == setting.name) else {
                let text = format!("unknown setting {} for algorithm {}", setting.name, entry.name);
                faults.push(FieldError::new(format!("{path}.name"), text));
                continue;
            };
            match fault(&spec.range, &setting.name, &setting.value) {
                Some(text) => faults.push(FieldError::new(format!("{path}.value"), text)),
                None => drop(values.insert(spec.name, setting.value.trim().to_owned())),
            }
        }
        if faults.is_empty() { Ok(Settings(values)) } else { Err(faults) }
    }

    /// The text of a setting.
    ///
    /// # Panics
    /// Where the rule's own table has no setting of that name.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).expect("the rule's table lists every setting that the rule reads")
    }

    /// A setting whose range is [`Range::Count`].
    pub(crate) fn count(&self, name: &str) -> usize {
        self.text(name).parse().expect("counts were parsed when the settings were checked")
    }
}

/// What is wrong with a value, if anything.
fn fault(range: &Range, name: &str, value: &str) -> Option<String> {
    match range {
        Range::Count { min, fault } => match value.trim().parse::<i64>() {
            Err(why) => Some(format!("failed to validate {name}({value}): {why}")),
            Ok(count) if usize::try_from(count).is_ok_and(|count| *min <= count) => None,
            Ok(_) => Some((*fault).to_owned()),
        },
        Range::OneOf(words) if words.contains(&value.trim()) => None,
        Range::OneOf(words) => {
            Some(format!("{name} {value} is not supported; it may be {}", words.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use proto::kinds::Setting;

    use super::*;
    use crate::registry;

    fn check(name: &str, value: &str, want: &str) {
        let set = [Setting { name: name.into(), value: value.into() }];
        let entry = registry::find("medianstop").unwrap();
        let got = Settings::parse(entry, &set).err().map(|faults| faults[0].message.clone());
        assert_eq!(got.unwrap_or_default(), want, "{name}={value}");
    }

    #[test]
    fn settings_are_checked_with_katibs_texts() {
        check("min_trials_required", "1", "");
        check("start_step", " 1 ", "");
        check("average", "mean", "");
        check("min_trials_required", "0", "min_trials_required must be greater than zero (>0)");
        check("start_step", "-1", "start_step must be greater or equal than one (>=1)");
        check("start_step", "0", "start_step must be greater or equal than one (>=1)");
        check("stop", "1", "unknown setting stop for algorithm medianstop");
        check(
            "start_step",
            "four",
            "failed to validate start_step(four): invalid digit found in string",
        );
        check("average", "mode", "average mode is not supported; it may be median, mean");
    }
}
