//! The volumes of a pod: where each lies on this machine, and what is written there first.

use super::plan::{Refusal, World, refuse, safe};
use super::record::pod_folder;
use k8s_openapi::api::core::v1::{DownwardAPIVolumeFile, KeyToPath, Pod, Volume};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Component, Path, PathBuf};

/// A volume, and what to do before the pod starts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VolumePlan {
    /// Its name in the pod.
    pub name: String,
    /// Where it lies.
    pub source: PathBuf,
    /// Whether the folder is made if it is missing.
    pub make: bool,
    /// Whether nobody but the owner may read its files.
    pub secret: bool,
    /// Whether its files are given, and nobody may write there.
    pub given: bool,
    /// Whether it is left out of the pod's own folder: the pod did not ask for it.
    pub hidden: bool,
    /// Files to write, below `source`.
    pub files: BTreeMap<PathBuf, Vec<u8>>,
}

/// What a pod finds of its service account: its namespace, which clients read there. There is no
/// token: a client that finds one takes its pod for a pod of a cluster, and looks for the API at
/// addresses that a home does not have.
pub(super) fn service_account(world: &World<'_>) -> VolumePlan {
    VolumePlan {
        name: "serviceaccount".into(),
        source: pod_folder(world.home, world.uid).join("serviceaccount"),
        make: true,
        given: true,
        hidden: true,
        files: BTreeMap::from([("namespace".into(), world.namespace.as_bytes().to_vec())]),
        ..VolumePlan::default()
    }
}

/// Decides where the pod's volumes lie. Pure.
pub(super) fn plan(pod: &Pod, world: &World<'_>) -> Result<Vec<VolumePlan>, Refusal> {
    let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
    volumes.map(|volume| one(volume, pod, world)).collect()
}

fn one(volume: &Volume, pod: &Pod, world: &World<'_>) -> Result<VolumePlan, Refusal> {
    let name = safe("volume", &volume.name)?.to_owned();
    let source = world.dir().join(&name);
    let own = VolumePlan { name, source, make: true, ..VolumePlan::default() };
    if volume.empty_dir.is_some() {
        return Ok(own);
    }
    if let Some(host) = &volume.host_path {
        let make = host.type_.as_deref() == Some("DirectoryOrCreate");
        return Ok(VolumePlan { source: (&host.path).into(), make, ..own });
    }
    if let Some(claim) = &volume.persistent_volume_claim {
        let folder = safe("claim", &claim.claim_name)?;
        let source = world.home.join("volumes").join(world.namespace).join(folder);
        return Ok(VolumePlan { source, ..own });
    }
    if let Some(map) = &volume.config_map {
        let data = world.data("ConfigMap", &map.name, map.optional)?;
        return Ok(VolumePlan { files: choose(data, map.items.as_deref())?, given: true, ..own });
    }
    if let Some(secret) = &volume.secret {
        let secret_name = secret.secret_name.as_deref().unwrap_or_default();
        let data = world.data("Secret", secret_name, secret.optional)?;
        let files = choose(data, secret.items.as_deref())?;
        return Ok(VolumePlan { files, secret: true, given: true, ..own });
    }
    if let Some(downward) = &volume.downward_api {
        let files = describe(downward.items.as_deref(), pod, world)?;
        return Ok(VolumePlan { files, given: true, ..own });
    }
    let Some(projected) = &volume.projected else {
        return Err(refuse(
            "VolumeNotSupported",
            format!(
                "volume {:?} is of a kind that this machine does not have; use emptyDir, \
                 configMap, secret, downwardAPI, projected, hostPath or persistentVolumeClaim",
                volume.name
            ),
        ));
    };
    let mut files = BTreeMap::new();
    for source in projected.sources.iter().flatten() {
        if let Some(map) = &source.config_map {
            let data = world.data("ConfigMap", &map.name, map.optional)?;
            files.extend(choose(data, map.items.as_deref())?);
        }
        if let Some(secret) = &source.secret {
            let data = world.data("Secret", &secret.name, secret.optional)?;
            files.extend(choose(data, secret.items.as_deref())?);
        }
        if let Some(downward) = &source.downward_api {
            files.extend(describe(downward.items.as_deref(), pod, world)?);
        }
    }
    Ok(VolumePlan { files, secret: true, given: true, ..own })
}

/// All keys as files, or the chosen ones at their paths.
fn choose(
    data: &BTreeMap<String, Vec<u8>>,
    items: Option<&[KeyToPath]>,
) -> Result<BTreeMap<PathBuf, Vec<u8>>, Refusal> {
    let Some(items) = items.filter(|items| !items.is_empty()) else {
        let all = data.iter().map(|(key, bytes)| Ok((inside(key)?, bytes.clone())));
        return all.collect();
    };
    let chosen = items.iter().map(|item| {
        let bytes = data.get(&item.key).ok_or_else(|| {
            refuse("CreateContainerConfigError", format!("there is no key {:?}", item.key))
        })?;
        Ok((inside(&item.path)?, bytes.clone()))
    });
    chosen.collect()
}

fn describe(
    items: Option<&[DownwardAPIVolumeFile]>,
    pod: &Pod,
    world: &World<'_>,
) -> Result<BTreeMap<PathBuf, Vec<u8>>, Refusal> {
    let items = items.unwrap_or_default().iter();
    let files = items.map(|item| {
        let field = item.field_ref.as_ref().map_or("", |field| &field.field_path);
        Ok((inside(&item.path)?, world.field(pod, field)?.into_bytes()))
    });
    files.collect()
}

/// A path that stays inside the folder that it is relative to.
pub(super) fn inside(path: &str) -> Result<PathBuf, Refusal> {
    let path = Path::new(path);
    let plain =
        path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if plain && path != Path::new("") {
        return Ok(path.to_owned());
    }
    let message =
        format!("path {:?} leads out of its volume; it must be relative, without ..", path);
    Err(refuse("InvalidVolume", message))
}

/// Makes the volumes and writes their files. `dir` is the pod's own folder, where each appears.
pub(super) fn write(volumes: &[VolumePlan], dir: &Path) -> io::Result<()> {
    for volume in volumes {
        if volume.make {
            fs::create_dir_all(&volume.source)?;
        }
        for (path, bytes) in &volume.files {
            let path = volume.source.join(path);
            fs::create_dir_all(path.parent().unwrap_or(dir))?;
            let mode = if volume.secret { 0o600 } else { 0o644 };
            let mut options = fs::File::options();
            options
                .write(true)
                .create(true)
                .truncate(true)
                .mode(mode)
                .open(path)?
                .write_all(bytes)?;
        }
        let shown = dir.join(&volume.name);
        if shown != volume.source && !volume.hidden {
            link(&volume.source, &shown)?;
        }
    }
    Ok(())
}

/// Links `shown` to `source`, unless that was done before.
pub(super) fn link(source: &Path, shown: &Path) -> io::Result<()> {
    if let Some(parent) = shown.parent() {
        fs::create_dir_all(parent)?;
    }
    match symlink(source, shown) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        for (path, good) in [
            ("a", true),
            ("a/b", true),
            ("../a", false),
            ("/a", false),
            ("", false),
            ("a/../b", false),
        ] {
            assert_eq!(inside(path).is_ok(), good, "{path}");
        }
    }

    #[test]
    fn files_are_written_and_every_volume_appears_in_the_pod() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("dir");
        let files = BTreeMap::from([(PathBuf::from("a/b"), b"text".to_vec())]);
        let own = VolumePlan {
            name: "own".into(),
            source: dir.join("own"),
            make: true,
            given: true,
            hidden: false,
            files,
            secret: true,
        };
        let claim = VolumePlan {
            name: "claim".into(),
            source: root.path().join("claims/c"),
            make: true,
            ..VolumePlan::default()
        };
        for _twice in 0..2 {
            write(&[own.clone(), claim.clone()], &dir).unwrap();
        }
        assert_eq!(fs::read(dir.join("own/a/b")).unwrap(), b"text");
        assert!(dir.join("claim").is_dir());
    }
}
