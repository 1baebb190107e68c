//! What a container sees at its `mountPath`s: bind mounts in a mount namespace of its own.
//!
//! A mount point that the host does not have is never made on the host. The nearest folder that
//! exists is covered by an empty one in memory, which holds the same entries and the new one.

use super::super::record::{Cause, ContainerPlan, MountPlan};
use super::NO_NAMESPACES;
use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::statvfs::{FsFlags, statvfs};
use nix::unistd::{chdir, chroot, getgid, getuid, pivot_root};
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

/// Whether containers can have their own view of the file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Isolation {
    /// They can.
    Namespaces,
    /// The kernel (or the owner) forbids it, for this reason.
    Denied(String),
}

/// Finds out, and enters a user namespace where that is what it takes. `wanted` is false when no
/// container has a mount: nothing is done then.
pub(super) fn isolate(wanted: bool) -> Isolation {
    if !wanted {
        return Isolation::Namespaces;
    }
    if std::env::var_os(NO_NAMESPACES).is_some_and(|value| value == "1") {
        return Isolation::Denied(format!("{NO_NAMESPACES}=1 is set"));
    }
    match unshare(CloneFlags::CLONE_NEWNS)
        .or_else(|_| enter_user_namespace())
        .and_then(|()| detach())
    {
        Ok(()) => Isolation::Namespaces,
        Err(error) => Isolation::Denied(format!("the kernel refuses mount namespaces: {error}")),
    }
}

/// Becomes able to mount, as the same user as before.
fn enter_user_namespace() -> nix::Result<()> {
    let (user, group) = (getuid(), getgid());
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS)?;
    let map = |file: &str, text: String| {
        fs::write(format!("/proc/self/{file}"), text)
            .map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(0)))
    };
    map("setgroups", "deny".into())?;
    map("uid_map", format!("{user} {user} 1"))?;
    map("gid_map", format!("{group} {group} 1"))
}

/// Mounts made from here on are not seen outside.
fn detach() -> nix::Result<()> {
    let flags = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(None::<&str>, "/", None::<&str>, flags, None::<&str>)
}

/// What to say when there are no namespaces: remarks, or a refusal.
///
/// Parallel trials would write to one path, and so mix their metrics or overwrite each other's
/// checkpoints: that is refused. What is only read cannot be mixed, and is remarked on.
pub(super) fn judge(container: &ContainerPlan, why: &str) -> Result<Vec<Cause>, Cause> {
    let mut remarks = Vec::new();
    for mount in container.mounts.iter().filter(|mount| !mount.optional && !honoured(mount)) {
        let MountPlan { volume, path, .. } = mount;
        let what = format!(
            "container {:?}: volume {volume:?} cannot be mounted at {}: {why}",
            container.name,
            path.display()
        );
        if !mount.read_only {
            return Err(Cause::new(
                "MountDenied",
                format!(
                    "{what}; parallel trials would share that path. Mount it below the pod's own \
                     folder, as mountPath: $(QALAM_POD_DIR)/{volume}, and let the program write \
                     there; give a File collector a path such as \
                     $(QALAM_POD_DIR)/{volume}/metrics.log, or print the metrics"
                ),
            ));
        }
        let message = format!("{what}; it is at $QALAM_POD_DIR/{volume} instead");
        remarks.push(Cause::new("MountNotHonoured", message));
    }
    Ok(remarks)
}

/// Whether the path leads to the volume as it is.
fn honoured(mount: &MountPlan) -> bool {
    let real = fs::canonicalize(&mount.path);
    real.is_ok() && real.ok() == fs::canonicalize(&mount.source).ok()
}

/// Gives the calling thread, and what it starts, a file system with the container's mounts.
/// `staging` is an empty folder of the pod.
pub(super) fn enter(container: &ContainerPlan, staging: &Path) -> Result<(), String> {
    let told = |what: &str| {
        let what = what.to_owned();
        move |error: Errno| format!("{what}: {error}")
    };
    unshare(CloneFlags::CLONE_NEWNS).map_err(told("a mount namespace"))?;
    detach().map_err(told("a private mount namespace"))?;
    let mut view = View { staging, dir: &container.dir, staged: 0, ours: Vec::new() };
    // Parents first, so that a mount inside another one is not covered by it.
    let mut mounts: Vec<&MountPlan> = container.mounts.iter().collect();
    mounts.sort_by_key(|mount| mount.path.components().count());
    for mount in mounts {
        match view.show(mount) {
            Err(why) if mount.optional => super::complain(&why),
            shown => shown?,
        }
    }
    Ok(())
}

/// Enters the view of the file system that a process has.
pub(super) fn join(pid: i32) -> anyhow::Result<()> {
    let namespace = fs::File::open(format!("/proc/{pid}/ns/mnt"))?;
    // A view can be entered only by a thread that shares its own with nobody.
    unshare(CloneFlags::CLONE_FS)?;
    setns(namespace, CloneFlags::CLONE_NEWNS)?;
    Ok(())
}

struct View<'a> {
    staging: &'a Path,
    dir: &'a Path,
    staged: usize,
    /// Folders in which a mount point may simply be made: the pod's volumes and what covers.
    ours: Vec<(PathBuf, u64)>,
}

impl View<'_> {
    fn show(&mut self, mount: &MountPlan) -> Result<(), String> {
        let what = format!("volume {:?} at {}", mount.volume, mount.path.display());
        self.make_point(mount).map_err(|error| format!("{what}: {error}"))?;
        self.bind(mount).map_err(|error| format!("{what}: {error}"))
    }

    /// Makes sure that there is something to mount on.
    fn make_point(&mut self, mount: &MountPlan) -> anyhow::Result<()> {
        let folder = fs::metadata(&mount.source)?.is_dir();
        match fs::metadata(&mount.path) {
            Ok(meta) if meta.is_dir() == folder => return Ok(()),
            Ok(_) => anyhow::bail!("one is a folder and the other a file"),
            Err(_) => {}
        }
        let exists = |path: &&Path| path.exists();
        let nearest = mount.path.ancestors().find(exists).unwrap_or(Path::new("/"));
        let rest = mount.path.strip_prefix(nearest)?;
        let nearest = fs::canonicalize(nearest)?;
        if !self.owns(&nearest)? {
            self.cover(&nearest)?;
        }
        let point = nearest.join(rest);
        if folder {
            fs::create_dir_all(&point)?;
        } else {
            fs::create_dir_all(point.parent().unwrap_or(Path::new("/")))?;
            fs::write(&point, "")?;
        }
        Ok(())
    }

    /// In the container's own working folder a mount point is made for real: covering it would
    /// lose what the container writes there.
    fn owns(&self, folder: &Path) -> std::io::Result<bool> {
        let device = fs::metadata(folder)?.dev();
        let ours = |(path, on): &(PathBuf, u64)| folder.starts_with(path) && *on == device;
        Ok(folder.starts_with(self.dir) || self.ours.iter().any(ours))
    }

    /// Covers `folder` by one in memory with the same entries.
    fn cover(&mut self, folder: &Path) -> anyhow::Result<()> {
        let stage = self.staging.join(self.staged.to_string());
        self.staged += 1;
        fs::create_dir_all(&stage)?;
        let none = None::<&str>;
        mount(Some("tmpfs"), &stage, Some("tmpfs"), MsFlags::empty(), Some("mode=0755"))?;
        // So that binding a parent of it does not bind it into itself.
        mount(none, &stage, none, MsFlags::MS_UNBINDABLE, none)?;
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            // What this user may not even look at is not missed.
            if let Err(error) = mirror(&entry.path(), &stage.join(entry.file_name())) {
                super::complain(&format!("{} is not visible: {error}", entry.path().display()));
            }
        }
        self.ours.push((folder.to_owned(), fs::metadata(&stage)?.dev()));
        if folder != Path::new("/") {
            mount(Some(&stage), folder, none, MsFlags::MS_MOVE, none)?;
            return Ok(());
        }
        let old = stage.join(".qalam-old");
        fs::create_dir(&old)?;
        match pivot_root(&stage, &old) {
            Ok(()) => {
                chdir("/")?;
                umount2("/.qalam-old", MntFlags::MNT_DETACH)?;
                fs::remove_dir("/.qalam-old")?;
            }
            // The root of an initial RAM disk cannot be pivoted.
            Err(_) => {
                fs::remove_dir(&old)?;
                chroot(&stage)?;
                chdir("/")?;
            }
        }
        Ok(())
    }

    fn bind(&mut self, plan: &MountPlan) -> nix::Result<()> {
        let none = None::<&str>;
        let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
        mount(Some(&plan.source), &plan.path, none, flags, none)?;
        if plan.read_only {
            let kept = kept_flags(&plan.path)?;
            let flags = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY | kept;
            mount(none, &plan.path, none, flags, none)?;
        } else if let Ok(meta) = fs::metadata(&plan.path) {
            self.ours.push((plan.path.clone(), meta.dev()));
        }
        Ok(())
    }
}

/// Shows `from` at `to`, in an empty folder of ours.
fn mirror(from: &Path, to: &Path) -> anyhow::Result<()> {
    let meta = fs::symlink_metadata(from)?;
    if meta.is_symlink() {
        symlink(fs::read_link(from)?, to)?;
        return Ok(());
    }
    if meta.is_dir() {
        fs::create_dir(to)?;
    } else {
        fs::write(to, "")?;
    }
    mount(Some(from), to, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)?;
    Ok(())
}

/// Flags that a user namespace may not take away when it mounts again.
fn kept_flags(path: &Path) -> nix::Result<MsFlags> {
    let has = statvfs(path)?.flags();
    let pairs = [
        (FsFlags::ST_NOSUID, MsFlags::MS_NOSUID),
        (FsFlags::ST_NODEV, MsFlags::MS_NODEV),
        (FsFlags::ST_NOEXEC, MsFlags::MS_NOEXEC),
        (FsFlags::ST_NOATIME, MsFlags::MS_NOATIME),
        (FsFlags::ST_NODIRATIME, MsFlags::MS_NODIRATIME),
        (FsFlags::ST_RELATIME, MsFlags::MS_RELATIME),
    ];
    Ok(pairs.iter().filter(|(flag, _)| has.contains(*flag)).map(|(_, flag)| *flag).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_namespaces_a_mount_is_told_or_refused() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str, read_only| ContainerPlan {
            name: "main".into(),
            mounts: vec![MountPlan {
                volume: "v".into(),
                source: folder.path().to_owned(),
                path: path.into(),
                read_only,
                ..MountPlan::default()
            }],
            ..ContainerPlan::default()
        };
        let same = folder.path().to_str().unwrap();
        assert_eq!(judge(&at(same, false), "why"), Ok(vec![]));
        let told = judge(&at("/nowhere/log", true), "why").unwrap();
        assert_eq!(told[0].reason, "MountNotHonoured");
        assert!(told[0].message.contains("/nowhere/log: why; it is at $QALAM_POD_DIR/v instead"));
        let refused = judge(&at("/nowhere/log", false), "why").unwrap_err();
        assert_eq!(refused.reason, "MountDenied");
        assert!(refused.message.contains("$(QALAM_POD_DIR)/v,"), "{}", refused.message);
    }
}
