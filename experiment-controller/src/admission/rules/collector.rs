//! Where metrics come from: the collector, its source and its filters.

use metrics_collector::Parser;
use metrics_collector::prometheus::Selector;
use platform::workload;
use proto::FieldError;
use proto::kinds::{FileSystemPath, MetricsCollectorSpec, SourceSpec};
use serde_json::Value;

use super::{Case, need, one_of};
use crate::trial::value::Wanted;

const KINDS: &[&str] = &["StdOut", "File", "TensorFlowEvent", "PrometheusMetric", "Custom", "Push"];
const SOURCE: &str = "spec.metricsCollectorSpec.source";
const PATH: &str = "spec.metricsCollectorSpec.source.fileSystemPath";
const ENDPOINT: &str = "spec.metricsCollectorSpec.source.httpGet";
const KIND: &str = "spec.metricsCollectorSpec.collector.kind";
const CUSTOM: &str = "spec.metricsCollectorSpec.collector.customCollector";

pub(super) fn check(case: &Case<'_>) -> Vec<FieldError> {
    let Some(metrics) = &case.spec.metrics_collector_spec else { return Vec::new() };
    let kind = metrics.collector.as_ref().map_or("StdOut", |it| it.kind.as_str());
    let mut faults = Vec::new();
    need(KINDS.contains(&kind), &mut faults, KIND, || {
        format!("invalid metrics collector kind \"{kind}\": must be {}", one_of(KINDS))
    });
    let source = metrics.source.clone().unwrap_or_default();
    match kind {
        "File" => file(&source, &mut faults),
        "TensorFlowEvent" => events(&source, &mut faults),
        "PrometheusMetric" => endpoint(case, &source, &mut faults),
        "Custom" => custom(metrics, &source, &mut faults),
        _ => {}
    }
    if !matches!(kind, "StdOut" | "Push") && KINDS.contains(&kind) {
        faults.extend(sidecar(case, kind));
    }
    if faults.is_empty() {
        // What the parser itself refuses: filters that do not compile or lack their two groups.
        let refused = Parser::new(metrics, &[]).err().into_iter().flatten();
        faults.extend(refused.map(|fault| fault.under("spec.metricsCollectorSpec")));
    }
    faults
}

fn file(source: &SourceSpec, faults: &mut Vec<FieldError>) {
    let FileSystemPath { path, kind, format } = source.file_system_path.clone().unwrap_or_default();
    need(kind == "File", faults, &format!("{PATH}.kind"), || {
        format!("must be \"File\" for the File collector, got \"{kind}\"")
    });
    need(["TEXT", "JSON"].contains(&format.as_str()), faults, &format!("{PATH}.format"), || {
        format!("must be \"TEXT\" or \"JSON\", got \"{format}\"")
    });
    let fits = is_inside(&path) && !path.ends_with('/');
    need(fits, faults, &format!("{PATH}.path"), || {
        format!(
            "must be the path of a file, absolute or below the pod's directory, without \"..\", got \
             \"{path}\""
        )
    });
    need(format != "JSON" || source.filter.is_none(), faults, &format!("{SOURCE}.filter"), || {
        "must be left out with the format JSON: every key of a line is a metric's name".into()
    });
}

fn events(source: &SourceSpec, faults: &mut Vec<FieldError>) {
    let FileSystemPath { path, kind, format } = source.file_system_path.clone().unwrap_or_default();
    need(kind == "Directory", faults, &format!("{PATH}.kind"), || {
        format!("must be \"Directory\" for the TensorFlowEvent collector, got \"{kind}\"")
    });
    need(format.is_empty(), faults, &format!("{PATH}.format"), || {
        format!("must be left out: event files have a format of their own, got \"{format}\"")
    });
    need(is_inside(&path), faults, &format!("{PATH}.path"), || {
        format!(
            "must be the path of a folder, absolute or below the pod's directory, without \"..\", \
             got \"{path}\""
        )
    });
    need(source.filter.is_none(), faults, &format!("{SOURCE}.filter"), || {
        "must be left out: the tags of event files are the metrics' names".into()
    });
}

fn endpoint(case: &Case<'_>, source: &SourceSpec, faults: &mut Vec<FieldError>) {
    let endpoint = source.http_get.clone().unwrap_or_default();
    let port = match &endpoint["port"] {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let fits = port.is_some_and(|port| (1..=65535).contains(&port));
    need(fits, faults, &format!("{ENDPOINT}.port"), || {
        format!("must be a number from 1 to 65535, got {}", endpoint["port"])
    });
    let path = endpoint["path"].as_str().unwrap_or_default();
    need(path.starts_with('/'), faults, &format!("{ENDPOINT}.path"), || {
        format!("must begin with \"/\", got \"{path}\"")
    });
    let scheme = endpoint["scheme"].as_str().unwrap_or("HTTP");
    need(scheme.eq_ignore_ascii_case("HTTP"), faults, &format!("{ENDPOINT}.scheme"), || {
        format!("must be \"HTTP\": the collector asks within the pod, got \"{scheme}\"")
    });
    need(source.filter.is_none(), faults, &format!("{SOURCE}.filter"), || {
        "must be left out: the names of the endpoint's samples are the metrics' names".into()
    });
    for name in Wanted::of(case.spec).names() {
        need(Selector::parse(name).is_some(), faults, "spec.objective", || {
            format!(
                "the metric \"{name}\" is no name in Prometheus' format; it is read as \
                 accuracy or accuracy{{set=\"validation\"}}"
            )
        });
    }
}

fn custom(metrics: &MetricsCollectorSpec, source: &SourceSpec, faults: &mut Vec<FieldError>) {
    let container = metrics.collector.as_ref().and_then(|it| it.custom_collector.as_ref());
    let name = container.and_then(|it| it["name"].as_str()).unwrap_or_default();
    need(container.is_some(), faults, CUSTOM, || {
        "must be a container: the Custom collector runs beside the trial's, and what it prints \
         are the metrics"
            .into()
    });
    need(container.is_none() || !name.is_empty(), faults, &format!("{CUSTOM}.name"), || {
        "must be the name of the container, got \"\"".into()
    });
    if let Some(FileSystemPath { path, kind, .. }) = &source.file_system_path {
        let kinds = ["File", "Directory"];
        need(kinds.contains(&kind.as_str()), faults, &format!("{PATH}.kind"), || {
            format!("must be {}, got \"{kind}\"", one_of(&kinds))
        });
        need(path.starts_with('/') && is_inside(path), faults, &format!("{PATH}.path"), || {
            format!("must be an absolute path without \"..\", got \"{path}\"")
        });
    }
}

fn is_inside(path: &str) -> bool {
    !path.is_empty() && path.split('/').all(|part| part != "..")
}

/// What is inside a pod needs a collector in it, which must be written into the pod's template.
fn sidecar(case: &Case<'_>, collector: &str) -> Option<FieldError> {
    let inline = case.spec.trial_template.as_ref()?.trial_spec.as_ref()?;
    let kind = inline["kind"].as_str()?;
    if !workload::pod_templates(inline).is_empty() {
        return None;
    }
    let known = workload::WORKLOADS.iter().any(|it| it.kind == kind && it.pod_templates.is_some());
    let why =
        if known { "this one has no pod template" } else { "its pod templates are not known" };
    let message = format!(
        "{collector} needs a collector in the pods of {kind}, and {why}; use StdOut or Push with it"
    );
    Some(FieldError::new(KIND, message))
}
