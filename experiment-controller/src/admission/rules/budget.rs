//! How many trials may run, complete and fail.

use proto::FieldError;

use super::{Case, need};

pub(super) fn check(case: &Case<'_>) -> Vec<FieldError> {
    let spec = case.spec;
    let mut faults = Vec::new();
    let max = spec.max_trial_count;
    let within = |count: i32| max.is_none_or(|max| max <= 0 || count <= max);

    if let Some(max) = max {
        need(0 < max, &mut faults, "spec.maxTrialCount", || {
            format!("must be greater than 0, got {max}; leave it out for no bound")
        });
    }
    if let Some(parallel) = spec.parallel_trial_count {
        let path = "spec.parallelTrialCount";
        need(0 < parallel, &mut faults, path, || {
            format!("must be greater than 0, got {parallel}; leave it out for 3")
        });
        need(within(parallel), &mut faults, path, || beyond(parallel, max));
    }
    if let Some(failed) = spec.max_failed_trial_count {
        let path = "spec.maxFailedTrialCount";
        need(0 <= failed, &mut faults, path, || {
            format!("should not be less than 0, got {failed}; leave it out for no bound")
        });
        need(within(failed), &mut faults, path, || beyond(failed, max));
    }
    faults
}

fn beyond(count: i32, max: Option<i32>) -> String {
    let max = max.unwrap_or_default();
    format!("should be less than or equal to spec.maxTrialCount, which is {max}, got {count}")
}
