//! The dashboard's API over an in-process cluster: who may see what, what is answered, and what the
//! stream tells.

#[path = "../../benches/ui/fill.rs"]
mod fill;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, BodyDataStream};
use futures::StreamExt;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use jiff::Timestamp;
use metrics_collector::{MemoryStore, Report, Store, TrialKey};
use platform::cluster::{self, Cluster};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use super::access::{Rights, SESSION_LASTS};
use super::{Heard, Options, Ui, contract};
use crate::admission::Door;

/// Longest that anything here may take; reached only when something is broken.
const PATIENCE: Duration = Duration::from_secs(30);
/// A token of the home.
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

struct Stage {
    cluster: Cluster,
    store: Arc<dyn Store>,
    ui: Arc<Ui>,
    _home: TempDir,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    bytes: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("{}", self.text()))
    }

    fn text(&self) -> String {
        String::from_utf8(self.bytes.clone()).unwrap()
    }
}

impl Stage {
    async fn set() -> Stage {
        let home = tempfile::tempdir().unwrap();
        let mut options = cluster::Options::at(home.path());
        options.admission.push(Arc::new(Door));
        let cluster = Cluster::open(options).await.unwrap();
        let (store, hearing) = Heard::new(Arc::new(MemoryStore::default()));
        let store: Arc<dyn Store> = store;
        let ui = Ui::new(Options {
            client: cluster.client(),
            store: Some(store.clone()),
            hearing: Some(hearing),
            home: true,
            namespace: "default".into(),
            hosts: Vec::new(),
            bearer: Some(TOKEN.into()),
            touched: Box::new(|| {}),
        });
        Stage { cluster, store, ui, _home: home }
    }

    fn router(&self) -> Router {
        self.ui.router()
    }

    /// The cookie of a session with these rights.
    fn session(&self, rights: Rights) -> String {
        let (token, _) = self.ui.access.link(rights, SESSION_LASTS, Timestamp::now());
        let cookie = self.ui.open(&token).unwrap();
        cookie.to_str().unwrap().split(';').next().unwrap().to_owned()
    }

    fn bound(&self, namespace: &str) -> String {
        self.session(Rights { read_only: false, namespaces: Some(vec![namespace.into()]) })
    }

    async fn call(&self, request: Request<Body>) -> Answer {
        let response = self.router().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = tokio::time::timeout(PATIENCE, body.collect()).await.unwrap().unwrap();
        Answer { status: parts.status, headers: parts.headers, bytes: bytes.to_bytes().into() }
    }

    async fn get(&self, path: &str, cookie: &str) -> Answer {
        self.call(request(Method::GET, path, cookie, None)).await
    }

    async fn post(&self, path: &str, cookie: &str, body: Value) -> Answer {
        self.call(request(Method::POST, path, cookie, Some(body))).await
    }

    async fn stream(&self, watch: &str, from: &str, cookie: &str) -> Listener {
        let path = format!("/api/v1/stream?watch={watch}&from={from}");
        let response = self.router().oneshot(request(Method::GET, &path, cookie, None)).await;
        let response = response.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        Listener { body: response.into_body().into_data_stream(), text: String::new() }
    }
}

fn request(method: Method, path: &str, cookie: &str, body: Option<Value>) -> Request<Body> {
    let mut request = Request::builder().method(method.clone()).uri(path);
    request = request.header(header::HOST, "localhost").header(header::COOKIE, cookie);
    if method != Method::GET {
        request = request.header("x-qalam", "1").header(header::CONTENT_TYPE, "application/json");
    }
    request.body(body.map_or(Body::empty(), |it| Body::from(it.to_string()))).unwrap()
}

/// One open stream.
struct Listener {
    body: BodyDataStream,
    text: String,
}

impl Listener {
    /// The next event of that name: its id and its data.
    async fn next(&mut self, name: &str) -> (String, Value) {
        let found = tokio::time::timeout(PATIENCE, async {
            loop {
                while let Some((event, rest)) = self.text.split_once("\n\n") {
                    let (event, rest) = (event.to_owned(), rest.to_owned());
                    self.text = rest;
                    let field = |field: &str| {
                        let line = event.lines().find_map(|it| it.strip_prefix(field));
                        line.unwrap_or_default().trim().to_owned()
                    };
                    if field("event:") == name {
                        return (field("id:"), serde_json::from_str(&field("data:")).unwrap());
                    }
                }
                let chunk = self.body.next().await.expect("the stream goes on").unwrap();
                self.text += std::str::from_utf8(&chunk).unwrap();
            }
        });
        found.await.unwrap_or_else(|_| panic!("no event {name}; {}", self.text))
    }
}

#[tokio::test]
async fn a_link_opens_a_session_and_a_session_everything() {
    let stage = Stage::set().await;
    let link = stage.ui.link("/experiments/a/b?x=1");
    let path = link.split_once(":0").unwrap().1.to_owned();
    assert_eq!(stage.get("/api/v1/session", "").await.status, StatusCode::UNAUTHORIZED);
    let opened = stage.get(&path, "").await;
    assert_eq!(opened.status, StatusCode::SEE_OTHER);
    assert_eq!(opened.headers[header::LOCATION], "/experiments/a/b?x=1");
    let cookie = opened.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let session = stage.get("/api/v1/session", cookie).await;
    assert_eq!((session.status, &session.json()["readOnly"]), (StatusCode::OK, &json!(false)));
    let policy = session.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let again = stage.get(&path, "").await;
    assert!(!again.headers.contains_key(header::SET_COOKIE), "a token works once");
    let away = stage.get("//evil.example/?token=x", "").await;
    assert_eq!(away.headers[header::LOCATION], "/evil.example/", "nobody is sent elsewhere");

    assert_eq!(
        stage.call(request(Method::DELETE, "/api/v1/session", cookie, None)).await.status,
        200
    );
    assert_eq!(stage.get("/api/v1/session", cookie).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn foreign_pages_and_hosts_are_refused() {
    let stage = Stage::set().await;
    let cookie = stage.session(Rights::ALL);
    let with = |name: &'static str, value: &'static str, method: Method| {
        let body = json!({"text": "a: 1"});
        let mut request = request(method, "/api/v1/validate", &cookie, Some(body));
        request.headers_mut().insert(name, value.parse().unwrap());
        request
    };
    let host = stage.call(with("host", "evil.example", Method::POST)).await;
    assert_eq!(host.status.as_u16(), 421);
    let origin = stage.call(with("origin", "http://evil.example", Method::POST)).await;
    assert_eq!(origin.status, StatusCode::FORBIDDEN);
    let mut plain = with("accept", "*/*", Method::POST);
    plain.headers_mut().remove("x-qalam");
    assert_eq!(stage.call(plain).await.status, StatusCode::FORBIDDEN);
    assert_eq!(stage.call(with("accept", "*/*", Method::POST)).await.status, StatusCode::OK);
    // Another program of the same user has the home's token, and needs no header of ours.
    let mut bearer = with("authorization", "Bearer 0123456789abcdef0123456789abcdef", Method::POST);
    bearer.headers_mut().remove("x-qalam");
    bearer.headers_mut().remove("cookie");
    assert_eq!(stage.call(bearer).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_session_that_may_look_changes_nothing() {
    let stage = Stage::set().await;
    fill::fill(&stage.cluster, "default", "e", 3).await;
    let cookie = stage.session(Rights { read_only: true, namespaces: None });
    let mut tried = 0;
    for route in contract::routes().iter().filter(|it| it.method != "GET") {
        if ["/api/v1/session", "/api/v1/validate"].contains(&route.path) {
            continue;
        }
        let path = route.path.replace("{namespace}", "default").replace("{name}", "e");
        let method = Method::from_bytes(route.method.as_bytes()).unwrap();
        let answer = stage.call(request(method, &path, &cookie, Some(json!({})))).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        tried += 1;
    }
    assert!(10 < tried);
    let link = json!({"readOnly": false, "path": "/"});
    assert_eq!(stage.post("/api/v1/links", &cookie, link).await.status, StatusCode::FORBIDDEN);
    let there = stage.get("/api/v1/experiments/default/e", &cookie).await;
    assert_eq!(there.json()["row"]["counts"]["total"], 3);
}

#[tokio::test]
async fn nothing_of_another_namespace_is_told() {
    let stage = Stage::set().await;
    fill::fill(&stage.cluster, "default", "ours", 5).await;
    fill::fill(&stage.cluster, "secret-space", "theirs", 5).await;
    let cookie = stage.bound("default");
    let mut tried = 0;
    for route in contract::routes() {
        let named = route.path.contains("{namespace}");
        for name in ["theirs", "theirs-000001"].into_iter().filter(|_| named) {
            let path = route.path.replace("{namespace}", "secret-space").replace("{name}", name);
            let method = Method::from_bytes(route.method.as_bytes()).unwrap();
            let body = json!({"parameters": []});
            let answer = stage.call(request(method, &path, &cookie, Some(body))).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
            tried += 1;
        }
    }
    assert!(40 < tried);
    for path in ["/experiments", "/experiments?q=theirs", "/cluster", "/namespaces", "/session"] {
        let answer = stage.get(&format!("/api/v1{path}"), &cookie).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        let text = answer.text();
        assert!(!text.contains("secret") && !text.contains("theirs"), "{path}: {text}");
    }
    for path in [
        "/experiments?namespace=secret-space",
        "/cluster?namespace=secret-space",
        "/stream?watch=experiments:secret-space",
        "/stream?watch=experiment:secret-space/theirs",
        "/stream?watch=trial:secret-space/theirs-000001",
        "/stream?watch=curves:secret-space/theirs",
    ] {
        let answer = stage.get(&format!("/api/v1{path}"), &cookie).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
    }
    // A trial's own namespace counts, not a pod's name in the query.
    let bulk =
        json!({"action": "delete", "items": [{"namespace": "secret-space", "name": "theirs"}]});
    let answer = stage.post("/api/v1/experiments/bulk", &cookie, bulk).await;
    assert_eq!(answer.json()["results"][0]["ok"], false);
    let wide = json!({"namespaces": ["secret-space"], "path": "/"});
    assert_eq!(stage.post("/api/v1/links", &cookie, wide).await.status, StatusCode::FORBIDDEN);
    assert_eq!(stage.get("/api/v1/links", &cookie).await.status, StatusCode::FORBIDDEN);

    // The stream hears of their change first and of ours next, and tells ours alone.
    let page = stage.get("/api/v1/experiments", &cookie).await.json();
    let at = page["at"].as_str().unwrap();
    let mut stream = stage.stream("experiments,cluster", at, &cookie).await;
    let their = fill::trial("secret-space", "theirs", "uid-secret-space-theirs", 9);
    fill::put(&stage.cluster, "trials.kubeflow.org", their).await;
    let our = fill::trial("default", "ours", "uid-default-ours", 9);
    fill::put(&stage.cluster, "trials.kubeflow.org", our).await;
    let (_, rows) = stream.next("experiments").await;
    assert!(!rows.to_string().contains("secret"), "{rows}");
    assert_eq!(rows[0]["name"], "ours");
}

#[tokio::test]
async fn trials_are_answered_as_rows_and_as_columns() {
    let stage = Stage::set().await;
    fill::fill(&stage.cluster, "default", "e", 400).await;
    let cookie = stage.session(Rights::ALL);
    let one = "/api/v1/experiments/default/e";
    let page = stage.get(&format!("{one}/trials?sort=metric:loss&limit=3"), &cookie).await.json();
    assert_eq!((&page["total"], page["items"].as_array().unwrap().len()), (&json!(400), 3));
    let best = page["items"][0]["name"].clone();
    let detail = stage.get(one, &cookie).await.json();
    assert_eq!(detail["best"]["trial"], best);
    assert_eq!(detail["row"]["sparkline"].as_array().unwrap().len(), 32);

    let filter =
        "where=parameter:optimizer=sgd%7Cadam&where=parameter:layers=2..3&status=Succeeded";
    let some = stage.get(&format!("{one}/trials?{filter}&limit=1000"), &cookie).await.json();
    let items = some["items"].as_array().unwrap();
    assert!(!items.is_empty() && items.len() < 400);
    for it in items {
        assert!(["2", "3"].contains(&it["parameters"][2].as_str().unwrap()), "{it}");
        assert_ne!(it["parameters"][3], "ftrl");
    }
    for wrong in ["sort=nothing", "where=nothing:a=1", "where=metric:loss=a..b", "status=Fine"] {
        let answer = stage.get(&format!("{one}/trials?{wrong}"), &cookie).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}");
        assert!(answer.json()["message"].as_str().unwrap().contains("must be"), "{wrong}");
    }

    let all = stage.get(&format!("{one}/columns"), &cookie).await.json();
    assert_eq!((&all["total"], &all["sampled"]), (&json!(400), &json!(false)));
    let place = usize::try_from(all["best"].as_u64().unwrap()).unwrap();
    assert_eq!(all["names"][place], best);
    assert_eq!(all["parameters"][3]["categories"], json!(["sgd", "adam", "ftrl"]));
    let few = stage.get(&format!("{one}/columns?limit=50"), &cookie).await.json();
    let names = few["names"].as_array().unwrap();
    assert_eq!((names.len(), &few["sampled"]), (50, &json!(true)));
    assert!(names.contains(&best) && names.contains(&json!("e-000399")), "best and newest");

    for method in ["fanova", "ped-anova"] {
        let path = format!("{one}/importance?method={method}");
        let found = stage.get(&path, &cookie).await.json();
        assert_eq!(found["parameters"][0]["name"], "lr", "{found}");
    }
    let ranks = stage.get(&format!("{one}/correlation"), &cookie).await.json();
    assert_eq!(ranks["values"][3], json!([null, null]), "names have no order");
    assert!(0.1 < ranks["values"][1][0].as_f64().unwrap(), "{ranks}");
    assert_eq!(stage.get(&format!("{one}-x/columns"), &cookie).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_stream_goes_on_where_it_broke_off() {
    let stage = Stage::set().await;
    fill::fill(&stage.cluster, "default", "e", 2).await;
    let cookie = stage.session(Rights::ALL);
    let at = stage.get("/api/v1/experiments", &cookie).await.json()["at"].clone();
    let at = at.as_str().unwrap();
    let change = |index: usize| fill::trial("default", "e", "uid-default-e", index);
    let mut stream = stage.stream("experiment:default/e", at, &cookie).await;
    fill::put(&stage.cluster, "trials.kubeflow.org", change(5)).await;
    let (id, trials) = stream.next("trials").await;
    assert_eq!(trials["rows"][0]["name"], "e-000005");
    drop(stream);
    fill::put(&stage.cluster, "trials.kubeflow.org", change(6)).await;
    let mut stream = stage.stream("experiment:default/e", &id, &cookie).await;
    let (_, trials) = stream.next("trials").await;
    let rows = trials["rows"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0]["name"]), (1, &json!("e-000006")), "no more and no less");

    let mut lost = stage.stream("experiments", "another-7", &cookie).await;
    lost.next("reset").await;

    let key = TrialKey { namespace: "default".into(), trial: "e-000001".into() };
    let report = |value: &str| Report {
        metric: "loss".into(),
        value: value.into(),
        time: Timestamp::now(),
        step: Some(3),
        position: None,
    };
    let mut stream = stage.stream("trial:default/e-000001", at, &cookie).await;
    stage.store.append(&key, &[report("0.5"), report("nan")]).await.unwrap();
    let (_, points) = stream.next("points").await;
    assert_eq!((&points[0]["x"], &points[0]["y"]), (&json!([3, 3]), &json!([0.5, null])));
    let grants = stage.ui.access.list(Timestamp::now());
    assert!(grants.iter().all(|it| stage.ui.access.end(&it.id)));
    fill::put(&stage.cluster, "trials.kubeflow.org", change(7)).await;
    stream.next("bye").await;
}

#[tokio::test]
async fn what_trials_write_is_text_and_no_more() {
    let stage = Stage::set().await;
    let uid = "uid-default-e";
    let experiment = fill::experiment("default", "e", uid, 9);
    fill::put(&stage.cluster, "experiments.kubeflow.org", experiment).await;
    let nasty = [
        "<script>alert(1)</script>".to_owned(),
        "\u{202e}evil\u{0}\u{7}\u{1b}[31m\r\nSet-Cookie: a=b".to_owned(),
        "x".repeat(1024 * 1024),
        "=HYPERLINK(\"http://evil\"),\"".to_owned(),
    ];
    for (index, text) in nasty.iter().enumerate() {
        let mut trial = fill::trial("default", "e", uid, index);
        trial["spec"]["parameterAssignments"][3]["value"] = json!(text);
        trial["status"]["observation"]["metrics"][1]["latest"] = json!(text);
        trial["status"]["conditions"][0]["message"] = json!(text);
        fill::put(&stage.cluster, "trials.kubeflow.org", trial).await;
    }
    let cookie = stage.session(Rights::ALL);
    let one = "/api/v1/experiments/default/e";
    let page = stage.get(&format!("{one}/trials"), &cookie).await;
    assert_eq!(page.headers[header::CONTENT_TYPE], "application/json");
    assert_eq!(page.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert!(page.bytes.len() < 10_000, "long values are cut: {}", page.bytes.len());
    assert_eq!(page.json()["items"][0]["parameters"][3], json!(nasty[0]));
    assert_eq!(page.json()["items"][1]["parameters"][3], json!(nasty[1]));
    let columns = stage.get(&format!("{one}/columns"), &cookie).await;
    assert!(columns.json()["parameters"][3]["categories"].as_array().unwrap().len() == 7);
    for (index, text) in nasty.iter().enumerate() {
        let path = format!("/api/v1/trials/default/e-{index:06}");
        let trial = stage.get(&path, &cookie).await.json();
        assert_eq!(trial["parameters"][3]["value"], json!(text), "whole where it is asked for");
        assert_eq!(stage.get(&format!("{path}/manifest"), &cookie).await.status, StatusCode::OK);
    }
    let report = stage.get(&format!("{one}/report"), &cookie).await;
    assert_eq!(report.status, StatusCode::OK);
    assert!(!report.text().contains("<script"), "no script of anybody");
    let file = stage.get(&format!("{one}/export"), &cookie).await;
    assert!(file.text().contains("\"=HYPERLINK(\"\"http://evil\"\"),\"\"\""));
    let name = "/api/v1/experiments/default/%3Cscript%3E%0d%0aa";
    let answer = stage.get(name, &cookie).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.headers[header::CONTENT_TYPE], "application/json");
}

#[tokio::test]
async fn experiments_are_made_and_changed_through_the_api() {
    let stage = Stage::set().await;
    let cookie = stage.session(Rights::ALL);
    let text = include_str!("../../../examples/quickstart.yaml");
    let checked = stage.post("/api/v1/validate", &cookie, json!({"text": text})).await.json();
    assert_eq!((&checked["ok"], &checked["faults"]), (&json!(true), &json!([])), "{checked}");
    let made = stage.post("/api/v1/experiments", &cookie, json!({"text": text})).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text());
    let name = made.json()["name"].as_str().unwrap().to_owned();
    let taken = stage.post("/api/v1/validate", &cookie, json!({"text": text})).await.json();
    assert_eq!(taken["ok"], false, "the name is taken: {taken}");
    assert!(taken["faults"][0]["line"].is_u64(), "{taken}");
    let again = stage.post("/api/v1/experiments", &cookie, json!({"text": text})).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    let wrong = text.replace("minimize", "shrink").replace("maximize", "grow");
    let refused = stage.post("/api/v1/experiments", &cookie, json!({"text": wrong})).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.json()["faults"][0]["line"].is_u64());

    let one = format!("/api/v1/experiments/default/{name}");
    let more = stage.post(&format!("{one}/budget"), &cookie, json!({"maxTrials": 77})).await;
    assert_eq!(more.status, StatusCode::OK, "{}", more.text());
    let copy = stage.get(&format!("{one}/clone"), &cookie).await.json();
    let copy = copy["text"].as_str().unwrap();
    assert!(copy.contains(&format!("name: {name}-2")) && copy.contains("77"), "{copy}");
    let paused = stage.post(&format!("{one}/pause"), &cookie, json!({})).await;
    assert_eq!(paused.status, StatusCode::OK, "{}", paused.text());
    let stopped = stage.post(&format!("{one}/stop"), &cookie, json!({})).await;
    assert_eq!(stopped.status, StatusCode::OK, "{}", stopped.text());
    let answer = stage.post(&format!("{one}/enqueue"), &cookie, json!({"parameters": []})).await;
    assert_eq!(answer.status, StatusCode::NOT_IMPLEMENTED);
    let gone = stage.call(request(Method::DELETE, &one, &cookie, None)).await;
    assert_eq!(gone.status, StatusCode::OK, "{}", gone.text());
    let missing = stage.call(request(Method::DELETE, &one, &cookie, None)).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}
