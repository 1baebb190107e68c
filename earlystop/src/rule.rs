//! A stopping rule and what it decides.

use std::borrow::Borrow;

use proto::FieldError;
use proto::kinds::{EarlyStoppingSpec, Setting};
use suggestion::Direction;
use suggestion::settings::Settings;

use crate::curve::Curve;
use crate::registry::{self, Entry};

/// Decides by curves alone: no clock, no memory, no chance.
pub(crate) trait Decide: std::fmt::Debug + Send + Sync {
    /// Why a running trial is to be given up, in a sentence for its owner: what was compared with
    /// what. None while it may go on.
    ///
    /// `others` are all other trials of the experiment with a curve, however they stand.
    fn stop(&self, curve: &Curve, others: &[&Curve]) -> Option<String>;

    /// What can be said beforehand of a trial that has not begun: give it up when its loss, after
    /// this many reports, is worse than this value. For servers that are asked before a trial
    /// begins; none where the rule cannot be said so.
    fn bar(&self, others: &[&Curve]) -> Option<Bar> {
        let _ = others;
        None
    }
}

/// A value that a trial must not be worse than.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// As a loss; the owner's units for a rule that knows no direction.
    pub loss: f64,
    /// How many reports come before it applies.
    pub start: usize,
}

/// What a rule is made of.
pub(crate) struct Draft<'a> {
    /// Its settings, checked each for itself.
    pub(crate) settings: &'a Settings,
    /// Which way the objective goes.
    pub(crate) direction: Direction,
    /// The rule that it asks too.
    pub(crate) inner: Option<Rule>,
}

/// The rule of one experiment, with its settings.
#[derive(Debug)]
pub struct Rule {
    decide: Box<dyn Decide>,
    entry: &'static Entry,
}

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
        let (own, inner) = split(entry, &spec.algorithm_settings);
        let parsed = Settings::parse(entry.name, entry.settings, &own);
        let settings = parsed.map_err(|faults| moved(faults, entry, &spec.algorithm_settings))?;
        let mut faults = (entry.check)(&settings);
        let inner = match settings.text(registry::INNER) {
            Some(name) if entry.inner => {
                let spec =
                    EarlyStoppingSpec { algorithm_name: name.into(), algorithm_settings: inner };
                let parsed = Rule::parse(&spec, direction);
                parsed.map_err(|more| faults.extend(more)).ok()
            }
            _ => None,
        };
        if !faults.is_empty() {
            return Err(faults);
        }
        let decide = (entry.make)(Draft { settings: &settings, direction, inner });
        Ok(Rule { decide, entry })
    }

    /// Whether what other trials report can be the end of one that reports nothing new.
    pub fn compares(&self) -> bool {
        self.entry.compares
    }

    /// Why a running trial is to be given up; none while it may go on. `others` may hold the
    /// trial itself: it is passed over.
    pub fn stop<C: Borrow<Curve>>(&self, curve: &Curve, others: &[C]) -> Option<String> {
        let others = others.iter().map(Borrow::borrow);
        let others: Vec<&Curve> = others.filter(|it| it.trial != curve.trial).collect();
        self.decide.stop(curve, &others)
    }

    /// What can be said beforehand of a trial that has not begun, as a loss.
    pub fn bar(&self, others: &[Curve]) -> Option<Bar> {
        self.decide.bar(&others.iter().collect::<Vec<_>>())
    }
}

/// A setting of the inner rule is written `rule.name`.
const PREFIX: &str = "rule.";

/// The settings of the rule itself, and those of the rule that it asks too.
fn split(entry: &Entry, set: &[Setting]) -> (Vec<Setting>, Vec<Setting>) {
    let (inner, own): (Vec<&Setting>, Vec<&Setting>) =
        set.iter().partition(|it| entry.inner && it.name.starts_with(PREFIX));
    let strip = |it: &Setting| {
        let name = it.name.strip_prefix(PREFIX).unwrap_or(&it.name).to_owned();
        Setting { name, value: it.value.clone() }
    };
    (own.into_iter().cloned().collect(), inner.into_iter().map(strip).collect())
}

/// Faults of a rule's own settings, with the places that they had before those of an inner rule
/// were taken out.
fn moved(faults: Vec<FieldError>, entry: &Entry, set: &[Setting]) -> Vec<FieldError> {
    let own = |it: &(usize, &Setting)| !(entry.inner && it.1.name.starts_with(PREFIX));
    let places: Vec<usize> = set.iter().enumerate().filter(own).map(|(place, _)| place).collect();
    let moved = |mut fault: FieldError| {
        let rest = fault.path.strip_prefix("algorithmSettings[").and_then(|it| it.split_once(']'));
        if let Some((place, rest)) = rest
            && let Some(place) = place.parse::<usize>().ok().and_then(|it| places.get(it))
        {
            fault.path = format!("algorithmSettings[{place}]{rest}");
        }
        fault
    };
    faults.into_iter().map(moved).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, settings: &[(&str, &str)], want: &str) {
        let setting =
            |(name, value): &(&str, &str)| Setting { name: (*name).into(), value: (*value).into() };
        let spec = EarlyStoppingSpec {
            algorithm_name: name.into(),
            algorithm_settings: settings.iter().map(setting).collect(),
        };
        let faults = Rule::parse(&spec, Direction::Minimize).err().unwrap_or_default();
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(faults.join("; "), want, "{name} {settings:?}");
    }

    #[test]
    fn an_unknown_rule_is_refused_by_name() {
        check(
            "meanstop",
            &[],
            "algorithmName: unknown algorithm name meanstop; there are: medianstop, percentile, \
             asha, hyperband, threshold, patient, wilcoxon, curve, none",
        );
    }

    #[test]
    fn settings_are_checked_with_katibs_texts() {
        let one = |name: &str, value: &str, want: &str| {
            let want = match want {
                "" => String::new(),
                text if text.starts_with("unknown") => format!("algorithmSettings[0].name: {text}"),
                text => format!("algorithmSettings[0].value: {text}"),
            };
            check("medianstop", &[(name, value)], &want);
        };
        one("min_trials_required", "1", "");
        one("start_step", " 1 ", "");
        one("average", "mean", "");
        one("min_trials_required", "0", "min_trials_required must be greater than zero (>0)");
        one("start_step", "-1", "start_step must be greater or equal than one (>=1)");
        one("start_step", "0", "start_step must be greater or equal than one (>=1)");
        one("stop", "1", "unknown setting stop for algorithm medianstop");
        one(
            "start_step",
            "four",
            "failed to validate start_step(four): invalid digit found in string",
        );
        one("average", "mode", "average mode is not supported; it may be median or mean");
    }

    #[test]
    fn settings_of_an_inner_rule_are_its_own() {
        check("patient", &[("rule", "asha"), ("rule.reduction_factor", "4")], "");
        check(
            "patient",
            &[("rule", "asha"), ("rule.start_step", "4"), ("patience", "0")],
            "algorithmSettings[2].value: patience must be greater than zero, got 0",
        );
        check(
            "patient",
            &[("rule", "asha"), ("rule.start_step", "4")],
            "algorithmSettings[0].name: unknown setting start_step for algorithm asha",
        );
        check(
            "medianstop",
            &[("rule.start_step", "4")],
            "algorithmSettings[0].name: unknown setting rule.start_step for algorithm medianstop",
        );
    }
}
