//! What a value is to those who share an object: a whole, fields, or items that a key tells apart.
//!
//! Defined kinds say so in their schemas (`x-kubernetes-list-type` and its like). The schemas of
//! built-in kinds that we have do not, so the tables below do, after the API's own definitions.

use serde_json::{Map, Value, json};

use super::super::kinds::Kind;

/// A key of a list: the field, and what it counts as where it is not written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Key {
    pub(super) field: String,
    pub(super) default: Option<Value>,
}

/// How a value is shared.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    /// By nobody: who owns it owns all of it.
    Whole,
    /// Field by field; `open` if any field may be there, as in labels.
    Fields { open: bool },
    /// Item by item, told apart by these fields.
    Items(Vec<Key>),
    /// Value by value.
    Set,
}

/// A place in an object: the name of the field, of what holds it, and its schema.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    built_in: bool,
    holder: &'a str,
    name: &'a str,
    schema: Option<&'a Value>,
}

/// Lists of built-in kinds whose items are told apart: the list, what holds it (any, if empty),
/// and its keys; `protocol` is TCP where it is not written.
const ITEMS: &[(&str, &str, &[&str])] = &[
    ("conditions", "status", &["type"]),
    ("containers", "spec", &["name"]),
    ("env", "", &["name"]),
    ("ephemeralContainers", "", &["name"]),
    ("hostAliases", "", &["ip"]),
    ("imagePullSecrets", "", &["name"]),
    ("initContainers", "spec", &["name"]),
    ("ownerReferences", "metadata", &["uid"]),
    ("podIPs", "status", &["ip"]),
    ("hostIPs", "status", &["ip"]),
    ("ports", "containers", &["containerPort", "protocol"]),
    ("ports", "initContainers", &["containerPort", "protocol"]),
    ("ports", "spec", &["port", "protocol"]),
    ("resourceClaims", "", &["name"]),
    ("secrets", "", &["name"]),
    ("topologySpreadConstraints", "", &["topologyKey", "whenUnsatisfiable"]),
    ("volumeDevices", "", &["devicePath"]),
    ("volumeMounts", "", &["mountPath"]),
    ("volumes", "spec", &["name"]),
];
/// Lists of built-in kinds that are sets.
const SETS: &[&str] = &["finalizers"];
/// Maps of built-in kinds that have one owner.
const WHOLES: &[&str] = &[
    "configMapKeyRef",
    "fieldRef",
    "involvedObject",
    "labelSelector",
    "nodeSelector",
    "resourceFieldRef",
    "roleRef",
    "scaleTargetRef",
    "secretKeyRef",
    "selector",
];

impl<'a> Place<'a> {
    /// The root of a kind's objects.
    pub(super) fn root(kind: &'a Kind) -> Place<'a> {
        let schema = kind.schema.as_deref();
        Place { built_in: kind.built_in, holder: "", name: "", schema }
    }

    /// A field of the value here.
    pub(super) fn field(self, name: &'a str) -> Place<'a> {
        // Metadata is the same in every kind.
        let metadata = self.holder.is_empty() && self.name.is_empty() && name == "metadata";
        let known = self.schema.and_then(|it| it.get("properties")).and_then(|it| it.get(name));
        let other = self.schema.and_then(|it| it.get("additionalProperties"));
        let schema = known.or(other.filter(|it| it.is_object()));
        Place {
            built_in: self.built_in || metadata,
            holder: self.name,
            name,
            schema: schema.filter(|_| !metadata),
        }
    }

    /// An item of the list here.
    pub(super) fn item(self) -> Place<'a> {
        Place { schema: self.schema.and_then(|it| it.get("items")), ..self }
    }

    /// How `value`, which is here, is shared.
    pub(super) fn shape(self, value: &Value) -> Shape {
        match value {
            Value::Object(fields) if fields.is_empty() => Shape::Whole,
            Value::Object(_) => self.shape_of_map(),
            Value::Array(items) if !items.is_empty() => self.shape_of_list(items),
            _ => Shape::Whole,
        }
    }

    fn shape_of_map(self) -> Shape {
        if self.built_in {
            let open = matches!(
                self.name,
                "data"
                    | "binaryData"
                    | "stringData"
                    | "labels"
                    | "annotations"
                    | "matchLabels"
                    | "limits"
                    | "requests"
                    | "hard"
                    | "used"
                    | "capacity"
                    | "allocatable"
            );
            return if WHOLES.contains(&self.name) { Shape::Whole } else { Shape::Fields { open } };
        }
        let says = |word: &str| self.schema.is_some_and(|it| it[word] == "atomic");
        if says("x-kubernetes-map-type") {
            return Shape::Whole;
        }
        Shape::Fields { open: true }
    }

    fn shape_of_list(self, items: &[Value]) -> Shape {
        let shape = if self.built_in { self.built_in_list() } else { self.defined_list() };
        match &shape {
            Shape::Items(keys) if !items.iter().all(|it| has_keys(it, keys)) => Shape::Whole,
            Shape::Set if items.iter().any(|it| it.is_object() || it.is_array()) => Shape::Whole,
            _ => shape,
        }
    }

    fn built_in_list(self) -> Shape {
        if SETS.contains(&self.name) {
            return Shape::Set;
        }
        let found = ITEMS.iter().find(|(list, holder, _)| {
            *list == self.name && (holder.is_empty() || *holder == self.holder)
        });
        let Some((_, _, keys)) = found else { return Shape::Whole };
        let key = |field: &&str| Key {
            field: (*field).to_owned(),
            default: (*field == "protocol").then(|| json!("TCP")),
        };
        Shape::Items(keys.iter().map(key).collect())
    }

    fn defined_list(self) -> Shape {
        let Some(schema) = self.schema else { return Shape::Whole };
        match schema["x-kubernetes-list-type"].as_str() {
            Some("set") => Shape::Set,
            Some("map") => {
                let fields = schema["x-kubernetes-list-map-keys"].as_array();
                let fields = fields.into_iter().flatten().filter_map(Value::as_str);
                let properties = &schema["items"]["properties"];
                let key = |field: &str| Key {
                    field: field.to_owned(),
                    default: properties[field].get("default").cloned(),
                };
                Shape::Items(fields.map(key).collect())
            }
            _ => Shape::Whole,
        }
    }
}

fn has_keys(item: &Value, keys: &[Key]) -> bool {
    let has = |key: &Key| key.default.is_some() || !item[&key.field].is_null();
    !keys.is_empty() && item.is_object() && keys.iter().all(has)
}

/// What tells an item apart from the others of its list.
pub(super) fn identity(item: &Value, keys: &[Key]) -> Value {
    let value = |key: &Key| match &item[&key.field] {
        Value::Null => key.default.clone().unwrap_or_default(),
        found => found.clone(),
    };
    let fields: Map<String, Value> =
        keys.iter().map(|key| (key.field.clone(), value(key))).collect();
    Value::Object(fields)
}
