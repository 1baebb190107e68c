//! Who asks, and what they may do.
//!
//! ```text
//! tokens    bearer tokens: the home's own, those of users (hashed), those of service accounts
//! rules     what roles and their bindings allow; who may grant what
//! roles     the roles that every cluster has
//! reviews   "may I?" and "who am I?"
//! ```
//! A request that comes from within the process carries no user: it may do everything.

mod reviews;
mod roles;
mod rules;
pub mod tokens;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, header};

use super::Api;
use super::request::{Query, Target};
use super::status::Status;
pub(super) use reviews::is_review;
pub(in crate::cluster) use roles::install;
use rules::Wish;
pub(super) use rules::check_grant;
use tokens::Tokens;

/// Paths that tell nothing of the home's content.
const OPEN_PATHS: [&str; 4] = ["/healthz", "/readyz", "/livez", "/version"];
/// Whose members may do everything.
pub const MASTERS: &str = "system:masters";
/// The group of everybody who is known.
const AUTHENTICATED: &str = "system:authenticated";

/// Somebody who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Such as `qalam`, `alice` or `system:serviceaccount:default:runner`.
    pub name: String,
    /// Such as `system:masters`.
    pub groups: Vec<String>,
}

impl User {
    /// The owner of the home.
    #[must_use]
    pub fn owner() -> User {
        User { name: "qalam".into(), groups: vec![MASTERS.into(), AUTHENTICATED.into()] }
    }

    fn is_master(&self) -> bool {
        self.groups.iter().any(|it| it == MASTERS)
    }
}

/// The router behind tokens: requests without a good one get 401, all others carry their [`User`].
pub(in crate::cluster) fn guard(router: Router, api: &Api, owner: String) -> Router {
    let tokens = Arc::new(Tokens::new(&api.home, owner));
    let api = api.clone();
    router.layer(middleware::from_fn(move |mut request: Request, next: Next| {
        let (tokens, api) = (Arc::clone(&tokens), api.clone());
        async move {
            if !OPEN_PATHS.contains(&request.uri().path()) {
                let given = request.headers().get(header::AUTHORIZATION);
                let given = given.and_then(|it| it.to_str().ok());
                let given = given.and_then(|it| it.strip_prefix("Bearer ")).unwrap_or_default();
                let Some(user) = tokens.user(given, &api.store) else { return unauthorized() };
                match impersonated(&api, &user, request.headers()) {
                    Ok(other) => drop(request.extensions_mut().insert(other.unwrap_or(user))),
                    Err(refusal) => return refusal.into_response(),
                }
            }
            next.run(request).await
        }
    }))
}

/// The user that this one asks to be (`kubectl --as`), if any.
fn impersonated(api: &Api, user: &User, headers: &HeaderMap) -> Result<Option<User>, Status> {
    let texts = |name: &str| -> Vec<String> {
        let values = headers.get_all(name).iter().filter_map(|it| it.to_str().ok());
        values.map(str::to_owned).collect()
    };
    let Some(name) = texts("impersonate-user").into_iter().next() else { return Ok(None) };
    let mut groups = texts("impersonate-group");
    let wish = |resource: &str, name: &str| Wish {
        verb: "impersonate".into(),
        resource: resource.into(),
        name: Some(name.into()),
        ..Wish::default()
    };
    let wishes = groups.iter().map(|it| wish("groups", it)).chain([wish("users", &name)]);
    for wish in wishes {
        if !rules::allows(&api.store, user, &wish) {
            let told = format!(
                "{} \"{}\" is forbidden: User \"{}\" cannot impersonate resource \"{}\" in API \
                 group \"\" at the cluster scope",
                wish.resource,
                wish.name.unwrap_or_default(),
                user.name,
                wish.resource
            );
            return Err(Status::new(403, "Forbidden", told));
        }
    }
    if let Some((namespace, _)) =
        name.strip_prefix("system:serviceaccount:").and_then(|it| it.split_once(':'))
    {
        groups.push("system:serviceaccounts".into());
        groups.push(format!("system:serviceaccounts:{namespace}"));
    }
    groups.push(AUTHENTICATED.into());
    Ok(Some(User { name, groups }))
}

fn unauthorized() -> Response {
    Status::new(401, "Unauthorized", "Unauthorized").into_response()
}

impl Api {
    /// # Errors
    /// 403 when the user may not do that.
    pub(super) fn authorize(
        &self,
        user: Option<&User>,
        method: &Method,
        target: &Target,
        query: &Query,
    ) -> Result<(), Status> {
        let Some(user) = user.filter(|it| !it.is_master()) else { return Ok(()) };
        let wish = Wish::of(method, target, query);
        if rules::allows(&self.store, user, &wish) {
            return Ok(());
        }
        Err(refusal(user, target, &wish))
    }
}

/// As a real server says it.
fn refusal(user: &User, target: &Target, wish: &Wish) -> Status {
    let kind = &target.kind;
    let place = match (&target.namespace, kind.namespaced) {
        (Some(namespace), _) => format!(" in the namespace \"{namespace}\""),
        (None, _) => " at the cluster scope".to_owned(),
    };
    let why = format!(
        "User \"{}\" cannot {} resource \"{}\" in API group \"{}\"{place}",
        user.name, wish.verb, wish.resource, kind.group
    );
    let name = target.name.as_deref().unwrap_or_default();
    let mut status = Status::forbidden(kind, name, &why);
    if name.is_empty() {
        status.message = format!("{} is forbidden: {why}", kind.qualified());
    }
    status
}
