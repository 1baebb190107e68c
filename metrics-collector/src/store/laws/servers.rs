//! Real database servers for tests: each in a temporary folder, on a socket of its own, as a user
//! who is nobody, and ended with the test that started it.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::{Connection, Executor};
use tempfile::TempDir;

/// The user that the servers run as where the test is root, whom they refuse to serve.
const NOBODY: u32 = 65534;
/// Longest wait for a server that starts.
const START_MAX: Duration = Duration::from_secs(60);

/// A server that runs.
pub(super) struct Server {
    child: Child,
    folder: TempDir,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Postgres,
    MariaDb,
}

impl Kind {
    /// The programs that it needs, and the package that has them.
    fn programs(self) -> ([&'static str; 3], &'static str) {
        match self {
            Kind::Postgres => (["initdb", "postgres", "setpriv"], "postgresql"),
            Kind::MariaDb => {
                // The first of them calls the last, which another package has.
                let programs = ["mariadb-install-db", "mariadbd", "my_print_defaults"];
                (programs, "mariadb-server")
            }
        }
    }
}

impl Server {
    /// Starts one; none where its programs are missing, which is a failure with `CI=true`.
    pub(super) async fn start(kind: Kind) -> Option<Server> {
        let (programs, package) = kind.programs();
        let [Some(make), Some(serve), Some(_)] = programs.map(find) else {
            let why = format!("{} of the package {package} are not installed", programs.join(", "));
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{why}");
            eprintln!("skipped: {why}");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        if is_root() {
            std::os::unix::fs::chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let data = folder.path().join("data");
        let mut made = as_nobody(&make, folder.path());
        match kind {
            Kind::Postgres => made
                .args(["--auth=trust", "--username=qalam", "--encoding=UTF8", "--locale=C"])
                .args(["--no-sync", "-D"])
                .arg(&data),
            Kind::MariaDb => made
                .args(["--no-defaults", "--auth-root-authentication-method=normal"])
                .arg("--skip-test-db")
                .arg(format!("--datadir={}", data.display())),
        };
        let output = made.output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&[output.stdout, output.stderr].concat())
        );
        let mut serving = as_nobody(&serve, folder.path());
        match kind {
            Kind::Postgres => serving
                .args(["-c", "listen_addresses=", "-k"])
                .arg(folder.path())
                .arg("-D")
                .arg(&data),
            Kind::MariaDb => serving
                .args(["--no-defaults", "--skip-networking"])
                .arg(format!("--socket={}", folder.path().join("socket").display()))
                .arg(format!("--pid-file={}", folder.path().join("pid").display()))
                .arg(format!("--datadir={}", data.display())),
        };
        let child = serving.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Server { child, folder, kind };
        server.wait().await;
        Some(server)
    }

    async fn wait(&self) {
        let begun = Instant::now();
        while let Err(err) = self.try_run("SELECT 1").await {
            assert!(begun.elapsed() < START_MAX, "the server does not start: {err}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Makes an empty database in place of the last one; answers its URL.
    pub(super) async fn empty(&self) -> String {
        self.try_run(self.drop_statement()).await.unwrap();
        self.try_run("CREATE DATABASE empty").await.unwrap();
        self.url("empty")
    }

    /// PostgreSQL keeps a database that has connections, unless it is told otherwise.
    fn drop_statement(&self) -> &'static str {
        match self.kind {
            Kind::Postgres => "DROP DATABASE IF EXISTS empty WITH (FORCE)",
            Kind::MariaDb => "DROP DATABASE IF EXISTS empty",
        }
    }

    async fn try_run(&self, statement: &'static str) -> Result<(), sqlx::Error> {
        match self.kind {
            Kind::Postgres => {
                let mut it = sqlx::PgConnection::connect(&self.url("postgres")).await?;
                it.execute(sqlx::raw_sql(statement)).await?;
                it.close().await
            }
            Kind::MariaDb => {
                let mut it = sqlx::MySqlConnection::connect(&self.url("mysql")).await?;
                it.execute(sqlx::raw_sql(statement)).await?;
                it.close().await
            }
        }
    }

    fn url(&self, database: &str) -> String {
        let folder = self.folder.path().display();
        match self.kind {
            Kind::Postgres => format!("postgres://qalam@localhost/{database}?host={folder}"),
            Kind::MariaDb => format!("mariadb://root@localhost/{database}?socket={folder}/socket"),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGQUIT: at once, with all of its own processes.
        let _ended = Command::new("kill").arg("-QUIT").arg(self.child.id().to_string()).status();
        if self.kind == Kind::MariaDb {
            let _ended = self.child.kill();
        }
        let _status = self.child.wait();
    }
}

/// A program on the path, or where Debian keeps it.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = versions.map(|it| it.path().join("bin")).chain(["/usr/sbin".into()]);
    std::env::split_paths(&path).chain(debian).map(|it| it.join(program)).find(|it| it.is_file())
}

/// Whether this process runs as root, whose files lie below `/proc/self`.
fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0)
}

fn as_nobody(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    if is_root() {
        command = Command::new("setpriv");
        command.arg(format!("--reuid={NOBODY}")).arg(format!("--regid={NOBODY}"));
        command.arg("--clear-groups").arg(program);
    }
    command.current_dir(folder);
    command
}

/// What a server that is not there is told as.
#[tokio::test]
async fn a_server_that_does_not_answer_is_out_of_reach() -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().display();
    for url in [
        format!("postgres://qalam@localhost/a?host={path}"),
        format!("mysql://root@localhost/a?socket={path}/socket"),
    ] {
        let err = crate::store::open(&url).await.err();
        assert!(matches!(err, Some(crate::StoreError::Unavailable(_))), "{err:?}");
    }
    let err = crate::store::open("mongodb://localhost/a").await.err().map(|it| it.to_string());
    assert!(err.is_some_and(|it| it.contains("use postgres://")));
    Ok(())
}
