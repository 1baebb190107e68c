//! Unknown fields: reported always, and removed unless the schema keeps them.

use serde_json::{Map, Value};

use super::{Refs, is_embedded, is_preserving, join, nearest};

/// Fields that every object may have, whatever its kind's schema describes.
const OF_EVERY_OBJECT: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// Reports the fields of `object` that `schema` does not know, and removes those that it does not
/// keep.
pub(super) fn prune<'a>(
    refs: Refs<'a>,
    schema: &'a Value,
    object: &mut Value,
    told: &'a mut Vec<String>,
) {
    Pruning { refs, told }.value(schema, object, "", true);
}

struct Pruning<'a> {
    refs: Refs<'a>,
    told: &'a mut Vec<String>,
}

impl<'a> Pruning<'a> {
    fn value(&mut self, schema: &'a Value, value: &mut Value, path: &str, whole: bool) {
        let schema = self.refs.follow(schema);
        match value {
            Value::Object(fields) => self.fields(schema, fields, path, whole),
            Value::Array(items) => {
                let Some(of_item) = schema.get("items") else { return };
                for (index, item) in items.iter_mut().enumerate() {
                    self.value(of_item, item, &format!("{path}[{index}]"), false);
                }
            }
            _ => {}
        }
    }

    fn fields(
        &mut self,
        schema: &'a Value,
        fields: &mut Map<String, Value>,
        path: &str,
        whole: bool,
    ) {
        let known = schema.get("properties").and_then(Value::as_object);
        let of_others = schema.get("additionalProperties").filter(|it| it.is_object());
        let takes_any = schema["additionalProperties"] == true;
        let whole = whole || is_embedded(schema);
        let mut lost = Vec::new();
        for (name, value) in fields.iter_mut() {
            let path = join(path, name);
            if let Some(of_field) = known.and_then(|it| it.get(name)) {
                self.value(of_field, value, &path, false);
            } else if let Some(of_others) = of_others {
                self.value(of_others, value, &path, false);
            } else if !(takes_any || whole && OF_EVERY_OBJECT.contains(&name.as_str())) {
                // A schema that keeps unknown fields and knows none is a free-form object:
                // nothing in it is a mistake.
                if !is_preserving(schema) {
                    lost.push(name.clone());
                } else if known.is_none() {
                    continue;
                }
                self.told.push(sentence(name, &path, known));
            }
        }
        for name in lost {
            fields.remove(&name);
        }
    }
}

/// `unknown field "spec.objetive", did you mean "objective"?`
fn sentence(name: &str, path: &str, known: Option<&Map<String, Value>>) -> String {
    let candidates = known.into_iter().flat_map(Map::keys).map(String::as_str);
    match nearest(name, candidates) {
        Some(meant) => format!("unknown field \"{path}\", did you mean \"{meant}\"?"),
        None => format!("unknown field \"{path}\""),
    }
}
