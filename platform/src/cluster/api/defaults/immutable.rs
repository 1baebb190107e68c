//! Fields of built-in kinds that stay as they were made.

use proto::FieldError;
use serde_json::Value;

use super::super::kinds::Kind;

/// Faults of an update that changes what may not change.
pub(super) fn faults(kind: &Kind, old: &Value, new: &Value) -> Vec<FieldError> {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "ConfigMap" | "Secret") if old["immutable"] == true => sealed(old, new),
        ("", "Secret") => fixed(old, new, &["type"]),
        ("", "PersistentVolumeClaim") => fixed(old, new, &["spec.accessModes", "spec.volumeName"])
            .into_iter()
            .filter(|it| it.path != "spec.volumeName" || !old["spec"]["volumeName"].is_null())
            .collect(),
        ("", "Service") if old["spec"]["clusterIP"].is_string() => {
            fixed(old, new, &["spec.clusterIP"])
        }
        ("apps", "Deployment" | "ReplicaSet") => fixed(old, new, &["spec.selector"]),
        ("apps", "StatefulSet") => {
            let fields = ["spec.selector", "spec.serviceName", "spec.volumeClaimTemplates"];
            fixed(old, new, &fields)
        }
        ("batch", "Job") => fixed(old, new, &["spec.selector", "spec.completionMode"]),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => {
            fixed(old, new, &["roleRef"])
        }
        ("", "Pod") => pod(old, new),
        _ => Vec::new(),
    }
}

fn at<'a>(object: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(object, |value, part| &value[part])
}

fn fixed(old: &Value, new: &Value, paths: &[&str]) -> Vec<FieldError> {
    let changed = paths.iter().filter(|path| at(old, path) != at(new, path));
    changed.map(|path| FieldError::new(*path, "field is immutable")).collect()
}

fn sealed(old: &Value, new: &Value) -> Vec<FieldError> {
    let told = "field is immutable when `immutable` is set";
    let fields = ["data", "binaryData", "immutable"];
    let changed = fields.iter().filter(|field| old[**field] != new[**field]);
    changed.map(|field| FieldError::new(*field, told)).collect()
}

/// Of a pod's spec only what a kubelet can carry out may change.
fn pod(old: &Value, new: &Value) -> Vec<FieldError> {
    let stable = |pod: &Value| {
        let mut spec = pod["spec"].clone();
        if let Some(fields) = spec.as_object_mut() {
            for field in ["activeDeadlineSeconds", "nodeName", "tolerations"] {
                fields.remove(field);
            }
            for list in ["containers", "initContainers"] {
                for container in
                    fields.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten()
                {
                    if let Some(fields) = container.as_object_mut() {
                        fields.remove("image");
                    }
                }
            }
        }
        spec
    };
    if stable(old) == stable(new) {
        return Vec::new();
    }
    let told = "pod updates may not change fields other than the containers' images, \
                activeDeadlineSeconds and tolerations; delete the pod and make another";
    vec![FieldError::new("spec", told)]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::api::kinds::Registry;

    #[test]
    fn what_may_not_change() {
        let check = |group: &str, plural: &str, old: Value, new: Value, count: usize| {
            let kind = Registry::default().find(group, "v1", plural).unwrap();
            assert_eq!(faults(&kind, &old, &new).len(), count, "{old} {new}");
        };
        let pod = |image: &str, command: &str| json!({"spec": {"containers": [{"name": "a", "image": image, "command": [command]}]}});
        check("", "pods", pod("a", "x"), pod("b", "x"), 0);
        check("", "pods", pod("a", "x"), pod("a", "y"), 1);
        let map = |data: &str, sealed: bool| json!({"data": {"k": data}, "immutable": sealed});
        check("", "configmaps", map("a", false), map("b", true), 0);
        check("", "configmaps", map("a", true), map("b", true), 1);
        check("", "configmaps", map("a", true), map("a", false), 1);
    }
}
