//! Objects as a table, as kubectl prints them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::kinds::Kind;

/// A `meta.k8s.io/v1` Table of the objects; `list_meta` is the list's metadata.
pub fn table(_kind: &Kind, items: &[Arc<Value>], list_meta: Value) -> Value {
    let rows: Vec<Value> = items
        .iter()
        .map(|it| {
            json!({
                "cells": [it["metadata"]["name"], it["metadata"]["creationTimestamp"]],
                "object": {
                    "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
                    "metadata": it["metadata"],
                },
            })
        })
        .collect();
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": list_meta,
        "columnDefinitions": [
            {"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0},
            {"name": "Created At", "type": "date", "format": "", "description": "", "priority": 0},
        ],
        "rows": rows,
    })
}
