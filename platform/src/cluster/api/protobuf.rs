//! Bodies in Kubernetes' protobuf form, which `kubectl create` sends for a few built-in kinds.
//!
//! The table below knows what those commands write. A field outside it that holds something is
//! refused, never dropped. Answers are JSON, which such clients take too.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};

use super::status::Status;

/// What such bodies begin with.
const MAGIC: &[u8] = b"k8s\0";
/// Deeper than any object of the table.
const DEPTH_MAX: usize = 16;

#[derive(Clone, Copy)]
enum Type {
    Text,
    Bytes,
    Integer,
    Bool,
    Message(&'static [Field]),
    Texts,
    Messages(&'static [Field]),
    TextMap,
    BytesMap,
    QuantityMap,
    /// A number or a text.
    IntOrString,
    /// What the server decides itself.
    Ignored,
}

/// (number, name in JSON, type), after the `.proto` files of k8s.io/api.
type Field = (u64, &'static str, Type);

use Type::{
    Bool, Bytes, BytesMap, Ignored, IntOrString, Integer, Message, Messages, QuantityMap, Text,
    TextMap, Texts,
};

const OWNER: &[Field] = &[
    (1, "kind", Text),
    (3, "name", Text),
    (4, "uid", Text),
    (5, "apiVersion", Text),
    (6, "controller", Bool),
    (7, "blockOwnerDeletion", Bool),
];
const METADATA: &[Field] = &[
    (1, "name", Text),
    (2, "generateName", Text),
    (3, "namespace", Text),
    (4, "selfLink", Ignored),
    (5, "uid", Text),
    (6, "resourceVersion", Text),
    (7, "generation", Ignored),
    (8, "creationTimestamp", Ignored),
    (11, "labels", TextMap),
    (12, "annotations", TextMap),
    (13, "ownerReferences", Messages(OWNER)),
    (14, "finalizers", Texts),
];
const CONFIG_MAP: &[Field] = &[
    (1, "metadata", Message(METADATA)),
    (2, "data", TextMap),
    (3, "binaryData", BytesMap),
    (4, "immutable", Bool),
];
const SECRET: &[Field] = &[
    (1, "metadata", Message(METADATA)),
    (2, "data", BytesMap),
    (3, "type", Text),
    (4, "stringData", TextMap),
    (5, "immutable", Bool),
];
const NAMESPACE: &[Field] =
    &[(1, "metadata", Message(METADATA)), (2, "spec", Ignored), (3, "status", Ignored)];
const SERVICE_ACCOUNT: &[Field] = &[(1, "metadata", Message(METADATA))];
const VARIABLE: &[Field] = &[(1, "name", Text), (2, "value", Text)];
const PORT: &[Field] =
    &[(1, "name", Text), (3, "containerPort", Integer), (4, "protocol", Text), (5, "hostIP", Text)];
const CONTAINER: &[Field] = &[
    (1, "name", Text),
    (2, "image", Text),
    (3, "command", Texts),
    (4, "args", Texts),
    (5, "workingDir", Text),
    (6, "ports", Messages(PORT)),
    (7, "env", Messages(VARIABLE)),
    (13, "terminationMessagePath", Text),
    (14, "imagePullPolicy", Text),
    (16, "stdin", Bool),
    (17, "stdinOnce", Bool),
    (18, "tty", Bool),
    (20, "terminationMessagePolicy", Text),
];
const POD_SPEC: &[Field] = &[
    (2, "containers", Messages(CONTAINER)),
    (3, "restartPolicy", Text),
    (4, "terminationGracePeriodSeconds", Integer),
    (5, "activeDeadlineSeconds", Integer),
    (6, "dnsPolicy", Text),
    (8, "serviceAccountName", Text),
    (10, "nodeName", Text),
    (19, "schedulerName", Text),
    (20, "initContainers", Messages(CONTAINER)),
];
const TEMPLATE: &[Field] = &[(1, "metadata", Message(METADATA)), (2, "spec", Message(POD_SPEC))];
const SELECTOR: &[Field] = &[(1, "matchLabels", TextMap)];
const JOB_SPEC: &[Field] = &[
    (1, "parallelism", Integer),
    (2, "completions", Integer),
    (3, "activeDeadlineSeconds", Integer),
    (4, "selector", Message(SELECTOR)),
    (5, "manualSelector", Bool),
    (6, "template", Message(TEMPLATE)),
    (7, "backoffLimit", Integer),
    (8, "ttlSecondsAfterFinished", Integer),
    (9, "completionMode", Text),
    (10, "suspend", Bool),
];
const JOB: &[Field] =
    &[(1, "metadata", Message(METADATA)), (2, "spec", Message(JOB_SPEC)), (3, "status", Ignored)];
const STRATEGY: &[Field] = &[(1, "type", Text)];
const DEPLOYMENT_SPEC: &[Field] = &[
    (1, "replicas", Integer),
    (2, "selector", Message(SELECTOR)),
    (3, "template", Message(TEMPLATE)),
    (4, "strategy", Message(STRATEGY)),
    (5, "minReadySeconds", Integer),
    (6, "revisionHistoryLimit", Integer),
    (7, "paused", Bool),
    (9, "progressDeadlineSeconds", Integer),
];
const DEPLOYMENT: &[Field] = &[
    (1, "metadata", Message(METADATA)),
    (2, "spec", Message(DEPLOYMENT_SPEC)),
    (3, "status", Ignored),
];
const RULE: &[Field] = &[
    (1, "verbs", Texts),
    (2, "apiGroups", Texts),
    (3, "resources", Texts),
    (4, "resourceNames", Texts),
    (5, "nonResourceURLs", Texts),
];
const ROLE: &[Field] = &[(1, "metadata", Message(METADATA)), (2, "rules", Messages(RULE))];
const LABELS_WANTED: &[Field] = &[(1, "key", Text), (2, "operator", Text), (3, "values", Texts)];
const LABEL_SELECTOR: &[Field] =
    &[(1, "matchLabels", TextMap), (2, "matchExpressions", Messages(LABELS_WANTED))];
const AGGREGATION: &[Field] = &[(1, "clusterRoleSelectors", Messages(LABEL_SELECTOR))];
const CLUSTER_ROLE: &[Field] = &[
    (1, "metadata", Message(METADATA)),
    (2, "rules", Messages(RULE)),
    (3, "aggregationRule", Message(AGGREGATION)),
];
const SUBJECT: &[Field] =
    &[(1, "kind", Text), (2, "apiGroup", Text), (3, "name", Text), (4, "namespace", Text)];
const ROLE_REF: &[Field] = &[(1, "apiGroup", Text), (2, "kind", Text), (3, "name", Text)];
const BINDING: &[Field] = &[
    (1, "metadata", Message(METADATA)),
    (2, "subjects", Messages(SUBJECT)),
    (3, "roleRef", Message(ROLE_REF)),
];
const QUOTA_SPEC: &[Field] = &[(1, "hard", QuantityMap), (2, "scopes", Texts)];
const QUOTA: &[Field] =
    &[(1, "metadata", Message(METADATA)), (2, "spec", Message(QUOTA_SPEC)), (3, "status", Ignored)];
const SERVICE_PORT: &[Field] = &[
    (1, "name", Text),
    (2, "protocol", Text),
    (3, "port", Integer),
    (4, "targetPort", IntOrString),
    (5, "nodePort", Integer),
    (6, "appProtocol", Text),
];
const SERVICE_SPEC: &[Field] = &[
    (1, "ports", Messages(SERVICE_PORT)),
    (2, "selector", TextMap),
    (3, "clusterIP", Text),
    (4, "type", Text),
    (5, "externalIPs", Texts),
    (7, "sessionAffinity", Text),
    (10, "externalName", Text),
    (18, "clusterIPs", Texts),
];
const SERVICE: &[Field] = &[
    (1, "metadata", Message(METADATA)),
    (2, "spec", Message(SERVICE_SPEC)),
    (3, "status", Ignored),
];
const JOB_TEMPLATE: &[Field] =
    &[(1, "metadata", Message(METADATA)), (2, "spec", Message(JOB_SPEC))];
const CRON_SPEC: &[Field] = &[
    (1, "schedule", Text),
    (2, "startingDeadlineSeconds", Integer),
    (3, "concurrencyPolicy", Text),
    (4, "suspend", Bool),
    (5, "jobTemplate", Message(JOB_TEMPLATE)),
    (6, "successfulJobsHistoryLimit", Integer),
    (7, "failedJobsHistoryLimit", Integer),
    (8, "timeZone", Text),
];
const CRON_JOB: &[Field] =
    &[(1, "metadata", Message(METADATA)), (2, "spec", Message(CRON_SPEC)), (3, "status", Ignored)];
const TOKEN_SPEC: &[Field] = &[(1, "audiences", Texts), (4, "expirationSeconds", Integer)];
const TOKEN_REQUEST: &[Field] =
    &[(1, "metadata", Message(METADATA)), (2, "spec", Message(TOKEN_SPEC)), (3, "status", Ignored)];
const KIND_ASKED: &[Field] = &[
    (1, "namespace", Text),
    (2, "verb", Text),
    (3, "group", Text),
    (4, "version", Text),
    (5, "resource", Text),
    (6, "subresource", Text),
    (7, "name", Text),
];
const PATH_ASKED: &[Field] = &[(1, "path", Text), (2, "verb", Text)];
const ACCESS_SPEC: &[Field] = &[
    (1, "resourceAttributes", Message(KIND_ASKED)),
    (2, "nonResourceAttributes", Message(PATH_ASKED)),
];
const ACCESS_REVIEW: &[Field] = &[
    (1, "metadata", Message(METADATA)),
    (2, "spec", Message(ACCESS_SPEC)),
    (3, "status", Ignored),
];
const RULES_SPEC: &[Field] = &[(1, "namespace", Text)];
const RULES_REVIEW: &[Field] =
    &[(1, "metadata", Message(METADATA)), (2, "spec", Message(RULES_SPEC)), (3, "status", Ignored)];
const SELF_REVIEW: &[Field] = &[(1, "metadata", Message(METADATA)), (2, "status", Ignored)];
const TYPE_META: &[Field] = &[(1, "apiVersion", Text), (2, "kind", Text)];
const ENVELOPE: &[Field] = &[(1, "typeMeta", Message(TYPE_META)), (2, "raw", Bytes)];

/// The object in a protobuf body.
///
/// # Errors
/// 415 for a kind or a field that the table does not know, 400 for bytes that are no message.
pub(super) fn decode(body: &[u8]) -> Result<Value, Status> {
    let broken = || Status::bad_request("request body is no Kubernetes protobuf message");
    let envelope = read(body.strip_prefix(MAGIC).ok_or_else(broken)?, ENVELOPE, 0)?;
    let (api_version, kind) = (&envelope["typeMeta"]["apiVersion"], &envelope["typeMeta"]["kind"]);
    let fields = match (api_version.as_str(), kind.as_str()) {
        (Some("v1"), Some("ConfigMap")) => CONFIG_MAP,
        (Some("v1"), Some("Secret")) => SECRET,
        (Some("v1"), Some("Namespace")) => NAMESPACE,
        (Some("v1"), Some("ServiceAccount")) => SERVICE_ACCOUNT,
        (Some("batch/v1"), Some("Job")) => JOB,
        (Some("apps/v1"), Some("Deployment")) => DEPLOYMENT,
        (Some("v1"), Some("ResourceQuota")) => QUOTA,
        (Some("v1"), Some("Service")) => SERVICE,
        (Some("batch/v1"), Some("CronJob")) => CRON_JOB,
        (Some("rbac.authorization.k8s.io/v1"), Some("Role")) => ROLE,
        (Some("rbac.authorization.k8s.io/v1"), Some("ClusterRole")) => CLUSTER_ROLE,
        (Some("rbac.authorization.k8s.io/v1"), Some("RoleBinding" | "ClusterRoleBinding")) => {
            BINDING
        }
        (Some("authentication.k8s.io/v1"), Some("TokenRequest")) => TOKEN_REQUEST,
        (Some("authentication.k8s.io/v1"), Some("SelfSubjectReview")) => SELF_REVIEW,
        (Some("authorization.k8s.io/v1"), Some("SelfSubjectAccessReview")) => ACCESS_REVIEW,
        (Some("authorization.k8s.io/v1"), Some("SelfSubjectRulesReview")) => RULES_REVIEW,
        _ => return Err(unread(&format!("kind {kind} of {api_version}"))),
    };
    let raw = envelope["raw"].as_str().and_then(|it| BASE64.decode(it).ok());
    let mut object = read(&raw.unwrap_or_default(), fields, 0)?;
    object["apiVersion"] = api_version.clone();
    object["kind"] = kind.clone();
    Ok(object)
}

fn unread(what: &str) -> Status {
    Status::unsupported(format!(
        "this home does not read {what} from a protobuf body; send JSON or YAML (with kubectl: \
         add --dry-run=client -o yaml and pipe it into kubectl apply -f -)"
    ))
}

fn read(mut bytes: &[u8], fields: &[Field], depth: usize) -> Result<Value, Status> {
    let broken = || Status::bad_request("request body is a broken protobuf message");
    let mut object = Map::new();
    if DEPTH_MAX < depth {
        return Err(broken());
    }
    while !bytes.is_empty() {
        let tag = varint(&mut bytes).ok_or_else(broken)?;
        let (number, mut integer, mut content): (u64, u64, &[u8]) = (tag >> 3, 0, &[]);
        match tag & 7 {
            0 => integer = varint(&mut bytes).ok_or_else(broken)?,
            2 => {
                let length = varint(&mut bytes).and_then(|it| usize::try_from(it).ok());
                let split = length.and_then(|it| bytes.split_at_checked(it));
                (content, bytes) = split.ok_or_else(broken)?;
            }
            _ => return Err(broken()),
        }
        let field = fields.iter().find(|it| it.0 == number);
        let Some(&(_, name, kind)) = field else {
            // Go writes every plain field, set or not; an empty one says nothing.
            if integer != 0 || !content.is_empty() {
                return Err(unread(&format!("field {number} beside {}", fields[0].1)));
            }
            continue;
        };
        let text = || String::from_utf8(content.to_vec()).map_err(|_| broken());
        match kind {
            Ignored => {}
            Integer => put(&mut object, name, json!(integer.cast_signed())),
            Bool => put(&mut object, name, json!(integer != 0)),
            Text if content.is_empty() => {}
            Text => put(&mut object, name, json!(text()?)),
            Bytes => put(&mut object, name, json!(BASE64.encode(content))),
            Message(fields) => {
                let value = read(content, fields, depth + 1)?;
                if value.as_object().is_some_and(|it| !it.is_empty()) {
                    put(&mut object, name, value);
                }
            }
            Texts => push(&mut object, name, json!(text()?)),
            Messages(fields) => push(&mut object, name, read(content, fields, depth + 1)?),
            IntOrString => {
                let it = read(content, INT_OR_STRING, depth + 1)?;
                let is_text = it["type"] == 1;
                let empty = if is_text { json!("") } else { json!(0) };
                let value = if is_text { &it["text"] } else { &it["number"] };
                put(&mut object, name, if value.is_null() { empty } else { value.clone() });
            }
            TextMap | BytesMap | QuantityMap => {
                let (key, value) = entry(content, kind, depth + 1)?;
                object.entry(name).or_insert_with(|| json!({}))[key] = json!(value);
            }
        }
    }
    Ok(Value::Object(object))
}

const INT_OR_STRING: &[Field] = &[(1, "type", Integer), (2, "number", Integer), (3, "text", Text)];

/// One entry of a map.
fn entry(content: &[u8], kind: Type, depth: usize) -> Result<(String, String), Status> {
    const TEXTS: &[Field] = &[(1, "key", Text), (2, "value", Text)];
    const BYTES: &[Field] = &[(1, "key", Text), (2, "value", Bytes)];
    const QUANTITY: &[Field] = &[(1, "string", Text)];
    const QUANTITIES: &[Field] = &[(1, "key", Text), (2, "value", Message(QUANTITY))];
    let fields = match kind {
        BytesMap => BYTES,
        QuantityMap => QUANTITIES,
        _ => TEXTS,
    };
    let entry = read(content, fields, depth)?;
    let value = entry["value"].get("string").unwrap_or(&entry["value"]);
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    Ok((text(&entry["key"]), text(value)))
}

fn put(object: &mut Map<String, Value>, name: &str, value: Value) {
    object.insert(name.to_owned(), value);
}

fn push(object: &mut Map<String, Value>, name: &str, value: Value) {
    let list = object.entry(name).or_insert_with(|| json!([]));
    if let Some(list) = list.as_array_mut() {
        list.push(value);
    }
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f).checked_shl(shift)?;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(fields: &[(u8, &[u8])]) -> Vec<u8> {
        let field = |&(number, content): &(u8, &[u8])| {
            let length = u8::try_from(content.len()).unwrap();
            [&[number << 3 | 2, length], content].concat()
        };
        fields.iter().flat_map(field).collect()
    }

    fn body(kind: &str, object: &[u8]) -> Vec<u8> {
        let meta = message(&[(1, b"v1"), (2, kind.as_bytes())]);
        [MAGIC, &message(&[(1, &meta), (2, object)])].concat()
    }

    #[test]
    fn a_secret_is_read_and_the_unknown_refused() {
        let metadata = message(&[(1, b"s"), (2, b""), (8, b"")]);
        let entry = message(&[(1, b"k"), (2, b"v")]);
        let secret = message(&[(1, &metadata), (2, &entry), (3, b"Opaque")]);
        let expected = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"},
            "data": {"k": "dg=="}, "type": "Opaque",
        });
        assert_eq!(decode(&body("Secret", &secret)).unwrap(), expected);
        let odd = message(&[(1, &metadata), (9, b"x")]);
        assert_eq!(decode(&body("Secret", &odd)).unwrap_err().code, 415);
        assert_eq!(decode(&body("Lease", &secret)).unwrap_err().code, 415);
        for end in 0..secret.len() {
            // Cut anywhere, it is refused or read, never a crash.
            let _ = decode(&body("Secret", &secret[..end]));
        }
        assert_eq!(decode(b"{}").unwrap_err().code, 400);
    }
}
