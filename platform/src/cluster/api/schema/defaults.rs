//! Structural defaulting: what a schema's `default`s put where nothing was written.

use serde_json::Value;

/// Writes the schema's defaults into `object`. A null where null is not allowed counts as nothing
/// written if there is a default for it.
pub(super) fn fill(schema: &Value, object: &mut Value) {
    match object {
        Value::Object(fields) => {
            let known = schema.get("properties").and_then(Value::as_object);
            for (name, of_field) in known.into_iter().flatten() {
                let Some(default) = of_field.get("default") else { continue };
                let missing = match fields.get(name) {
                    None => true,
                    Some(value) => value.is_null() && of_field["nullable"] != true,
                };
                if missing {
                    fields.insert(name.clone(), default.clone());
                }
            }
            for (name, value) in fields.iter_mut() {
                let of_field = known.and_then(|it| it.get(name));
                let of_others = schema.get("additionalProperties");
                if let Some(of_field) = of_field.or(of_others) {
                    fill(of_field, value);
                }
            }
        }
        Value::Array(items) => {
            if let Some(of_item) = schema.get("items") {
                items.iter_mut().for_each(|it| fill(of_item, it));
            }
        }
        _ => {}
    }
}
