//! The guard before every request: the right host, the right origin, a session, and for changes
//! the right to make them; and the headers that every answer carries.
//!
//! - *Host* must name this machine: a page of another name that resolves to it (DNS rebinding) is
//!   refused.
//! - *Origin*, where a browser sends it, must be ours, and changes need the header `X-Qalam`, which
//!   no form and no foreign page can send.
//! - The cookie is `HttpOnly` and `SameSite=Strict`, and has the port in its name, since cookies do
//!   not keep ports apart.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, HeaderValue, Method, Uri, header};
use jiff::Timestamp;

use super::{Access, Grant, Rights};
use crate::ui::Ui;
use crate::ui::problem::Trouble;

/// The header that changes must carry.
const OURS: &str = "x-qalam";

/// Scripts and styles come from our own files, nothing comes from elsewhere, nobody frames us.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: \
                      blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src \
                      'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct Pass {
    /// The session's id; empty for the bearer of the home's own token.
    pub(crate) id: String,
    /// What it may do.
    pub(crate) rights: Rights,
    /// Until when.
    pub(crate) until: Timestamp,
}

impl Pass {
    fn of(grant: Grant) -> Pass {
        Pass { id: grant.id, rights: grant.rights, until: grant.until }
    }

    /// Refuses what is in a namespace that the session may not see.
    pub(crate) fn see(&self, namespace: &str) -> Result<(), Trouble> {
        if self.rights.may_see(namespace) {
            return Ok(());
        }
        Err(Trouble::forbidden(format!("this session may not see the namespace {namespace}")))
    }

    /// The namespaces to look at: the one asked for, or all that may be seen (none: every one).
    pub(crate) fn scope(&self, asked: Option<&str>) -> Result<Option<Vec<String>>, Trouble> {
        match asked.filter(|it| !it.is_empty()) {
            None => Ok(self.rights.namespaces.clone()),
            Some(one) => {
                self.see(one)?;
                Ok(Some(vec![one.to_owned()]))
            }
        }
    }
}

/// Lets a request through, or answers why not.
pub(crate) async fn guard(State(ui): State<Arc<Ui>>, request: Request, next: Next) -> Response {
    let mut response = match admit(&ui, request) {
        Ok(Entry::In(request)) => next.run(*request).await,
        Ok(Entry::Opened(response)) => response,
        Err(trouble) => trouble.into_response(),
    };
    let headers = response.headers_mut();
    let mut set = |name, value| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::CACHE_CONTROL, "no-store");
    response
}

enum Entry {
    In(Box<Request>),
    /// The request was a link, which opened a session.
    Opened(Response),
}

fn admit(ui: &Ui, mut request: Request) -> Result<Entry, Trouble> {
    let headers = request.headers();
    let host = host(headers, request.uri());
    if !is_ours(host, &ui.hosts) {
        let why = format!(
            "the host {host:?} is not this dashboard's; open it as localhost, or name the host when \
             it is started (--ui-host)"
        );
        return Err(Trouble::new(421, "MisdirectedRequest", why));
    }
    let path = request.uri().path();
    let is_api = path.starts_with("/api/");
    if !is_api {
        if let Some(token) = token(request.uri()) {
            return Ok(Entry::Opened(open(ui, &token, request.uri())));
        }
        // The files are the same for everybody, and tell nothing.
        return Ok(Entry::In(Box::new(request)));
    }
    let bearer = bearer(headers).is_some_and(|it| ui.is_bearer(it));
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    if !bearer {
        same_origin(headers, host)?;
        if changes && !headers.contains_key(OURS) {
            let why =
                "changes need the header X-Qalam: 1, which only the dashboard's own pages send";
            return Err(Trouble::forbidden(why));
        }
    }
    let pass = match bearer {
        true => Some(Pass { id: String::new(), rights: Rights::ALL, until: Timestamp::MAX }),
        false => cookie(headers, ui.port()).and_then(|it| found(&ui.access, it)),
    };
    let opens = path == "/api/v1/session" && request.method() == Method::POST;
    let Some(pass) = pass else {
        return if opens { Ok(Entry::In(Box::new(request))) } else { Err(Trouble::unauthorized()) };
    };
    let ends = path == "/api/v1/session";
    let reads = path == "/api/v1/validate";
    if changes && pass.rights.read_only && !ends && !reads {
        return Err(Trouble::forbidden("this session may look, and change nothing"));
    }
    ui.touch();
    request.extensions_mut().insert(pass);
    Ok(Entry::In(Box::new(request)))
}

fn found(access: &Access, token: &str) -> Option<Pass> {
    access.session(token, Timestamp::now()).map(Pass::of)
}

/// Spends the token of a link and goes on to the same page without it.
fn open(ui: &Ui, token: &str, uri: &Uri) -> Response {
    // Only ever a path of ours: nobody is sent elsewhere.
    let path = format!("/{}", uri.path().trim_start_matches(['/', '\\']));
    let rest: Vec<&str> = uri.query().unwrap_or_default().split('&').collect();
    let rest: Vec<&str> =
        rest.into_iter().filter(|it| !it.is_empty() && !it.starts_with("token=")).collect();
    let to = if rest.is_empty() { path } else { format!("{path}?{}", rest.join("&")) };
    let mut response = Redirect::to(&to).into_response();
    if let Some(cookie) = ui.open(token) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// The cookie of a session.
pub(crate) fn set_cookie(port: u16, token: &str, seconds: i64) -> Option<HeaderValue> {
    let name = cookie_name(port);
    let text = format!("{name}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}");
    HeaderValue::from_str(&text).ok()
}

fn cookie_name(port: u16) -> String {
    format!("qalam_session_{port}")
}

fn cookie(headers: &HeaderMap, port: u16) -> Option<&str> {
    let name = cookie_name(port);
    let texts = headers.get_all(header::COOKIE).iter().filter_map(|it| it.to_str().ok());
    let mut pairs = texts.flat_map(|it| it.split(';')).filter_map(|it| it.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

fn token(uri: &Uri) -> Option<String> {
    let pairs = uri.query()?.split('&');
    let token = pairs.into_iter().find_map(|it| it.strip_prefix("token="))?;
    (!token.is_empty()).then(|| token.to_owned())
}

/// The host that a request names, with its port.
fn host<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> &'a str {
    let named = headers.get(header::HOST).and_then(|it| it.to_str().ok());
    named.or(uri.authority().map(http::uri::Authority::as_str)).unwrap_or_default()
}

/// Whether a host is this machine, by address or as localhost, or one of those that were named.
fn is_ours(host: &str, named: &[String]) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|it| it.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<std::net::IpAddr>().is_ok_and(|it| it.is_loopback());
    address || name.eq_ignore_ascii_case("localhost") || named.iter().any(|it| it == name)
}

/// Refuses what a page of another origin asks for.
fn same_origin(headers: &HeaderMap, host: &str) -> Result<(), Trouble> {
    let text = |name: &str| headers.get(name).and_then(|it| it.to_str().ok());
    let origin = text("origin").filter(|it| *it != "null");
    let foreign = text("origin") == Some("null")
        || origin.is_some_and(|it| it.split_once("://").map(|(_, host)| host) != Some(host));
    let elsewhere = text("sec-fetch-site").is_some_and(|it| !matches!(it, "same-origin" | "none"));
    if foreign || elsewhere {
        return Err(Trouble::forbidden("a page of another origin may not ask this dashboard"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_ours() {
        let named = ["tuning.example".to_owned()];
        let check = |host: &str, want: bool| assert_eq!(is_ours(host, &named), want, "{host}");
        for host in ["localhost", "localhost:7461", "127.0.0.1:1", "127.9.9.9", "[::1]:80"] {
            check(host, true);
        }
        check("tuning.example", true);
        check("tuning.example:443", true);
        for host in ["", "evil.example", "127.0.0.1.evil.example:7461", "10.0.0.1", "localhost.x"] {
            check(host, false);
        }
    }

    #[test]
    fn other_origins_are_refused() {
        let check = |pairs: &[(&'static str, &'static str)], want: bool| {
            let headers = pairs.iter().map(|(name, value)| {
                (http::HeaderName::from_static(name), HeaderValue::from_static(value))
            });
            let headers: HeaderMap = headers.collect();
            assert_eq!(same_origin(&headers, "localhost:1").is_ok(), want, "{pairs:?}");
        };
        check(&[], true);
        check(&[("origin", "http://localhost:1"), ("sec-fetch-site", "same-origin")], true);
        check(&[("origin", "http://localhost:2")], false);
        check(&[("origin", "http://evil.example")], false);
        check(&[("origin", "null")], false);
        check(&[("sec-fetch-site", "cross-site")], false);
        check(&[("sec-fetch-site", "same-site")], false);
    }

    #[test]
    fn cookies_are_kept_apart_by_port() {
        let mut headers = HeaderMap::new();
        let text = "a=b; qalam_session_1=one; qalam_session_12=two";
        headers.insert(header::COOKIE, HeaderValue::from_static(text));
        assert_eq!(cookie(&headers, 1), Some("one"));
        assert_eq!(cookie(&headers, 12), Some("two"));
        assert_eq!(cookie(&headers, 2), None);
        let set = set_cookie(1, "x", 9).unwrap();
        let want = "qalam_session_1=x; Path=/; HttpOnly; SameSite=Strict; Max-Age=9";
        assert_eq!(set, want);
    }
}
