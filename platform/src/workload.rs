//! The kinds of object that a trial may run as: where their pod templates are, and how each
//! tells running, done and failed. One table; a kind that is not in it works too, if the
//! manifest brings its own conditions.

use serde_json::Value;

/// What is known of a kind of workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workload {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// Kind.
    pub kind: &'static str,
    /// Where its pod templates are: a JSON pointer in which `*` stands for every key. None when
    /// nothing can be written into its pods, so that a collector inside them is refused.
    pub pod_templates: Option<&'static str>,
    /// GJSON query that finds something once it has succeeded; empty when the manifest must say.
    pub success: &'static str,
    /// GJSON query that finds something once it has failed; empty when the manifest must say.
    pub failure: &'static str,
    /// Labels of the pod whose metrics count.
    pub primary_labels: &'static [(&'static str, &'static str)],
}

/// How a workload stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Neither condition holds.
    Running,
    /// The success condition holds.
    Succeeded(Why),
    /// The failure condition holds.
    Failed(Why),
}

/// What the workload itself says of its end; both may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Why {
    /// One word.
    pub reason: String,
    /// A sentence.
    pub message: String,
}

const COMPLETE: &str = r#"status.conditions.#(type=="Complete")#|#(status=="True")#"#;
const SUCCEEDED: &str = r#"status.conditions.#(type=="Succeeded")#|#(status=="True")#"#;
const FAILED: &str = r#"status.conditions.#(type=="Failed")#|#(status=="True")#"#;
const MASTER: &[(&str, &str)] = &[("training.kubeflow.org/job-role", "master")];
const FIRST_NODE: &[(&str, &str)] = &[
    ("jobset.sigs.k8s.io/replicatedjob-name", "node"),
    ("batch.kubernetes.io/job-completion-index", "0"),
];

/// Every kind that is known by name. The conditions and labels are those that Katib fills in.
pub const WORKLOADS: &[Workload] = &[
    Workload {
        group: "batch",
        kind: "Job",
        pod_templates: Some("/spec/template"),
        success: COMPLETE,
        failure: FAILED,
        primary_labels: &[],
    },
    Workload {
        group: "",
        kind: "Pod",
        pod_templates: Some(""),
        success: r#"status.[@this].#(phase=="Succeeded")#"#,
        failure: r#"status.[@this].#(phase=="Failed")#"#,
        primary_labels: &[],
    },
    training("TFJob", "/spec/tfReplicaSpecs/*/template", MASTER),
    training("PyTorchJob", "/spec/pytorchReplicaSpecs/*/template", MASTER),
    training("XGBoostJob", "/spec/xgbReplicaSpecs/*/template", MASTER),
    training("MPIJob", "/spec/mpiReplicaSpecs/*/template", MASTER),
    training("PaddleJob", "/spec/paddleReplicaSpecs/*/template", &[]),
    training("JAXJob", "/spec/jaxReplicaSpecs/*/template", &[]),
    training("MXJob", "/spec/mxReplicaSpecs/*/template", &[]),
    Workload {
        group: "trainer.kubeflow.org",
        kind: "TrainJob",
        pod_templates: None,
        success: COMPLETE,
        failure: FAILED,
        primary_labels: FIRST_NODE,
    },
];

/// A job of the training operator: they differ in name and in where the replicas stand.
const fn training(
    kind: &'static str,
    pod_templates: &'static str,
    primary_labels: &'static [(&'static str, &'static str)],
) -> Workload {
    Workload {
        group: "kubeflow.org",
        kind,
        pod_templates: Some(pod_templates),
        success: SUCCEEDED,
        failure: FAILED,
        primary_labels,
    }
}

/// What is known of a kind; none for a kind that nobody here has heard of.
pub fn find(group: &str, kind: &str) -> Option<&'static Workload> {
    WORKLOADS.iter().find(|it| it.group == group && it.kind == kind)
}

/// JSON pointers of every pod template in a manifest of a known kind, in the order of keys.
/// A pod template is an object with `metadata` and `spec`.
pub fn pod_templates(manifest: &Value) -> Vec<String> {
    let group = match manifest["apiVersion"].as_str().unwrap_or_default().split_once('/') {
        Some((group, _)) => group,
        None => "",
    };
    let known = find(group, manifest["kind"].as_str().unwrap_or_default());
    match known.and_then(|it| it.pod_templates) {
        Some(pattern) => expand(manifest, pattern),
        None => Vec::new(),
    }
}

/// How a workload stands, by its two conditions; failure is asked first, as Katib does.
pub fn state(object: &Value, success: &str, failure: &str) -> State {
    let text = object.to_string();
    if let Some(why) = holds(&text, failure) {
        return State::Failed(why);
    }
    match holds(&text, success) {
        Some(why) => State::Succeeded(why),
        None => State::Running,
    }
}

/// A condition holds when its query finds an object, or a list that is not empty.
fn holds(text: &str, query: &str) -> Option<Why> {
    if query.is_empty() {
        return None;
    }
    let found = gjson::get(text, query);
    let first = match found.kind() {
        gjson::Kind::Object => found,
        gjson::Kind::Array => found.array().into_iter().next()?,
        _ => return None,
    };
    let field = |name: &str| first.get(name).str().to_owned();
    Some(Why { reason: field("reason"), message: field("message") })
}

fn expand(manifest: &Value, pattern: &str) -> Vec<String> {
    let Some((before, after)) = pattern.split_once("/*") else {
        return manifest.pointer(pattern).map(|_| pattern.to_owned()).into_iter().collect();
    };
    let Some(Value::Object(replicas)) = manifest.pointer(before) else { return Vec::new() };
    let pointer = |key: &String| format!("{before}/{}{after}", escape(key));
    replicas.keys().map(pointer).filter(|it| manifest.pointer(it).is_some()).collect()
}

/// Escapes a key for use in a JSON pointer (RFC 6901).
fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(conditions: Value) -> Value {
        json!({"apiVersion": "batch/v1", "kind": "Job", "status": {"conditions": conditions}})
    }

    fn check(object: &Value, want: State) {
        let kind = find("batch", "Job").unwrap();
        assert_eq!(state(object, kind.success, kind.failure), want, "{object}");
    }

    #[test]
    fn a_job_tells_how_it_stands() {
        check(&json!({}), State::Running);
        check(&job(json!([])), State::Running);
        check(&job(json!([{"type": "Complete", "status": "False"}])), State::Running);
        check(
            &job(json!([{"type": "Complete", "status": "True", "reason": "Done", "message": "m"}])),
            State::Succeeded(Why { reason: "Done".into(), message: "m".into() }),
        );
        let both = json!([
            {"type": "Complete", "status": "True"},
            {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"},
        ]);
        check(
            &job(both),
            State::Failed(Why { reason: "BackoffLimitExceeded".into(), message: String::new() }),
        );
    }

    #[test]
    fn a_pod_tells_by_its_phase() {
        let pod = find("", "Pod").unwrap();
        let of = |phase| state(&json!({"status": {"phase": phase}}), pod.success, pod.failure);
        assert_eq!(of("Running"), State::Running);
        assert_eq!(of("Succeeded"), State::Succeeded(Why::default()));
        assert_eq!(of("Failed"), State::Failed(Why::default()));
    }

    #[test]
    fn a_condition_that_the_manifest_brings_works_on_any_kind() {
        let run = json!({"status": {"phase": "Succeeded", "message": "all steps ran"}});
        let query = r#"status.[@this].#(phase=="Succeeded")#"#;
        let why = Why { reason: String::new(), message: "all steps ran".into() };
        assert_eq!(state(&run, query, ""), State::Succeeded(why));
        assert_eq!(state(&run, "", ""), State::Running);
    }

    #[test]
    fn pod_templates_are_found_in_every_replica() {
        let manifest = json!({
            "apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob",
            "spec": {"pytorchReplicaSpecs": {
                "Master": {"template": {"spec": {}}}, "Worker": {"template": {"spec": {}}},
                "Broken": {},
            }},
        });
        let below = "/spec/pytorchReplicaSpecs";
        let want = vec![format!("{below}/Master/template"), format!("{below}/Worker/template")];
        assert_eq!(pod_templates(&manifest), want);
    }

    #[test]
    fn a_pod_is_its_own_template_and_an_unknown_kind_has_none() {
        assert_eq!(pod_templates(&json!({"apiVersion": "v1", "kind": "Pod"})), [String::new()]);
        let foreign = json!({"apiVersion": "batch.volcano.sh/v1", "kind": "Job"});
        assert_eq!(pod_templates(&foreign), Vec::<String>::new());
    }

    #[test]
    fn no_kind_stands_twice() {
        for (at, one) in WORKLOADS.iter().enumerate() {
            let same = |it: &Workload| (it.group, it.kind) == (one.group, one.kind);
            assert_eq!(WORKLOADS.iter().position(same), Some(at));
        }
    }
}
