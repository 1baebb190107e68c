//! What only shows on the wire: media types, refusals, defined kinds.

use axum::Router;
use axum::body::Body;
use http::{Request, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::home;

const JSON: &str = "application/json";
const PODS: &str = "/api/v1/namespaces/default/pods";
const ACCOUNTS: &str = "/api/v1/namespaces/default/serviceaccounts";
const JOBS: &str = "/apis/batch/v1/namespaces/default/jobs";
const MAPS: &str = "/api/v1/namespaces/default/configmaps";

async fn ask(router: &Router, method: &str, path: &str, media: &str, body: &str) -> (u16, Value) {
    let request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, media);
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let code = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (code, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

/// Each row: method, path, media type, body, the code and reason of the refusal.
#[tokio::test]
async fn refusals() {
    let (_folder, cluster) = home().await;
    let router = cluster.router();
    let big = "x".repeat(2 << 20);
    let big = json!({"metadata": {"name": "b"}, "imagePullSecrets": [{"name": big}]}).to_string();
    let huge = "x".repeat(4 << 20);
    for (method, path, media, body, code, reason) in [
        ("GET", "/nowhere", JSON, "", 404, "NotFound"),
        ("GET", "/api/v1/things", JSON, "", 404, "NotFound"),
        ("GET", "/api/v1/namespaces/default/pods/p", JSON, "", 404, "NotFound"),
        ("GET", "/api/v1/pods?labelSelector=a+in+b", JSON, "", 400, "BadRequest"),
        ("GET", "/api/v1/pods?fieldSelector=spec.odd%3D1", JSON, "", 400, "BadRequest"),
        ("GET", "/api/v1/pods?limit=x", JSON, "", 400, "BadRequest"),
        ("GET", "/api/v1/pods?limit=1&continue=x", JSON, "", 400, "BadRequest"),
        ("GET", "/api/v1/pods?watch=true&resourceVersion=999999", JSON, "", 410, "Expired"),
        ("GET", "/api/v1/pods?watch=true&resourceVersion=x", JSON, "", 400, "BadRequest"),
        ("POST", PODS, JSON, "{", 400, "BadRequest"),
        ("POST", PODS, JSON, "[]", 400, "BadRequest"),
        ("POST", PODS, "text/html", "{}", 415, "UnsupportedMediaType"),
        ("POST", PODS, JSON, "{}", 422, "Invalid"),
        ("POST", PODS, JSON, r#"{"kind":"Job"}"#, 400, "BadRequest"),
        ("POST", MAPS, JSON, r#"{"metadata":{"name":"Up"}}"#, 422, "Invalid"),
        ("POST", MAPS, JSON, r#"{"metadata":{"name":"a","namespace":"b"}}"#, 400, "BadRequest"),
        ("POST", MAPS, JSON, r#"{"metadata":{"name":"a","labels":{"k":1}}}"#, 422, "Invalid"),
        ("POST", ACCOUNTS, JSON, &big, 413, "RequestEntityTooLarge"),
        ("POST", MAPS, JSON, &huge, 413, "RequestEntityTooLarge"),
        ("POST", "/api/v1/namespaces", JSON, r#"{"spec":"x"}"#, 400, "BadRequest"),
        ("POST", JOBS, JSON, r#"{"spec":{"template":[1]}}"#, 400, "BadRequest"),
        ("POST", MAPS, JSON, r#"{"metadata":"x"}"#, 400, "BadRequest"),
        ("POST", "/api/v1/namespaces/no/configmaps", JSON, "{}", 404, "NotFound"),
        ("PUT", MAPS, JSON, "{}", 405, "MethodNotAllowed"),
        ("PUT", &format!("{MAPS}/a"), JSON, "{}", 404, "NotFound"),
        ("PATCH", &format!("{MAPS}/a"), JSON, "{}", 415, "UnsupportedMediaType"),
        ("DELETE", &format!("{MAPS}/a"), JSON, "", 404, "NotFound"),
        ("DELETE", &format!("{MAPS}/a?propagationPolicy=X"), JSON, "", 400, "BadRequest"),
        ("DELETE", "/api/v1/namespaces/default", JSON, "", 403, "Forbidden"),
        ("DELETE", "/api/v1/configmaps", JSON, "", 405, "MethodNotAllowed"),
    ] {
        let (told, status) = ask(&router, method, path, media, body).await;
        assert_eq!((told, &status["reason"]), (code, &json!(reason)), "{method} {path} {status}");
        assert_eq!((&status["kind"], &status["code"]), (&json!("Status"), &json!(code)));
    }
}

fn definition() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.x.io"},
        "spec": {
            "group": "x.io", "scope": "Namespaced",
            "names": {"kind": "Thing", "plural": "things"},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "subresources": {"status": {}, "scale": {
                    "specReplicasPath": ".spec.count", "statusReplicasPath": ".status.count",
                }},
                "schema": {"openAPIV3Schema": {
                    "type": "object", "x-kubernetes-preserve-unknown-fields": true,
                }},
            }],
        },
    })
}

#[tokio::test]
async fn a_kind_is_defined_used_and_gone() {
    let (_folder, cluster) = home().await;
    let router = cluster.router();
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let things = "/apis/x.io/v1/namespaces/default/things";
    assert_eq!(ask(&router, "GET", things, JSON, "").await.0, 404);
    let (code, made) = ask(&router, "POST", definitions, JSON, &definition().to_string()).await;
    assert_eq!((code, &made["status"]["conditions"][1]["type"]), (201, &json!("Established")));

    let yaml = "apiVersion: x.io/v1\nkind: Thing\nmetadata: {name: t}\nspec: {count: 2}\n";
    assert_eq!(ask(&router, "POST", things, "application/yaml", yaml).await.0, 201);
    let scale = format!("{things}/t/scale");
    assert_eq!(ask(&router, "GET", &scale, JSON, "").await.1["spec"]["replicas"], 2);
    let merge = "application/merge-patch+json";
    let (_, scaled) = ask(&router, "PATCH", &scale, merge, r#"{"spec":{"replicas":5}}"#).await;
    assert_eq!((&scaled["kind"], &scaled["spec"]["replicas"]), (&json!("Scale"), &json!(5)));
    let (_, thing) = ask(&router, "GET", &format!("{things}/t"), JSON, "").await;
    assert_eq!((&thing["spec"]["count"], &thing["metadata"]["generation"]), (&json!(5), &json!(2)));

    let mut gone = cluster
        .store()
        .follow("customresourcedefinitions.apiextensions.k8s.io", cluster.store().version());
    let path = format!("{definitions}/things.x.io");
    assert_eq!(ask(&router, "DELETE", &path, JSON, "").await.0, 200);
    let cursor = gone.as_mut().unwrap();
    while cluster.store().get(&key()).is_some() {
        cursor.next().await.unwrap();
    }
    assert_eq!(ask(&router, "GET", things, JSON, "").await.0, 404);
    let left = cluster.store().list("things.x.io", None, None, 10);
    assert!(left.items.is_empty());
}

fn key() -> crate::cluster::store::Key {
    let resource = "customresourcedefinitions.apiextensions.k8s.io";
    crate::cluster::store::Key::new(resource, "", "things.x.io")
}

#[tokio::test]
async fn a_dry_run_stores_nothing() {
    let (_folder, cluster) = home().await;
    let router = cluster.router();
    let before = cluster.store().version();
    let body = r#"{"metadata":{"name":"a"}}"#;
    let (code, made) = ask(&router, "POST", &format!("{MAPS}?dryRun=All"), JSON, body).await;
    assert_eq!((code, made["metadata"]["name"].as_str()), (201, Some("a")));
    assert_eq!(cluster.store().version(), before);
}

#[tokio::test]
async fn a_token_is_asked_for() {
    let (_folder, cluster) = home().await;
    let router = cluster.guard(cluster.router(), "secret".into());
    let get = |path: &str, token: &str| {
        let request = Request::builder().uri(path).header(header::AUTHORIZATION, token);
        let request = request.body(Body::empty()).unwrap();
        let router = router.clone();
        async move { router.oneshot(request).await.unwrap().status().as_u16() }
    };
    assert_eq!(get("/api/v1/pods", "Bearer secret").await, 200);
    assert_eq!(get("/api/v1/pods", "Bearer secreT").await, 401);
    assert_eq!(get("/api/v1/pods", "").await, 401);
    assert_eq!(get("/healthz", "").await, 200);
}

#[tokio::test]
async fn a_table_carries_as_much_of_its_objects_as_is_asked_for() {
    let (_folder, cluster) = home().await;
    let router = cluster.router();
    let map = r#"{"metadata":{"name":"a"},"data":{"k":"v"}}"#;
    assert_eq!(ask(&router, "POST", MAPS, JSON, map).await.0, 201);
    for (query, kind, data) in [
        ("", "PartialObjectMetadata", None),
        ("?includeObject=Metadata", "PartialObjectMetadata", None),
        ("?includeObject=Object", "ConfigMap", Some("v")),
        ("?includeObject=None", "none", None),
    ] {
        let request = Request::get(format!("{MAPS}{query}"));
        let request =
            request.header(header::ACCEPT, "application/json;as=Table;v=v1;g=meta.k8s.io");
        let response = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let table: Value = serde_json::from_slice(&bytes).unwrap();
        let row = &table["rows"][0];
        assert_eq!(row["cells"][0], "a", "{query}");
        assert_eq!(row["object"]["kind"].as_str().unwrap_or("none"), kind, "{query}");
        assert_eq!(row["object"]["data"]["k"].as_str(), data, "{query}");
    }
}
