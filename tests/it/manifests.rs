//! Manifests as people write them: every bad one is refused by exactly its messages, every good
//! one passes, and nothing that is thrown at the door does harm.

use experiment_controller::admission::{check, complete, manifest, validate};
use proptest::prelude::*;
use serde_json::{Value, json};

const BASE: &str = include_str!("manifests/base.yaml");
const BAD: &str = include_str!("manifests/bad.yaml");
const GOOD: &str = include_str!("manifests/good.yaml");
const ODD: &str = include_str!("manifests/odd.yaml");
const EDITS: &str = include_str!("manifests/edits.yaml");

fn base() -> Value {
    manifest::read(BASE.as_bytes()).unwrap().remove(0)
}

/// The rows of a table, with the texts of one of their fields.
fn rows(table: &str) -> Vec<Value> {
    serde_saphyr::from_str(table).unwrap()
}

/// Texts as they are, but that `{algorithms}` stands for the names of all algorithms.
fn texts(value: &Value) -> Vec<String> {
    let names: Vec<&str> = suggestion::registry::algorithms().iter().map(|it| it.name).collect();
    let names = names.join(", ");
    let texts = value.as_array().into_iter().flatten().filter_map(Value::as_str);
    texts.map(|it| it.replace("{algorithms}", &names)).collect()
}

fn patched(mut object: Value, patch: &Value) -> Value {
    if patch.is_object() {
        json_patch::merge(&mut object, patch);
    }
    object
}

#[test]
fn bad_manifests_are_refused_by_name() {
    let rows = rows(BAD);
    assert!(45 <= rows.len());
    let mut wrong = Vec::new();
    for row in &rows {
        let report = validate(vec![patched(base(), &row["patch"])]);
        let got: Vec<String> = report.documents[0].errors.iter().map(ToString::to_string).collect();
        if got.is_empty() || got != texts(&row["want"]) {
            wrong.push(json!({"case": row["case"], "got": got}));
        }
    }
    assert!(wrong.is_empty(), "{}", serde_json::to_string_pretty(&wrong).unwrap());
}

#[test]
fn odd_manifests_pass_with_a_remark() {
    for row in &rows(ODD) {
        let report = validate(vec![patched(base(), &row["patch"])]);
        assert!(report.is_sound(), "{row}: {report:?}");
        assert_eq!(report.documents[0].warnings, texts(&row["want"]), "{}", row["case"]);
    }
}

#[test]
fn good_manifests_pass() {
    let report = validate(manifest::read(GOOD.as_bytes()).unwrap());
    for document in &report.documents {
        assert!(document.errors.is_empty(), "{}: {:#?}", document.name, document.errors);
        assert!(document.warnings.is_empty(), "{}: {:#?}", document.name, document.warnings);
    }
    assert!(8 <= report.documents.len());
    assert!(validate(vec![base()]).is_sound());
}

#[test]
fn examples_pass() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|it| it != "yaml") {
            continue;
        }
        let report = validate(manifest::read(&std::fs::read(&path).unwrap()).unwrap());
        for document in &report.documents {
            let errors = &document.errors;
            assert!(errors.is_empty(), "{} {}: {errors:#?}", path.display(), document.name);
        }
        seen += 1;
    }
    assert!(1 < seen, "{folder} has no manifests");
}

#[test]
fn edits_of_a_stored_experiment() {
    for row in &rows(EDITS) {
        let mut stored = base();
        complete(&mut stored);
        let stored = patched(stored, &row["stored"]);
        let mut edited = patched(stored.clone(), &row["patch"]);
        complete(&mut edited);
        let outcome = check(&edited, Some(&stored), &|_, _, _| None);
        let got: Vec<String> = outcome.errors.iter().map(ToString::to_string).collect();
        assert_eq!(got, texts(&row["want"]), "{}", row["case"]);
    }
}

/// Any JSON, with field names that the rules look for among its keys.
fn any_value() -> impl Strategy<Value = Value> {
    const NAMES: &[&str] = &[
        "name",
        "spec",
        "parameters",
        "feasibleSpace",
        "min",
        "list",
        "objective",
        "type",
        "goal",
        "trialTemplate",
        "trialSpec",
        "trialParameters",
        "reference",
        "kind",
        "apiVersion",
        "metadata",
        "labels",
        "configMap",
        "source",
        "filter",
        "metricsFormat",
        "collector",
    ];
    const TEXTS: &[&str] = &[
        "",
        "Job",
        "batch/v1",
        "double",
        "1e999",
        "${trialParameters.a}",
        "${trialSpec.Labels[a]}",
        "a",
        "File",
        "JSON",
        "((",
        "\u{0}",
        "-1",
        "medianstop",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|it| json!(it)),
        prop::sample::select(TEXTS).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        let key = prop_oneof![
            4 => prop::sample::select(NAMES).prop_map(str::to_owned),
            1 => ".{0,6}".prop_map(|it| it),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// The base with one value somewhere in it replaced.
fn damaged(place: usize, by: &Value) -> Value {
    fn walk(value: &mut Value, left: &mut usize, by: &Value) {
        if *left == 0 {
            *value = by.clone();
        }
        *left = left.wrapping_sub(1);
        match value {
            Value::Array(items) => items.iter_mut().for_each(|it| walk(it, left, by)),
            Value::Object(fields) => fields.values_mut().for_each(|it| walk(it, left, by)),
            _ => {}
        }
    }
    let mut object = base();
    walk(&mut object, &mut { place }, by);
    object
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_value_does_harm(mut value in any_value(), spec in any_value(), old in any_value()) {
        let mut object = json!({"metadata": {"name": "e"}, "spec": spec});
        for object in [&mut value, &mut object] {
            complete(object);
            drop(check(object, Some(&old), &|_, _, _| Some(json!({"data": {"": "a: ["}}))));
            drop(check(object, None, &|_, _, _| None));
        }
    }

    #[test]
    fn no_damage_does_harm(place in 1_usize..70, by in any_value()) {
        drop(validate(vec![damaged(place, &by)]));
    }
}
