//! The same flows with namespaces denied: what is shared is refused, what is relative works.

use serde_json::{Value, json};

use super::{experiment, pod};
use crate::home::{Home, text};

/// A home whose server may not use namespaces.
fn denied() -> Home {
    let home = Home::new();
    let mut up = home.command(&["get"]);
    assert!(up.env("QALAM_NO_NAMESPACES", "1").status().unwrap().success());
    home
}

#[test]
fn a_shared_path_is_refused_with_a_way_out() {
    let home = denied();
    for (name, volume) in [
        ("scratch", json!({"name": "v", "emptyDir": {}})),
        ("claim", json!({"name": "v", "persistentVolumeClaim": {"claimName": "c"}})),
    ] {
        let mut manifest = experiment(name, "echo accuracy=$1");
        let pod = pod(&mut manifest);
        pod["volumes"] = json!([volume]);
        pod["containers"][0]["volumeMounts"] = json!([{"name": "v", "mountPath": "/checkpoints"}]);
        let file = home.file("e.yaml", &manifest.to_string());
        let output = home.qalam(&["run", &file.to_string_lossy(), "--quiet"]);
        assert_eq!(output.status.code(), Some(1), "{}", text(&output));
        for part in ["MountDenied", "/checkpoints", "mountPath: $(QALAM_POD_DIR)/v"] {
            assert!(text(&output).contains(part), "{part} is not in: {}", text(&output));
        }
    }
}

#[test]
fn a_metrics_file_below_the_pods_folder_is_collected() {
    let home = denied();
    for (name, path, written) in [
        ("variable", "$(QALAM_POD_DIR)/out/metrics.log", "$QALAM_POD_DIR/out/metrics.log"),
        ("relative", "out/metrics.log", "$QALAM_POD_DIR/out/metrics.log"),
        ("bare", "metrics.log", "$QALAM_POD_DIR/metrics.log"),
    ] {
        let script = format!("echo accuracy=$1 > {written}");
        let mut manifest = experiment(name, &script);
        manifest["spec"]["maxTrialCount"] = json!(4);
        manifest["spec"]["parallelTrialCount"] = json!(2);
        manifest["spec"]["metricsCollectorSpec"] = json!({
            "collector": {"kind": "File"},
            "source": {"fileSystemPath": {"path": path, "kind": "File", "format": "TEXT"}},
        });
        let file = home.file("e.yaml", &manifest.to_string());
        home.succeeds(&["run", &file.to_string_lossy(), "--quiet"]);
        let all = home.succeeds(&["export", name, "-o", "json"]);
        let all: Value = serde_json::from_str(&all).unwrap();
        let rows = all.as_array().unwrap();
        assert_eq!(rows.len(), 4, "{all}");
        assert!(
            rows.iter().all(|row| row["lr"].as_str() == Some(row["accuracy"].to_string().as_str())),
            "{all}"
        );
    }
}

#[test]
fn what_is_only_read_is_there_under_another_path() {
    let home = denied();
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"},
        "data": {"file": "accuracy=0.5"}});
    let mut manifest = experiment("read", "cat $QALAM_POD_DIR/v/file");
    pod(&mut manifest)["volumes"] = json!([{"name": "v", "configMap": {"name": "m"}}]);
    let mount = json!([{"name": "v", "mountPath": "/etc/qalam-test"}]);
    pod(&mut manifest)["containers"][0]["volumeMounts"] = mount;
    pod(&mut manifest)["containers"][0]["args"] = json!(["${trialParameters.lr}"]);
    let file = home.file("e.yaml", &format!("{map}\n---\n{manifest}"));
    home.succeeds(&["run", &file.to_string_lossy(), "--quiet"]);
}
