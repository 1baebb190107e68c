//! What this machine allows, and what follows from it: for people who want to know before a pod
//! tells them.

use std::ffi::OsString;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::resource::{Resource, getrlimit};
use nix::sys::statvfs::statvfs;

use super::admit::Inventory;

/// Space below which a home is short of it, in bytes.
const SPACE_SHORT: u64 = 1 << 30;
/// Open files below which many trials at once run short of them.
const FILES_SHORT: u64 = 4096;

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// As it should be.
    Good,
    /// Something will be refused, or differ; the text says what.
    Limited,
    /// Nothing will work before it is mended.
    Bad,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub about: &'static str,
    /// How it stands.
    pub standing: Standing,
    /// What was found, what follows, and the way out.
    pub text: String,
}

fn finding(about: &'static str, standing: Standing, text: impl Into<String>) -> Finding {
    Finding { about, standing, text: text.into() }
}

/// Looks at this machine; `shim` is the argument vector of the shim.
#[must_use]
pub fn survey(home: &Path, shim: &[OsString]) -> Vec<Finding> {
    vec![
        folder(home),
        space(home),
        resources(),
        gpus(),
        namespaces(shim),
        finding(
            "memory limits",
            Standing::Good,
            "a container above resources.limits.memory is ended (OOMKilled); looked at every 200 ms",
        ),
        addresses(),
        ports(),
        files(),
        python(),
        finding(
            "images",
            Standing::Limited,
            "are not pulled: a container runs its command on this machine; config.yaml in the home \
             says what an image stands for",
        ),
        finding(
            "exec, attach, port-forward",
            Standing::Limited,
            "are refused (501); pods are processes of this machine: look at them here",
        ),
    ]
}

fn folder(home: &Path) -> Finding {
    let about = "home";
    let shown = home.display();
    let nearest = home.ancestors().find(|it| it.exists()).unwrap_or(Path::new("/"));
    let trial = nearest.join(format!(".qalam-doctor-{}", std::process::id()));
    let written = std::fs::write(&trial, b"x").and_then(|()| std::fs::remove_file(&trial));
    match written {
        Ok(()) => finding(about, Standing::Good, format!("{shown} can be written")),
        Err(error) => finding(
            about,
            Standing::Bad,
            format!(
                "{shown} cannot be written: {error}; say with QALAM_HOME where the state may be"
            ),
        ),
    }
}

fn space(home: &Path) -> Finding {
    let nearest = home.ancestors().find(|it| it.exists()).unwrap_or(Path::new("/"));
    let Ok(stat) = statvfs(nearest) else {
        return finding("disk", Standing::Limited, "free space cannot be told");
    };
    let free = stat.blocks_available() * stat.fragment_size();
    let text = format!("{} MiB are free", free >> 20);
    match free < SPACE_SHORT {
        true => {
            finding("disk", Standing::Limited, format!("{text}: logs and checkpoints may not fit"))
        }
        false => finding("disk", Standing::Good, text),
    }
}

fn resources() -> Finding {
    let all = Inventory::of_this_machine();
    let (cores, memory) = (all.cpu_milli as f64 / 1000.0, all.memory_bytes >> 20);
    let text = format!("{cores} cores and {memory} MiB; pods that ask for more than is left wait");
    finding("cpu and memory", Standing::Good, text)
}

fn gpus() -> Finding {
    match Inventory::of_this_machine().gpus.len() {
        0 => finding(
            "gpus",
            Standing::Limited,
            "none were found: pods that ask for nvidia.com/gpu wait for ever",
        ),
        count => finding(
            "gpus",
            Standing::Good,
            format!("{count}; a pod gets as many as it asks for, as CUDA_VISIBLE_DEVICES"),
        ),
    }
}

fn namespaces(shim: &[OsString]) -> Finding {
    let about = "mounts";
    let denied = |why: &str| {
        let text = format!(
            "{why}. A volume that may be written, mounted at an absolute path, fails its pod \
             (MountDenied): use mountPath: $(QALAM_POD_DIR)/…; what is only read is found under \
             $QALAM_POD_DIR; names of services do not resolve: use their addresses"
        );
        finding(about, Standing::Limited, text)
    };
    let Some((program, args)) = shim.split_first() else { return denied("no shim is known") };
    let asked =
        Command::new(program).args(args).arg(super::shim::SURVEY).stdin(Stdio::null()).output();
    match asked {
        Ok(output) if output.status.success() => {
            let text =
                "each container sees its volumes at their mountPaths, and the names of services";
            finding(about, Standing::Good, text)
        }
        Ok(output) => denied(String::from_utf8_lossy(&output.stderr).trim()),
        Err(error) => denied(&format!("the shim cannot be started: {error}")),
    }
}

fn addresses() -> Finding {
    match TcpListener::bind("127.64.0.1:0") {
        Ok(_) => finding(
            "addresses",
            Standing::Good,
            "pods and services have addresses of 127.0.0.0/8; a program that listens on 0.0.0.0 \
             takes its port from all pods",
        ),
        Err(error) => finding(
            "addresses",
            Standing::Limited,
            format!("only 127.0.0.1 can be used ({error}): services do not reach their pods"),
        ),
    }
}

fn ports() -> Finding {
    let text = std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    let first = text.ok().and_then(|it| it.trim().parse::<u32>().ok()).unwrap_or(1024);
    if nix::unistd::geteuid().is_root() || first <= 80 {
        return finding("ports", Standing::Good, "services may have ports below 1024");
    }
    let text = format!("services with ports below {first} are not opened: give them higher ones");
    finding("ports", Standing::Limited, text)
}

fn files() -> Finding {
    let Ok((soft, _)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return finding("open files", Standing::Limited, "the limit cannot be told");
    };
    match soft < FILES_SHORT {
        true => finding(
            "open files",
            Standing::Limited,
            format!(
                "{soft} at once: hundreds of parallel trials need more (ulimit -n {FILES_SHORT})"
            ),
        ),
        false => finding("open files", Standing::Good, format!("{soft} at once")),
    }
}

fn python() -> Finding {
    let ran = Command::new("python3")
        .args(["-c", "import sys, venv, ensurepip; print(sys.version.split()[0])"])
        .output();
    match ran {
        Ok(output) if output.status.success() => finding(
            "python",
            Standing::Good,
            format!("{} with venv", String::from_utf8_lossy(&output.stdout).trim()),
        ),
        _ => finding(
            "python",
            Standing::Limited,
            "no python3 with venv: trials that say pip install fail",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_that_cannot_be_written_is_bad() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(folder(&home.path().join("a/b")).standing, Standing::Good);
        assert_eq!(folder(Path::new("/proc/qalam")).standing, Standing::Bad);
        assert!(!home.path().join("a").exists());
    }

    #[test]
    fn everything_is_told_once() {
        let home = tempfile::tempdir().unwrap();
        let found = survey(home.path(), &["/bin/false".into()]);
        let mut about: Vec<&str> = found.iter().map(|it| it.about).collect();
        about.sort_unstable();
        about.dedup();
        assert_eq!(about.len(), found.len());
        let mounts = found.iter().find(|it| it.about == "mounts").unwrap();
        assert_eq!(mounts.standing, Standing::Limited);
    }
}
