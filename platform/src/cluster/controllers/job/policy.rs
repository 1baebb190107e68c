//! `podFailurePolicy`: what a failed pod means to its job.

use k8s_openapi::api::batch::v1::{JobSpec, PodFailurePolicyRule};

use super::observe::{Attempt, Phase};

/// The attempts as the policy counts them, and whether one of them fails the job.
pub(super) fn judge(spec: &JobSpec, seen: &[Attempt]) -> (Vec<Attempt>, bool) {
    let mut judged = seen.to_vec();
    let Some(policy) = &spec.pod_failure_policy else { return (judged, false) };
    let mut fails = false;
    for attempt in &mut judged {
        if !matches!(attempt.phase, Phase::Failed | Phase::Disrupted) {
            continue;
        }
        let rule = policy.rules.iter().find(|it| fits(it, attempt));
        match rule.map(|it| it.action.as_str()) {
            Some("FailJob") => fails = true,
            // Made again, and not counted.
            Some("Ignore") => attempt.phase = Phase::Disrupted,
            Some(_) => attempt.phase = Phase::Failed,
            None => {}
        }
    }
    (judged, fails)
}

fn fits(rule: &PodFailurePolicyRule, attempt: &Attempt) -> bool {
    if let Some(codes) = &rule.on_exit_codes {
        let about = |name: &str| codes.container_name.as_deref().is_none_or(|it| it == name);
        let failed = attempt.codes.iter().filter(|(name, code)| *code != 0 && about(name));
        return failed.clone().any(|(_, code)| match codes.operator.as_str() {
            "In" => codes.values.contains(code),
            _ => !codes.values.contains(code),
        });
    }
    rule.on_pod_conditions.iter().flatten().any(|wanted| {
        let status = wanted.status.as_deref().unwrap_or("True");
        attempt.conditions.iter().any(|(type_, is)| *type_ == wanted.type_ && is == status)
    })
}
