//! Discovery: which groups, versions and kinds there are.
//!
//! Answers in the plain form, and in the aggregated one (`apidiscovery.k8s.io`), which tells all
//! of it at once, to clients that ask for it.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use super::kinds::{Kind, Registry};
use super::status::Status;

/// Version of Kubernetes whose API this is.
const GIT_VERSION: &str = concat!("v1.36.0+qalam.", env!("CARGO_PKG_VERSION"));
/// Content types of the aggregated form, by the version that a client may ask for.
const AGGREGATED: [&str; 2] = ["v2", "v2beta1"];

const OBJECT_VERBS: [&str; 8] =
    ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const REVIEW_VERBS: [&str; 1] = ["create"];
const PART_VERBS: [&str; 3] = ["get", "patch", "update"];

/// `/api`, `/apis`, `/api/v1`, `/apis/{group}`, `/apis/{group}/{version}`, `/version`.
pub fn routes(registry: Arc<Registry>) -> Router {
    Router::new()
        .route("/version", get(version))
        .route("/version/", get(version))
        .route("/api", get(core_versions))
        .route("/api/", get(core_versions))
        .route("/apis", get(groups))
        .route("/apis/", get(groups))
        .route("/api/v1", get(core_resources))
        .route("/api/v1/", get(core_resources))
        .route("/apis/{group}", get(group))
        .route("/apis/{group}/", get(group))
        .route("/apis/{group}/{version}", get(resources))
        .route("/apis/{group}/{version}/", get(resources))
        .with_state(registry)
}

async fn version() -> Response {
    answer(json!({
        "major": "1", "minor": "36", "gitVersion": GIT_VERSION, "gitCommit": "",
        "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z", "goVersion": "none",
        "compiler": "rustc", "platform": format!("linux/{}", architecture()),
    }))
}

fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

async fn core_versions(State(registry): State<Arc<Registry>>, headers: HeaderMap) -> Response {
    if let Some(form) = aggregated_form(&headers) {
        return answer_aggregated(form, &registry, true);
    }
    answer(json!({
        "kind": "APIVersions", "versions": ["v1"],
        "serverAddressByClientCIDRs": [{ "clientCIDR": "0.0.0.0/0", "serverAddress": "" }],
    }))
}

async fn groups(State(registry): State<Arc<Registry>>, headers: HeaderMap) -> Response {
    if let Some(form) = aggregated_form(&headers) {
        return answer_aggregated(form, &registry, false);
    }
    let kinds = registry.all();
    let groups: Vec<Value> = group_names(&kinds)
        .into_iter()
        .filter(|it| !it.is_empty())
        .map(|it| group_value(it, &kinds))
        .collect();
    answer(json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups }))
}

async fn group(State(registry): State<Arc<Registry>>, Path(group): Path<String>) -> Response {
    let kinds = registry.all();
    if group.is_empty() || versions(&group, &kinds).is_empty() {
        return Status::no_such_path().into_response();
    }
    let mut value = group_value(&group, &kinds);
    value["kind"] = json!("APIGroup");
    value["apiVersion"] = json!("v1");
    answer(value)
}

async fn core_resources(State(registry): State<Arc<Registry>>) -> Response {
    resource_list(&registry, "", "v1")
}

async fn resources(
    State(registry): State<Arc<Registry>>,
    Path((group, version)): Path<(String, String)>,
) -> Response {
    resource_list(&registry, &group, &version)
}

fn resource_list(registry: &Registry, group: &str, version: &str) -> Response {
    let kinds = registry.all();
    let served: Vec<&Arc<Kind>> =
        kinds.iter().filter(|it| it.group == group && it.version == version).collect();
    let Some(first) = served.first() else { return Status::no_such_path().into_response() };
    let resources: Vec<Value> = served.iter().flat_map(|it| plain(it)).collect();
    answer(json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": first.api_version(),
        "resources": resources,
    }))
}

fn verbs(kind: &Kind) -> &'static [&'static str] {
    if kind.create_only { &REVIEW_VERBS } else { &OBJECT_VERBS }
}

/// A kind and its subresources in the plain form.
fn plain(kind: &Kind) -> Vec<Value> {
    let mut whole = json!({
        "name": kind.plural, "singularName": kind.singular, "namespaced": kind.namespaced,
        "kind": kind.kind, "verbs": verbs(kind),
    });
    add_names(&mut whole, kind);
    let part = |part: Part| {
        let mut value = json!({
            "name": format!("{}/{}", kind.plural, part.name), "singularName": "",
            "namespaced": kind.namespaced, "kind": part.kind, "verbs": part.verbs,
        });
        if (part.group, part.version) != (&kind.group, &kind.version) {
            value["group"] = json!(part.group);
            value["version"] = json!(part.version);
        }
        value
    };
    std::iter::once(whole).chain(parts(kind).into_iter().map(part)).collect()
}

fn add_names(value: &mut Value, kind: &Kind) {
    if !kind.short_names.is_empty() {
        value["shortNames"] = json!(kind.short_names);
    }
    if !kind.categories.is_empty() {
        value["categories"] = json!(kind.categories);
    }
}

/// What can be addressed below an object, and the kind that is spoken there.
struct Part<'a> {
    name: &'static str,
    group: &'a str,
    version: &'a str,
    kind: &'a str,
    verbs: &'static [&'static str],
}

fn parts(kind: &Kind) -> Vec<Part<'_>> {
    let own = |name, verbs| Part {
        name,
        group: &kind.group,
        version: &kind.version,
        kind: &kind.kind,
        verbs,
    };
    let mut parts = Vec::new();
    if kind.is("", "Pod") {
        parts.push(own("log", &["get"]));
    }
    if kind.is("", "ServiceAccount") {
        let token = Part {
            name: "token",
            group: "authentication.k8s.io",
            version: "v1",
            kind: "TokenRequest",
            verbs: &REVIEW_VERBS,
        };
        parts.push(token);
    }
    if kind.subresources.scale.is_some() {
        let scale = Part {
            name: "scale",
            group: "autoscaling",
            version: "v1",
            kind: "Scale",
            verbs: &PART_VERBS,
        };
        parts.push(scale);
    }
    if kind.subresources.status {
        parts.push(own("status", &PART_VERBS));
    }
    parts
}

/// Groups in the order in which clients prefer them: the order of the registry.
fn group_names(kinds: &[Arc<Kind>]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for kind in kinds {
        if !names.contains(&kind.group.as_str()) {
            names.push(&kind.group);
        }
    }
    names
}

/// Versions of a group, the preferred one first.
fn versions<'a>(group: &str, kinds: &'a [Arc<Kind>]) -> Vec<&'a str> {
    let mut versions: Vec<&str> = Vec::new();
    for kind in kinds.iter().filter(|it| it.group == group) {
        if !versions.contains(&kind.version.as_str()) {
            versions.push(&kind.version);
        }
    }
    versions
}

fn group_value(group: &str, kinds: &[Arc<Kind>]) -> Value {
    let versions: Vec<Value> = versions(group, kinds)
        .into_iter()
        .map(|it| json!({ "groupVersion": format!("{group}/{it}"), "version": it }))
        .collect();
    json!({ "name": group, "versions": versions, "preferredVersion": versions[0] })
}

/// Which aggregated form the client takes, if any.
fn aggregated_form(headers: &HeaderMap) -> Option<&'static str> {
    let accepted = headers.get(header::ACCEPT)?.to_str().ok()?;
    let wants = |it: &str, version: &str| {
        let words: Vec<&str> = it.split(';').map(str::trim).collect();
        let version = format!("v={version}");
        words[0] == "application/json"
            && words.contains(&"g=apidiscovery.k8s.io")
            && words.contains(&version.as_str())
            && words.contains(&"as=APIGroupDiscoveryList")
    };
    let asked = accepted.split(',');
    asked.flat_map(|it| AGGREGATED.iter().copied().filter(move |version| wants(it, version))).next()
}

fn answer_aggregated(form: &str, registry: &Registry, core: bool) -> Response {
    let kinds = registry.all();
    let items: Vec<Value> = group_names(&kinds)
        .into_iter()
        .filter(|it| it.is_empty() == core)
        .map(|it| aggregated_group(it, &kinds))
        .collect();
    let value = json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": format!("apidiscovery.k8s.io/{form}"),
        "metadata": {}, "items": items,
    });
    let content =
        format!("application/json;g=apidiscovery.k8s.io;v={form};as=APIGroupDiscoveryList");
    (StatusCode::OK, [(header::CONTENT_TYPE, content)], value.to_string()).into_response()
}

fn aggregated_group(group: &str, kinds: &[Arc<Kind>]) -> Value {
    let versions: Vec<Value> = versions(group, kinds)
        .into_iter()
        .map(|version| {
            let served = kinds.iter().filter(|it| it.group == group && it.version == version);
            let resources: Vec<Value> = served.map(|it| aggregated(it)).collect();
            json!({ "version": version, "freshness": "Current", "resources": resources })
        })
        .collect();
    json!({ "metadata": { "name": group, "creationTimestamp": null }, "versions": versions })
}

/// A kind with its subresources in the aggregated form.
fn aggregated(kind: &Kind) -> Value {
    let response = |group: &str, version: &str, kind: &str| json!({ "group": group, "version": version, "kind": kind });
    let mut value = json!({
        "resource": kind.plural, "singularResource": kind.singular, "verbs": verbs(kind),
        "scope": if kind.namespaced { "Namespaced" } else { "Cluster" },
        "responseKind": response(&kind.group, &kind.version, &kind.kind),
    });
    add_names(&mut value, kind);
    let parts: Vec<Value> = parts(kind)
        .into_iter()
        .map(|it| {
            json!({
                "subresource": it.name, "verbs": it.verbs,
                "responseKind": response(it.group, it.version, it.kind),
            })
        })
        .collect();
    if !parts.is_empty() {
        value["subresources"] = json!(parts);
    }
    value
}

fn answer(value: Value) -> Response {
    super::status::json_response(StatusCode::OK, &value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;
    use tower::ServiceExt;

    async fn ask(path: &str, accept: &str) -> (u16, Value) {
        let registry = Registry::default();
        let definitions = proto::kinds::definitions();
        let definitions = definitions.iter().map(|it| serde_json::to_value(it).expect("JSON"));
        registry.define(&definitions.collect::<Vec<Value>>());
        let request = Request::get(path).header(header::ACCEPT, accept);
        let request = request.body(axum::body::Body::empty()).expect("a request");
        let response = routes(Arc::new(registry)).oneshot(request).await.expect("an answer");
        let code = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        (code, serde_json::from_slice(&body).expect("JSON"))
    }

    #[tokio::test]
    async fn plain_discovery_names_groups_versions_and_kinds() {
        let (_, groups) = ask("/apis", "application/json").await;
        let names: Vec<&Value> =
            groups["groups"].as_array().expect("groups").iter().map(|it| &it["name"]).collect();
        assert!(names.contains(&&json!("kubeflow.org")) && names.contains(&&json!("batch")));
        assert!(!names.contains(&&json!("")));
        let (_, list) = ask("/apis/kubeflow.org/v1beta1", "application/json").await;
        let names: Vec<&str> = list["resources"]
            .as_array()
            .expect("resources")
            .iter()
            .filter_map(|it| it["name"].as_str())
            .collect();
        assert!(names.contains(&"experiments") && names.contains(&"experiments/status"));
        let (_, core) = ask("/api/v1", "application/json").await;
        assert!(core.to_string().contains("pods/log"));
        assert_eq!(ask("/apis/none", "application/json").await.0, 404);
        assert_eq!(ask("/apis/batch/v9", "application/json").await.0, 404);
        let (_, version) = ask("/version", "application/json").await;
        assert!(version["gitVersion"].as_str().is_some_and(|it| it.starts_with("v1.36.")));
    }

    #[tokio::test]
    async fn aggregated_discovery_tells_all_at_once() {
        let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                      application/json";
        let (_, core) = ask("/api", accept).await;
        assert_eq!(core["apiVersion"], "apidiscovery.k8s.io/v2");
        let pods = core["items"][0]["versions"][0]["resources"]
            .as_array()
            .and_then(|it| it.iter().find(|it| it["resource"] == "pods"))
            .cloned()
            .expect("pods");
        assert_eq!(pods["responseKind"], json!({ "group": "", "version": "v1", "kind": "Pod" }));
        assert_eq!(pods["shortNames"], json!(["po"]));
        let (_, groups) = ask("/apis", accept).await;
        assert!(groups.to_string().contains("experiments"));
    }
}
