//! What a job gets filled in when it is created: Kubernetes' defaults, and the selector by which
//! its pods are found.

use serde_json::{Map, Value, json};

use crate::cluster::admission::{Admission, Outcome, Review};

/// Completes jobs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Door;

impl Admission for Door {
    fn applies(&self, group: &str, kind: &str) -> bool {
        (group, kind) == ("batch", "Job")
    }

    fn review(&self, review: Review<'_>) -> Outcome {
        complete(review.object);
        Outcome::default()
    }
}

fn complete(job: &mut Value) {
    let (name, uid) = (job["metadata"]["name"].clone(), job["metadata"]["uid"].clone());
    let Some(spec) = job["spec"].as_object_mut() else { return };
    if !spec.contains_key("parallelism") && !spec.contains_key("completions") {
        spec.insert("completions".into(), json!(1));
    }
    fill(spec, "parallelism", json!(1));
    fill(spec, "backoffLimit", json!(6));
    fill(spec, "completionMode", json!("NonIndexed"));
    fill(spec, "suspend", json!(false));
    fill(spec, "podReplacementPolicy", json!("TerminatingOrFailed"));
    if spec.get("manualSelector") == Some(&json!(true)) || !uid.is_string() {
        return;
    }
    fill(spec, "selector", json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}));
    let Some(template) = spec.get_mut("template").and_then(Value::as_object_mut) else { return };
    let metadata = template.entry("metadata").or_insert_with(|| json!({}));
    let Some(metadata) = metadata.as_object_mut() else { return };
    let labels = metadata.entry("labels").or_insert_with(|| json!({}));
    let Some(labels) = labels.as_object_mut() else { return };
    for (key, value) in [("job-name", name), ("controller-uid", uid)] {
        fill(labels, key, value.clone());
        fill(labels, &format!("batch.kubernetes.io/{key}"), value);
    }
}

fn fill(object: &mut Map<String, Value>, key: &str, value: Value) {
    object.entry(key).or_insert(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_filled_in_and_what_is_there_stays() {
        let mut job = json!({
            "metadata": {"name": "j", "uid": "u"},
            "spec": {"backoffLimit": 2, "template": {"spec": {}}},
        });
        complete(&mut job);
        let spec = &job["spec"];
        assert_eq!(spec["backoffLimit"], 2);
        assert_eq!((&spec["completions"], &spec["parallelism"]), (&json!(1), &json!(1)));
        let selector = &spec["selector"]["matchLabels"]["batch.kubernetes.io/controller-uid"];
        assert_eq!(selector, "u");
        assert_eq!(spec["template"]["metadata"]["labels"]["batch.kubernetes.io/job-name"], "j");
        let once = job.clone();
        complete(&mut job);
        assert_eq!(job, once);
    }

    #[test]
    fn a_work_queue_has_no_completions() {
        let mut job = json!({"metadata": {}, "spec": {"parallelism": 3}});
        complete(&mut job);
        assert_eq!(job["spec"].get("completions"), None);
    }
}
