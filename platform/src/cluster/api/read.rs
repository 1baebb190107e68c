//! Getting and listing.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};

use super::Api;
use super::request::{Query, Target};
use super::selectors::Selection;
use super::status::Status;
use crate::cluster::store::{Key, Object};

/// One page of a list.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) items: Vec<Arc<Object>>,
    /// The list's metadata: version, how to go on.
    pub(super) metadata: Value,
}

impl Api {
    /// The object at `target`.
    pub(super) fn get(&self, target: &Target) -> Result<Arc<Object>, Status> {
        let name = target.name.as_deref().unwrap_or_default();
        let key = Key::new(&target.kind.resource, target.place(), name);
        self.store.get(&key).ok_or_else(|| Status::not_found(&target.kind, name))
    }

    /// # Errors
    /// 400 for parameters that contradict each other, 410 for a past that is not kept.
    fn check_versions(&self, query: &Query) -> Result<(), Status> {
        let version = query.number("resourceVersion")?;
        let refuse = |why: &str| Err(Status::bad_request(format!("resourceVersionMatch: {why}")));
        match (query.text("resourceVersionMatch"), version) {
            (None, _) => Ok(()),
            (Some("Exact" | "NotOlderThan"), None) => refuse(
                "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided",
            ),
            (Some("Exact"), Some(0)) => {
                refuse("Forbidden: \"Exact\" is forbidden for resourceVersion 0")
            }
            // Only the present is kept; other states have to be followed with a watch.
            (Some("Exact"), Some(version)) if version != self.store.version() => {
                Err(Status::expired("The provided resource version is too old"))
            }
            (Some("Exact" | "NotOlderThan"), _) => Ok(()),
            (Some(other), _) => refuse(&format!(
                "Unsupported value: \"{other}\": supported values: \"Exact\", \"NotOlderThan\""
            )),
        }
    }

    /// The objects at `target` that the query selects, one page of them.
    ///
    /// Later pages show the objects as they are by then, under the version of the first page: a
    /// watch from that version tells all that has changed between the pages.
    pub(super) fn list(&self, target: &Target, query: &Query) -> Result<Page, Status> {
        let kind = &target.kind;
        self.check_versions(query)?;
        let selection =
            Selection::parse(kind, query.text("labelSelector"), query.text("fieldSelector"))?;
        let limit = query.number("limit")?.filter(|it| 0 < *it);
        let limit = limit.map_or(usize::MAX, |it| usize::try_from(it).unwrap_or(usize::MAX));
        let start = query.text("continue").map(Token::decode).transpose()?;
        if let Some(token) = &start
            && self.store.follow(&kind.resource, token.version).is_err()
        {
            return Err(Status::expired(
                "The provided continue parameter is too old; start the list again without it",
            ));
        }
        let namespace = target.namespace.as_deref();
        let after = start.as_ref().map(|it| (it.namespace.as_str(), it.name.as_str()));
        let take = if selection.is_everything() { limit } else { usize::MAX };
        let snapshot = self.store.list(&kind.resource, namespace, after, take);
        let version = start.as_ref().map_or(snapshot.version, |it| it.version);
        let (mut items, mut remaining) = (snapshot.items, Some(snapshot.remaining));
        if !selection.is_everything() {
            items.retain(|it| selection.matches(it));
            // As on a real server: with a selector nobody counts the rest.
            remaining = (items.len() <= limit).then_some(0);
            items.truncate(limit);
        }
        let mut metadata = json!({"resourceVersion": version.to_string()});
        if let (true, Some(last)) = (remaining != Some(0), items.last()) {
            metadata["continue"] = json!(Token::after(version, &last.key).encode());
            if let Some(count) = remaining {
                metadata["remainingItemCount"] = json!(count);
            }
        }
        Ok(Page { items, metadata })
    }
}

/// Where a paged list goes on.
struct Token {
    version: u64,
    namespace: String,
    name: String,
}

impl Token {
    fn after(version: u64, key: &Key) -> Token {
        Token { version, namespace: key.namespace.clone(), name: key.name.clone() }
    }

    fn encode(&self) -> String {
        BASE64.encode(json!([self.version, self.namespace, self.name]).to_string())
    }

    fn decode(text: &str) -> Result<Token, Status> {
        let bytes = BASE64.decode(text).ok();
        let parts = bytes.and_then(|it| serde_json::from_slice::<(u64, String, String)>(&it).ok());
        let (version, namespace, name) =
            parts.ok_or_else(|| Status::bad_request("continue: not a token of this server"))?;
        Ok(Token { version, namespace, name })
    }
}
