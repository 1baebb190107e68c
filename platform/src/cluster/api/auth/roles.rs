//! The roles that every cluster has, and who holds them from the start.

use serde_json::{Value, json};

use super::{AUTHENTICATED, MASTERS};
use crate::cluster::store::{Expected, Key, Store, WriteError};

const API: &str = "rbac.authorization.k8s.io/v1";
const READ: [&str; 3] = ["get", "list", "watch"];
const WRITE: [&str; 8] =
    ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// Makes those that are missing; what an owner has changed stays.
///
/// # Errors
/// When the store cannot write.
pub(in crate::cluster) async fn install(store: &Store) -> Result<(), WriteError> {
    let roles = roles().into_iter().chain(parts()).map(|it| ("clusterroles", it));
    let bindings = bindings().into_iter().map(|it| ("clusterrolebindings", it));
    for (plural, mut object) in roles.chain(bindings) {
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let key = Key::new(format!("{plural}.rbac.authorization.k8s.io"), "", name);
        object["metadata"]["uid"] = json!(uuid::Uuid::new_v4().to_string());
        object["metadata"]["creationTimestamp"] = json!(crate::cluster::api::now());
        object["metadata"]["labels"]["kubernetes.io/bootstrapping"] = json!("rbac-defaults");
        match store.put(key, Expected::Absent, object).await {
            Ok(_) | Err(WriteError::Unexpected) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn role(name: &str, rules: Value) -> Value {
    json!({"apiVersion": API, "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules})
}

/// A role of kinds, which larger ones may take in.
fn part(name: &str, into: &str, rules: Value) -> Value {
    let mut role = role(name, rules);
    let label = format!("rbac.authorization.k8s.io/aggregate-to-{into}");
    role["metadata"]["labels"][label] = json!("true");
    role
}

fn whole(name: &str, takes_in: &[&str]) -> Value {
    let selector = |into: &&str| {
        let label = format!("rbac.authorization.k8s.io/aggregate-to-{into}");
        json!({"matchLabels": {label: "true"}})
    };
    let mut role = role(name, json!([]));
    role["aggregationRule"]["clusterRoleSelectors"] = takes_in.iter().map(selector).collect();
    role
}

fn kinds(verbs: &[&str], group: &str, resources: &[&str]) -> Value {
    json!({"verbs": verbs, "apiGroups": [group], "resources": resources})
}

fn roles() -> Vec<Value> {
    let paths = [
        "/api",
        "/api/*",
        "/apis",
        "/apis/*",
        "/openapi",
        "/openapi/*",
        "/version",
        "/version/",
        "/healthz",
        "/livez",
        "/readyz",
    ];
    let access = "authorization.k8s.io";
    vec![
        role(
            "cluster-admin",
            json!([
                {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
                {"verbs": ["*"], "nonResourceURLs": ["*"]},
            ]),
        ),
        role("system:discovery", json!([{"verbs": ["get"], "nonResourceURLs": paths}])),
        role(
            "system:basic-user",
            json!([
                kinds(
                    &["create"],
                    access,
                    &["selfsubjectaccessreviews", "selfsubjectrulesreviews"]
                ),
                kinds(&["create"], "authentication.k8s.io", &["selfsubjectreviews"]),
            ]),
        ),
        whole("admin", &["admin", "edit", "view"]),
        whole("edit", &["edit", "view"]),
        whole("view", &["view"]),
        part(
            "system:aggregate-to-admin",
            "admin",
            json!([
                kinds(&WRITE, "rbac.authorization.k8s.io", &["roles", "rolebindings"]),
                kinds(&["create"], access, &["localsubjectaccessreviews"]),
            ]),
        ),
    ]
}

/// What those may do who work in a namespace, and those who look.
fn parts() -> Vec<Value> {
    let plain = [
        "configmaps",
        "endpoints",
        "persistentvolumeclaims",
        "pods",
        "serviceaccounts",
        "services",
    ];
    let workloads = [
        "deployments",
        "deployments/scale",
        "replicasets",
        "statefulsets",
        "statefulsets/scale",
        "controllerrevisions",
    ];
    let trials = ["experiments", "suggestions", "trials"];
    vec![
        part(
            "system:aggregate-to-edit",
            "edit",
            json!([
                kinds(&WRITE, "", &plain),
                kinds(&WRITE, "", &["secrets", "events"]),
                kinds(&["create"], "", &["serviceaccounts/token", "pods/eviction"]),
                kinds(&WRITE, "apps", &workloads),
                kinds(&WRITE, "batch", &["jobs", "cronjobs"]),
                kinds(&WRITE, "coordination.k8s.io", &["leases"]),
                kinds(&WRITE, "kubeflow.org", &trials),
            ]),
        ),
        part(
            "system:aggregate-to-view",
            "view",
            json!([
                kinds(&READ, "", &plain),
                kinds(
                    &READ,
                    "",
                    &[
                        "pods/log",
                        "pods/status",
                        "events",
                        "namespaces",
                        "limitranges",
                        "resourcequotas",
                        "persistentvolumeclaims/status",
                        "services/status"
                    ]
                ),
                kinds(&READ, "events.k8s.io", &["events"]),
                kinds(&READ, "discovery.k8s.io", &["endpointslices"]),
                kinds(&READ, "apps", &workloads),
                kinds(
                    &READ,
                    "apps",
                    &["deployments/status", "replicasets/status", "statefulsets/status"]
                ),
                kinds(&READ, "batch", &["jobs", "cronjobs", "jobs/status", "cronjobs/status"]),
                kinds(&READ, "kubeflow.org", &trials),
                kinds(
                    &READ,
                    "kubeflow.org",
                    &["experiments/status", "suggestions/status", "trials/status"]
                ),
            ]),
        ),
    ]
}

fn bindings() -> Vec<Value> {
    let to = |role: &str, group: &str| {
        json!({
            "apiVersion": API, "kind": "ClusterRoleBinding", "metadata": {"name": role},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group}],
        })
    };
    vec![
        to("cluster-admin", MASTERS),
        to("system:discovery", AUTHENTICATED),
        to("system:basic-user", AUTHENTICATED),
    ]
}
