//! The API as an OpenAPI document, made of the table of routes and the types.

use schemars::generate::SchemaSettings;
use schemars::transform::Transform;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::{Route, routes};
use crate::ui::types::{Problem, StreamEvents};

/// The document, version 3.1.
#[must_use]
pub fn openapi() -> Value {
    let contract = Contract::new();
    let mut paths = Map::new();
    for call in &contract.calls {
        let path = paths.entry(call.path).or_insert_with(|| json!({}));
        path[call.method.to_lowercase()] = operation(call);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Qalam dashboard",
            "version": "1",
            "description": "What the pages of the dashboard ask. A session is a cookie, which a \
                            link opens; programs send the home's token as a bearer. Changes need \
                            the header X-Qalam: 1 unless a bearer sends them.",
        },
        "paths": paths,
        "components": {"schemas": contract.types},
        "x-stream": {"$ref": "#/components/schemas/StreamEvents"},
    })
}

/// The table of routes with the forms of everything resolved.
pub(super) struct Contract {
    /// Every type by name.
    pub(super) types: Map<String, Value>,
    /// Every call.
    pub(super) calls: Vec<Call>,
}

/// One call, its forms as JSON schemas.
pub(super) struct Call {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) about: &'static str,
    pub(super) query: Option<Value>,
    pub(super) body: Option<Value>,
    /// A schema, or a media type.
    pub(super) answer: Result<Value, &'static str>,
}

impl Contract {
    pub(super) fn new() -> Contract {
        // What we write has every field; what we read may lack those with a default.
        let settings = || {
            SchemaSettings::draft2020_12().with(|it| {
                it.meta_schema = None;
                it.definitions_path = "/components/schemas".into();
            })
        };
        let mut writes = settings().for_serialize().into_generator();
        let mut reads = settings().for_deserialize().into_generator();
        let mut calls = Vec::new();
        for Route { method, path, about, query, body, answer, .. } in routes() {
            let mut read = |it: super::Shape| value(it(&mut reads));
            let (query, body) = (query.map(&mut read), body.map(&mut read));
            let answer = answer.map(|it| value(it(&mut writes)));
            calls.push(Call { method, path, about, query, body, answer });
        }
        writes.subschema_for::<Problem>();
        writes.subschema_for::<StreamEvents>();
        let mut types = definitions(reads);
        types.extend(definitions(writes));
        Contract { types, calls }
    }
}

fn value(schema: Schema) -> Value {
    schema.to_value()
}

fn definitions(mut generator: SchemaGenerator) -> Map<String, Value> {
    let mut all = generator.take_definitions(true);
    for (_, schema) in &mut all {
        if let Ok(schema) = <&mut Schema>::try_from(schema) {
            Tidy.transform(schema);
        }
    }
    all
}

/// Takes out what says nothing to a reader of JSON.
struct Tidy;

impl Transform for Tidy {
    fn transform(&mut self, schema: &mut Schema) {
        for name in ["format", "minimum", "maximum", "default"] {
            schema.remove(name);
        }
        schemars::transform::transform_subschemas(self, schema);
    }
}

fn operation(call: &Call) -> Value {
    let mut parameters: Vec<Value> = placeholders(call.path)
        .map(|name| {
            json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}})
        })
        .collect();
    if let Some(query) = &call.query {
        parameters.push(json!({
            "name": "query", "in": "query", "style": "form", "explode": true, "schema": query,
        }));
    }
    let content = match &call.answer {
        Ok(schema) => json!({"application/json": {"schema": schema}}),
        Err(media_type) => json!({*media_type: {"schema": {"type": "string"}}}),
    };
    let problem = json!({"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}});
    let mut operation = json!({
        "summary": call.about,
        "parameters": parameters,
        "responses": {
            "200": {"description": "What was asked for.", "content": content},
            "default": {"description": "Why it failed.", "content": problem},
        },
    });
    if let Some(body) = &call.body {
        operation["requestBody"] =
            json!({"required": true, "content": {"application/json": {"schema": body}}});
    }
    operation
}

/// The names between braces in a path.
fn placeholders(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|it| it.strip_prefix('{')?.strip_suffix('}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_is_described_and_every_reference_leads_somewhere() {
        let document = openapi();
        let paths = document["paths"].as_object().unwrap();
        let operations: usize = paths.values().map(|it| it.as_object().unwrap().len()).sum();
        assert_eq!(operations, routes().len());
        let text = document.to_string();
        for part in text.split("\"$ref\":\"#/components/schemas/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
        }
        assert!(placeholders("/a/{b}/{c}").eq(["b", "c"]));
    }
}
