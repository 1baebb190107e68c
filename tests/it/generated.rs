//! Files that are written by a test: `UPDATE=1 cargo test generated` writes them anew.

use std::path::Path;
use std::process::Command;

use platform::cluster::api::schema::definition_faults;

use crate::home::binary;

/// The definition as a manifest that people can apply.
fn manifest(definition: &serde_json::Value) -> String {
    let yaml = serde_saphyr::to_string(definition).expect("a definition can be written as YAML");
    format!(
        "# Generated from proto/src/kinds: change those, then run UPDATE=1 cargo test generated.\n{yaml}"
    )
}

fn same(path: &Path, wanted: &str) {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder");
        std::fs::write(path, wanted).expect("the file can be written");
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(found == wanted, "{} is stale: run UPDATE=1 cargo test generated", path.display());
}

#[test]
fn the_page_of_algorithms_is_up_to_date() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/algorithms.md");
    let output = Command::new(binary()).args(["algorithms", "--markdown"]).output();
    let output = output.expect("the binary runs");
    same(&page, &String::from_utf8(output.stdout).expect("text"));
}

/// The heading below which the page of early stopping is generated.
const RULES: &str = "## The rules\n";

#[test]
fn the_table_of_rules_is_up_to_date() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/early-stopping.md");
    let written = std::fs::read_to_string(&page).expect("a page");
    let (above, _) = written.split_once(RULES).expect("the heading of the table");
    let output = Command::new(binary()).args(["rules", "--markdown"]).output();
    let output = output.expect("the binary runs");
    let table = String::from_utf8(output.stdout).expect("text");
    same(&page, &format!("{above}{RULES}{table}"));
}

fn definitions() -> Vec<serde_json::Value> {
    let to_json = |it| serde_json::to_value(it).expect("a definition can be written as JSON");
    proto::kinds::definitions().into_iter().map(to_json).collect()
}

#[test]
fn definitions_are_up_to_date() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto/crds");
    for definition in definitions() {
        let plural = definition["spec"]["names"]["plural"].as_str().expect("a plural");
        same(&folder.join(format!("{plural}.yaml")), &manifest(&definition));
    }
}

#[test]
fn written_definitions_read_back_the_same() {
    for definition in definitions() {
        let read: serde_json::Value =
            serde_saphyr::from_str(&manifest(&definition)).expect("the manifest is YAML");
        assert_eq!(read, definition);
    }
}

#[test]
fn a_server_would_take_the_definitions() {
    for definition in definitions() {
        assert_eq!(definition_faults(&definition), [], "{}", definition["metadata"]["name"]);
        let version = &definition["spec"]["versions"][0];
        assert_eq!(version["subresources"], serde_json::json!({ "status": {} }));
        assert!(version["additionalPrinterColumns"].as_array().is_some_and(|it| 3 <= it.len()));
        let categories = serde_json::json!(["all", "kubeflow", "katib"]);
        assert_eq!(definition["spec"]["names"]["categories"], categories);
    }
}

#[test]
fn the_declarations_of_the_dashboard_are_up_to_date() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/api.d.ts");
    same(&file, &experiment_controller::ui::contract::declarations());
}
