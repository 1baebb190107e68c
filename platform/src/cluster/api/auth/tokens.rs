//! Bearer tokens: of the home's owner, of users, and of service accounts.
//!
//! Users' tokens are in `tokens.json` in the home, as SHA-256 of 256 random bits: who reads the
//! file learns none of them. Service accounts' are JSON web tokens that this home has signed with
//! a key of its own (`token.key`); one is good as long as its account is there, and its time.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{AUTHENTICATED, User};
use crate::cluster::store::{Key, Store};

/// What a service account's token is good for.
const AUDIENCE: &str = "https://kubernetes.default.svc";
/// Shortest and longest life of a token that somebody asks for, in seconds.
const LIFE: std::ops::RangeInclusive<i64> = 600..=(1 << 32);
/// Life of a token where nobody says, in seconds.
const LIFE_USUAL: i64 = 3600;

/// A user's token as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// SHA-256 of the token, in hexadecimal digits.
    pub sha256: String,
    /// Whose it is.
    pub user: String,
    /// Groups of the user.
    #[serde(default)]
    pub groups: Vec<String>,
    /// When it was made.
    pub created: Timestamp,
}

/// The file of users' tokens.
#[must_use]
pub fn file(home: &Path) -> PathBuf {
    home.join("tokens.json")
}

/// Reads the users' tokens; none where there is no file.
///
/// # Errors
/// When the file cannot be read, or is no such file.
pub fn read(home: &Path) -> io::Result<Vec<Entry>> {
    match fs::read(file(home)) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Makes a token for a user, and answers it: it is shown once, and kept as its hash. A server that
/// runs takes it in with the next request.
///
/// # Errors
/// When the file cannot be written, or the name is no name of a user.
pub fn create(home: &Path, user: &str, groups: &[String]) -> io::Result<String> {
    if user.is_empty() || user.starts_with("system:") || user == User::owner().name {
        let told = format!("user {user:?}: needs a name that is not system:… nor qalam");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, told));
    }
    let token = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
    let mut entries = read(home)?;
    let (user, groups, created) = (user.to_owned(), groups.to_vec(), Timestamp::now());
    entries.push(Entry { sha256: hash(&token), user, groups, created });
    write(home, &entries)?;
    Ok(token)
}

/// Takes all tokens of a user back; answers how many there were.
///
/// # Errors
/// When the file cannot be read or written.
pub fn revoke(home: &Path, user: &str) -> io::Result<usize> {
    let mut entries = read(home)?;
    let before = entries.len();
    entries.retain(|it| it.user != user);
    let gone = before - entries.len();
    if 0 < gone {
        write(home, &entries)?;
    }
    Ok(gone)
}

fn write(home: &Path, entries: &[Entry]) -> io::Result<()> {
    private(&file(home), &serde_json::to_vec_pretty(entries)?)
}

/// Replaces a file that only its owner may read.
fn private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut options = File::options();
    let mut file = options.create(true).truncate(true).write(true).mode(0o600).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

fn hash(token: &str) -> String {
    Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Tells whose a token is.
pub(super) struct Tokens {
    home: PathBuf,
    owner: String,
    users: Mutex<Users>,
}

#[derive(Default)]
struct Users {
    written: Option<SystemTime>,
    by_hash: BTreeMap<String, User>,
}

impl Tokens {
    pub(super) fn new(home: &Path, owner: String) -> Tokens {
        Tokens { home: home.to_owned(), owner: hash(&owner), users: Mutex::default() }
    }

    /// The user who bears it; none if it is no good token.
    pub(super) fn user(&self, token: &str, store: &Store) -> Option<User> {
        if token.is_empty() {
            return None;
        }
        // Hashes are compared, so the time that it takes tells nothing of the token.
        let hash = hash(token);
        if hash == self.owner {
            return Some(User::owner());
        }
        if token.matches('.').count() == 2 {
            return account(&self.home, token, store);
        }
        self.users().by_hash.get(&hash).cloned()
    }

    /// The users as the file has them now.
    fn users(&self) -> parking_lot::MutexGuard<'_, Users> {
        let mut users = self.users.lock();
        let written = fs::metadata(file(&self.home)).and_then(|it| it.modified()).ok();
        // A file that is younger than its clock can tell is read again.
        let young = written.is_some_and(|it| it.elapsed().map_or(0, |it| it.as_millis()) < 100);
        if written != users.written || young {
            match read(&self.home) {
                Ok(entries) => {
                    users.by_hash =
                        entries.into_iter().map(|it| (it.sha256.clone(), user(it))).collect();
                    users.written = written;
                }
                Err(error) => {
                    tracing::error!(%error, "tokens.json cannot be read; it is left as it was")
                }
            }
        }
        users
    }
}

fn user(entry: Entry) -> User {
    let mut groups = entry.groups;
    groups.push(AUTHENTICATED.into());
    User { name: entry.user, groups }
}

/// The key that signs service accounts' tokens; made on first use.
fn key(home: &Path) -> io::Result<Vec<u8>> {
    let path = home.join("token.key");
    match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key =
                [uuid::Uuid::new_v4().into_bytes(), uuid::Uuid::new_v4().into_bytes()].concat();
            private(&path, &key)?;
            Ok(key)
        }
        other => other,
    }
}

fn mac(home: &Path, text: &str) -> io::Result<Hmac<Sha256>> {
    let mac = Hmac::<Sha256>::new_from_slice(&key(home)?);
    let mut mac = mac.map_err(|error| io::Error::other(error.to_string()))?;
    mac.update(text.as_bytes());
    Ok(mac)
}

/// A token for a service account, and when it ends.
pub(in super::super) fn issue(
    home: &Path,
    account: &Value,
    seconds: Option<i64>,
) -> io::Result<(String, Timestamp)> {
    let seconds = seconds.unwrap_or(LIFE_USUAL).clamp(*LIFE.start(), *LIFE.end());
    let now = Timestamp::now().as_second();
    let metadata = &account["metadata"];
    let text = |key: &str| metadata[key].as_str().unwrap_or_default();
    let (namespace, name) = (text("namespace"), text("name"));
    let claims = json!({
        "iss": AUDIENCE, "aud": [AUDIENCE], "iat": now, "nbf": now, "exp": now + seconds,
        "sub": format!("system:serviceaccount:{namespace}:{name}"),
        "kubernetes.io": {"namespace": namespace,
            "serviceaccount": {"name": name, "uid": text("uid")}},
    });
    let head = BASE64.encode(json!({"alg": "HS256", "typ": "JWT"}).to_string());
    let signed = format!("{head}.{}", BASE64.encode(claims.to_string()));
    let signature = BASE64.encode(mac(home, &signed)?.finalize().into_bytes());
    let end = Timestamp::from_second(now + seconds).unwrap_or(Timestamp::MAX);
    Ok((format!("{signed}.{signature}"), end))
}

/// The service account whose token this is, if it is ours and still good.
fn account(home: &Path, token: &str, store: &Store) -> Option<User> {
    let (signed, signature) = token.rsplit_once('.')?;
    let signature = BASE64.decode(signature).ok()?;
    mac(home, signed).ok()?.verify_slice(&signature).ok()?;
    let claims = BASE64.decode(signed.rsplit_once('.')?.1).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    if claims["exp"].as_i64()? <= Timestamp::now().as_second() {
        return None;
    }
    let of = &claims["kubernetes.io"];
    let (namespace, account) = (of["namespace"].as_str()?, &of["serviceaccount"]);
    let name = account["name"].as_str()?;
    let found = store.get(&Key::new("serviceaccounts", namespace, name))?;
    (found.uid == account["uid"].as_str()?).then(|| User {
        name: format!("system:serviceaccount:{namespace}:{name}"),
        groups: vec![
            "system:serviceaccounts".into(),
            format!("system:serviceaccounts:{namespace}"),
            AUTHENTICATED.into(),
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_users_token_is_kept_as_its_hash_and_can_be_taken_back() {
        let home = tempfile::tempdir().unwrap();
        let token = create(home.path(), "alice", &["team".into()]).unwrap();
        let kept = fs::read_to_string(file(home.path())).unwrap();
        assert!(!kept.contains(&token) && kept.contains("alice"));
        assert!(create(home.path(), "system:admin", &[]).is_err());
        let tokens = Tokens::new(home.path(), "the owner's".into());
        let name = |token: &str| tokens.users().by_hash.get(&hash(token)).map(|it| it.name.clone());
        assert_eq!(name(&token).as_deref(), Some("alice"));
        assert_eq!(name("other"), None);
        assert_eq!(revoke(home.path(), "alice").unwrap(), 1);
        assert_eq!(name(&token), None);
    }
}
