//! What a writer owns that creates, replaces or patches: the fields that it changed.

use serde_json::{Value, json};

use super::super::kinds::Kind;
use super::super::meta;
use super::fields::{self, Changes, Fields};
use super::shape::Place;

/// Longest name of a manager, in characters.
const NAME_MAX: usize = 128;

/// Who writes, as `managedFields` names it.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Writer(String);

impl Writer {
    /// The name that the request gives, else the first word of its User-Agent.
    pub(in super::super) fn of(manager: Option<&str>, agent: Option<&str>) -> Writer {
        let agent = agent.and_then(|it| it.split('/').next()).filter(|it| !it.is_empty());
        let name = manager.or(agent).unwrap_or("unknown");
        Writer(name.chars().take(NAME_MAX).collect())
    }
}

/// Writes into `new` who owns what after `writer` has made it out of `old` (null when it is new).
/// What the writer itself says in `managedFields` is the ground, so that clients can move
/// ownership; an empty list counts as nothing said.
pub(in super::super) fn own(
    kind: &Kind,
    writer: &Writer,
    subresource: Option<&str>,
    old: &Value,
    new: &mut Value,
) {
    let place = Place::root(kind);
    let mut changes = Changes::default();
    let nothing = json!({});
    let before = if old.is_null() { &nothing } else { old };
    fields::compare(Some(before), Some(new), place, &mut Vec::new(), &mut changes);
    let status = |path: &[String]| path.first().is_some_and(|it| it == "f:status");
    // Each door writes its own part; the other one is filled in by the server.
    let theirs = |path: &[String]| match subresource {
        Some("status") => status(path) || path.first().is_some_and(|it| it == "f:metadata"),
        _ => !(kind.subresources.status && status(path)),
    };
    changes.set.retain(|it| !fields::is_identity(it) && theirs(it));
    changes.removed.retain(|it| !fields::is_identity(it));

    let said = new["metadata"]["managedFields"].as_array().filter(|it| !it.is_empty());
    let ground = said.or(old["metadata"]["managedFields"].as_array());
    let mut entries = ground.cloned().unwrap_or_default();
    entries.retain(|it| it["fieldsV1"].is_object());
    if changes.set.is_empty() && changes.removed.is_empty() {
        return put(new, entries);
    }
    let (version, subresource) = (kind.api_version(), subresource.unwrap_or_default());
    let is_mine = |it: &Value| {
        it["manager"] == writer.0.as_str()
            && it["operation"] == "Update"
            && it["apiVersion"] == version.as_str()
            && it["subresource"].as_str().unwrap_or_default() == subresource
    };
    let mine: Option<Value> = entries.iter().find(|it| is_mine(it)).cloned();
    entries.retain(|it| !is_mine(it));
    for entry in &mut entries {
        let theirs = fields::parse(&entry["fieldsV1"]);
        let lost = |it: &&Vec<String>| changes.set.contains(*it) || changes.removed.contains(*it);
        let kept: Fields = theirs.iter().filter(|it| !lost(it)).cloned().collect();
        if kept != theirs {
            entry["fieldsV1"] = fields::tree(&kept);
        }
    }
    entries.retain(|it| it["fieldsV1"].as_object().is_some_and(|it| !it.is_empty()));
    let had = mine.as_ref().map(|it| fields::parse(&it["fieldsV1"])).unwrap_or_default();
    let has: Fields = had.difference(&changes.removed).chain(&changes.set).cloned().collect();
    if !has.is_empty() {
        let time = mine.filter(|_| had == has).map(|it| it["time"].clone());
        let mut entry = json!({
            "manager": writer.0, "operation": "Update", "apiVersion": version,
            "time": time.unwrap_or_else(|| json!(meta::now())), "fieldsType": "FieldsV1",
            "fieldsV1": fields::tree(&has),
        });
        if !subresource.is_empty() {
            entry["subresource"] = json!(subresource);
        }
        entries.push(entry);
    }
    put(new, entries);
}

fn put(object: &mut Value, entries: Vec<Value>) {
    if entries.is_empty() {
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.remove("managedFields");
        }
        return;
    }
    object["metadata"]["managedFields"] = Value::Array(sorted(entries));
}

/// Appliers first, then by time and name.
pub(super) fn sorted(mut entries: Vec<Value>) -> Vec<Value> {
    let key = |it: &Value| {
        ["operation", "time", "manager", "apiVersion", "subresource"]
            .map(|key| it[key].as_str().unwrap_or_default().to_owned())
    };
    entries.sort_by_key(key);
    entries
}
