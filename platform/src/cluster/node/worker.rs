//! One pod's worker: starts its shim, follows its state, writes its status, ends and clears it.

use super::admit::{self, Grant};
use super::identity::{self, Fate};
use super::plan::{self, Plan, Refusal, World};
use super::record::{Cause, Lock, NODE_LOST, PodState, pod_folder};
use super::status::{self, News};
use super::{NODE, Node, roster, shim, volumes};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, PodStatus, Secret};
use kube::api::{Api, DeleteParams, Patch, PatchParams, Preconditions};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::sleep;

/// How soon the API, or a reference that is missing, is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// How soon something is looked at again that takes moments.
const SOON: Duration = Duration::from_millis(100);
/// How often a pod that an earlier node started is looked at: nobody tells when its shim vanishes.
const LOOK: Duration = Duration::from_secs(2);
/// How often the others are, in case that a shim's word was lost.
const LOOK_OWN: Duration = Duration::from_secs(10);
/// A shim writes its first state within milliseconds of its start.
const FIRST_STATE: Duration = Duration::from_secs(30);

/// What the API last said of a pod.
#[derive(Clone, Debug)]
pub(super) enum Seen {
    /// It is so.
    Pod(Box<Pod>),
    /// It was deleted.
    Gone,
}

struct Worker {
    node: Arc<Node>,
    uid: String,
    seen: watch::Receiver<Seen>,
    poke: Arc<Notify>,
    folder: PathBuf,
    /// What was last told about: the API and people.
    told: Option<PodStatus>,
    known: PodState,
    started: Option<std::time::Instant>,
    /// Whether the shim is a child of this process.
    own: bool,
    killing: bool,
}

/// Whether a worker goes on.
enum Next {
    /// When something happens, or after a while.
    Wait(Duration),
    /// It is done.
    Done,
}

/// Works until the pod has ended, or is gone; answers the pod's uid.
pub(super) async fn run(
    node: Arc<Node>,
    uid: String,
    seen: watch::Receiver<Seen>,
    poke: Arc<Notify>,
) -> String {
    let folder = pod_folder(&node.options.home, &uid);
    let mut worker = Worker {
        node,
        uid: uid.clone(),
        seen,
        poke,
        folder,
        told: None,
        known: PodState::default(),
        started: None,
        own: false,
        killing: false,
    };
    let node = Arc::clone(&worker.node);
    loop {
        // Heard from before the look on: what is given back during it must not be missed.
        let freed = node.freed.notified();
        let seen = worker.seen.borrow_and_update().clone();
        let next = match seen {
            Seen::Pod(pod) => worker.step(&pod).await,
            Seen::Gone => worker.clear(),
        };
        let pause = match next {
            Next::Done => break,
            Next::Wait(pause) => pause,
        };
        let poke = Arc::clone(&worker.poke);
        tokio::select! {
            _ = worker.seen.changed() => {}
            () = poke.notified() => {}
            () = freed, if worker.started.is_none() => {}
            () = sleep(pause) => {}
        }
    }
    worker.give_back();
    uid
}

impl Worker {
    async fn step(&mut self, pod: &Pod) -> Next {
        let state = match PodState::load(&self.folder) {
            Ok(state) => state,
            Err(error) => {
                tracing::warn!(%error, pod = self.uid, "state.json cannot be read");
                return Next::Wait(RETRY);
            }
        };
        let deleted = pod.metadata.deletion_timestamp.is_some();
        match state {
            Some(state) => self.follow(pod, state, deleted).await,
            None if status::terminal(pod) && !deleted => Next::Done,
            None => match self.started {
                Some(since) if since.elapsed() < FIRST_STATE => Next::Wait(LOOK),
                _ => self.without_state(pod, deleted).await,
            },
        }
    }

    /// No shim has told anything: none was started, or it has not come so far, or never will.
    async fn without_state(&mut self, pod: &Pod, deleted: bool) -> Next {
        if self.folder.exists() {
            match Lock::take(&self.folder) {
                Ok(Some(_nobody)) if self.started.is_some() && !deleted => {
                    let message = "the pod's supervisor did not start; see shim.log in its folder";
                    let cause = Cause::new("ShimLost", message);
                    // Written under the lock: a shim that comes late finds it, and leaves.
                    let failure = Some(cause.clone());
                    let lost = PodState { failure, finished: true, ..PodState::default() };
                    if let Err(error) = lost.save(&self.folder) {
                        tracing::warn!(%error, pod = self.uid, "state.json cannot be written");
                    }
                    return self.give_up(pod, &cause).await;
                }
                Ok(Some(_nobody)) => {}
                // A shim that an earlier node started: it is the pod's, and will tell its state.
                Ok(None) => return Next::Wait(SOON),
                Err(error) => {
                    tracing::warn!(%error, pod = self.uid, "the pod's lock cannot be taken");
                    return Next::Wait(RETRY);
                }
            }
        }
        match deleted {
            true => self.finally_delete(pod).await,
            false => self.begin(pod).await,
        }
    }

    /// Starts the pod, if it fits and all that it names is there.
    async fn begin(&mut self, pod: &Pod) -> Next {
        let need = admit::need(pod);
        let admitted = {
            let mut held = self.node.held.lock();
            let grant = self.node.options.inventory.admit(need, &held);
            if let Ok(grant) = &grant {
                held.insert(self.uid.clone(), grant.clone());
            }
            grant.map(|grant| (grant, held.len() as u64))
        };
        let (grant, pods) = match admitted {
            Ok(admitted) => admitted,
            Err(message) => {
                let cause = Cause::new("Unschedulable", message.clone());
                let news = News::warning(Cause::new("FailedScheduling", message));
                self.tell_waiting(pod, false, &cause, &news).await;
                return Next::Wait(RETRY * 30);
            }
        };
        let planned = match self.plan(pod, &grant, pods).await {
            Ok(planned) => planned,
            Err(error) => {
                self.give_back();
                tracing::warn!(%error, pod = self.uid, "what the pod names cannot be read");
                return Next::Wait(RETRY);
            }
        };
        match planned {
            Ok(plan) => self.launch(pod, &plan).await,
            Err(Refusal::Wait(cause)) => {
                self.give_back();
                let news = News::warning(Cause::new("FailedMount", cause.message.clone()));
                self.tell_waiting(pod, true, &cause, &news).await;
                Next::Wait(RETRY)
            }
            Err(Refusal::Fail(cause)) => self.give_up(pod, &cause).await,
        }
    }

    async fn plan(
        &self,
        pod: &Pod,
        grant: &Grant,
        pods: u64,
    ) -> Result<Result<Plan, Refusal>, kube::Error> {
        let options = &self.node.options;
        let objects = self.objects(pod).await?;
        let world = World {
            home: &options.home,
            uid: &self.uid,
            namespace: namespace(pod),
            ip: &ip(&self.uid),
            host_env: &options.env,
            images: &options.images,
            share: options.inventory.cpu_milli / 1000 / pods.max(1),
            grant,
            objects: &objects,
        };
        Ok(plan::plan(pod, &world))
    }

    /// The data of the ConfigMaps and Secrets that the pod names, as far as they exist.
    async fn objects(
        &self,
        pod: &Pod,
    ) -> Result<BTreeMap<(&'static str, String), BTreeMap<String, Vec<u8>>>, kube::Error> {
        let (maps, secrets) = references(pod);
        let mut found = BTreeMap::new();
        let api = Api::<ConfigMap>::namespaced(self.node.client.clone(), namespace(pod));
        for name in maps {
            if let Some(map) = api.get_opt(&name).await? {
                let text = map.data.unwrap_or_default().into_iter();
                let text = text.map(|(key, value)| (key, value.into_bytes()));
                let binary = map.binary_data.unwrap_or_default().into_iter();
                let binary = binary.map(|(key, value)| (key, value.0));
                found.insert(("ConfigMap", name), text.chain(binary).collect());
            }
        }
        let api = Api::<Secret>::namespaced(self.node.client.clone(), namespace(pod));
        for name in secrets {
            if let Some(secret) = api.get_opt(&name).await? {
                let data = secret.data.unwrap_or_default().into_iter();
                found.insert(("Secret", name), data.map(|(key, value)| (key, value.0)).collect());
            }
        }
        Ok(found)
    }

    async fn launch(&mut self, pod: &Pod, plan: &Plan) -> Next {
        if let Err(error) = self.prepare(plan) {
            let cause = Cause::new("FailedMount", format!("the pod's folder: {error}"));
            return self.give_up(pod, &cause).await;
        }
        match self.spawn() {
            Ok(mut child) => {
                self.started = Some(std::time::Instant::now());
                self.own = true;
                let poke = Arc::clone(&self.poke);
                tokio::spawn(async move {
                    let _recorded_by_the_shim = child.wait().await;
                    poke.notify_one();
                });
            }
            Err(error) => {
                let program = self.node.options.shim.first().cloned().unwrap_or_default();
                let message = format!("{} cannot be started: {error}", program.display());
                return self.give_up(pod, &Cause::new("ShimLost", message)).await;
            }
        }
        let name = format!("{}/{}", namespace(pod), name(pod));
        let message = format!("Successfully assigned {name} to {NODE}");
        self.node.recorder.tell(pod, &News::normal("Scheduled", message));
        let bind = json!({"spec": {"nodeName": NODE}});
        let api = self.api(pod);
        if let Err(error) =
            api.patch(self::name(pod), &PatchParams::default(), &Patch::Merge(bind)).await
        {
            tracing::debug!(%error, pod = self.uid, "spec.nodeName was not written");
        }
        Next::Wait(LOOK)
    }

    fn prepare(&self, plan: &Plan) -> std::io::Result<()> {
        plan.folders.iter().try_for_each(fs::create_dir_all)?;
        volumes::write(&plan.volumes, &self.folder.join("dir"))?;
        for (source, shown) in &plan.links {
            volumes::link(source, shown)?;
        }
        plan.pod.save(&self.folder)
    }

    fn spawn(&self) -> std::io::Result<tokio::process::Child> {
        let options = &self.node.options;
        let (program, args) = options.shim.split_first().ok_or(std::io::ErrorKind::NotFound)?;
        let log = File::options().create(true).append(true).open(self.folder.join("shim.log"))?;
        let mut command = tokio::process::Command::new(program);
        command.args(args).arg(&self.folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        if options.no_namespaces {
            command.env(shim::NO_NAMESPACES, "1");
        }
        command.spawn()
    }

    /// Brings the API up to what the shim tells.
    async fn follow(&mut self, pod: &Pod, mut state: PodState, deleted: bool) -> Next {
        if self.started.is_none() {
            self.take_over(pod, &state);
        }
        if !state.finished {
            match state.shim.fate() {
                Fate::Alive => {}
                fate => {
                    // It may have ended well between the two looks.
                    match PodState::load(&self.folder) {
                        Ok(Some(last)) if last.finished => state = last,
                        _ if identity::kill_left_behind(&state.shim, &self.folder) => {
                            return Next::Wait(SOON);
                        }
                        _ => self.bury(&mut state, fate),
                    }
                }
            }
        }
        if deleted && !state.finished && !self.killing {
            self.killing = true;
            let grace = pod.metadata.deletion_grace_period_seconds.unwrap_or(30);
            if let Err(error) = shim::stop(&self.folder, u64::try_from(grace).unwrap_or(0)) {
                tracing::warn!(%error, pod = self.uid, "the shim cannot be told to stop");
                self.killing = false;
            }
            self.node.recorder.tell(pod, &News::normal("Killing", "Stopping the pod's containers"));
        }
        for news in status::news(&self.known, &state) {
            self.node.recorder.tell(pod, &news);
        }
        self.known = state.clone();
        let now = status::status(pod, &state, &ip(&self.uid), Timestamp::now());
        if !self.write(pod, now).await {
            return Next::Wait(RETRY);
        }
        match (state.finished, deleted) {
            (true, true) => self.finally_delete(pod).await,
            (true, false) => Next::Done,
            _ => Next::Wait(if self.own { LOOK_OWN } else { LOOK }),
        }
    }

    /// A pod that an earlier node started: what it holds is held, and old news is not told again.
    fn take_over(&mut self, pod: &Pod, state: &PodState) {
        self.started = Some(std::time::Instant::now());
        if !state.finished {
            let grant = Grant { need: admit::need(pod), gpus: gpus(&self.folder) };
            self.node.held.lock().insert(self.uid.clone(), grant);
        }
        if pod.status.as_ref().is_some_and(|status| status.start_time.is_some()) {
            self.known = state.clone();
        }
    }

    /// The shim vanished, and nothing of it is left: writes down what became of the pod.
    fn bury(&self, state: &mut PodState, fate: Fate) {
        state.failure = Some(match fate {
            Fate::Rebooted => Cause::new(NODE_LOST, "the machine was restarted while the pod ran"),
            _ => {
                Cause::new("ShimLost", "the pod's supervisor was killed; its processes were ended")
            }
        });
        let at = Timestamp::now();
        for container in state.containers.values_mut() {
            container.lose(at);
        }
        state.finished = true;
        let saved = state.save(&self.folder).and_then(|()| PodState::settle(&self.folder));
        if let Err(error) = saved {
            tracing::warn!(%error, pod = self.uid, "state.json cannot be written");
        }
    }

    async fn tell_waiting(&mut self, pod: &Pod, scheduled: bool, cause: &Cause, news: &News) {
        let status = status::waiting(pod, scheduled, cause, Timestamp::now());
        if self.told.as_ref().is_none_or(|told| !alike(told, &status)) {
            self.node.recorder.tell(pod, news);
        }
        self.write(pod, status).await;
    }

    async fn give_up(&mut self, pod: &Pod, cause: &Cause) -> Next {
        self.give_back();
        self.node.recorder.tell(pod, &News::warning(cause.clone()));
        match self.write(pod, status::failed(cause, Timestamp::now())).await {
            true => Next::Done,
            false => Next::Wait(RETRY),
        }
    }

    /// Writes the status unless it was written; false when it has to be tried again.
    async fn write(&mut self, pod: &Pod, status: PodStatus) -> bool {
        if self.told.as_ref().is_some_and(|told| alike(told, &status)) {
            return true;
        }
        let patch = json!({"metadata": {"uid": self.uid}, "status": status});
        let api = self.api(pod);
        match api.patch_status(name(pod), &PatchParams::default(), &Patch::Merge(patch)).await {
            Ok(_) => {}
            // Deleted, or another pod of that name: there is nobody to tell.
            Err(kube::Error::Api(error)) if matches!(error.code, 404 | 409) => {}
            Err(error) => {
                tracing::warn!(%error, pod = self.uid, "the pod's status was not written");
                return false;
            }
        }
        self.told = Some(status);
        true
    }

    async fn finally_delete(&mut self, pod: &Pod) -> Next {
        let preconditions = Preconditions { uid: Some(self.uid.clone()), resource_version: None };
        let params = DeleteParams {
            grace_period_seconds: Some(0),
            preconditions: Some(preconditions),
            ..DeleteParams::default()
        };
        match self.api(pod).delete(name(pod), &params).await {
            Ok(_) => {}
            Err(kube::Error::Api(error)) if matches!(error.code, 404 | 409) => return self.clear(),
            Err(error) => {
                tracing::warn!(%error, pod = self.uid, "the pod was not deleted");
                return Next::Wait(RETRY);
            }
        }
        // The watch tells when it is gone: a finalizer may keep it.
        Next::Wait(RETRY * 60)
    }

    /// The pod is gone from the API: ends what runs, and removes its folder.
    fn clear(&mut self) -> Next {
        match roster::put_down(&self.folder) {
            Ok(true) => Next::Done,
            Ok(false) => Next::Wait(SOON),
            Err(error) => {
                tracing::warn!(%error, pod = self.uid, "the pod's folder cannot be removed");
                Next::Done
            }
        }
    }

    fn give_back(&self) {
        if self.node.held.lock().remove(&self.uid).is_some() {
            self.node.freed.notify_waiters();
        }
    }

    fn api(&self, pod: &Pod) -> Api<Pod> {
        Api::namespaced(self.node.client.clone(), namespace(pod))
    }
}

fn namespace(pod: &Pod) -> &str {
    pod.metadata.namespace.as_deref().unwrap_or("default")
}

fn name(pod: &Pod) -> &str {
    pod.metadata.name.as_deref().unwrap_or_default()
}

/// An address of the loopback network that is the pod's for all its life.
fn ip(uid: &str) -> String {
    // FNV-1a: spreads uids evenly, and the same everywhere.
    let hash = uid
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let [a, b, c, _] = hash.to_be_bytes();
    format!("127.{}.{b}.{}", 64 + a % 64, 1 + c % 254)
}

/// Whether two statuses say the same, times of conditions apart.
fn alike(one: &PodStatus, other: &PodStatus) -> bool {
    let timeless = |status: &PodStatus| {
        let mut status = status.clone();
        for condition in status.conditions.iter_mut().flatten() {
            condition.last_transition_time = None;
        }
        status
    };
    timeless(one) == timeless(other)
}

/// The devices that a pod was given, as its plan has it.
fn gpus(folder: &std::path::Path) -> Vec<String> {
    let plan = super::record::PodPlan::load(folder).ok().flatten().unwrap_or_default();
    let visible = plan.all().find_map(|it| it.env.get("CUDA_VISIBLE_DEVICES").cloned());
    let list = visible.unwrap_or_default();
    list.split(',').filter(|gpu| !gpu.is_empty()).map(str::to_owned).collect()
}

/// The names of the ConfigMaps and Secrets in a pod's spec.
fn references(pod: &Pod) -> (Vec<String>, Vec<String>) {
    let (mut maps, mut secrets) = (Vec::new(), Vec::new());
    let spec = serde_json::to_value(&pod.spec).unwrap_or_default();
    collect(&spec, &mut maps, &mut secrets);
    for names in [&mut maps, &mut secrets] {
        names.sort();
        names.dedup();
    }
    (maps, secrets)
}

/// Walks the spec: `configMap`, `configMapRef`, `configMapKeyRef` and their like for secrets.
fn collect(value: &Value, maps: &mut Vec<String>, secrets: &mut Vec<String>) {
    if let Value::Array(items) = value {
        items.iter().for_each(|item| collect(item, maps, secrets));
    }
    for (key, inner) in value.as_object().into_iter().flatten() {
        let named = || inner["name"].as_str().or(inner["secretName"].as_str()).map(str::to_owned);
        match key.as_str() {
            "configMap" | "configMapRef" | "configMapKeyRef" => maps.extend(named()),
            "secret" | "secretRef" | "secretKeyRef" => secrets.extend(named()),
            _ => collect(inner, maps, secrets),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_found_wherever_they_are() {
        let pod = serde_json::from_value(json!({"spec": {
            "containers": [{"name": "a",
                "envFrom": [{"configMapRef": {"name": "m1"}}],
                "env": [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "s1", "key": "k"}}}]}],
            "volumes": [{"name": "v", "secret": {"secretName": "s2"}},
                {"name": "w", "projected": {"sources": [{"configMap": {"name": "m1"}}]}}]}}));
        let want = (vec!["m1".to_owned()], vec!["s1".to_owned(), "s2".to_owned()]);
        assert_eq!(references(&pod.unwrap()), want);
    }

    #[test]
    fn addresses_are_loopback_and_stay() {
        assert_eq!(ip("a"), ip("a"));
        assert_ne!(ip("a"), ip("b"));
        assert!(ip("").starts_with("127."));
    }
}
