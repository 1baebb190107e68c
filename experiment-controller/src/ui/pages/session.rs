//! Sessions and links.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use jiff::{SignedDuration, Timestamp};

use crate::ui::Ui;
use crate::ui::access::guard::{Pass, set_cookie};
use crate::ui::access::{Grant, Rights, SESSION_LASTS};
use crate::ui::extract::Given;
use crate::ui::problem::{Answer, Trouble};
use crate::ui::types::{
    Done, Features, Link, LinkKind, LinkList, LinkRequest, LinkRow, Millis, Session, TokenRequest,
};

/// The longest that a session may last, in seconds: thirty days.
const LASTS_MAX: u32 = 30 * 24 * 3600;

/// Who asks.
pub(crate) async fn show(State(ui): State<Arc<Ui>>, pass: Pass) -> Json<Session> {
    Json(session(&ui, pass.rights, pass.until))
}

fn session(ui: &Ui, rights: Rights, until: Timestamp) -> Session {
    let first = rights.namespaces.as_ref().and_then(|it| it.first().cloned());
    let namespace = match rights.may_see(&ui.namespace) {
        true => ui.namespace.clone(),
        false => first.unwrap_or_default(),
    };
    Session {
        version: env!("CARGO_PKG_VERSION").into(),
        read_only: rights.read_only,
        namespaces: rights.namespaces,
        namespace,
        home: ui.home,
        features: Features { pause: true, enqueue: false, logs: true },
        expires: until.into(),
    }
}

/// Opens a session.
pub(crate) async fn open(
    State(ui): State<Arc<Ui>>,
    Given(request): Given<TokenRequest>,
) -> Result<Response, Trouble> {
    let text = request.token.trim();
    let token = text.rsplit("token=").next().unwrap_or(text);
    let token = token.split('&').next().unwrap_or(token);
    let now = Timestamp::now();
    let Some((token, grant)) = ui.access.open(token, now) else {
        let why = "this token was used, or has expired, or never was one; `qalam ui` prints a new \
                   link";
        return Err(Trouble::new(401, "Unauthorized", why));
    };
    let cookie = set_cookie(ui.port(), &token, grant.until.duration_since(now).as_secs());
    let mut response = Json(session(&ui, grant.rights, grant.until)).into_response();
    cookie.map(|it| response.headers_mut().insert(header::SET_COOKIE, it));
    Ok(response)
}

/// Ends this session.
pub(crate) async fn end(State(ui): State<Arc<Ui>>, pass: Pass) -> Response {
    ui.access.end(&pass.id);
    let mut response = Json(Done { message: "the session has ended".into() }).into_response();
    let gone: Option<HeaderValue> = set_cookie(ui.port(), "", 0);
    gone.map(|it| response.headers_mut().insert(header::SET_COOKIE, it));
    response
}

/// All sessions and unused links.
pub(crate) async fn links(State(ui): State<Arc<Ui>>, pass: Pass) -> Answer<LinkList> {
    unbound(&pass)?;
    let row = |it: Grant| LinkRow {
        current: it.id == pass.id,
        id: it.id,
        kind: if it.opened { LinkKind::Session } else { LinkKind::Link },
        read_only: it.rights.read_only,
        namespaces: it.rights.namespaces,
        created: Millis::from(it.since),
        expires: Millis::from(it.until),
    };
    Ok(Json(LinkList { items: ui.access.list(Timestamp::now()).into_iter().map(row).collect() }))
}

/// Makes a link to hand on.
pub(crate) async fn link(
    State(ui): State<Arc<Ui>>,
    pass: Pass,
    Given(request): Given<LinkRequest>,
) -> Answer<Link> {
    let wanted = Rights { read_only: request.read_only, namespaces: request.namespaces };
    let rights = pass.rights.narrowed(&wanted);
    let empty = rights.namespaces.as_ref().is_some_and(Vec::is_empty);
    if empty {
        return Err(Trouble::forbidden("this session may see none of these namespaces"));
    }
    let path = if request.path.is_empty() { "/" } else { &request.path };
    let safe = path.starts_with('/') && !path.starts_with("//") && !path.contains(['\\', '#']);
    if !safe || path.contains(char::is_control) {
        let why =
            format!("path: must be a page such as /experiments/default/quickstart, got {path:?}");
        return Err(Trouble::bad(why));
    }
    let lasts = request
        .lifetime_seconds
        .map_or(SESSION_LASTS, |it| SignedDuration::from_secs(it.clamp(60, LASTS_MAX).into()));
    let now = Timestamp::now();
    // A link may not outlive the session that made it.
    let lasts = lasts.min(pass.until.duration_since(now));
    let (token, grant) = ui.access.link(rights, lasts, now);
    let url = ui.address(path, &token);
    Ok(Json(Link { id: grant.id, url, expires: grant.until.into() }))
}

/// Ends a session, or takes back a link.
pub(crate) async fn unlink(
    State(ui): State<Arc<Ui>>,
    pass: Pass,
    Path(id): Path<String>,
) -> Answer<Done> {
    unbound(&pass)?;
    match ui.access.end(&id) {
        true => Ok(Json(Done { message: "it opens nothing any more".into() })),
        false => Err(Trouble::not_found("there is no such link or session")),
    }
}

/// Sessions of others are for those who may do everything.
fn unbound(pass: &Pass) -> Result<(), Trouble> {
    if pass.rights == Rights::ALL {
        return Ok(());
    }
    Err(Trouble::forbidden("only a session that may do everything sees the others"))
}
