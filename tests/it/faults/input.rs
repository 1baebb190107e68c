//! Input that means harm: bombs, giants and bytes that are no text, at both doors.

use http::Request;
use http_body_util::BodyExt;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::Value;

use super::experiment;
use crate::home::{Home, text};

/// Address space that a refusal may need, in KiB; a runtime's stacks are most of it.
const ADDRESSES_MAX: u32 = 2_000_000;
/// Resident memory that a server may have needed at its peak, in KiB.
const RESIDENT_MAX: u64 = 400_000;

/// (name, bytes, part of the message).
fn hostile() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let last = level - 1;
        let list = vec![format!("*a{last}"); 9].join(", ");
        bomb += &format!("a{level}: &a{level} [{list}]\n");
    }
    let mut giant = experiment("giant", "echo accuracy=$1");
    giant["metadata"]["annotations"] = serde_json::json!({"note": "n".repeat(10 << 20)});
    let mut latin = experiment("latin", "echo accuracy=$1").to_string().into_bytes();
    latin.extend(b"# caf\xe9\n");
    let deep = "[".repeat(100_000);
    vec![
        ("bomb", bomb.into_bytes(), ""),
        ("giant", giant.to_string().into_bytes(), "a manifest may have 1572864"),
        ("latin", latin, "UTF-8"),
        ("deep", deep.into_bytes(), ""),
        ("nothing", Vec::new(), ""),
        ("zeros", vec![0; 1000], ""),
    ]
}

#[test]
fn the_command_line_refuses_hostile_files() {
    let home = Home::new();
    for (name, bytes, part) in hostile() {
        let path = home.work().join(format!("{name}.yaml"));
        std::fs::write(&path, bytes).unwrap();
        for verb in ["run", "validate"] {
            let script =
                format!("ulimit -v {ADDRESSES_MAX}; exec $QALAM {verb} {}", path.display());
            let output = home.shell(&script);
            let told = text(&output);
            assert_eq!(output.status.code(), Some(2), "{verb} {name}: {told}");
            assert!(told.contains(part) && !told.contains("panicked"), "{verb} {name}: {told}");
            assert!(told.len() < 20_000, "{verb} {name}: {} bytes are said", told.len());
        }
    }
    assert!(home.server().is_none());
}

#[test]
fn the_api_refuses_hostile_bodies() {
    let home = Home::new();
    home.succeeds(&["get"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let config = Kubeconfig::read_from(home.path().join("kubeconfig")).unwrap();
        let options = KubeConfigOptions::default();
        let config = Config::from_custom_kubeconfig(config, &options).await.unwrap();
        let client = Client::try_from(config).unwrap();
        for (name, bytes, _) in hostile() {
            for type_ in ["application/yaml", "application/json"] {
                let uri = "/apis/kubeflow.org/v1beta1/namespaces/default/experiments";
                let request = Request::post(uri).header("content-type", type_);
                let request = request.body(bytes.clone().into()).unwrap();
                let answer = client.send(request).await.unwrap();
                let code = answer.status().as_u16();
                assert!([400, 413, 422].contains(&code), "{name} as {type_}: {code}");
                let body = answer.into_body().collect().await.unwrap().to_bytes();
                let status: Value = serde_json::from_slice(&body).unwrap();
                assert_eq!(status["kind"], "Status", "{name} as {type_}: {status}");
                assert!(body.len() < 20_000, "{name} as {type_}: {} bytes", body.len());
            }
        }
    });
    let status = std::fs::read_to_string(format!("/proc/{}/status", home.pid().unwrap())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < RESIDENT_MAX, "the server needed {peak} KiB");
    home.succeeds(&["get"]);
}
