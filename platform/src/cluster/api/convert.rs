//! Between the version that is stored and the version that is asked for.
//!
//! Defined kinds convert as strategy `None` does: only `apiVersion` changes. Events have two
//! faces with other field names (core v1 is stored, events.k8s.io/v1 is served too).

use serde_json::{Map, Value, json};

use super::kinds::Kind;

/// Whether objects of this kind are served as they are stored.
pub(super) fn is_identity(kind: &Kind) -> bool {
    kind.api_version() == kind.stored_api_version
}

/// The stored object as this kind serves it.
pub(super) fn to_served(kind: &Kind, mut object: Value) -> Value {
    if is_identity(kind) {
        return object;
    }
    if kind.group == "events.k8s.io" {
        rename(&mut object, &EVENT_FIELDS);
    }
    object["apiVersion"] = json!(kind.api_version());
    object
}

/// The object, given as this kind serves it, as it is stored.
pub(super) fn to_stored(kind: &Kind, mut object: Value) -> Value {
    if is_identity(kind) {
        return object;
    }
    if kind.group == "events.k8s.io" {
        rename(&mut object, &EVENT_FIELDS.map(|(core, newer)| (newer, core)));
        fill_event(&mut object);
    }
    object["apiVersion"] = json!(kind.stored_api_version);
    object
}

/// (name in core v1, name in events.k8s.io/v1)
const EVENT_FIELDS: [(&str, &str); 7] = [
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
];

fn rename(object: &mut Value, names: &[(&str, &str)]) {
    let Some(fields) = object.as_object_mut() else { return };
    for (from, to) in names {
        if let Some(value) = fields.remove(*from) {
            fields.insert((*to).to_owned(), value);
        }
    }
}

/// Readers of core events look for an `involvedObject`, always there on a real server.
fn fill_event(object: &mut Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.entry("involvedObject").or_insert_with(|| Value::Object(Map::new()));
    }
}

#[cfg(test)]
mod tests {
    use super::super::kinds::Registry;
    use super::*;

    #[test]
    fn an_event_has_two_faces() {
        let registry = Registry::default();
        let newer = registry.find("events.k8s.io", "v1", "events").unwrap();
        let served = json!({
            "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "e"},
            "regarding": {"name": "p"}, "note": "Started", "reportingController": "node",
        });
        let stored = to_stored(&newer, served.clone());
        assert_eq!(stored["involvedObject"]["name"], "p");
        assert_eq!((&stored["message"], &stored["apiVersion"]), (&json!("Started"), &json!("v1")));
        assert_eq!(to_served(&newer, stored), served);
    }
}
