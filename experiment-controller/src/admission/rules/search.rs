//! How to search: parameters, algorithm, early stopping, and whether a finished search may go on.

use proto::FieldError;
use suggestion::{Problem, Seed};

use super::{Case, need, one_of};

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
        (true, Some(_)) => faults.push(FieldError::new(
            "spec.nasConfig",
            "no algorithm here searches over architectures; describe the choices as spec.parameters",
        )),
        (false, None) => {}
    }
    if !spec.parameters.is_empty() {
        // Any seed will do: only the faults are wanted.
        let found = Problem::parse(spec, Seed(0)).err().into_iter().flatten();
        faults.extend(found.map(|fault| fault.under("spec")));
    }
    faults
}
