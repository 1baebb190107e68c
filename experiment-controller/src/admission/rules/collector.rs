//! Where metrics come from: the collector, its source and its filters.

use metrics_collector::Parser;
use platform::workload;
use proto::FieldError;
use proto::kinds::{FileSystemPath, MetricsCollectorSpec};

use super::{Case, need, one_of};

const KINDS: &[&str] = &["StdOut", "File", "TensorFlowEvent", "PrometheusMetric", "Custom", "Push"];
/// The kinds that this version collects; the others are refused, so that no trial runs in vain.
const COLLECTED: &[&str] = &["StdOut", "File", "Push"];
const SOURCE: &str = "spec.metricsCollectorSpec.source";
const PATH: &str = "spec.metricsCollectorSpec.source.fileSystemPath";
const KIND: &str = "spec.metricsCollectorSpec.collector.kind";

pub(super) fn check(case: &Case<'_>) -> Vec<FieldError> {
    let Some(metrics) = &case.spec.metrics_collector_spec else { return Vec::new() };
    let kind = metrics.collector.as_ref().map_or("StdOut", |it| it.kind.as_str());
    let mut faults = Vec::new();
    need(KINDS.contains(&kind), &mut faults, KIND, || {
        format!("invalid metrics collector kind \"{kind}\": must be {}", one_of(KINDS))
    });
    need(!KINDS.contains(&kind) || COLLECTED.contains(&kind), &mut faults, KIND, || {
        format!("\"{kind}\" is not collected by this version; use {}", one_of(COLLECTED))
    });
    if kind == "File" {
        file(metrics, &mut faults);
        faults.extend(sidecar(case));
    }
    if faults.is_empty() {
        // What the parser itself refuses: filters that do not compile or lack their two groups.
        let refused = Parser::new(metrics, &[]).err().into_iter().flatten();
        faults.extend(refused.map(|fault| fault.under("spec.metricsCollectorSpec")));
    }
    faults
}

fn file(metrics: &MetricsCollectorSpec, faults: &mut Vec<FieldError>) {
    let source = metrics.source.clone().unwrap_or_default();
    let FileSystemPath { path, kind, format } = source.file_system_path.unwrap_or_default();
    need(kind == "File", faults, &format!("{PATH}.kind"), || {
        format!("must be \"File\" for the File collector, got \"{kind}\"")
    });
    need(["TEXT", "JSON"].contains(&format.as_str()), faults, &format!("{PATH}.format"), || {
        format!("must be \"TEXT\" or \"JSON\", got \"{format}\"")
    });
    let inside = !path.is_empty() && path.split('/').all(|part| part != "..");
    need(inside && !path.ends_with('/'), faults, &format!("{PATH}.path"), || {
        format!(
            "must be the path of a file, absolute or below the pod's directory, without \"..\", got \
             \"{path}\""
        )
    });
    need(format != "JSON" || source.filter.is_none(), faults, &format!("{SOURCE}.filter"), || {
        "must be left out with the format JSON: every key of a line is a metric's name".into()
    });
}

/// Files inside a pod need a collector in it, which must be written into the pod's template.
fn sidecar(case: &Case<'_>) -> Option<FieldError> {
    let inline = case.spec.trial_template.as_ref()?.trial_spec.as_ref()?;
    let kind = inline["kind"].as_str()?;
    if !workload::pod_templates(inline).is_empty() {
        return None;
    }
    let known = workload::WORKLOADS.iter().any(|it| it.kind == kind && it.pod_templates.is_some());
    let why =
        if known { "this one has no pod template" } else { "its pod templates are not known" };
    let message = format!(
        "File needs a collector in the pods of {kind}, and {why}; use StdOut or Push with it"
    );
    Some(FieldError::new(KIND, message))
}
