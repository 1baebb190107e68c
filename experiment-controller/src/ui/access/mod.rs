//! Who may see the dashboard: links that open once, sessions, and what each of them may do.
//!
//! A link carries a token, as Jupyter's do. Opening it spends the token and sets a cookie, which is
//! the session. Only hashes of tokens are kept, in memory: a restart ends all sessions.

pub(crate) mod guard;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// How long a session lasts unless its link says otherwise.
pub(crate) const SESSION_LASTS: SignedDuration = SignedDuration::from_hours(24);
/// How long a link waits to be opened.
const LINK_WAITS: SignedDuration = SignedDuration::from_hours(24);
/// More sessions and links than these are a mistake or an attack; the oldest make room, links that
/// nobody opened first.
const GRANTS_MAX: usize = 1000;

/// What a session may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rights {
    /// It changes nothing.
    pub(crate) read_only: bool,
    /// The namespaces it may see; none for all of them.
    pub(crate) namespaces: Option<Vec<String>>,
}

impl Rights {
    /// Everything.
    pub(crate) const ALL: Rights = Rights { read_only: false, namespaces: None };

    /// Whether the namespace may be seen.
    pub(crate) fn may_see(&self, namespace: &str) -> bool {
        self.namespaces.as_ref().is_none_or(|it| it.iter().any(|it| it == namespace))
    }

    /// The part of `wanted` that these rights hold: nobody hands on more than he has.
    pub(crate) fn narrowed(&self, wanted: &Rights) -> Rights {
        let namespaces = match (&self.namespaces, &wanted.namespaces) {
            (None, wanted) => wanted.clone(),
            (mine, None) => mine.clone(),
            (Some(_), Some(wanted)) => {
                Some(wanted.iter().filter(|it| self.may_see(it)).cloned().collect())
            }
        };
        Rights { read_only: self.read_only || wanted.read_only, namespaces }
    }
}

/// A link or a session.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Grant {
    /// Tells it apart, and opens nothing.
    pub(crate) id: String,
    /// What it may do.
    pub(crate) rights: Rights,
    /// It was opened.
    pub(crate) opened: bool,
    /// When it was made or opened.
    pub(crate) since: Timestamp,
    /// Until when it holds.
    pub(crate) until: Timestamp,
    /// How long the session lasts that the link opens.
    pub(crate) lasts: SignedDuration,
}

/// All links and sessions, by the hashes of their tokens.
#[derive(Debug, Default)]
pub(crate) struct Access(Mutex<BTreeMap<[u8; 32], Grant>>);

impl Access {
    /// A new link: its token and what is known of it.
    pub(crate) fn link(
        &self,
        rights: Rights,
        lasts: SignedDuration,
        now: Timestamp,
    ) -> (String, Grant) {
        self.add(rights, false, LINK_WAITS, lasts, now)
    }

    /// Spends the token of a link; answers the token of the session that it opens.
    pub(crate) fn open(&self, token: &str, now: Timestamp) -> Option<(String, Grant)> {
        let link = {
            let mut grants = self.0.lock();
            // A session's token stays what it is.
            let is_link = grants.get(&hash(token)).is_some_and(|it| !it.opened && now < it.until);
            if !is_link {
                return None;
            }
            grants.remove(&hash(token))?
        };
        Some(self.add(link.rights, true, link.lasts, link.lasts, now))
    }

    /// The session of that token.
    pub(crate) fn session(&self, token: &str, now: Timestamp) -> Option<Grant> {
        let grants = self.0.lock();
        grants.get(&hash(token)).filter(|it| it.opened && now < it.until).cloned()
    }

    /// Whether the session of that id goes on.
    pub(crate) fn goes_on(&self, id: &str, now: Timestamp) -> bool {
        self.0.lock().values().any(|it| it.id == id && now < it.until)
    }

    /// Links and sessions that hold, newest first.
    pub(crate) fn list(&self, now: Timestamp) -> Vec<Grant> {
        let grants = self.0.lock();
        let mut all: Vec<Grant> = grants.values().filter(|it| now < it.until).cloned().collect();
        all.sort_by_key(|it| std::cmp::Reverse(it.since));
        all
    }

    /// Ends a session or takes a link back; whether there was one.
    pub(crate) fn end(&self, id: &str) -> bool {
        let mut grants = self.0.lock();
        let before = grants.len();
        grants.retain(|_, it| it.id != id);
        grants.len() < before
    }

    fn add(
        &self,
        rights: Rights,
        opened: bool,
        holds: SignedDuration,
        lasts: SignedDuration,
        now: Timestamp,
    ) -> (String, Grant) {
        // 244 random bits.
        let token = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        let until = now.checked_add(holds).unwrap_or(Timestamp::MAX);
        let id = Uuid::new_v4().simple().to_string();
        let grant = Grant { id, rights, opened, since: now, until, lasts };
        let mut grants = self.0.lock();
        grants.retain(|_, it| now < it.until);
        if GRANTS_MAX <= grants.len() {
            let oldest =
                grants.iter().min_by_key(|(_, it)| (it.opened, it.since)).map(|(key, _)| *key);
            oldest.map(|key| grants.remove(&key));
        }
        grants.insert(hash(&token), grant.clone());
        (token, grant)
    }
}

/// A look-up by hash tells nothing by its duration.
fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_link_opens_one_session() {
        let access = Access::default();
        let (token, _) = access.link(Rights::ALL, SignedDuration::from_secs(60), at(0));
        assert!(access.session(&token, at(0)).is_none(), "a link is no session");
        let (cookie, grant) = access.open(&token, at(1)).unwrap();
        assert!(access.open(&token, at(1)).is_none(), "a token works once");
        assert!(access.open(&cookie, at(1)).is_none(), "a session is no link");
        assert_eq!(access.session(&cookie, at(60)).unwrap(), grant);
        assert!(access.session(&cookie, at(61)).is_none(), "it lasts a minute");
        let (late, _) = access.link(Rights::ALL, SESSION_LASTS, at(0));
        assert!(access.open(&late, at(24 * 3600)).is_none(), "a link waits for a day");
        assert!(access.end(&grant.id) && !access.end(&grant.id));
        assert!(!access.goes_on(&grant.id, at(2)));
    }

    #[test]
    fn nobody_hands_on_more_than_he_has() {
        let rights = |read_only, names: &[&str]| {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            Rights { read_only, namespaces: (!names.is_empty()).then_some(names) }
        };
        let check = |mine: Rights, wanted: Rights, want: Rights| {
            assert_eq!(mine.narrowed(&wanted), want);
        };
        check(Rights::ALL, rights(true, &["a"]), rights(true, &["a"]));
        check(rights(true, &["a", "b"]), rights(false, &["b", "c"]), rights(true, &["b"]));
        check(rights(false, &["a"]), Rights::ALL, rights(false, &["a"]));
        let nothing = Rights { read_only: false, namespaces: Some(Vec::new()) };
        check(rights(false, &["a"]), rights(false, &["z"]), nothing.clone());
        assert!(!nothing.may_see("a") && !nothing.may_see(""));
    }

    #[test]
    fn the_oldest_make_room() {
        let access = Access::default();
        let (first, _) = access.link(Rights::ALL, SESSION_LASTS, at(0));
        for second in 1..=GRANTS_MAX {
            access.link(Rights::ALL, SESSION_LASTS, at(i64::try_from(second).unwrap()));
        }
        assert_eq!(access.list(at(9999)).len(), GRANTS_MAX);
        assert!(access.open(&first, at(9999)).is_none());
    }
}
