//! The OpenAPI v2 document in its protobuf form, which `kubectl` asks for when it checks a `List`.
//!
//! Only what clients look at is written: names, types, descriptions, references, required fields,
//! and the extensions by which kinds and merge keys are found. Numbers are those of
//! `openapi.v2.Document`.

use serde_json::Value;

/// The content type that clients ask for, and are answered with.
pub(super) const MEDIA_TYPE: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// Writes a document of definitions.
pub(super) fn encode(document: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    text(&mut out, 1, &document["swagger"]);
    let mut info = Vec::new();
    text(&mut info, 1, &document["info"]["title"]);
    text(&mut info, 2, &document["info"]["version"]);
    bytes(&mut out, 2, &info);
    bytes(&mut out, 8, &[]);
    bytes(&mut out, 9, &named(&document["definitions"]));
    out
}

/// Schemas by their names.
fn named(schemas: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in schemas.as_object().into_iter().flatten() {
        let mut entry = Vec::new();
        bytes(&mut entry, 1, name.as_bytes());
        bytes(&mut entry, 2, &schema(value));
        bytes(&mut out, 1, &entry);
    }
    out
}

fn schema(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    // A reference stands alone here; its description is that of what it leads to.
    let wrapped = value["allOf"].get(0).filter(|_| value.get("properties").is_none());
    let reference = wrapped.unwrap_or(value);
    if reference.get("$ref").is_some() {
        text(&mut out, 1, &reference["$ref"]);
        text(&mut out, 4, &value["description"]);
        return out;
    }
    text(&mut out, 2, &value["format"]);
    text(&mut out, 4, &value["description"]);
    for name in value["required"].as_array().into_iter().flatten() {
        text(&mut out, 19, name);
    }
    match &value["additionalProperties"] {
        Value::Bool(any) => {
            let mut item = Vec::new();
            varint(&mut item, 2 << 3);
            varint(&mut item, u64::from(*any));
            bytes(&mut out, 21, &item);
        }
        Value::Object(_) => {
            let mut item = Vec::new();
            bytes(&mut item, 1, &schema(&value["additionalProperties"]));
            bytes(&mut out, 21, &item);
        }
        _ => {}
    }
    // Several types, or null, are not known to version 2.
    let type_ = match &value["type"] {
        Value::Array(types) => types.iter().find(|it| **it != "null").unwrap_or(&Value::Null),
        other => other,
    };
    if type_.is_string() {
        let mut item = Vec::new();
        text(&mut item, 1, type_);
        bytes(&mut out, 22, &item);
    }
    if value["items"].is_object() {
        let mut item = Vec::new();
        bytes(&mut item, 1, &schema(&value["items"]));
        bytes(&mut out, 23, &item);
    }
    if value["properties"].is_object() {
        bytes(&mut out, 25, &named(&value["properties"]));
    }
    for (name, extension) in value.as_object().into_iter().flatten() {
        if name.starts_with("x-kubernetes-") {
            let (mut entry, mut any) = (Vec::new(), Vec::new());
            // JSON is YAML.
            bytes(&mut any, 2, extension.to_string().as_bytes());
            bytes(&mut entry, 1, name.as_bytes());
            bytes(&mut entry, 2, &any);
            bytes(&mut out, 31, &entry);
        }
    }
    out
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while 0x7f < value {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn bytes(out: &mut Vec<u8>, number: u64, content: &[u8]) {
    varint(out, number << 3 | 2);
    varint(out, content.len() as u64);
    out.extend_from_slice(content);
}

fn text(out: &mut Vec<u8>, number: u64, value: &Value) {
    if let Some(text) = value.as_str() {
        bytes(out, number, text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_small_document_is_written_as_protobuf_writes_it() {
        let document = json!({"swagger": "2.0", "info": {"title": "T", "version": "v"},
            "definitions": {"A": {"type": "object", "required": ["b"],
                "properties": {"b": {"allOf": [{"$ref": "#/definitions/B"}], "description": "d"}}}}});
        let encoded = encode(&document);
        assert!(encoded.starts_with(b"\x0a\x032.0\x12\x06\x0a\x01T\x12\x01v\x42\x00\x4a"));
        assert!(encoded.windows(17).any(|it| it == b"\x0a\x0f#/definitions/B"), "{encoded:?}");
        let mut long = Vec::new();
        varint(&mut long, 300);
        assert_eq!(long, [0xac, 0x02]);
    }
}
