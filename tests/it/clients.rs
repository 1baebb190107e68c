//! Clients of the ecosystem, unmodified, against a home.

use std::path::Path;
use std::process::Command;

use crate::home::{Home, text};
use crate::python;

/// Katib's SDK: create, wait, optimal trial, logs, metrics, tune with a function, report_metrics.
#[test]
fn katibs_own_sdk_works_unmodified() {
    let Some(python) = python::interpreter(&["kubeflow-katib==0.19.0", "kubernetes<36"]) else {
        return;
    };
    let home = Home::new();
    home.start();
    let server = home.server().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/it/clients/katib_client.py");
    let mut client = Command::new(&python);
    client.arg(script).arg(home.path().join("kubeconfig"));
    let output = client.arg(server["database"].as_str().unwrap()).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(text(&output).matches("ok ").count(), 4, "{}", text(&output));
}
