//! What pods become.

use super::super::probe::Action;
use super::*;
use serde_json::{Value, json};

fn planned(spec: &Value) -> Result<Plan, Refusal> {
    let pod = json!({"metadata": {"name": "p", "namespace": "ns", "uid": "u",
        "labels": {"a": "b", "katib.kubeflow.org/trial": "t"}}, "spec": spec});
    let pod: Pod = serde_json::from_value(pod).unwrap();
    let text = |pairs: &[(&str, &str)]| -> BTreeMap<String, Vec<u8>> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec())).collect()
    };
    let objects = BTreeMap::from([
        (("ConfigMap", "m".to_owned()), text(&[("K", "from-map")])),
        (("Secret", "s".to_owned()), text(&[("pass", "word")])),
    ]);
    let venv = Image {
        path: Some("/venv".into()),
        command: Some(vec!["serve".into()]),
        ..Image::default()
    };
    let images = BTreeMap::from([("reg:5000/mapped".to_owned(), venv)]);
    let world = World {
        home: Path::new("/q"),
        uid: "u",
        namespace: "ns",
        ip: "127.1.2.3",
        host_env: &BTreeMap::from([("PATH".to_owned(), "/bin".to_owned())]),
        images: &images,
        share: 4,
        grant: &Grant::default(),
        objects: &objects,
    };
    plan(&pod, &world)
}

fn env_of(container: Value) -> BTreeMap<String, String> {
    let plan = planned(&json!({"containers": [container]})).unwrap();
    plan.pod.containers[0].env.clone()
}

#[test]
fn commands_are_expanded_and_start_in_the_scratch_folder() {
    let container = json!({"name": "c", "image": "i", "command": ["run", "$(A)"], "args": ["$(NO)"],
        "env": [{"name": "A", "value": "1"}]});
    let plan = planned(&json!({"containers": [container]})).unwrap();
    let first = &plan.pod.containers[0];
    assert_eq!(first.argv, ["run", "1", "$(NO)"]);
    assert_eq!(first.dir, Path::new("/q/pods/u/dir"));
    assert_eq!(first.restart, Restart::Always);
    assert_eq!(plan.pod.grace_seconds, 30);
}

#[test]
fn environments_come_from_everywhere() {
    let from = |kind: &str, name: &str, key: &str| json!({kind: {"name": name, "key": key}});
    let env = env_of(json!({"name": "c", "image": "i", "command": ["x"],
        "envFrom": [{"configMapRef": {"name": "m"}, "prefix": "P_"}],
        "resources": {"limits": {"cpu": "1500m"}},
        "env": [
            {"name": "SECRET", "valueFrom": from("secretKeyRef", "s", "pass")},
            {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "LABEL", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['a']"}}},
            {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
            {"name": "BOTH", "value": "$(P_K)/$(SECRET)"},
            {"name": "MKL_NUM_THREADS", "value": "7"}]}));
    for (name, want) in [
        ("P_K", "from-map"),
        ("SECRET", "word"),
        ("IP", "127.1.2.3"),
        ("LABEL", "b"),
        ("CPU", "2"),
        ("BOTH", "from-map/word"),
        ("OMP_NUM_THREADS", "2"),
        ("MKL_NUM_THREADS", "7"),
        ("PYTHONUNBUFFERED", "1"),
        ("QALAM_POD_DIR", "/q/pods/u/dir"),
        ("QALAM_TRIAL_DIR", "/q/trials/ns/t"),
        ("PATH", "/bin"),
    ] {
        assert_eq!(env.get(name).map(String::as_str), Some(want), "{name}");
    }
}

#[test]
fn a_mapped_image_gives_the_command_and_comes_first_on_the_path() {
    let plan = planned(&json!({"containers": [{"name": "c", "image": "reg:5000/mapped:1.2"}]}));
    let first = &plan.unwrap().pod.containers[0];
    assert_eq!((first.argv[0].as_str(), first.env["PATH"].as_str()), ("serve", "/venv/bin:/bin"));
}

#[test]
fn mounts_know_their_source_and_whether_they_may_be_written() {
    let mount = |name: &str, path: &str| json!({"name": name, "mountPath": path});
    let mut deep = mount("v", "/deep");
    deep["subPath"] = json!("a/b");
    let side = json!({"name": "s", "image": "i", "command": ["x"], "restartPolicy": "Always"});
    let mut kept = mount("v", "/kept");
    kept["readOnly"] = json!(true);
    let main = json!({"name": "c", "image": "i", "command": ["x"], "volumeMounts":
        [mount("v", "/log"), mount("h", "/host"), mount("m", "/etc/m"), deep, kept,
         mount("v", "$(QALAM_POD_DIR)/logs")]});
    let plan = planned(&json!({"initContainers": [side], "containers": [main],
        "volumes": [{"name": "v", "emptyDir": {}}, {"name": "h", "hostPath": {"path": "/data"}},
            {"name": "m", "configMap": {"name": "m"}}]}))
    .unwrap();
    let mounts = &plan.pod.containers[0].mounts;
    let asked = mounts.iter().filter(|it| !it.optional);
    let got: Vec<_> = asked.map(|it| (it.source.to_str().unwrap(), it.read_only)).collect();
    let dir = "/q/pods/u/dir";
    let [own, map, sub] = ["v", "m", "v/a/b"].map(|it| format!("{dir}/{it}"));
    let (own, map, sub) = (own.as_str(), map.as_str(), sub.as_str());
    let want = [(own, false), ("/data", false), (map, true), (sub, false), (own, true)];
    assert_eq!(got, want);
    assert_eq!(plan.links, [(own.into(), format!("{dir}/logs").into())]);
    assert!(plan.pod.init[0].sidecar);
}

#[test]
fn a_pod_finds_its_namespace_unless_it_says_otherwise() {
    let container = json!({"name": "c", "image": "i", "command": ["x"]});
    let mut own = container.clone();
    own["volumeMounts"] = json!([{"name": "v", "mountPath": SERVICE_ACCOUNT}]);
    let volumes = json!([{"name": "v", "emptyDir": {}}]);
    for (spec, want) in [
        (json!({"containers": [container]}), vec!["/q/pods/u/serviceaccount"]),
        (json!({"containers": [container], "automountServiceAccountToken": false}), vec![]),
        (json!({"containers": [own], "volumes": volumes}), vec!["/q/pods/u/dir/v"]),
    ] {
        let plan = planned(&spec).unwrap();
        let mounts = &plan.pod.containers[0].mounts;
        let got = mounts.iter().filter(|it| it.path != Path::new(HOSTS));
        let got: Vec<_> = got.map(|it| it.source.to_str().unwrap()).collect();
        assert_eq!(got, want, "{spec}");
    }
}

#[test]
fn containers_find_the_names_of_services_and_what_they_ask_of_their_life() {
    let mut container = json!({"name": "c", "image": "i", "command": ["x"]});
    container["ports"] = json!([{"name": "web", "containerPort": 80}]);
    container["resources"] = json!({"limits": {"memory": "64Mi"}});
    container["livenessProbe"] = json!({"httpGet": {"port": "web", "path": "live"}});
    let plan = planned(&json!({"containers": [container]})).unwrap();
    let first = &plan.pod.containers[0];
    assert!(first.mounts.iter().any(|it| it.path == Path::new(HOSTS) && it.optional));
    assert_eq!(first.care.memory, Some(64 << 20));
    let probe = first.care.liveness.clone().unwrap();
    assert_eq!((probe.period, probe.timeout, probe.failures), (10, 1, 3));
    assert!(matches!(probe.action, Action::Http { port: 80, ref path, .. } if path == "/live"));
}

#[test]
fn refusals_name_what_is_wrong() {
    let with = |more: Value| {
        let mut container = json!({"name": "c", "image": "i", "command": ["x"]});
        container.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"containers": [container], "volumes": [{"name": "v", "emptyDir": {}}]})
    };
    let missing = json!({"env": [{"name": "A", "valueFrom":
        {"configMapKeyRef": {"name": "none", "key": "k"}}}]});
    for (spec, waits, reason, part) in [
        (with(json!({"command": []})), false, "ImageNotPulled", "image \"i\" is not pulled"),
        (with(json!({"name": "../c"})), false, "InvalidName", "\"../c\""),
        (with(missing), true, "CreateContainerConfigError", "\"none\" does not exist"),
        (
            with(json!({"volumeMounts": [{"name": "w", "mountPath": "/w"}]})),
            false,
            "InvalidVolume",
            "\"w\"",
        ),
        (
            with(json!({"volumeMounts": [{"name": "v", "mountPath": "/w", "subPath": "../x"}]})),
            false,
            "InvalidVolume",
            "../x",
        ),
    ] {
        let refusal = planned(&spec).unwrap_err();
        let (waited, cause) = match &refusal {
            Refusal::Wait(cause) => (true, cause),
            Refusal::Fail(cause) => (false, cause),
        };
        assert_eq!((waited, cause.reason.as_str()), (waits, reason), "{refusal:?}");
        assert!(cause.message.contains(part), "{}", cause.message);
    }
}
