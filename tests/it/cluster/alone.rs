//! What only a home has: users by token, services and claims without a cloud, `qalam doctor`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Output};

use crate::home::{Home, text};
use crate::kubectl::Kubectl;

/// `kubectl` as somebody else, who bears that token.
fn run_as(home: &Home, token: &str, arguments: &[&str]) -> Output {
    let server = home.server().expect("a server");
    let server = format!("https://{}", server["address"].as_str().expect("an address"));
    let mut command = Command::new("kubectl");
    command.args(["--kubeconfig=/dev/null", "--insecure-skip-tls-verify", "--server", &server]);
    command.args(["--token", token]).args(arguments).env("HOME", home.work());
    command.current_dir(home.work()).output().expect("kubectl runs")
}

#[test]
fn two_users_keep_out_of_each_others_namespaces() {
    let home = Home::new();
    let Some(kubectl) = Kubectl::new(&home) else { return };
    home.start();
    let tokens = ["alice", "bob"].map(|user| {
        kubectl.succeeds(&["create", "namespace", user]);
        let name = format!("--user={user}");
        kubectl.succeeds(&[
            "-n",
            user,
            "create",
            "rolebinding",
            "own",
            "--clusterrole=edit",
            &name,
        ]);
        home.succeeds(&["token", "create", user]).trim().to_owned()
    });
    let kept = std::fs::read_to_string(home.path().join("tokens.json")).expect("the tokens");
    assert!(tokens.iter().all(|it| !kept.contains(it.as_str())), "{kept}");
    let [alice, bob] = tokens
        .each_ref()
        .map(|token| move |home: &Home, arguments: &[&str]| run_as(home, token, arguments));
    let pod = [
        "-n",
        "alice",
        "run",
        "p",
        "--image=none",
        "--restart=Never",
        "--command",
        "--",
        "echo",
        "private",
    ];
    let made = alice(&home, &pod);
    assert!(made.status.success(), "{}", text(&made));
    let logs = ["-n", "alice", "logs", "p"];
    home.wait("alice's log", || {
        let said = alice(&home, &logs);
        (said.stdout == b"private\n").then_some(())
    });
    for arguments in [
        &logs[..],
        &["-n", "alice", "get", "pods"],
        &["-n", "alice", "get", "pod", "p", "-w", "--request-timeout=5s"],
        &["-n", "alice", "patch", "pod", "p", "-p", "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}"],
        &["-n", "alice", "label", "pod", "p", "a=b"],
        &["-n", "alice", "delete", "pod", "p", "--wait=false"],
        &["-n", "alice", "create", "configmap", "c"],
        &["get", "pods", "-A"],
        &["get", "namespaces"],
        &["create", "namespace", "more"],
        &["get", "secrets", "-A"],
        &["get", "pods", "-n", "bob", "--as=alice"],
    ] {
        let said = bob(&home, arguments);
        assert!(!said.status.success(), "{arguments:?}: {}", text(&said));
        assert!(text(&said).contains("orbidden"), "{arguments:?}: {}", text(&said));
    }
    assert!(bob(&home, &["-n", "bob", "get", "pods"]).status.success());
    home.succeeds(&["token", "revoke", "bob"]);
    let said = bob(&home, &["-n", "bob", "get", "pods"]);
    assert!(text(&said).contains("Unauthorized"), "{}", text(&said));
    assert!(alice(&home, &["-n", "alice", "get", "pod", "p"]).status.success());
}

/// What an HTTP server there says, if it answers.
fn ask(address: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.write_all(b"GET /hello HTTP/1.0\r\n\r\n").ok()?;
    let mut said = String::new();
    stream.read_to_string(&mut said).ok()?;
    said.contains("hello").then_some(said)
}

const WEB: &str = r#"
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 8080, targetPort: http}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: main
    image: none
    command:
    - python3
    - -c
    - |
      import http.server, os
      class Hello(http.server.BaseHTTPRequestHandler):
          def do_GET(self):
              self.send_response(200); self.end_headers(); self.wfile.write(b"hello")
      http.server.HTTPServer((os.environ["IP"], 18431), Hello).serve_forever()
    env: [{name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]
    ports: [{name: http, containerPort: 18431}]
    readinessProbe: {httpGet: {port: http, path: /}, periodSeconds: 1}
"#;

#[test]
fn a_service_has_an_address_and_a_name_that_reach_its_pods() {
    let home = Home::new();
    let Some(kubectl) = Kubectl::new(&home) else { return };
    if Command::new("python3").arg("--version").output().is_err() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "python3 is missing");
        return eprintln!("skipped: python3 is missing");
    }
    home.start();
    home.file("web.yaml", WEB);
    kubectl.succeeds(&["apply", "-f", "web.yaml"]);
    kubectl.succeeds(&["wait", "--for=condition=Ready", "pod/web", "--timeout=60s"]);
    let address = kubectl.succeeds(&["get", "svc", "web", "-o", "jsonpath={.spec.clusterIP}"]);
    home.wait("the service's answer", || ask(&format!("{address}:8080")));
    let hosts = std::fs::read_to_string(home.path().join("hosts")).expect("the file of hosts");
    assert!(hosts.contains(&format!("{address}\tweb.default web.default.svc")), "{hosts}");
    kubectl.succeeds(&["delete", "pod", "web"]);
    home.wait("nobody behind it", || ask(&format!("{address}:8080")).is_none().then_some(()));
}

const CLAIM: &str = r#"
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: writes}
spec:
  restartPolicy: Never
  volumes: [{name: v, persistentVolumeClaim: {claimName: data}}]
  containers:
  - {name: main, image: none, command: [sh, -c, "echo kept > $QALAM_POD_DIR/v/file"]}
"#;

#[test]
fn a_claim_is_a_folder_that_outlives_pods_and_goes_with_its_claim() {
    let home = Home::new();
    let Some(kubectl) = Kubectl::new(&home) else { return };
    home.start();
    home.file("claim.yaml", CLAIM);
    kubectl.succeeds(&["apply", "-f", "claim.yaml"]);
    kubectl.succeeds(&[
        "wait",
        "--for=jsonpath={.status.phase}=Bound",
        "pvc/data",
        "--timeout=30s",
    ]);
    let phase = "--for=jsonpath={.status.phase}=Succeeded";
    kubectl.succeeds(&["wait", phase, "pod/writes", "--timeout=60s"]);
    kubectl.succeeds(&["delete", "pod", "writes"]);
    let file = home.path().join("volumes/default/data/file");
    assert_eq!(std::fs::read_to_string(&file).expect("the pod's file"), "kept\n");
    kubectl.succeeds(&["delete", "pvc", "data", "--timeout=30s"]);
    assert!(!file.exists() && !file.parent().is_some_and(std::path::Path::exists));
}

#[test]
fn doctor_tells_what_is_refused_without_namespaces() {
    let home = Home::new();
    let said = home.succeeds(&["doctor"]);
    assert!(said.contains("mounts") && said.contains("python"), "{said}");
    let denied =
        home.command(&["doctor"]).env("QALAM_NO_NAMESPACES", "1").output().expect("it runs");
    assert!(denied.status.success() && text(&denied).contains("MountDenied"), "{}", text(&denied));
    let bad = home.command(&["doctor", "--home", "/proc/none"]).output().expect("it runs");
    assert!(!bad.status.success() && text(&bad).contains("QALAM_HOME"), "{}", text(&bad));
}
