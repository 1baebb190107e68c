//! Pods as people meet them: created through the API, run by the node, seen in status and log.

use futures::TryStreamExt;
use k8s_openapi::api::core::v1::{Event, Pod};
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use platform::cluster::node::logs::{LogOptions, read};
use platform::cluster::node::record::{Lock, Phase, PodState, pod_folder};
use platform::cluster::node::{self, NodeHandle, identity};
use platform::cluster::{Cluster, Options};
use serde_json::{Value, json};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long anything may take before the test is given up.
const LIMIT: Duration = Duration::from_secs(60);

struct Home {
    folder: tempfile::TempDir,
    cluster: Cluster,
    node: Option<NodeHandle>,
    no_namespaces: bool,
}

impl Home {
    async fn open(no_namespaces: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_owned();
        let options = Options { home, definitions: Vec::new(), admission: Vec::new() };
        let cluster = Cluster::open(options).await.unwrap();
        let mut home = Self { folder, cluster, node: None, no_namespaces };
        home.start_node();
        home
    }

    fn start_node(&mut self) {
        let mut options = node::Options::new(self.folder.path(), vec![shim().into()]);
        options.no_namespaces = self.no_namespaces;
        self.node = Some(node::start(self.cluster.client(), options));
    }

    fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.cluster.client(), "default")
    }

    async fn create(&self, name: &str, spec: Value) -> Pod {
        let pod =
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec});
        let pod = serde_json::from_value(pod).unwrap();
        self.pods().create(&PostParams::default(), &pod).await.unwrap()
    }

    async fn until(&self, name: &str, what: &str, good: impl Fn(&Pod) -> bool) -> Pod {
        let look = async || Some(self.pods().get(name).await.unwrap()).filter(|pod| good(pod));
        eventually(&format!("{name}: {what}"), look).await
    }

    /// Runs a pod of one `sh -c` container to its end.
    async fn run(&self, name: &str, script: &str) -> Pod {
        self.create(name, json!({"restartPolicy": "Never", "containers": [main(script)]})).await;
        self.until(name, "ends", ended).await
    }

    async fn log(&self, pod: &Pod, container: &str) -> String {
        let uid = pod.metadata.uid.as_deref().unwrap();
        let options = LogOptions { follow: true, ..LogOptions::default() };
        let stream = read(self.folder.path(), uid, container, options);
        let pieces: Vec<_> = stream.try_collect().await.unwrap();
        String::from_utf8(pieces.concat()).unwrap()
    }

    fn state(&self, pod: &Pod) -> PodState {
        let folder = pod_folder(self.folder.path(), pod.metadata.uid.as_deref().unwrap());
        PodState::load(&folder).unwrap().unwrap_or_default()
    }
}

/// The shim alone, which cargo builds beside the tests.
fn shim() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().unwrap().parent().unwrap().join("examples/shim")
}

async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut look: impl FnMut() -> F,
) -> T {
    let search = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LIMIT, search).await.unwrap_or_else(|_| panic!("waited for: {what}"))
}

fn main(script: &str) -> Value {
    json!({"name": "main", "image": "any", "command": ["sh", "-c", script]})
}

fn phase(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default()
}

fn ended(pod: &Pod) -> bool {
    matches!(phase(pod), "Succeeded" | "Failed")
}

fn reason(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|status| status.reason.as_deref()).unwrap_or_default()
}

/// Exit code, reason and restarts of the first container.
fn outcome(pod: &Pod) -> (i32, String, i32) {
    let container = &pod.status.as_ref().unwrap().container_statuses.as_ref().unwrap()[0];
    let end = container.state.as_ref().unwrap().terminated.as_ref().unwrap();
    (end.exit_code, end.reason.clone().unwrap_or_default(), container.restart_count)
}

fn alive(pid: i32) -> bool {
    identity::stat(pid).is_some_and(|stat| stat.state != 'Z')
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_runs_its_command_and_tells_how_it_ended() {
    let home = Home::open(false).await;
    for (name, script, phase_wanted, want, log) in [
        (
            "good",
            "echo out; echo $QALAM_POD_DIR | grep -c pods",
            "Succeeded",
            (0, "Completed"),
            "out\n1\n",
        ),
        ("bad", "printf part; exit 3", "Failed", (3, "Error"), "part"),
        ("killed", "kill -9 $$$$", "Failed", (137, "Error"), ""),
    ] {
        let pod = home.run(name, script).await;
        let (code, why, _) = outcome(&pod);
        assert_eq!((phase(&pod), code, why.as_str()), (phase_wanted, want.0, want.1), "{name}");
        assert_eq!(home.log(&pod, "main").await, log, "{name}");
        assert_eq!(pod.spec.unwrap().node_name.as_deref(), Some("home"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_finds_its_namespace_where_clients_look_for_it() {
    let home = Home::open(false).await;
    let script = "cd /var/run/secrets/kubernetes.io/serviceaccount && ls && cat namespace";
    let pod = home.run("p", script).await;
    assert_eq!(home.log(&pod, "main").await, "namespace\ndefault");
    let denied = Home::open(true).await;
    let pod = denied.run("p", "ls /var/run/secrets 2>/dev/null || echo nothing").await;
    assert_eq!(denied.log(&pod, "main").await, "nothing\n");
    assert_eq!(denied.state(&pod).warnings, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_run_says_why() {
    let home = Home::open(false).await;
    let none = json!({"restartPolicy": "Never", "containers": [{"name": "main", "image": "i:1"}]});
    home.create("no-command", none).await;
    let pod = home.until("no-command", "fails", ended).await;
    assert_eq!((phase(&pod), reason(&pod)), ("Failed", "ImageNotPulled"));

    let missing = json!({"name": "main", "image": "i", "command": ["no-such-program"]});
    home.create("missing", json!({"restartPolicy": "Never", "containers": [missing]})).await;
    let pod = home.until("missing", "fails", ended).await;
    assert_eq!(outcome(&pod), (127, "StartError".to_owned(), 0));
    let events = Api::<Event>::namespaced(home.cluster.client(), "default");
    eventually("an event names the command", async || {
        let list = events.list(&ListParams::default()).await.unwrap();
        list.items.into_iter().find(|event| {
            let message = event.message.as_deref().unwrap_or_default();
            event.reason.as_deref() == Some("Failed") && message.contains("no-such-program")
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn init_containers_sidecars_and_volumes_work_together() {
    let home = Home::open(false).await;
    let volume = json!([{"name": "v", "mountPath": "/qalam-test/shared"}]);
    let side = "until [ -s /qalam-test/shared/f ]; do sleep 0.01; done; cat /qalam-test/shared/f; \
                trap 'echo bye; exit 0' TERM; touch /qalam-test/shared/seen; \
                while :; do sleep 0.01; done";
    let script = "cat /qalam-test/shared/init; echo data > /qalam-test/shared/f; \
                  until [ -e /qalam-test/shared/seen ]; do sleep 0.01; done";
    let init = "echo made > /qalam-test/shared/init";
    let mut main = main(script);
    main["volumeMounts"] = volume.clone();
    let spec = json!({"restartPolicy": "Never", "volumes": [{"name": "v", "emptyDir": {}}],
        "initContainers": [
            {"name": "init", "image": "i", "command": ["sh", "-c", init], "volumeMounts": volume},
            {"name": "side", "image": "i", "restartPolicy": "Always", "volumeMounts": volume,
             "command": ["sh", "-c", side]}],
        "containers": [main]});
    home.create("p", spec).await;
    let pod = home.until("p", "ends", ended).await;
    assert_eq!(phase(&pod), "Succeeded", "{:?}", pod.status);
    assert_eq!(home.log(&pod, "main").await, "made\n");
    let side = home.log(&pod, "side").await;
    assert!(
        side.starts_with("data\n") && side.contains("bye"),
        "the sidecar ends after the others: {side}"
    );
    assert!(!Path::new("/qalam-test").exists(), "the host's file system is as it was");
}

/// A collector that has hardly begun when the training ends still reads what there is.
#[tokio::test(flavor = "multi_thread")]
async fn a_sidecar_is_told_to_end_no_earlier_than_it_can_hear_it() {
    let home = Home::open(false).await;
    let side = "sleep 0.3; trap 'echo bye; exit 0' TERM; while :; do sleep 0.01; done";
    let spec = json!({"restartPolicy": "Never",
        "initContainers": [{"name": "side", "image": "i", "restartPolicy": "Always",
            "command": ["sh", "-c", side]}],
        "containers": [main("true")]});
    home.create("p", spec).await;
    let pod = home.until("p", "ends", ended).await;
    assert_eq!(phase(&pod), "Succeeded", "{:?}", pod.status);
    let side = home.log(&pod, "side").await;
    assert!(side.contains("bye"), "{side}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_namespaces_mounts_are_told_or_refused() {
    let home = Home::open(true).await;
    let spec = |volume: Value, path: &str, script: &str| {
        let mut main = main(script);
        main["volumeMounts"] = json!([{"name": "v", "mountPath": path}]);
        let mut volume = volume;
        volume["name"] = json!("v");
        json!({"restartPolicy": "Never", "volumes": [volume], "containers": [main]})
    };
    let (empty, claim) = (json!({"emptyDir": {}}), json!({"claimName": "c"}));
    let map = json!({"configMap": {"name": "none", "optional": true}});
    home.create("told", spec(map, "/qalam-test/log", "ls $QALAM_POD_DIR/v")).await;
    let pod = home.until("told", "ends", ended).await;
    assert_eq!(phase(&pod), "Succeeded", "{:?}", pod.status);
    assert_eq!(home.state(&pod).warnings[0].reason, "MountNotHonoured");

    let claim = json!({ "persistentVolumeClaim": claim });
    for (name, volume) in [("empty", empty.clone()), ("claim", claim)] {
        home.create(name, spec(volume, "/qalam-test/log", "true")).await;
        let pod = home.until(name, "ends", ended).await;
        assert_eq!((phase(&pod), reason(&pod)), ("Failed", "MountDenied"));
    }

    let script = "echo 1 > logs/f && cat $QALAM_POD_DIR/v/f";
    let path = "$(QALAM_POD_DIR)/logs";
    home.create("relative", spec(empty, path, script)).await;
    let pod = home.until("relative", "ends", ended).await;
    assert_eq!(phase(&pod), "Succeeded", "{:?}", pod.status);
    assert_eq!(home.log(&pod, "main").await, "1\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_container_is_started_again() {
    let home = Home::open(false).await;
    let script = "[ -e again ] && exit 0; touch again; exit 1";
    home.create("p", json!({"restartPolicy": "OnFailure", "containers": [main(script)]})).await;
    let pod = home.until("p", "ends", ended).await;
    assert_eq!(phase(&pod), "Succeeded");
    assert_eq!(outcome(&pod), (0, "Completed".to_owned(), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_ends_a_pod() {
    let home = Home::open(false).await;
    let spec = json!({"restartPolicy": "Never", "activeDeadlineSeconds": 1,
        "terminationGracePeriodSeconds": 0, "containers": [main("sleep 1000")]});
    home.create("p", spec).await;
    let pod = home.until("p", "ends", ended).await;
    assert_eq!((phase(&pod), reason(&pod)), ("Failed", "DeadlineExceeded"));
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_a_pod_kills_its_whole_tree() {
    let home = Home::open(false).await;
    let script = "trap '' TERM; setsid sleep 1000 & echo $! > pids; sleep 1001 & echo $! >> pids; \
                  echo ready; wait; wait";
    home.create("p", json!({"restartPolicy": "Never", "containers": [main(script)]})).await;
    let pod = home.until("p", "runs", |pod| phase(pod) == "Running").await;
    let folder = pod_folder(home.folder.path(), pod.metadata.uid.as_deref().unwrap());
    let pids = eventually("two pids", async || {
        let text = std::fs::read_to_string(folder.join("dir/pids")).unwrap_or_default();
        let pids: Vec<i32> = text.lines().filter_map(|line| line.parse().ok()).collect();
        Some(pids).filter(|pids| pids.len() == 2)
    })
    .await;
    assert!(pids.iter().all(|pid| alive(*pid)));
    home.pods().delete("p", &DeleteParams::default().grace_period(1)).await.unwrap();
    eventually("the pod is gone", async || {
        home.pods().get_opt("p").await.unwrap().is_none().then_some(())
    })
    .await;
    assert!(!pids.iter().any(|pid| alive(*pid)), "nothing of it is left");
    eventually("its folder is gone", async || (!folder.exists()).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_outlives_its_node() {
    let mut home = Home::open(false).await;
    let script = "echo before; until [ -e go ]; do sleep 0.01; done; echo after";
    home.create("p", json!({"restartPolicy": "Never", "containers": [main(script)]})).await;
    let pod = home.until("p", "runs", |pod| phase(pod) == "Running").await;
    home.node = None;
    home.start_node();
    let folder = pod_folder(home.folder.path(), pod.metadata.uid.as_deref().unwrap());
    std::fs::write(folder.join("dir/go"), "").unwrap();
    let pod = home.until("p", "ends", ended).await;
    assert_eq!((phase(&pod), outcome(&pod).2), ("Succeeded", 0));
    assert_eq!(home.log(&pod, "main").await, "before\nafter\n");
}

#[test]
fn a_pod_with_many_shims_runs_once() {
    let pod = tempfile::tempdir().unwrap();
    let script = "echo run >> runs; sleep 0.3";
    let plan = json!({"uid": "u", "containers": [{"name": "main", "dir": pod.path(),
        "argv": ["sh", "-c", script], "env": {"PATH": "/usr/bin:/bin"}}]});
    std::fs::write(pod.path().join("pod.json"), plan.to_string()).unwrap();
    let start = || std::process::Command::new(shim()).arg(pod.path()).spawn().unwrap();
    for mut shim in [start(), start(), start(), start()] {
        assert!(shim.wait().unwrap().success());
    }
    // One that comes when all is over finds the state.
    assert!(start().wait().unwrap().success());
    assert_eq!(std::fs::read_to_string(pod.path().join("runs")).unwrap(), "run\n");
    assert!(PodState::load(pod.path()).unwrap().unwrap().finished);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_waits_for_a_shim_that_another_one_started() {
    let mut home = Home::open(false).await;
    home.node = None;
    let spec = json!({"restartPolicy": "Never", "containers": [main("echo of the node")]});
    let pod = home.create("p", spec).await;
    let folder = pod_folder(home.folder.path(), pod.metadata.uid.as_deref().unwrap());
    std::fs::create_dir_all(&folder).unwrap();
    let lock = Lock::take(&folder).unwrap().unwrap();
    home.start_node();
    // The node sees the pods in order: once this one has ended, it has seen the other.
    home.run("later", "true").await;
    assert!(!folder.join("pod.json").exists(), "the pod is left to whom it belongs");
    drop(lock);
    let pod = home.until("p", "ends", ended).await;
    assert_eq!(home.log(&pod, "main").await, "of the node\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_shim_fails_the_pod_and_leaves_nothing() {
    let home = Home::open(false).await;
    home.create("p", json!({"containers": [main("sleep 1000")]})).await;
    let pod = home.until("p", "runs", |pod| phase(pod) == "Running").await;
    let state = home.state(&pod);
    let Phase::Running { pid, .. } = state.containers["main"].now else { panic!("{state:?}") };
    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(state.shim.pid),
        nix::sys::signal::Signal::SIGKILL,
    )
    .unwrap();
    let pod = home.until("p", "fails", ended).await;
    assert_eq!((phase(&pod), reason(&pod)), ("Failed", "ShimLost"));
    eventually("its process is gone", async || (!alive(pid)).then_some(())).await;
}
