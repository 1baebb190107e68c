//! From template to manifest: fills `${trialParameters.lr}` with the values of one trial.
//!
//! An inline template is a tree: its strings and keys are filled, and stay strings. A ConfigMap's
//! template is text, so that a bare `replicas: ${trialParameters.n}` becomes a number. No value
//! can change the shape of either.

mod reference;
mod text;

use std::collections::BTreeMap;

use proto::FieldError;
use proto::kinds::{ParameterAssignment, ParameterSpec, TrialTemplate};
use serde_json::{Value, json};

pub use reference::{Facts, METADATA_REFERENCES, Reference};
pub use text::{PREFIX, parse_text, placeholders, texts};

/// Where an inline template stands in an experiment.
pub const INLINE: &str = "spec.trialTemplate.trialSpec";
/// Where an experiment says which text of a ConfigMap is its template.
pub const CONFIG_MAP: &str = "spec.trialTemplate.configMap";
const PARAMETERS: &str = "spec.trialTemplate.trialParameters";

/// All that a trial's manifest is made of.
#[derive(Clone, Copy, Debug)]
pub struct Rendering<'a> {
    /// The template, as the experiment has it.
    pub template: &'a TrialTemplate,
    /// Text of the ConfigMap's key, where the template is in one.
    pub text: Option<&'a str>,
    /// The parameters of the experiment. One that has conditions is filled by an empty text in
    /// trials where it does not count.
    pub parameters: &'a [ParameterSpec],
    /// The values of the trial.
    pub assignments: &'a [ParameterAssignment],
    /// Name of the trial; becomes the manifest's. Namespace of the trial, too.
    pub trial: Facts<'a>,
}

/// The manifest of one trial: every placeholder filled, named and placed.
///
/// Errors (paths from the experiment's root): no template, text that is no YAML object, a
/// placeholder that no trial parameter fills, a reference to something that is not there.
pub fn render(rendering: &Rendering<'_>) -> Result<Value, Vec<FieldError>> {
    let raw = raw(rendering.template, rendering.text).map_err(|fault| vec![fault])?;
    let values = values(rendering, &raw)?;
    let faults = unfilled(rendering.template, &raw, |name| values.contains_key(name));
    if !faults.is_empty() {
        return Err(faults);
    }

    let inline = rendering.template.trial_spec.is_some();
    let mut manifest = match rendering.text {
        Some(text) if !inline => {
            let parsed = parse_text(text, &values);
            let parsed = parsed.map_err(|it| vec![FieldError::new(CONFIG_MAP, it)])?;
            text::filled(&parsed, &values)
        }
        _ => text::filled(&raw, &values),
    };
    let metadata = &mut manifest["metadata"];
    if !metadata.is_object() {
        *metadata = json!({});
    }
    metadata["name"] = rendering.trial.name.into();
    metadata["namespace"] = rendering.trial.namespace.into();
    Ok(manifest)
}

/// The template as a tree, its placeholders still in it; `text` is that of the ConfigMap.
pub fn raw(template: &TrialTemplate, text: Option<&str>) -> Result<Value, FieldError> {
    let (path, value) = match (&template.trial_spec, text) {
        (Some(inline), _) => (INLINE, inline.clone()),
        (None, Some(text)) => {
            let parsed = parse_text(text, &BTreeMap::new());
            (CONFIG_MAP, parsed.map_err(|it| FieldError::new(CONFIG_MAP, it))?)
        }
        (None, None) if template.config_map.is_some() => {
            let gone = "the ConfigMap, or the key templatePath in it, does not exist";
            return Err(FieldError::new(CONFIG_MAP, gone));
        }
        (None, None) => {
            let gone = "must be specified: trialSpec or configMap holds what a trial runs";
            return Err(FieldError::new("spec.trialTemplate", gone));
        }
    };
    if value.is_object() {
        Ok(value)
    } else {
        Err(FieldError::new(path, "must be an object with apiVersion, kind and spec"))
    }
}

/// A fault for each placeholder of the template that `known` does not know, told once.
pub fn unfilled(
    template: &TrialTemplate,
    raw: &Value,
    known: impl Fn(&str) -> bool,
) -> Vec<FieldError> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let inline = template.trial_spec.is_some();
    texts(raw, if inline { INLINE } else { CONFIG_MAP }, &mut |path, text| {
        for name in placeholders(text).filter(|name| !known(name)) {
            let path = if inline { path } else { CONFIG_MAP };
            found.entry(name.to_owned()).or_insert_with(|| path.to_owned());
        }
    });
    let fault = |(name, path): (String, String)| {
        let message = format!(
            "no trial parameter fills {PREFIX}{name}}}; add one of that name to {PARAMETERS}, or \
             correct the placeholder"
        );
        FieldError::new(path, message)
    };
    found.into_iter().map(fault).collect()
}

/// What fills each placeholder, by its name.
fn values(
    rendering: &Rendering<'_>,
    raw: &Value,
) -> Result<BTreeMap<String, String>, Vec<FieldError>> {
    let assigned = |name: &str| {
        let found = rendering.assignments.iter().find(|it| it.name == name);
        let conditional = |it: &ParameterSpec| it.name == name && it.when.is_some();
        let empty = || rendering.parameters.iter().any(conditional).then(String::new);
        let value = found.map(|it| it.value.clone()).or_else(empty);
        value.ok_or_else(|| format!("the trial has no value for \"{name}\""))
    };
    let mut values = BTreeMap::new();
    let mut faults = Vec::new();
    let parameters = rendering.template.trial_parameters.iter().flatten();
    for (index, parameter) in parameters.enumerate() {
        let value = Reference::parse(&parameter.reference).and_then(|reference| {
            let fact = reference.fact(&rendering.trial, raw);
            fact.unwrap_or_else(|| assigned(&parameter.reference))
        });
        match value {
            Ok(value) => drop(values.insert(parameter.name.clone(), value)),
            Err(why) => {
                faults.push(FieldError::new(format!("{PARAMETERS}[{index}].reference"), why));
            }
        }
    }
    if faults.is_empty() { Ok(values) } else { Err(faults) }
}

#[cfg(test)]
mod tests;
