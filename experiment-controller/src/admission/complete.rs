//! What the owner left out: Katib's defaults, and `auto` where no algorithm is named.

use platform::workload;
use serde_json::{Map, Value, json};

type Object = Map<String, Value>;

/// Writes the defaults into an experiment. What has the wrong type is left alone: `check` tells it.
pub fn complete(object: &mut Value) {
    let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) else { return };
    drop_nulls(spec);
    // Katib says three, and then refuses a budget of fewer trials than that.
    let most = spec.get("maxTrialCount").and_then(Value::as_i64).filter(|it| 0 < *it);
    default(spec, "parallelTrialCount", || most.map_or(3, |it| it.min(3)).into());
    default(spec, "resumePolicy", || "Never".into());
    default(spec, "algorithm", || json!({"algorithmName": "auto"}));
    if let Some(algorithm) = object_at(spec, "algorithm") {
        default(algorithm, "algorithmName", || "auto".into());
    }
    all_strategies(spec);
    for parameter in spec.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten()
    {
        let Some(parameter) = parameter.as_object_mut() else { continue };
        default(parameter, "feasibleSpace", || json!({}));
        if let Some(space) = object_at(parameter, "feasibleSpace") {
            default(space, "distribution", || "uniform".into());
        }
    }
    if let Some(template) = object_at(spec, "trialTemplate") {
        trial_template(template);
    }
    default(spec, "metricsCollectorSpec", || json!({}));
    if let Some(metrics) = object_at(spec, "metricsCollectorSpec") {
        collector(metrics);
    }
}

/// The strategies of all metrics. A constraint's metric counts by what a trial ends with, and its
/// strategy stands in the first objective if no other names the metric.
fn all_strategies(spec: &mut Object) {
    let constraints = spec.get("constraints").and_then(Value::as_array).into_iter().flatten();
    let bounded = constraints.filter_map(|it| it["metricName"].as_str());
    let bounded: Vec<String> = bounded.map(str::to_owned).filter(|it| !it.is_empty()).collect();
    let mut objectives: Vec<&mut Object> = Vec::new();
    for (name, field) in spec.iter_mut() {
        match (name.as_str(), field) {
            ("objective", Value::Object(one)) => objectives.insert(0, one),
            ("objectives", Value::Array(all)) => {
                objectives.extend(all.iter_mut().filter_map(Value::as_object_mut));
            }
            _ => {}
        }
    }
    objectives.iter_mut().for_each(|it| strategies(it, &bounded));
    let named = |it: &Object, metric: &str| {
        let given = it.get("metricStrategies").and_then(Value::as_array);
        given.into_iter().flatten().any(|it| it["name"] == metric)
    };
    for metric in bounded {
        if objectives.iter().any(|it| named(it, &metric)) {
            continue;
        }
        let first = objectives.first_mut().and_then(|it| it.get_mut("metricStrategies"));
        if let Some(Value::Array(first)) = first {
            first.push(json!({"name": metric, "value": "latest"}));
        }
    }
}

/// Each metric's strategy follows the direction of the objective where none is given; those that
/// are `bounded` by constraints are left out.
fn strategies(objective: &mut Object, bounded: &[String]) {
    let by_direction = match objective.get("type").and_then(Value::as_str) {
        Some("minimize") => "min",
        Some("maximize") => "max",
        _ => "latest",
    };
    let main = objective.get("objectiveMetricName").and_then(Value::as_str);
    let more = objective.get("additionalMetricNames").and_then(Value::as_array);
    let more = more.into_iter().flatten().filter_map(Value::as_str);
    let more = more.filter(|it| bounded.iter().all(|bounded| bounded != it));
    let metrics: Vec<String> = main.into_iter().chain(more).map(str::to_owned).collect();
    default(objective, "metricStrategies", || json!([]));
    let Some(given) = objective.get_mut("metricStrategies").and_then(Value::as_array_mut) else {
        return;
    };
    for metric in metrics.into_iter().filter(|it| !it.is_empty()) {
        if given.iter().all(|it| it["name"] != metric.as_str()) {
            given.push(json!({"name": metric, "value": by_direction}));
        }
    }
}

/// Conditions and labels by the template's kind, and the container where there is but one.
fn trial_template(template: &mut Object) {
    let Some(inline) = template.get("trialSpec").filter(|it| it.is_object()) else { return };
    let kind = inline["kind"].as_str().unwrap_or_default();
    // By kind alone, as Katib does.
    let known = workload::WORKLOADS.iter().find(|it| it.kind == kind);
    let containers = container_names(inline);

    if let Some(known) = known {
        default_text(template, "successCondition", known.success);
        default_text(template, "failureCondition", known.failure);
        if !known.primary_labels.is_empty() {
            let label = |(key, value): &(&str, &str)| ((*key).to_owned(), Value::from(*value));
            let labels: Object = known.primary_labels.iter().map(label).collect();
            default(template, "primaryPodLabels", || Value::Object(labels));
        }
    }
    if let [only] = &containers[..] {
        default_text(template, "primaryContainerName", only);
    }
}

/// Names of the containers in all pod templates of a manifest, each once, in order.
pub(super) fn container_names(manifest: &Value) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for pointer in workload::pod_templates(manifest) {
        let containers = manifest.pointer(&format!("{pointer}/spec/containers"));
        for container in containers.and_then(Value::as_array).into_iter().flatten() {
            match container["name"].as_str() {
                Some(name) if names.iter().all(|it| it != name) => names.push(name.to_owned()),
                _ => {}
            }
        }
    }
    names
}

/// Where each kind of collector looks when the manifest does not say.
fn collector(metrics: &mut Object) {
    default(metrics, "collector", || json!({}));
    let Some(collector) = object_at(metrics, "collector") else { return };
    default(collector, "kind", || "StdOut".into());
    let source = match collector.get("kind").and_then(Value::as_str) {
        Some("File") => json!({"fileSystemPath":
            {"kind": "File", "path": "/var/log/katib/metrics.log", "format": "TEXT"}}),
        Some("TensorFlowEvent") => json!({"fileSystemPath":
            {"kind": "Directory", "path": "/var/log/katib/tfevent/"}}),
        Some("PrometheusMetric") => json!({"httpGet": {"path": "/metrics", "port": 8080}}),
        _ => return,
    };
    default(metrics, "source", || json!({}));
    if let (Some(given), Value::Object(source)) = (metrics.get_mut("source"), source) {
        fill(given, source);
    }
}

/// Writes the fields of `defaults` that `given` lacks, at every level.
fn fill(given: &mut Value, defaults: Object) {
    let Some(given) = given.as_object_mut() else { return };
    for (name, value) in defaults {
        match (given.get_mut(&name), value) {
            (Some(given), Value::Object(inner)) => fill(given, inner),
            (Some(given), value) if *given == "" => *given = value,
            (Some(_), _) => {}
            (None, value) => drop(given.insert(name, value)),
        }
    }
}

fn default(object: &mut Object, name: &str, value: impl FnOnce() -> Value) {
    let given = object.entry(name).or_insert(Value::Null);
    if given.is_null() || *given == "" {
        *given = value();
    }
}

fn default_text(object: &mut Object, name: &str, value: &str) {
    if !value.is_empty() {
        default(object, name, || value.into());
    }
}

fn object_at<'a>(object: &'a mut Object, name: &str) -> Option<&'a mut Object> {
    object.get_mut(name).and_then(Value::as_object_mut)
}

/// A null is a field left out; but manifests of other kinds keep theirs.
fn drop_nulls(object: &mut Object) {
    object.retain(|_, value| !value.is_null());
    for (name, value) in object.iter_mut() {
        if !["trialSpec", "customCollector", "httpGet"].contains(&name.as_str()) {
            drop_nulls_within(value);
        }
    }
}

fn drop_nulls_within(value: &mut Value) {
    match value {
        Value::Object(fields) => drop_nulls(fields),
        Value::Array(items) => items.iter_mut().for_each(drop_nulls_within),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(spec: Value, pointer: &str, want: Value) {
        let mut object = json!({"spec": spec});
        complete(&mut object);
        assert_eq!(object["spec"].pointer(pointer), Some(&want), "{object}");
        let once = object.clone();
        complete(&mut object);
        assert_eq!(object, once, "completing twice changes nothing");
    }

    #[test]
    fn budgets_policy_and_algorithm() {
        check(json!({}), "/parallelTrialCount", json!(3));
        check(json!({"maxTrialCount": 2}), "/parallelTrialCount", json!(2));
        check(json!({"maxTrialCount": -2}), "/parallelTrialCount", json!(3));
        check(json!({"parallelTrialCount": null}), "/parallelTrialCount", json!(3));
        check(json!({"parallelTrialCount": 5}), "/parallelTrialCount", json!(5));
        check(json!({}), "/resumePolicy", json!("Never"));
        check(json!({}), "/algorithm/algorithmName", json!("auto"));
        check(json!({"algorithm": {}}), "/algorithm/algorithmName", json!("auto"));
        check(json!({"algorithm": "grid"}), "/algorithm", json!("grid"));
    }

    #[test]
    fn strategies_follow_the_objective() {
        let objective = json!({"type": "minimize", "objectiveMetricName": "loss",
            "additionalMetricNames": ["accuracy", "time"],
            "metricStrategies": [{"name": "time", "value": "latest"}]});
        let want = json!([{"name": "time", "value": "latest"}, {"name": "loss", "value": "min"},
            {"name": "accuracy", "value": "min"}]);
        check(json!({"objective": objective}), "/objective/metricStrategies", want);
    }

    #[test]
    fn bounded_metrics_count_by_what_a_trial_ends_with() {
        let objectives = json!([
            {"type": "maximize", "objectiveMetricName": "accuracy",
             "additionalMetricNames": ["memory", "loss"]},
            {"type": "minimize", "objectiveMetricName": "latency",
             "metricStrategies": [{"name": "size", "value": "max"}]}]);
        let bound = |metric: &str| json!({"metricName": metric});
        let constraints: Vec<Value> =
            ["memory", "latency", "size", "cost"].into_iter().map(bound).collect();
        let spec = json!({"objectives": objectives, "constraints": constraints});
        let strategy = |name: &str, value: &str| json!({"name": name, "value": value});
        let first = json!([
            strategy("accuracy", "max"),
            strategy("loss", "max"),
            strategy("memory", "latest"),
            strategy("cost", "latest")
        ]);
        check(spec.clone(), "/objectives/0/metricStrategies", first);
        let second = json!([strategy("size", "max"), strategy("latency", "min")]);
        check(spec, "/objectives/1/metricStrategies", second);
        let spec = json!({"objective": {"type": "minimize", "objectiveMetricName": "loss"},
            "constraints": [bound("memory")]});
        let want = json!([strategy("loss", "min"), strategy("memory", "latest")]);
        check(spec, "/objective/metricStrategies", want);
    }

    #[test]
    fn spaces_are_uniform() {
        let parameters = json!([{"name": "a", "feasibleSpace": {"list": ["1"]}}, {"name": "b"}, 3]);
        let spec = json!({"parameters": parameters});
        check(spec.clone(), "/parameters/0/feasibleSpace/distribution", json!("uniform"));
        check(spec, "/parameters/1/feasibleSpace/distribution", json!("uniform"));
    }

    #[test]
    fn templates_by_kind() {
        let of = |inline: Value| json!({"trialTemplate": {"trialSpec": inline}});
        let job = json!({"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": {"spec":
            {"containers": [{"name": "training"}]}}}});
        check(of(job.clone()), "/trialTemplate/primaryContainerName", json!("training"));
        let complete = r#"status.conditions.#(type=="Complete")#|#(status=="True")#"#;
        check(of(job), "/trialTemplate/successCondition", json!(complete));
        let failed = r#"status.conditions.#(type=="Failed")#|#(status=="True")#"#;
        let torch = json!({"apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob"});
        check(of(torch.clone()), "/trialTemplate/failureCondition", json!(failed));
        let master = json!({"training.kubeflow.org/job-role": "master"});
        check(of(torch), "/trialTemplate/primaryPodLabels", master);
    }

    #[test]
    fn collectors_by_kind() {
        let of = |kind: &str| json!({"metricsCollectorSpec": {"collector": {"kind": kind}}});
        check(json!({}), "/metricsCollectorSpec/collector/kind", json!("StdOut"));
        let file = "/metricsCollectorSpec/source/fileSystemPath";
        check(
            of("File"),
            file,
            json!({"kind": "File", "path": "/var/log/katib/metrics.log", "format": "TEXT"}),
        );
        check(
            of("TensorFlowEvent"),
            file,
            json!({"kind": "Directory", "path": "/var/log/katib/tfevent/"}),
        );
        check(of("PrometheusMetric"), "/metricsCollectorSpec/source/httpGet/port", json!(8080));
        let mut given = of("File");
        given["metricsCollectorSpec"]["source"] = json!({"fileSystemPath": {"path": "/a"}});
        check(given, file, json!({"kind": "File", "path": "/a", "format": "TEXT"}));
    }
}
