//! From a pod to what the shim runs: every reference resolved, every `$(VAR)` expanded. Pure.

use super::admit::{self, Grant};
use super::record::{Cause, ContainerPlan, MountPlan, PodPlan, Restart, pod_folder};
use super::volumes::{self, VolumePlan, inside};
use super::{Image, expand::expand, venv};
use k8s_openapi::api::core::v1::{Container, EnvVar, EnvVarSource, Pod, PodSpec};
use proto::kinds::TRIAL_LABEL;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where a pod looks for its service account.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Where programs look for names of hosts.
const HOSTS: &str = "/etc/hosts";

/// What a plan depends on, beside the pod.
#[derive(Clone, Debug)]
pub struct World<'a> {
    /// `$QALAM_HOME`.
    pub home: &'a Path,
    /// The pod's uid.
    pub uid: &'a str,
    /// The pod's namespace.
    pub namespace: &'a str,
    /// The pod's address.
    pub ip: &'a str,
    /// What every container inherits from the machine: PATH, HOME, LANG.
    pub host_env: &'a BTreeMap<String, String>,
    /// What images stand for.
    pub images: &'a BTreeMap<String, Image>,
    /// Cores that a container may use if it asks for none.
    pub share: u64,
    /// What the pod was granted.
    pub grant: &'a Grant,
    /// Data of ConfigMaps and Secrets by kind and name.
    pub objects: &'a BTreeMap<(&'static str, String), BTreeMap<String, Vec<u8>>>,
}

/// Why a pod cannot be run as it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// Something that it names may still come.
    Wait(Cause),
    /// Its owner must change it.
    Fail(Cause),
}

/// A pod, ready to run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// For the shim.
    pub pod: PodPlan,
    /// To be written first.
    pub volumes: Vec<VolumePlan>,
    /// Folders to be made first.
    pub folders: Vec<PathBuf>,
    /// Links in the pod's own folder to be made first: (what, where).
    pub links: Vec<(PathBuf, PathBuf)>,
}

pub(super) fn refuse(reason: &str, message: impl Into<String>) -> Refusal {
    Refusal::Fail(Cause::new(reason, message))
}

/// A name that can be a file's.
pub(super) fn safe<'a>(what: &str, name: &'a str) -> Result<&'a str, Refusal> {
    let plain = !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\0']);
    let message = format!("{what} name {name:?} must be one plain word");
    if plain { Ok(name) } else { Err(refuse("InvalidName", message)) }
}

/// Plans a pod.
pub fn plan(pod: &Pod, world: &World<'_>) -> Result<Plan, Refusal> {
    let Some(spec) = &pod.spec else { return Err(refuse("InvalidSpec", "spec: is missing")) };
    let mut plan = Plan { volumes: volumes::plan(pod, world)?, ..Plan::default() };
    plan.folders.push(world.dir());
    if let Some(trial) = world.trial_dir(pod) {
        plan.folders.push(trial);
    }
    let seconds = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok());
    let mut containers = Vec::new();
    let init = spec.init_containers.as_deref().unwrap_or_default();
    for (container, first) in
        init.iter().map(|it| (it, true)).chain(spec.containers.iter().map(|it| (it, false)))
    {
        containers.push(one(pod, spec, container, first, world, &mut plan)?);
    }
    let rest = containers.split_off(init.len());
    plan.pod = PodPlan {
        uid: world.uid.to_owned(),
        name: format!("{}/{}", world.namespace, pod.metadata.name.as_deref().unwrap_or_default()),
        notify: Some(super::socket(world.home)),
        grace_seconds: seconds(spec.termination_grace_period_seconds).unwrap_or(30),
        deadline_seconds: seconds(spec.active_deadline_seconds),
        init: containers,
        containers: rest,
    };
    introduce(spec, world, &mut plan);
    name_services(spec, world, &mut plan);
    Ok(plan)
}

fn one(
    pod: &Pod,
    spec: &PodSpec,
    container: &Container,
    first: bool,
    world: &World<'_>,
    plan: &mut Plan,
) -> Result<ContainerPlan, Refusal> {
    let name = safe("container", &container.name)?.to_owned();
    let image = world.image(container.image.as_deref().unwrap_or_default());
    let env = environment(pod, container, image, world)?;
    let argv = command(container, image)?.iter().map(|word| expand(word, &env)).collect();
    let argv = venv::wrap(argv, &world.dir().join(format!(".{name}")));
    let dir = container.working_dir.as_deref().filter(|dir| !dir.is_empty());
    let dir = world.dir().join(dir.map_or(String::new(), |dir| expand(dir, &env)));
    let sidecar = first && container.restart_policy.as_deref() == Some("Always");
    let restart = match spec.restart_policy.as_deref() {
        _ if sidecar => Restart::Always,
        Some("Never") => Restart::Never,
        Some("OnFailure") => Restart::OnFailure,
        _ if first => Restart::OnFailure,
        _ => Restart::Always,
    };
    let mounts = mounts(container, &env, world, plan)?;
    let care = super::probe::care(container, &env, world.ip, memory_limit(container));
    Ok(ContainerPlan { name, argv, env, dir, mounts, restart, sidecar, care })
}

/// Bytes of memory that a container may take.
fn memory_limit(container: &Container) -> Option<u64> {
    let limit = container.resources.as_ref()?.limits.as_ref()?.get("memory")?;
    Some(crate::cluster::quantity::parse(&limit.0)?.rounded()).filter(|it| 0 < *it)
}

/// Mounts; those below the pod's own folder need no mount and become links.
fn mounts(
    container: &Container,
    env: &BTreeMap<String, String>,
    world: &World<'_>,
    plan: &mut Plan,
) -> Result<Vec<MountPlan>, Refusal> {
    let mut mounts = Vec::new();
    for mount in container.volume_mounts.iter().flatten() {
        let volume =
            plan.volumes.iter().find(|volume| volume.name == mount.name).ok_or_else(|| {
                let what = format!("container {:?} mounts volume {:?}", container.name, mount.name);
                refuse("InvalidVolume", format!("{what}, which spec.volumes does not have"))
            })?;
        let sub = match (&mount.sub_path, &mount.sub_path_expr) {
            (Some(path), _) if !path.is_empty() => Some(path.clone()),
            (_, Some(path)) if !path.is_empty() => Some(expand(path, env)),
            _ => None,
        };
        let mut source = volume.source.clone();
        if let Some(sub) = sub {
            let sub = inside(&sub)?;
            source.push(&sub);
            if volume.make && !volume.files.contains_key(&sub) {
                plan.folders.push(source.clone());
            }
        }
        let path = world.dir().join(expand(&mount.mount_path, env));
        if path.components().any(|part| part == std::path::Component::ParentDir) {
            let message = format!("mountPath {} must not contain ..", path.display());
            return Err(refuse("InvalidVolume", message));
        }
        if path == source {
            continue;
        }
        if path.starts_with(world.dir()) && path != world.dir() {
            plan.links.push((source, path));
            continue;
        }
        let read_only = volume.given || mount.read_only == Some(true);
        let volume = mount.name.clone();
        mounts.push(MountPlan { volume, source, path, read_only, optional: false });
    }
    Ok(mounts)
}

/// Shows every container what a pod knows of its service account, unless the pod or a mount of the
/// container's own says otherwise.
fn introduce(spec: &PodSpec, world: &World<'_>, plan: &mut Plan) {
    if spec.automount_service_account_token == Some(false) {
        return;
    }
    let account = volumes::service_account(world);
    for container in plan.pod.init.iter_mut().chain(&mut plan.pod.containers) {
        if container.mounts.iter().all(|mount| mount.path != Path::new(SERVICE_ACCOUNT)) {
            container.mounts.push(MountPlan {
                volume: account.name.clone(),
                source: account.source.clone(),
                path: SERVICE_ACCOUNT.into(),
                read_only: true,
                optional: true,
            });
        }
    }
    plan.volumes.push(account);
}

/// Shows every container the names of services, unless the pod or a mount of the container's own
/// says otherwise.
fn name_services(spec: &PodSpec, world: &World<'_>, plan: &mut Plan) {
    if spec.host_network == Some(true) {
        return;
    }
    let hosts = super::proxy::hosts_file(world.home);
    for container in plan.pod.init.iter_mut().chain(&mut plan.pod.containers) {
        if container.mounts.iter().all(|mount| mount.path != Path::new(HOSTS)) {
            container.mounts.push(MountPlan {
                volume: "hosts".into(),
                source: hosts.clone(),
                path: HOSTS.into(),
                read_only: true,
                optional: true,
            });
        }
    }
}

fn command<'a>(
    container: &'a Container,
    image: Option<&'a Image>,
) -> Result<Vec<&'a str>, Refusal> {
    let own = container.command.as_deref().filter(|words| !words.is_empty());
    let command = own.or_else(|| image?.command.as_deref()).ok_or_else(|| {
        let message = format!(
            "container {:?} has no command, and image {:?} is not pulled: at home a container runs \
             its command on this machine. Set `command`, or say what the image stands for under \
             `images:` in the configuration",
            container.name,
            container.image.as_deref().unwrap_or_default()
        );
        refuse("ImageNotPulled", message)
    })?;
    let args = container.args.iter().flatten();
    Ok(command.iter().chain(args).map(String::as_str).collect())
}

/// The machine's, then the image's, then the node's, then the container's own: the last one wins.
fn environment(
    pod: &Pod,
    container: &Container,
    image: Option<&Image>,
    world: &World<'_>,
) -> Result<BTreeMap<String, String>, Refusal> {
    let mut env = world.host_env.clone();
    if let Some(image) = image {
        env.extend(image.env.clone());
    }
    let threads = match admit::ask(container).cpu_milli {
        0 => world.share,
        milli => milli.div_ceil(1000),
    };
    for name in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"] {
        env.insert(name.into(), threads.max(1).to_string());
    }
    env.insert("PYTHONUNBUFFERED".into(), "1".into());
    env.insert("HOSTNAME".into(), pod.metadata.name.clone().unwrap_or_default());
    env.insert("QALAM_POD_DIR".into(), world.dir().display().to_string());
    if let Some(trial) = world.trial_dir(pod) {
        env.insert("QALAM_TRIAL_DIR".into(), trial.display().to_string());
    }
    if 0 < world.grant.need.gpus {
        env.insert("CUDA_VISIBLE_DEVICES".into(), world.grant.gpus.join(","));
    }
    for from in container.env_from.iter().flatten() {
        let prefix = from.prefix.as_deref().unwrap_or_default();
        let data = match (&from.config_map_ref, &from.secret_ref) {
            (Some(map), _) => world.data("ConfigMap", &map.name, map.optional)?,
            (_, Some(secret)) => world.data("Secret", &secret.name, secret.optional)?,
            _ => continue,
        };
        for (key, value) in data {
            env.insert(format!("{prefix}{key}"), String::from_utf8_lossy(value).into_owned());
        }
    }
    for var in container.env.iter().flatten() {
        if let Some(value) = value(var, pod, container, &env, world)? {
            env.insert(var.name.clone(), value);
        }
    }
    // Programs of the image come first whatever PATH says: `run` records its caller's PATH in the
    // container, and the owner of the home has said where this image's programs are.
    if let Some(path) = image.and_then(|it| it.path.as_ref()) {
        let bin = path.join("bin").display().to_string();
        let old = env.get("PATH").cloned().unwrap_or_default();
        env.insert("PATH".into(), format!("{bin}:{old}"));
        env.insert("VIRTUAL_ENV".into(), path.display().to_string());
    }
    // A name that the system cannot hold would fail the start with an obscure error.
    env.retain(|name, value| {
        !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0')
    });
    Ok(env)
}

/// One variable's value; none if it is optional and not there.
fn value(
    var: &EnvVar,
    pod: &Pod,
    container: &Container,
    env: &BTreeMap<String, String>,
    world: &World<'_>,
) -> Result<Option<String>, Refusal> {
    let Some(from) = &var.value_from else {
        return Ok(Some(expand(var.value.as_deref().unwrap_or_default(), env)));
    };
    match from {
        EnvVarSource { field_ref: Some(field), .. } => {
            world.field(pod, &field.field_path).map(Some)
        }
        EnvVarSource { config_map_key_ref: Some(key), .. } => {
            world.key("ConfigMap", &key.name, &key.key, key.optional)
        }
        EnvVarSource { secret_key_ref: Some(key), .. } => {
            world.key("Secret", &key.name, &key.key, key.optional)
        }
        EnvVarSource { resource_field_ref: Some(field), .. } => {
            let need = admit::ask(container);
            let amount = match field.resource.rsplit('.').next() {
                Some("cpu") => need.cpu_milli.div_ceil(1000),
                Some("memory") => need.memory_bytes,
                _ => 0,
            };
            Ok(Some(amount.to_string()))
        }
        _ => Ok(None),
    }
}

const NOTHING: &BTreeMap<String, Vec<u8>> = &BTreeMap::new();

impl World<'_> {
    /// `$QALAM_POD_DIR`.
    pub(super) fn dir(&self) -> PathBuf {
        pod_folder(self.home, self.uid).join("dir")
    }

    fn trial_dir(&self, pod: &Pod) -> Option<PathBuf> {
        let trial = pod.metadata.labels.as_ref()?.get(TRIAL_LABEL)?;
        let trial = safe("trial", trial).ok()?;
        Some(self.home.join("trials").join(self.namespace).join(trial))
    }

    /// By its whole name, or without tag and digest.
    fn image(&self, name: &str) -> Option<&Image> {
        let bare = name.split('@').next().unwrap_or(name);
        let bare = match bare.rsplit_once(':') {
            Some((bare, tag)) if !tag.contains('/') => bare,
            _ => bare,
        };
        self.images.get(name).or_else(|| self.images.get(bare))
    }

    pub(super) fn data(
        &self,
        kind: &'static str,
        name: &str,
        optional: Option<bool>,
    ) -> Result<&BTreeMap<String, Vec<u8>>, Refusal> {
        match self.objects.get(&(kind, name.to_owned())) {
            Some(data) => Ok(data),
            None if optional == Some(true) => Ok(NOTHING),
            None => {
                let message = format!("{kind} {name:?} does not exist in {:?}", self.namespace);
                Err(Refusal::Wait(Cause::new("CreateContainerConfigError", message)))
            }
        }
    }

    fn key(
        &self,
        kind: &'static str,
        name: &str,
        key: &str,
        optional: Option<bool>,
    ) -> Result<Option<String>, Refusal> {
        match self.data(kind, name, optional)?.get(key) {
            Some(value) => Ok(Some(String::from_utf8_lossy(value).into_owned())),
            None if optional == Some(true) => Ok(None),
            None => {
                let message = format!("{kind} {name:?} has no key {key:?}");
                Err(Refusal::Wait(Cause::new("CreateContainerConfigError", message)))
            }
        }
    }

    /// A field of the pod, as the downward API names it.
    pub(super) fn field(&self, pod: &Pod, path: &str) -> Result<String, Refusal> {
        let meta = &pod.metadata;
        let service_account = || pod.spec.as_ref()?.service_account_name.clone();
        let text = match path {
            "metadata.name" => meta.name.clone(),
            "metadata.namespace" => meta.namespace.clone(),
            "metadata.uid" => meta.uid.clone(),
            "metadata.labels" => Some(lines(meta.labels.as_ref())),
            "metadata.annotations" => Some(lines(meta.annotations.as_ref())),
            "spec.nodeName" => Some(super::NODE.to_owned()),
            "spec.serviceAccountName" => Some(service_account().unwrap_or("default".into())),
            "status.hostIP" | "status.hostIPs" => Some("127.0.0.1".to_owned()),
            "status.podIP" | "status.podIPs" => Some(self.ip.to_owned()),
            _ => {
                let of = |prefix: &str, map: Option<&BTreeMap<String, String>>| {
                    let key = path.strip_prefix(prefix)?.strip_suffix("']")?;
                    Some(map.and_then(|map| map.get(key)).cloned().unwrap_or_default())
                };
                let label = of("metadata.labels['", meta.labels.as_ref());
                let found =
                    label.or_else(|| of("metadata.annotations['", meta.annotations.as_ref()));
                let message = format!("fieldPath {path:?} is not one that a pod can be asked for");
                Some(found.ok_or_else(|| refuse("InvalidSpec", message))?)
            }
        };
        Ok(text.unwrap_or_default())
    }
}

fn lines(map: Option<&BTreeMap<String, String>>) -> String {
    let pairs = map.into_iter().flatten();
    pairs.map(|(key, value)| format!("{key}={value:?}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
