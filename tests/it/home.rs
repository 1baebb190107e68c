//! A home of a test's own: a private folder, and no server left when the test ends.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// How long anything may take that a test waits for.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// A private `$QALAM_HOME` and a directory to work in.
pub(crate) struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    /// A home that nobody has started yet.
    pub(crate) fn new() -> Home {
        let home = Home { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(home.work()).unwrap();
        home
    }

    /// `$QALAM_HOME`.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// The directory in which commands run.
    pub(crate) fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// Writes a file into the working directory, and answers its path.
    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.work().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// `qalam` with these arguments, on this home.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(arguments).current_dir(self.work()).env("QALAM_HOME", self.path());
        command.env_remove("KUBECONFIG").stdin(Stdio::null());
        command
    }

    /// Runs `qalam` to its end.
    pub(crate) fn qalam(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a shell script that knows `$QALAM`, the binary, and `$QALAM_HOME`.
    pub(crate) fn shell(&self, script: &str) -> Output {
        let mut shell = Command::new("sh");
        shell.args(["-c", script]).current_dir(self.work()).env("QALAM_HOME", self.path());
        shell.env("QALAM", binary()).stdin(Stdio::null()).output().unwrap()
    }

    /// Runs `qalam`, which must succeed, and answers what it printed.
    pub(crate) fn succeeds(&self, arguments: &[&str]) -> String {
        let output = self.qalam(arguments);
        assert!(output.status.success(), "{arguments:?}: {}\n{}", text(&output), self.log());
        String::from_utf8(output.stdout).unwrap()
    }

    /// Starts the server, and waits until it answers.
    pub(crate) fn start(&self) {
        let mut command = self.command(&["up"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        // It is ended by its pid when the test ends.
        drop(command.spawn().unwrap());
        self.wait("the server", || self.server());
    }

    /// What the server says of itself; none when none was started or it has ended.
    pub(crate) fn server(&self) -> Option<Value> {
        serde_json::from_slice(&std::fs::read(self.path().join("server.json")).ok()?).ok()
    }

    /// The server's process.
    pub(crate) fn pid(&self) -> Option<Pid> {
        let pid = self.server()?["pid"].as_i64()?;
        Some(Pid::from_raw(i32::try_from(pid).ok()?))
    }

    /// What the detached server said.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path().join("server.log")).unwrap_or_default()
    }

    /// Waits until `there` answers something.
    pub(crate) fn wait<T>(&self, what: &str, there: impl Fn() -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(found) = there() {
                return found;
            }
            assert!(began.elapsed() < WAIT_MAX, "{what} did not come\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // Ends what is running, too: a test that failed must not leave trials behind.
        let _ = self.qalam(&["down", "--stop"]);
        if let Some(pid) = self.pid() {
            let _ = kill(pid, Signal::SIGKILL);
        }
    }
}

/// The binary that these tests are about.
pub(crate) fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_qalam"))
}

/// Both outputs of a command and its exit status, for messages.
pub(crate) fn text(output: &Output) -> String {
    format!(
        "{}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
