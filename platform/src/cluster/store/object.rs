//! A stored object: its bytes as they are served, and what lists and watches select by.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Value, json};

/// Where an object is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// `plural.group`, or `plural` in the core group.
    pub resource: String,
    /// Empty for objects outside namespaces.
    pub namespace: String,
    /// Unique within resource and namespace.
    pub name: String,
}

impl Key {
    /// A key.
    pub fn new(
        resource: impl Into<String>,
        namespace: impl Into<String>,
        name: impl Into<String>,
    ) -> Key {
        Key { resource: resource.into(), namespace: namespace.into(), name: name.into() }
    }
}

/// One version of one object. Its body is kept as JSON text: smaller than the parsed tree, and
/// what most readers want.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// Where it is kept.
    pub key: Key,
    /// Its `resourceVersion`.
    pub version: u64,
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// The whole object as JSON.
    pub raw: Bytes,
}

impl Object {
    /// The object as of `version`, which is written into it.
    pub(super) fn of(key: Key, version: u64, mut value: Value) -> Object {
        if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("resourceVersion".into(), json!(version.to_string()));
        }
        let raw = Bytes::from(value.to_string());
        Object::from_parts(key, version, &value, raw)
    }

    /// The object that `raw` holds; none when it is no JSON.
    pub(super) fn parse(key: Key, version: u64, raw: Vec<u8>) -> Option<Object> {
        let value: Value = serde_json::from_slice(&raw).ok()?;
        Some(Object::from_parts(key, version, &value, Bytes::from(raw)))
    }

    fn from_parts(key: Key, version: u64, value: &Value, raw: Bytes) -> Object {
        let metadata = &value["metadata"];
        let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
        let labels = metadata["labels"].as_object();
        let labels = labels.into_iter().flatten().map(|(key, it)| (key.clone(), text(it)));
        Object { key, version, uid: text(&metadata["uid"]), labels: labels.collect(), raw }
    }

    /// The same object as of a later version.
    pub(super) fn at(&self, version: u64) -> Object {
        Object::of(self.key.clone(), version, self.value())
    }

    /// The object as a tree.
    #[must_use]
    pub fn value(&self) -> Value {
        // Only JSON enters a store: `of` prints it, `parse` has read it.
        serde_json::from_slice(&self.raw).expect("a stored object is JSON")
    }
}
