//! The static pages: embedded in release builds, read from `experiment-controller/ui/` in debug
//! ones, so that whoever edits a page reloads and sees it.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, StatusCode, header};
use rust_embed::Embed;

use super::problem::Trouble;

/// The page that all addresses of the dashboard show.
const PAGE: &str = "index.html";

#[derive(Embed)]
#[folder = "ui/"]
struct Files;

/// What a file is, by the end of its name.
const TYPES: &[(&str, &str)] = &[
    ("html", "text/html; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("json", "application/json"),
    ("map", "application/json"),
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("ico", "image/x-icon"),
    ("woff2", "font/woff2"),
    ("webmanifest", "application/manifest+json"),
    ("txt", "text/plain; charset=utf-8"),
    ("md", "text/plain; charset=utf-8"),
];

/// A file; any address without an ending is a page of the dashboard.
pub(super) async fn serve(request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    if path.starts_with("api/") {
        let why = format!("{} /{path} is no call of this API", request.method());
        return Trouble::not_found(why).into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let name = if is_file(path) { path } else { PAGE };
    let Some(file) = Files::get(name) else {
        return Trouble::not_found(format!("there is no file /{path}")).into_response();
    };
    let tag = tag(&file.metadata.sha256_hash());
    let same = request.headers().get(header::IF_NONE_MATCH).is_some_and(|it| it == tag.as_str());
    let mut response = match same {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => axum::body::Body::from(file.data).into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(type_of(name)));
    // Asked for anew each time, and sent only where it changed.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// Whether an address is a file's: names of experiments may have dots too.
fn is_file(path: &str) -> bool {
    if path.starts_with("experiments/") || path.starts_with("trials/") {
        return false;
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    ending.is_some_and(|it| TYPES.iter().any(|(known, _)| *known == it))
}

fn type_of(name: &str) -> &'static str {
    let ending = name.rsplit('.').next().unwrap_or_default();
    let found = TYPES.iter().find(|(known, _)| *known == ending);
    found.map_or("application/octet-stream", |(_, it)| it)
}

fn tag(hash: &[u8; 32]) -> String {
    use std::fmt::Write;
    let mut text = String::from("\"");
    for byte in &hash[..12] {
        // Writing into a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(path: &str) -> Response {
        let request = Request::builder().uri(path).body(axum::body::Body::empty()).unwrap();
        serve(request).await
    }

    #[tokio::test]
    async fn no_address_leaves_the_folder() {
        for path in
            ["/../../README.md", "/%2e%2e/%2e%2e/README.md", "/lib/../../../README.md", "/x.js"]
        {
            assert_eq!(get(path).await.status(), StatusCode::NOT_FOUND, "{path}");
        }
        assert_eq!(get("/api/v2/x").await.status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn names_with_dots_are_pages() {
        assert!(is_file("app.js") && is_file("a.b.css"));
        assert!(!is_file("resnet-1.5") && !is_file("quickstart") && !is_file(""));
        assert!(!is_file("experiments/default/app.js"));
    }
}
