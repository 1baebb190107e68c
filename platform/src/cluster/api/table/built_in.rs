//! The columns of built-in kinds.

use serde_json::{Value, json};

use super::super::kinds::{Column, Kind};
use super::{age_of, duration};

/// Columns of one kind: name, type, and whether only wide output shows it.
pub(super) type Row = (&'static str, &'static str, bool);

const POD: &[Row] = &[
    ("Name", "string", false),
    ("Ready", "string", false),
    ("Status", "string", false),
    ("Restarts", "string", false),
    ("Age", "string", false),
    ("IP", "string", true),
    ("Node", "string", true),
];
const JOB: &[Row] = &[
    ("Name", "string", false),
    ("Status", "string", false),
    ("Completions", "string", false),
    ("Duration", "string", false),
    ("Age", "string", false),
    ("Containers", "string", true),
    ("Images", "string", true),
];
const EVENT: &[Row] = &[
    ("Last Seen", "string", false),
    ("Type", "string", false),
    ("Reason", "string", false),
    ("Object", "string", false),
    ("Message", "string", false),
    ("Source", "string", true),
    ("Count", "integer", true),
    ("Name", "string", true),
];
const NAMESPACE: &[Row] =
    &[("Name", "string", false), ("Status", "string", false), ("Age", "string", false)];
const CONFIG_MAP: &[Row] =
    &[("Name", "string", false), ("Data", "string", false), ("Age", "string", false)];
const SECRET: &[Row] = &[
    ("Name", "string", false),
    ("Type", "string", false),
    ("Data", "string", false),
    ("Age", "string", false),
];
const SERVICE: &[Row] = &[
    ("Name", "string", false),
    ("Type", "string", false),
    ("Cluster-IP", "string", false),
    ("External-IP", "string", false),
    ("Port(s)", "string", false),
    ("Age", "string", false),
];
const DEPLOYMENT: &[Row] = &[
    ("Name", "string", false),
    ("Ready", "string", false),
    ("Up-to-date", "string", false),
    ("Available", "string", false),
    ("Age", "string", false),
];
const NODE: &[Row] = &[
    ("Name", "string", false),
    ("Status", "string", false),
    ("Roles", "string", false),
    ("Age", "string", false),
    ("Version", "string", false),
    ("Internal-IP", "string", true),
    ("OS-Image", "string", true),
    ("Kernel-Version", "string", true),
];
const DEFINITION: &[Row] = &[("Name", "string", false), ("Created At", "string", false)];

fn rows(kind: &Kind) -> Option<&'static [Row]> {
    if !kind.built_in {
        return None;
    }
    Some(match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Pod") => POD,
        ("batch", "Job") => JOB,
        ("" | "events.k8s.io", "Event") => EVENT,
        ("", "Namespace") => NAMESPACE,
        ("", "ConfigMap") => CONFIG_MAP,
        ("", "Secret") => SECRET,
        ("", "Service") => SERVICE,
        ("apps", "Deployment") => DEPLOYMENT,
        ("", "Node") => NODE,
        ("apiextensions.k8s.io", "CustomResourceDefinition") => DEFINITION,
        _ => return super::more::rows(kind),
    })
}

/// The columns of a built-in kind that has its own.
pub(super) fn columns(kind: &Kind) -> Option<Vec<Column>> {
    let column = |(name, r#type, wide): &Row| Column {
        name: (*name).into(),
        r#type: (*r#type).into(),
        json_path: if *name == "Name" { ".metadata.name".into() } else { String::new() },
        priority: i64::from(*wide),
    };
    Some(rows(kind)?.iter().map(column).collect())
}

/// The cells under those columns.
pub(super) fn cells(kind: &Kind, object: &Value, now: jiff::Timestamp) -> Option<Vec<Value>> {
    rows(kind)?;
    let age = json!(age_of(&object["metadata"]["creationTimestamp"], now));
    let name = object["metadata"]["name"].clone();
    let count = |field: &str| json!(entries(&object[field]).to_string());
    Some(match kind.kind.as_str() {
        "Pod" => pod(object, name, age),
        "Job" => job(object, name, age, now),
        "Event" => event(object, name, now),
        "Namespace" => vec![name, object["status"]["phase"].clone(), age],
        "ConfigMap" => {
            let count = entries(&object["data"]) + entries(&object["binaryData"]);
            vec![name, json!(count.to_string()), age]
        }
        "Secret" => {
            let r#type = object["type"].as_str().unwrap_or("Opaque");
            vec![name, json!(r#type), count("data"), age]
        }
        "Service" => service(object, name, age),
        "Deployment" => deployment(object, name, age),
        "Node" => node(object, name, age),
        _ => super::more::cells(kind, object, now),
    })
}

fn entries(value: &Value) -> usize {
    value.as_object().map_or(0, serde_json::Map::len)
}

pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

pub(super) fn text_or(value: &Value, otherwise: &str) -> Value {
    json!(value.as_str().unwrap_or(otherwise))
}

fn pod(object: &Value, name: Value, age: Value) -> Vec<Value> {
    let statuses = list(&object["status"]["containerStatuses"]);
    let ready = statuses.iter().filter(|it| it["ready"] == true).count();
    let wanted = list(&object["spec"]["containers"]).len();
    let restarts: i64 = statuses.iter().filter_map(|it| it["restartCount"].as_i64()).sum();
    vec![
        name,
        json!(format!("{ready}/{wanted}")),
        json!(pod_status(object)),
        json!(restarts.to_string()),
        age,
        text_or(&object["status"]["podIP"], "<none>"),
        text_or(&object["spec"]["nodeName"], "<none>"),
    ]
}

/// One word for how the pod is: its last container's reason where there is one, else its phase.
fn pod_status(object: &Value) -> String {
    let status = &object["status"];
    let text = |value: &Value| value.as_str().filter(|it| !it.is_empty()).map(str::to_owned);
    if text(&object["metadata"]["deletionTimestamp"]).is_some() {
        return "Terminating".into();
    }
    let unfinished =
        |it: &&Value| it["state"]["terminated"]["exitCode"] != 0 && it["started"] != true;
    let inits = list(&status["initContainerStatuses"]);
    if let Some(at) = inits.iter().position(|it| unfinished(&it)) {
        let reason = reason_of(&inits[at]);
        let count = inits.len();
        return reason.map_or_else(|| format!("Init:{at}/{count}"), |it| format!("Init:{it}"));
    }
    let of_container = list(&status["containerStatuses"]).iter().rev().find_map(reason_of);
    let otherwise = || text(&status["phase"]).unwrap_or_else(|| "Pending".into());
    of_container.or_else(|| text(&status["reason"])).unwrap_or_else(otherwise)
}

/// Why a container waits or has ended; nothing while it runs or is about to be made.
fn reason_of(status: &Value) -> Option<String> {
    let state = &status["state"];
    let waiting = state["waiting"]["reason"].as_str().filter(|it| *it != "PodInitializing");
    let ended = &state["terminated"];
    let reason = waiting.or_else(|| ended["reason"].as_str()).filter(|it| !it.is_empty());
    reason
        .map(str::to_owned)
        .or_else(|| ended["signal"].as_i64().filter(|it| *it != 0).map(|it| format!("Signal:{it}")))
        .or_else(|| ended["exitCode"].as_i64().map(|it| format!("ExitCode:{it}")))
}

fn job(object: &Value, name: Value, age: Value, now: jiff::Timestamp) -> Vec<Value> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let is = |wanted: &str| {
        let mut conditions = list(&status["conditions"]).iter();
        conditions.any(|it| it["type"] == wanted && it["status"] == "True")
    };
    let words = ["Complete", "Failed", "Suspended", "FailureTarget", "SuccessCriteriaMet"];
    let word = words.into_iter().find(|it| is(it)).unwrap_or("Running");
    let succeeded = status["succeeded"].as_i64().unwrap_or(0);
    let wanted = spec["completions"].as_i64().or(spec["parallelism"].as_i64()).unwrap_or(1);
    let time = |it: &Value| it.as_str().and_then(|it| it.parse::<jiff::Timestamp>().ok());
    let ran = time(&status["startTime"]).map(|start| {
        let end = time(&status["completionTime"]).unwrap_or(now);
        duration(end.as_second() - start.as_second())
    });
    let containers = list(&spec["template"]["spec"]["containers"]);
    let of_each = |field: &str| {
        let texts: Vec<&str> = containers.iter().filter_map(|it| it[field].as_str()).collect();
        json!(texts.join(","))
    };
    vec![
        name,
        json!(word),
        json!(format!("{succeeded}/{wanted}")),
        json!(ran.unwrap_or_default()),
        age,
        of_each("name"),
        of_each("image"),
    ]
}

fn event(object: &Value, name: Value, now: jiff::Timestamp) -> Vec<Value> {
    let either = |one: &str, other: &str| {
        let value = &object[one];
        if value.is_null() { object[other].clone() } else { value.clone() }
    };
    let about = either("involvedObject", "regarding");
    let kind = about["kind"].as_str().unwrap_or_default().to_lowercase();
    let times = ["lastTimestamp", "deprecatedLastTimestamp", "eventTime", "firstTimestamp"];
    let time = times.iter().map(|it| &object[*it]).find(|it| !it.is_null());
    let seen = age_of(time.unwrap_or(&object["metadata"]["creationTimestamp"]), now);
    let source = object["source"]["component"].as_str();
    let source = source.or(object["reportingComponent"].as_str()).unwrap_or_default();
    vec![
        json!(seen),
        object["type"].clone(),
        object["reason"].clone(),
        json!(format!("{kind}/{}", about["name"].as_str().unwrap_or_default())),
        either("message", "note"),
        json!(source),
        json!(object["count"].as_i64().unwrap_or(1)),
        name,
    ]
}

fn service(object: &Value, name: Value, age: Value) -> Vec<Value> {
    let spec = &object["spec"];
    let ports = list(&spec["ports"])
        .iter()
        .map(|it| format!("{}/{}", it["port"], it["protocol"].as_str().unwrap_or("TCP")));
    let ports = ports.collect::<Vec<String>>().join(",");
    vec![
        name,
        text_or(&spec["type"], "ClusterIP"),
        text_or(&spec["clusterIP"], "<none>"),
        text_or(&spec["externalName"], "<none>"),
        json!(if ports.is_empty() { "<none>".into() } else { ports }),
        age,
    ]
}

fn deployment(object: &Value, name: Value, age: Value) -> Vec<Value> {
    let status = &object["status"];
    let count = |field: &str| status[field].as_i64().unwrap_or(0);
    let wanted = object["spec"]["replicas"].as_i64().unwrap_or(1);
    vec![
        name,
        json!(format!("{}/{wanted}", count("readyReplicas"))),
        json!(count("updatedReplicas").to_string()),
        json!(count("availableReplicas").to_string()),
        age,
    ]
}

fn node(object: &Value, name: Value, age: Value) -> Vec<Value> {
    let status = &object["status"];
    let ready = list(&status["conditions"]).iter().find(|it| it["type"] == "Ready");
    let word = match ready.and_then(|it| it["status"].as_str()) {
        Some("True") => "Ready",
        Some("False") => "NotReady",
        _ => "Unknown",
    };
    let address = list(&status["addresses"]).iter().find(|it| it["type"] == "InternalIP");
    let info = &status["nodeInfo"];
    vec![
        name,
        json!(word),
        json!("<none>"),
        age,
        info["kubeletVersion"].clone(),
        text_or(address.map_or(&Value::Null, |it| &it["address"]), "<none>"),
        text_or(&info["osImage"], "<unknown>"),
        text_or(&info["kernelVersion"], "<unknown>"),
    ]
}
