//! What the API fills in for kinds that make pods, and for services.

use proto::FieldError;
use serde_json::{Value, json};

use super::{fill, fill_job, fill_pod};
use crate::cluster::controllers::cron::plan;

pub(super) fn fill_deployment(spec: &mut Value) {
    let strategy = json!({"type": "RollingUpdate"});
    fill(
        spec,
        &[
            ("replicas", json!(1)),
            ("strategy", strategy),
            ("revisionHistoryLimit", json!(10)),
            ("progressDeadlineSeconds", json!(600)),
        ],
    );
    fill(&mut spec["strategy"], &[("type", json!("RollingUpdate"))]);
    if spec["strategy"]["type"] == "RollingUpdate" {
        let quarter = json!("25%");
        fill(
            &mut spec["strategy"]["rollingUpdate"],
            &[("maxSurge", quarter.clone()), ("maxUnavailable", quarter)],
        );
    }
    fill_pod(&mut spec["template"]["spec"]);
}

pub(super) fn fill_replicas(spec: &mut Value) {
    fill(spec, &[("replicas", json!(1))]);
    fill_pod(&mut spec["template"]["spec"]);
}

pub(super) fn fill_stateful(spec: &mut Value) {
    fill(
        spec,
        &[
            ("replicas", json!(1)),
            ("podManagementPolicy", json!("OrderedReady")),
            ("revisionHistoryLimit", json!(10)),
            ("updateStrategy", json!({"type": "RollingUpdate"})),
        ],
    );
    fill(&mut spec["updateStrategy"], &[("type", json!("RollingUpdate"))]);
    if spec["updateStrategy"]["type"] == "RollingUpdate" {
        fill(&mut spec["updateStrategy"]["rollingUpdate"], &[("partition", json!(0))]);
    }
    fill_pod(&mut spec["template"]["spec"]);
}

pub(super) fn fill_cron(spec: &mut Value) {
    fill(
        spec,
        &[
            ("concurrencyPolicy", json!("Allow")),
            ("failedJobsHistoryLimit", json!(1)),
            ("successfulJobsHistoryLimit", json!(3)),
            ("suspend", json!(false)),
        ],
    );
    fill_pod(&mut spec["jobTemplate"]["spec"]["template"]["spec"]);
}

pub(super) fn fill_service(spec: &mut Value) {
    fill(spec, &[("type", json!("ClusterIP")), ("sessionAffinity", json!("None"))]);
    for port in spec["ports"].as_array_mut().into_iter().flatten() {
        let number = port["port"].clone();
        fill(port, &[("protocol", json!("TCP")), ("targetPort", number)]);
    }
}

/// Fields of containers that clients look for. Images are not pulled at home, so nothing is said of
/// when.
pub(super) fn fill_container(container: &mut Value) {
    if !container.is_object() {
        return;
    }
    for port in container["ports"].as_array_mut().into_iter().flatten() {
        fill(port, &[("protocol", json!("TCP"))]);
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if container[probe].is_object() {
            fill(
                &mut container[probe],
                &[
                    ("failureThreshold", json!(3)),
                    ("periodSeconds", json!(10)),
                    ("successThreshold", json!(1)),
                    ("timeoutSeconds", json!(1)),
                ],
            );
        }
    }
    // What was only looked at must not be there now.
    if let Some(fields) = container.as_object_mut() {
        fields.retain(|_, it| !it.is_null());
    }
}

/// Faults of a schedule, a time zone, and a policy.
pub(super) fn check_cron(spec: &Value) -> Vec<FieldError> {
    let mut faults = Vec::new();
    let text = |key: &str| spec[key].as_str().unwrap_or_default();
    if let Err(error) = plan::parse(text("schedule")) {
        let told = format!("Invalid value: {:?}: {error}", text("schedule"));
        faults.push(FieldError::new("spec.schedule", told));
    }
    if spec["timeZone"].is_string()
        && let Err(error) = plan::zone(Some(text("timeZone")))
    {
        let told = format!("Invalid value: {:?}: unknown time zone: {error}", text("timeZone"));
        faults.push(FieldError::new("spec.timeZone", told));
    }
    if !["Allow", "Forbid", "Replace"].contains(&text("concurrencyPolicy")) {
        let told = format!("needs Allow, Forbid or Replace, got {}", spec["concurrencyPolicy"]);
        faults.push(FieldError::new("spec.concurrencyPolicy", told));
    }
    let mut job = json!({"spec": spec["jobTemplate"]["spec"]});
    fill_job(&mut job);
    let policy = &job["spec"]["template"]["spec"]["restartPolicy"];
    if !matches!(policy.as_str(), Some("Never" | "OnFailure")) {
        let path = "spec.jobTemplate.spec.template.spec.restartPolicy";
        faults.push(FieldError::new(
            path,
            format!("needs Never or OnFailure in a Job, got {policy}"),
        ));
    }
    faults
}
