//! The folder in which a home keeps its state, and what the server says of itself there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};

/// `$QALAM_HOME`: every path below it has its name here and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    root: PathBuf,
}

/// What a running server says of itself in `server.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// Its process.
    pub pid: i32,
    /// Where its API listens, such as `127.0.0.1:7460`.
    pub address: String,
    /// Where its DBManager listens, such as `127.0.0.1:6789`.
    pub database: String,
    /// Where its dashboard listens, such as `127.0.0.1:7461`; none where it has none.
    #[serde(default)]
    pub dashboard: Option<String>,
    /// The version of `qalam` that it runs.
    pub version: String,
    /// When it was started.
    pub started: Timestamp,
}

/// Held by the one server of a home for as long as it lives.
#[derive(Debug)]
pub struct Lock(#[allow(dead_code, reason = "held, not read")] Flock<File>);

impl State {
    /// State in `root`.
    pub fn new(root: impl Into<PathBuf>) -> State {
        State { root: root.into() }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// How clients find the API, and the token that lets them in.
    pub fn kubeconfig(&self) -> PathBuf {
        self.root.join("kubeconfig")
    }

    /// What a person has configured.
    pub fn config(&self) -> PathBuf {
        self.root.join("config.yaml")
    }

    /// The folder of the certificate.
    pub fn tls(&self) -> PathBuf {
        self.root.join("tls")
    }

    /// What a detached server says.
    pub fn log(&self) -> PathBuf {
        self.root.join("server.log")
    }

    /// The observation store.
    pub fn observations(&self) -> PathBuf {
        self.root.join("observations.db")
    }

    fn record(&self) -> PathBuf {
        self.root.join("server.json")
    }

    /// Makes the folder, for its owner alone.
    pub fn create(&self) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.root)
    }

    /// Takes the lock of the home; none when a server holds it.
    pub fn lock(&self) -> io::Result<Option<Lock>> {
        let path = self.root.join("server.lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => Ok(Some(Lock(lock))),
            Err((_, nix::errno::Errno::EWOULDBLOCK)) => Ok(None),
            Err((_, errno)) => Err(errno.into()),
        }
    }

    /// Whether a server holds the lock now.
    pub fn is_locked(&self) -> bool {
        self.root.is_dir() && matches!(self.lock(), Ok(None))
    }

    /// What the server said of itself last; it may be gone since.
    pub fn server(&self) -> Option<Server> {
        serde_json::from_slice(&fs::read(self.record()).ok()?).ok()
    }

    /// Says where the server is.
    pub fn write_server(&self, server: &Server) -> io::Result<()> {
        write_private(&self.record(), &serde_json::to_vec_pretty(server)?)
    }

    /// Takes back what was said: the server is about to end.
    pub fn forget_server(&self) {
        // Nothing follows from a failure: clients check that the server answers.
        let _ = fs::remove_file(self.record());
    }
}

/// Writes a file that only its owner may read, at once or not at all.
pub(super) fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut temporary = path.to_owned().into_os_string();
    temporary.push(format!(".{}", std::process::id()));
    let mut file =
        OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn one_lock_for_one_server() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::new(folder.path().join("home"));
        assert!(!state.is_locked());
        state.create().unwrap();
        let lock = state.lock().unwrap();
        assert!(lock.is_some() && state.is_locked() && state.lock().unwrap().is_none());
        drop(lock);
        assert!(!state.is_locked());
    }

    #[test]
    fn the_server_is_found_until_it_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::new(folder.path());
        assert_eq!(state.server(), None);
        let server = Server {
            pid: 7,
            address: "127.0.0.1:1".into(),
            database: "127.0.0.1:2".into(),
            dashboard: Some("127.0.0.1:7461".into()),
            version: "0.1.0".into(),
            started: Timestamp::UNIX_EPOCH,
        };
        state.write_server(&server).unwrap();
        assert_eq!(state.server(), Some(server));
        let mode = fs::metadata(state.record()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        state.forget_server();
        assert_eq!(state.server(), None);
    }
}
