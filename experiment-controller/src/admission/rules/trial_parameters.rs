//! Placeholders: each trial parameter is used and filled, each placeholder and parameter has one.

use std::collections::BTreeSet;

use proto::FieldError;
use proto::kinds::{ParameterSpec, TrialParameterSpec, TrialTemplate};
use serde_json::Value;

use super::super::nearest;
use super::template::raw;
use super::{Case, need};
use crate::template::{self, Facts, METADATA_REFERENCES, PREFIX, Reference};

const PARAMETERS: &str = "spec.trialTemplate.trialParameters";

pub(super) fn check(case: &Case<'_>) -> Vec<FieldError> {
    let Some(template) = &case.spec.trial_template else { return Vec::new() };
    let Some(given) = &template.trial_parameters else {
        let message = "must be specified: the placeholders of the template and the parameters that \
                       fill them";
        return vec![FieldError::new(PARAMETERS, message)];
    };
    let raw = raw(case, template);
    let mut faults = Vec::new();
    for (index, parameter) in given.iter().enumerate() {
        let path = format!("{PARAMETERS}[{index}]");
        name(parameter, &given[..index], &path, &mut faults);
        reference(case, parameter, &given[..index], &path, &mut faults);
        if let Some(raw) = &raw {
            filled(parameter, raw, &path, &mut faults);
        }
    }
    if let Some(raw) = &raw {
        faults.extend(template::unfilled(template, raw, |name| {
            given.iter().any(|it| it.name == name)
        }));
    }
    faults.extend(unused(case, given));
    faults
}

/// What fills a placeholder where its parameter does not count.
fn empty(case: &Case<'_>) -> Vec<String> {
    let given = case.spec.trial_template.iter().flat_map(|it| it.trial_parameters.iter().flatten());
    let mut remarks = Vec::new();
    for (index, parameter) in given.enumerate() {
        let refers = |it: &&ParameterSpec| it.name == parameter.reference;
        let referred = case.spec.parameters.iter().find(refers);
        if let Some(when) = referred.and_then(|it| it.when.as_ref()) {
            remarks.push(format!(
                "{PARAMETERS}[{index}]: {PREFIX}{}}} is an empty text in trials where \"{}\" is none \
                 of {}",
                parameter.name,
                when.parameter,
                when.values.join(", ")
            ));
        }
    }
    remarks
}

/// A fact about the trial that the template names itself is not filled, as with Katib; and a
/// parameter that does not count is an empty text.
pub(super) fn remarks(case: &Case<'_>) -> Vec<String> {
    let mut remarks = empty(case);
    remarks.extend(inline_facts(case));
    remarks
}

fn inline_facts(case: &Case<'_>) -> Vec<String> {
    let template = case.spec.trial_template.as_ref();
    let Some(raw) = template.and_then(|it| raw(case, it)) else { return Vec::new() };
    let mut remarks = Vec::new();
    template::texts(&raw, template::INLINE, &mut |path, text| {
        if text.contains("${trialSpec.") {
            remarks.push(format!(
                "{path}: ${{trialSpec.…}} is left as it is; to fill it in, make it the reference of \
                 a trial parameter"
            ));
        }
    });
    remarks
}

fn name(
    parameter: &TrialParameterSpec,
    earlier: &[TrialParameterSpec],
    path: &str,
    faults: &mut Vec<FieldError>,
) {
    let name = &parameter.name;
    let path = format!("{path}.name");
    need(!name.is_empty() && !name.contains(['{', '}']), faults, &path, || {
        format!("must be specified, and must not contain \"{{\" or \"}}\", got \"{name}\"")
    });
    need(name.is_empty() || earlier.iter().all(|it| it.name != *name), faults, &path, || {
        format!("\"{name}\" is there twice; trial parameters need different names")
    });
}

fn reference(
    case: &Case<'_>,
    parameter: &TrialParameterSpec,
    earlier: &[TrialParameterSpec],
    path: &str,
    faults: &mut Vec<FieldError>,
) {
    let reference = &parameter.reference;
    let path = format!("{path}.reference");
    if reference.is_empty() {
        let message = format!(
            "must be specified: a parameter of the experiment, or one of {METADATA_REFERENCES}"
        );
        faults.push(FieldError::new(path, message));
        return;
    }
    need(earlier.iter().all(|it| it.reference != *reference), faults, &path, || {
        format!("\"{reference}\" is referred to twice; use one placeholder for both")
    });
    let known = || case.spec.parameters.iter().map(|it| it.name.as_str());
    match Reference::parse(reference) {
        Err(message) => faults.push(FieldError::new(path, message)),
        // Where parameters lack their names, that is told, and the reference may mean one of them.
        Ok(Reference::Parameter(name)) if are_named(case) => {
            need(known().any(|it| it == name), faults, &path, || {
                let hint = nearest(name, known());
                let hint = hint.map_or(String::new(), |it| format!(" (did you mean \"{it}\"?)"));
                format!(
                    "\"{name}\" is no parameter in spec.parameters{hint} and none of \
                     {METADATA_REFERENCES}"
                )
            });
        }
        Ok(_) => {}
    }
}

fn are_named(case: &Case<'_>) -> bool {
    let parameters = &case.spec.parameters;
    !parameters.is_empty() && parameters.iter().all(|it| !it.name.is_empty())
}

/// The template has the placeholder, and the fact that fills it where it is one.
fn filled(parameter: &TrialParameterSpec, raw: &Value, path: &str, faults: &mut Vec<FieldError>) {
    let name = &parameter.name;
    let mut used = false;
    template::texts(raw, "", &mut |_, text| {
        used |= template::placeholders(text).any(|it| it == name);
    });
    need(used || name.is_empty(), faults, &format!("{path}.name"), || {
        format!(
            "{PREFIX}{name}}} is not in the template; put it there, or leave this parameter out"
        )
    });
    let fact =
        Reference::parse(&parameter.reference).ok().and_then(|it| it.fact(&Facts::default(), raw));
    if let Some(Err(message)) = fact {
        faults.push(FieldError::new(format!("{path}.reference"), message));
    }
}

/// A parameter that no trial parameter refers to would be searched in vain.
fn unused(case: &Case<'_>, given: &[TrialParameterSpec]) -> Vec<FieldError> {
    let referred: BTreeSet<&str> = given.iter().map(|it| it.reference.as_str()).collect();
    let parameters = case.spec.parameters.iter().enumerate();
    let unused = parameters.filter(|(_, it)| !it.name.is_empty() && !referred.contains(&*it.name));
    let fault = |(index, parameter): (usize, &ParameterSpec)| {
        let name = &parameter.name;
        let message = format!(
            "no trial parameter refers to \"{name}\", so its value would reach no trial; add one to \
             {PARAMETERS}, or leave the parameter out"
        );
        FieldError::new(format!("spec.parameters[{index}].name"), message)
    };
    unused.map(fault).collect()
}

/// Values to render a template with: one from each parameter's space, or a text for whatever a
/// search over networks gives.
pub(super) fn samples(case: &Case<'_>) -> Vec<proto::kinds::ParameterAssignment> {
    let sample = |parameter: &ParameterSpec| {
        let space = parameter.feasible_space.clone().unwrap_or_default();
        let value = space.list.into_iter().next().unwrap_or(space.min);
        proto::kinds::ParameterAssignment { name: parameter.name.clone(), value }
    };
    let given = case.spec.trial_template.as_ref().and_then(|it| it.trial_parameters.as_ref());
    let network = given.filter(|_| case.spec.nas_config.is_some()).into_iter().flatten();
    let texts = network.map(|it| proto::kinds::ParameterAssignment {
        name: it.reference.clone(),
        value: "[]".into(),
    });
    case.spec.parameters.iter().map(sample).chain(texts).collect()
}

/// Whether every placeholder of the template has a value to fill it.
pub(super) fn sound(case: &Case<'_>, template: &TrialTemplate) -> bool {
    template.trial_parameters.is_some() && are_named(case) && check(case).is_empty()
}
