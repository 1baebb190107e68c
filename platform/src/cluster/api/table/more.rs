//! The columns of built-in kinds that are seen less often.

use serde_json::{Value, json};

use super::super::kinds::Kind;
use super::super::selectors::label_selector_text;
use super::age_of;
use super::built_in::{Row, list, text_or};

const REPLICA_SET: &[Row] = &[
    ("Name", "string", false),
    ("Desired", "integer", false),
    ("Current", "integer", false),
    ("Ready", "integer", false),
    ("Age", "string", false),
    ("Containers", "string", true),
    ("Images", "string", true),
    ("Selector", "string", true),
];
const STATEFUL_SET: &[Row] = &[
    ("Name", "string", false),
    ("Ready", "string", false),
    ("Age", "string", false),
    ("Containers", "string", true),
    ("Images", "string", true),
];
const CRON_JOB: &[Row] = &[
    ("Name", "string", false),
    ("Schedule", "string", false),
    ("Timezone", "string", false),
    ("Suspend", "boolean", false),
    ("Active", "integer", false),
    ("Last Schedule", "string", false),
    ("Age", "string", false),
    ("Containers", "string", true),
    ("Images", "string", true),
];
const ACCOUNT: &[Row] =
    &[("Name", "string", false), ("Secrets", "string", false), ("Age", "string", false)];
const CREATED: &[Row] = &[("Name", "string", false), ("Created At", "date", false)];
const BINDING: &[Row] =
    &[("Name", "string", false), ("Role", "string", false), ("Age", "string", false)];
const CLAIM: &[Row] = &[
    ("Name", "string", false),
    ("Status", "string", false),
    ("Volume", "string", false),
    ("Capacity", "string", false),
    ("Access Modes", "string", false),
    ("StorageClass", "string", false),
    ("Age", "string", false),
];
const QUOTA: &[Row] = &[
    ("Name", "string", false),
    ("Request", "string", false),
    ("Limit", "string", false),
    ("Age", "string", false),
];
const ENDPOINTS: &[Row] =
    &[("Name", "string", false), ("Endpoints", "string", false), ("Age", "string", false)];
const LEASE: &[Row] =
    &[("Name", "string", false), ("Holder", "string", false), ("Age", "string", false)];
const REVISION: &[Row] = &[
    ("Name", "string", false),
    ("Controller", "string", false),
    ("Revision", "integer", false),
    ("Age", "string", false),
];

pub(super) fn rows(kind: &Kind) -> Option<&'static [Row]> {
    Some(match kind.kind.as_str() {
        "ReplicaSet" => REPLICA_SET,
        "StatefulSet" => STATEFUL_SET,
        "CronJob" => CRON_JOB,
        "ServiceAccount" => ACCOUNT,
        "Role" | "ClusterRole" | "LimitRange" => CREATED,
        "RoleBinding" | "ClusterRoleBinding" => BINDING,
        "PersistentVolumeClaim" => CLAIM,
        "ResourceQuota" => QUOTA,
        "Endpoints" => ENDPOINTS,
        "Lease" => LEASE,
        "ControllerRevision" => REVISION,
        _ => return None,
    })
}

/// The cells under those columns.
pub(super) fn cells(kind: &Kind, object: &Value, now: jiff::Timestamp) -> Vec<Value> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let age = json!(age_of(&object["metadata"]["creationTimestamp"], now));
    let name = object["metadata"]["name"].clone();
    let count = |value: &Value| json!(value.as_i64().unwrap_or(0));
    match kind.kind.as_str() {
        "ReplicaSet" => {
            let [containers, images] = containers(&spec["template"]);
            let selector = json!(label_selector_text(&spec["selector"]));
            let counts = [&spec["replicas"], &status["replicas"], &status["readyReplicas"]];
            let [desired, current, ready] = counts.map(count);
            vec![name, desired, current, ready, age, containers, images, selector]
        }
        "StatefulSet" => {
            let [containers, images] = containers(&spec["template"]);
            let ready = format!("{}/{}", count(&status["readyReplicas"]), count(&spec["replicas"]));
            vec![name, json!(ready), age, containers, images]
        }
        "CronJob" => cron(object, name, age, now),
        "ServiceAccount" => vec![name, json!(list(&object["secrets"]).len().to_string()), age],
        "RoleBinding" | "ClusterRoleBinding" => {
            let role = &object["roleRef"];
            let text = |key: &str| role[key].as_str().unwrap_or_default();
            vec![name, json!(format!("{}/{}", text("kind"), text("name"))), age]
        }
        "PersistentVolumeClaim" => {
            let modes = list(&spec["accessModes"]).iter().filter_map(Value::as_str).map(short_mode);
            let modes = modes.collect::<Vec<_>>().join(",");
            let capacity = text_or(&status["capacity"]["storage"], "");
            let volume = text_or(&spec["volumeName"], "");
            let class = text_or(&spec["storageClassName"], "");
            vec![name, text_or(&status["phase"], ""), volume, capacity, json!(modes), class, age]
        }
        "ResourceQuota" => {
            let shown = |limits: bool| {
                let all = status["hard"].as_object().into_iter().flatten();
                let some = all.filter(|(key, _)| key.starts_with("limits.") == limits);
                let text = |it: &Value| it.as_str().unwrap_or("0").to_owned();
                let one = |(key, hard): (&String, &Value)| {
                    format!("{key}: {}/{}", text(&status["used"][key]), text(hard))
                };
                json!(some.map(one).collect::<Vec<_>>().join(", "))
            };
            vec![name, shown(false), shown(true), age]
        }
        "Endpoints" => vec![name, json!(endpoints(object)), age],
        "Lease" => vec![name, text_or(&spec["holderIdentity"], ""), age],
        "ControllerRevision" => {
            let owner = &object["metadata"]["ownerReferences"][0];
            let text = |key: &str| owner[key].as_str().unwrap_or_default();
            let owner = format!("{}/{}", text("kind").to_lowercase(), text("name"));
            vec![name, json!(owner), count(&object["revision"]), age]
        }
        _ => vec![name, object["metadata"]["creationTimestamp"].clone()],
    }
}

fn containers(template: &Value) -> [Value; 2] {
    ["name", "image"].map(|field| {
        let all = list(&template["spec"]["containers"]).iter();
        json!(all.filter_map(|it| it[field].as_str()).collect::<Vec<_>>().join(","))
    })
}

fn cron(object: &Value, name: Value, age: Value, now: jiff::Timestamp) -> Vec<Value> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let last = match &status["lastScheduleTime"] {
        Value::Null => json!("<none>"),
        time => json!(age_of(time, now)),
    };
    let [containers, images] = containers(&spec["jobTemplate"]["spec"]["template"]);
    let suspend = if spec["suspend"] == true { "True" } else { "False" };
    vec![
        name,
        spec["schedule"].clone(),
        text_or(&spec["timeZone"], "<none>"),
        json!(suspend),
        json!(list(&status["active"]).len()),
        last,
        age,
        containers,
        images,
    ]
}

fn short_mode(mode: &str) -> &str {
    match mode {
        "ReadWriteOnce" => "RWO",
        "ReadOnlyMany" => "ROX",
        "ReadWriteMany" => "RWX",
        "ReadWriteOncePod" => "RWOP",
        other => other,
    }
}

fn endpoints(object: &Value) -> String {
    let mut all = Vec::new();
    for subset in list(&object["subsets"]) {
        for port in list(&subset["ports"]) {
            let addresses = list(&subset["addresses"]).iter();
            all.extend(
                addresses.filter_map(|it| Some(format!("{}:{}", it["ip"].as_str()?, port["port"]))),
            );
        }
    }
    match all.len() {
        0 => "<none>".to_owned(),
        1..=3 => all.join(","),
        count => format!("{} + {} more...", all[..3].join(","), count - 3),
    }
}
