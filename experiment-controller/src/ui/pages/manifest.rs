//! Objects as YAML, and a manifest of a new experiment made from an old one.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use kube::ResourceExt;
use proto::kinds::{Experiment, Trial};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Place, key};
use crate::ui::Ui;
use crate::ui::access::guard::Pass;
use crate::ui::extract::Asked;
use crate::ui::problem::{Answer, Trouble};
use crate::ui::types::{ManifestFormat, ManifestQuery, ManifestText};

/// An experiment as YAML.
pub(crate) async fn experiment(
    State(ui): State<Arc<Ui>>,
    pass: Pass,
    place: Place,
    Asked(query): Asked<ManifestQuery>,
) -> Result<Response, Trouble> {
    let key = key(&pass, place)?;
    answer(&ui.object::<Experiment>(&key).await?, &query)
}

/// A trial as YAML.
pub(crate) async fn trial(
    State(ui): State<Arc<Ui>>,
    pass: Pass,
    place: Place,
    Asked(query): Asked<ManifestQuery>,
) -> Result<Response, Trouble> {
    let key = key(&pass, place)?;
    answer(&ui.object::<Trial>(&key).await?, &query)
}

fn answer<K: Serialize + ResourceExt>(
    object: &K,
    query: &ManifestQuery,
) -> Result<Response, Trouble> {
    let mut value = serde_json::to_value(object).map_err(|why| Trouble::broken(&why))?;
    if let Some(metadata) = value["metadata"].as_object_mut() {
        // Nobody reads it, and it is longer than the rest.
        metadata.remove("managedFields");
    }
    if query.full == Some(false) {
        value = bare(&value);
    }
    let text = yaml(&value)?;
    if query.format != Some(ManifestFormat::Yaml) {
        return Ok(Json(ManifestText { text }).into_response());
    }
    Ok((
        [
            (header::CONTENT_TYPE, "text/yaml; charset=utf-8".to_owned()),
            (header::CONTENT_DISPOSITION, attachment(&format!("{}.yaml", object.name_any()))),
        ],
        text,
    )
        .into_response())
}

/// A header with which a browser saves an answer under that name.
pub(super) fn attachment(name: &str) -> String {
    // Names of objects are letters, digits, dashes and dots; others cannot be in a header.
    let plain = |it: char| if it.is_ascii_alphanumeric() || "-._".contains(it) { it } else { '_' };
    let name: String = name.chars().map(plain).collect();
    format!("attachment; filename=\"{name}\"")
}

/// What a person would have written: names, labels and the spec.
fn bare(object: &Value) -> Value {
    let old = &object["metadata"];
    let mut metadata = Map::new();
    for name in ["name", "namespace", "labels"] {
        if !old[name].is_null() {
            metadata.insert(name.to_owned(), old[name].clone());
        }
    }
    json!({
        "apiVersion": object["apiVersion"],
        "kind": object["kind"],
        "metadata": metadata,
        "spec": object["spec"],
    })
}

/// A value as YAML.
pub(super) fn yaml(value: &Value) -> Result<String, Trouble> {
    serde_saphyr::to_string(value).map_err(|why| Trouble::broken(&why))
}

/// A manifest of a new experiment like this one.
pub(crate) async fn copy(
    State(ui): State<Arc<Ui>>,
    pass: Pass,
    place: Place,
) -> Answer<ManifestText> {
    let key = key(&pass, place)?;
    let experiment = ui.object::<Experiment>(&key).await?;
    let value = serde_json::to_value(&experiment).map_err(|why| Trouble::broken(&why))?;
    let mut copy = bare(&value);
    copy["metadata"]["name"] = next_name(&key.name).into();
    Ok(Json(ManifestText { text: yaml(&copy)? }))
}

/// `quickstart` → `quickstart-2` → `quickstart-3`.
fn next_name(name: &str) -> String {
    let numbered = name.rsplit_once('-').and_then(|(stem, number)| {
        let number: u32 = number.parse().ok()?;
        Some(format!("{stem}-{}", number.checked_add(1)?))
    });
    numbered.unwrap_or_else(|| format!("{name}-2"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_have_new_names_and_no_past() {
        assert_eq!(next_name("a"), "a-2");
        assert_eq!(next_name("a-b-9"), "a-b-10");
        assert_eq!(next_name("a-4294967295"), "a-4294967295-2");
        let old = json!({"apiVersion": "v", "kind": "K", "spec": {"a": 1}, "status": {},
            "metadata": {"name": "n", "uid": "u", "annotations": {"b": "c"}}});
        let want = json!({"apiVersion": "v", "kind": "K", "spec": {"a": 1},
            "metadata": {"name": "n"}});
        assert_eq!(bare(&old), want);
        assert_eq!(attachment("a\"\r\nb.csv"), "attachment; filename=\"a___b.csv\"");
    }
}
