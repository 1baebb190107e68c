//! What a trial runs: where the template is, and what must be said beside it.

use proto::FieldError;
use proto::kinds::{ConfigMapSource, TrialTemplate};
use serde_json::Value;

use super::super::complete::container_names;
use super::{Case, need};
use crate::template::{self, CONFIG_MAP, INLINE};

const TEMPLATE: &str = "spec.trialTemplate";

pub(super) fn check(case: &Case<'_>) -> Vec<FieldError> {
    let Some(template) = &case.spec.trial_template else {
        let message = "must be specified: trialSpec holds the manifest that each trial runs";
        return vec![FieldError::new(TEMPLATE, message)];
    };
    let mut faults = source(template);
    if template.trial_spec.is_none() && template.config_map.is_none() {
        // Most kinds say the rest by themselves.
        return faults;
    }
    let mut conditions = |value: &str, name: &str, what: &str| {
        need(!value.is_empty(), &mut faults, &format!("{TEMPLATE}.{name}"), || {
            format!(
                "must be specified: a GJSON query over the workload that finds something once it has {what}"
            )
        });
    };
    conditions(&template.success_condition, "successCondition", "succeeded");
    conditions(&template.failure_condition, "failureCondition", "failed");
    faults.extend(container(case, template));
    faults
}

/// The ConfigMap's text, where the template is in one that exists.
pub(super) fn text(case: &Case<'_>, template: &TrialTemplate) -> Option<String> {
    let source = template.config_map.as_ref()?;
    let found = (case.lookup)("configmaps", &source.config_map_namespace, &source.config_map_name)?;
    found["data"].get(&source.template_path)?.as_str().map(str::to_owned)
}

/// The template as a tree, its placeholders still in it; none when there is no such tree.
pub(super) fn raw(case: &Case<'_>, template: &TrialTemplate) -> Option<Value> {
    if template.trial_spec.is_some() == template.config_map.is_some() {
        return None;
    }
    template::raw(template, text(case, template).as_deref()).ok()
}

fn source(template: &TrialTemplate) -> Vec<FieldError> {
    let mut faults = Vec::new();
    match (&template.trial_spec, &template.config_map) {
        (None, None) => faults.push(FieldError::new(
            INLINE,
            "must be specified: the manifest that each trial runs, or configMap for one in a \
             ConfigMap",
        )),
        (Some(_), Some(_)) => faults.push(FieldError::new(
            CONFIG_MAP,
            "only one of trialSpec and configMap can be specified; leave one out",
        )),
        (Some(_), None) => {}
        (None, Some(source)) => faults.extend(config_map(source)),
    }
    faults
}

fn config_map(source: &ConfigMapSource) -> Vec<FieldError> {
    let mut faults = Vec::new();
    let fields = [
        (&source.config_map_name, "configMapName"),
        (&source.config_map_namespace, "configMapNamespace"),
        (&source.template_path, "templatePath"),
    ];
    for (value, name) in fields {
        need(!value.is_empty(), &mut faults, &format!("{CONFIG_MAP}.{name}"), || {
            "must be specified: configMapName, configMapNamespace and templatePath say where the \
             template is"
                .into()
        });
    }
    faults
}

/// The primary container must be in a pod template, where pod templates are known.
fn container(case: &Case<'_>, template: &TrialTemplate) -> Option<FieldError> {
    let path = format!("{TEMPLATE}.primaryContainerName");
    let there = raw(case, template).map(|raw| container_names(&raw)).unwrap_or_default();
    let list = there.iter().map(|it| format!("\"{it}\"")).collect::<Vec<_>>().join(", ");
    let name = &template.primary_container_name;
    if name.is_empty() {
        let way_out =
            if there.is_empty() { String::new() } else { format!("; the template has {list}") };
        let message = format!("must be specified: the container whose metrics count{way_out}");
        return Some(FieldError::new(path, message));
    }
    (!there.is_empty() && !there.contains(name)).then(|| {
        FieldError::new(
            path,
            format!("no container of the template is named \"{name}\"; it has {list}"),
        )
    })
}
