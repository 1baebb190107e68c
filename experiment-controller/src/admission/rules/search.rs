//! How to search: parameters, algorithm, early stopping, and whether a finished search may go on.

use earlystop::{Direction, Rule};
use proto::FieldError;
use serde_json::Value;
use suggestion::Problem;

use super::{Case, need, one_of};
use crate::suggestion::config;

const POLICIES: &[&str] = &["Never", "LongRunning", "FromVolume"];

pub(super) fn check(case: &Case<'_>) -> Vec<FieldError> {
    let spec = case.spec;
    let mut faults = Vec::new();
    need(POLICIES.contains(&spec.resume_policy.as_str()), &mut faults, "spec.resumePolicy", || {
        format!(
            "invalid ResumePolicyType: must be {}, got \"{}\"",
            one_of(POLICIES),
            spec.resume_policy
        )
    });
    match (spec.parameters.is_empty(), &spec.nas_config) {
        (true, None) => faults.push(FieldError::new(
            "spec.parameters",
            "must be specified: at least one parameter to search over",
        )),
        (false, Some(_)) => faults.push(FieldError::new(
            "spec.nasConfig",
            "only one of spec.parameters and spec.nasConfig can be specified; leave one out",
        )),
        (true, Some(_)) | (false, None) => {
            let found = Problem::check(spec).into_iter().map(|fault| fault.under("spec"));
            // An algorithm that another server has is that server's to judge, and so are networks.
            let theirs = |it: &FieldError| {
                ["spec.algorithm.", "spec.nasConfig."].iter().any(|part| it.path.starts_with(part))
            };
            let elsewhere = is_elsewhere(case);
            faults.extend(found.filter(|it| !(elsewhere && theirs(it))));
            if elsewhere {
                faults.extend(untold(case));
            }
        }
    }
    if let Some(stopping) = &spec.early_stopping {
        // Either direction will do: only the faults are wanted.
        let found = Rule::parse(stopping, Direction::Minimize).err().into_iter().flatten();
        // A rule that another server has is that server's to judge.
        let found = found.filter(|_| !stops_elsewhere(case, &stopping.algorithm_name));
        faults.extend(found.map(|fault| fault.under("spec.earlyStopping")));
    }
    faults
}

/// What another server could not be told: Katib's protocol has no word for it.
fn untold(case: &Case<'_>) -> Vec<FieldError> {
    let spec = case.spec;
    let mut faults = Vec::new();
    let name = spec.algorithm.as_ref().map_or("", |it| it.algorithm_name.as_str());
    let mut refuse = |there: bool, path: String| {
        need(!there, &mut faults, &path, || {
            format!(
                "cannot be told to the server of the algorithm \"{name}\", since Katib's protocol \
                 has no word for it; leave it out, or use an algorithm of `qalam algorithms`"
            )
        });
    };
    refuse(1 < spec.objectives.len(), "spec.objectives".into());
    refuse(!spec.constraints.is_empty(), "spec.constraints".into());
    refuse(!spec.forbidden.is_empty(), "spec.forbidden".into());
    refuse(!spec.initial_points.is_empty(), "spec.initialPoints".into());
    for (index, parameter) in spec.parameters.iter().enumerate() {
        refuse(parameter.when.is_some(), format!("spec.parameters[{index}].when"));
        refuse(parameter.prior.is_some(), format!("spec.parameters[{index}].prior"));
    }
    faults
}

/// Whether KatibConfig names a server for the early-stopping rule.
fn stops_elsewhere(case: &Case<'_>, rule: &str) -> bool {
    let Some(map) = (case.lookup)("configmaps", config::NAMESPACE, config::NAME) else {
        return false;
    };
    let text = map["data"][config::KEY].as_str().unwrap_or_default();
    config::stopping_address(text, rule).is_ok_and(|it| it.is_some())
}

/// Whether KatibConfig names a server for the algorithm.
fn is_elsewhere(case: &Case<'_>) -> bool {
    let name = case.spec.algorithm.as_ref().map_or("", |it| it.algorithm_name.as_str());
    let Some(map) = (case.lookup)("configmaps", config::NAMESPACE, config::NAME) else {
        return false;
    };
    let text = map["data"][config::KEY].as_str().unwrap_or_default();
    let config: Value = serde_saphyr::from_str(text).unwrap_or_default();
    let services = config["runtime"]["suggestions"].as_array().into_iter().flatten();
    let addressed = |it: &Value| it["address"].as_str().is_some_and(|it| !it.is_empty());
    services.into_iter().any(|it| it["algorithmName"] == name && addressed(it))
}
