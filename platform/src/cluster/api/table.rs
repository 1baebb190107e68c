//! Objects as a table, as kubectl prints them.

mod built_in;
mod more;
mod path;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::kinds::{Column, Kind};

/// What each row carries of its object besides the cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Include {
    /// The metadata, as kubectl needs it.
    #[default]
    Metadata,
    /// The whole object.
    Object,
    /// Nothing.
    None,
}

impl Include {
    /// Reads the query parameter `includeObject`; anything else than its words is the default.
    #[must_use]
    pub fn parse(text: &str) -> Include {
        match text {
            "Object" => Include::Object,
            "None" => Include::None,
            _ => Include::Metadata,
        }
    }
}

/// A `meta.k8s.io/v1` Table of the objects, whose rows carry as much of them as `include` says;
/// `list_meta` is the list's own metadata.
pub fn table(kind: &Kind, items: &[Arc<Value>], list_meta: Value, include: Include) -> Value {
    let columns = columns(kind);
    let now = jiff::Timestamp::now();
    let rows: Vec<Value> = items.iter().map(|it| row(kind, &columns, it, include, now)).collect();
    let definitions: Vec<Value> = columns.iter().map(definition).collect();
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": list_meta,
        "columnDefinitions": definitions,
        "rows": rows,
    })
}

/// Name first, then what the kind shows.
fn columns(kind: &Kind) -> Vec<Column> {
    let name = Column {
        name: "Name".into(),
        r#type: "string".into(),
        json_path: ".metadata.name".into(),
        priority: 0,
    };
    let mut columns = vec![name];
    if let Some(built_in) = built_in::columns(kind) {
        columns = built_in;
    } else if kind.columns.is_empty() {
        columns.push(age());
    } else {
        columns.extend(kind.columns.iter().cloned());
    }
    columns
}

fn age() -> Column {
    Column {
        name: "Age".into(),
        r#type: "date".into(),
        json_path: ".metadata.creationTimestamp".into(),
        priority: 0,
    }
}

fn definition(column: &Column) -> Value {
    let is_name = column.json_path == ".metadata.name";
    json!({
        "name": column.name, "type": column.r#type, "format": if is_name { "name" } else { "" },
        "description": column.name, "priority": column.priority,
    })
}

fn row(
    kind: &Kind,
    columns: &[Column],
    object: &Value,
    include: Include,
    now: jiff::Timestamp,
) -> Value {
    let cells: Vec<Value> = match built_in::cells(kind, object, now) {
        Some(cells) => cells,
        None => columns.iter().map(|it| cell(it, object, now)).collect(),
    };
    let mut row = Map::new();
    row.insert("cells".into(), cells.into());
    match include {
        Include::Object => _ = row.insert("object".into(), object.clone()),
        Include::Metadata => {
            let object = json!({
                "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
                "metadata": object["metadata"],
            });
            row.insert("object".into(), object);
        }
        Include::None => {}
    }
    Value::Object(row)
}

/// The cell of a column that a JSONPath describes.
fn cell(column: &Column, object: &Value, now: jiff::Timestamp) -> Value {
    let found = path::find(&column.json_path, object);
    let Some(first) = found.first() else { return Value::Null };
    match column.r#type.as_str() {
        "date" => Value::String(age_of(first, now)),
        "integer" if first.is_i64() => (*first).clone(),
        "number" if first.is_number() => (*first).clone(),
        "boolean" if first.is_boolean() => (*first).clone(),
        "string" => Value::String(text_of(&found)),
        _ => Value::Null,
    }
}

fn text_of(found: &[&Value]) -> String {
    let text = |it: &&Value| match it {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    found.iter().map(text).collect::<Vec<String>>().join(",")
}

/// How long ago a time was, such as `5m10s`; `<unknown>` if it is none.
fn age_of(time: &Value, now: jiff::Timestamp) -> String {
    let time = time.as_str().and_then(|it| it.parse::<jiff::Timestamp>().ok());
    time.map_or_else(|| "<unknown>".into(), |it| duration(now.as_second() - it.as_second()))
}

/// Seconds as kubectl shows them: two units while the larger one is small, else one.
fn duration(seconds: i64) -> String {
    let pair = |large: i64, small: i64, units: [&str; 2]| match small {
        0 => format!("{large}{}", units[0]),
        _ => format!("{large}{}{small}{}", units[0], units[1]),
    };
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        ..0 => "0s".into(),
        0..120 => format!("{seconds}s"),
        120..600 => pair(minutes, seconds % 60, ["m", "s"]),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => pair(hours, minutes % 60, ["h", "m"]),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => pair(days, hours % 24, ["d", "h"]),
        691_200..63_072_000 => format!("{days}d"),
        63_072_000..252_288_000 => pair(days / 365, days % 365, ["y", "d"]),
        _ => format!("{}y", days / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::api::kinds::Registry;

    #[test]
    fn ages_read_as_kubectl_writes_them() {
        let check = |seconds, wanted: &str| assert_eq!(duration(seconds), wanted);
        check(-1, "0s");
        check(119, "119s");
        check(120, "2m");
        check(310, "5m10s");
        check(3599, "59m");
        check(3 * 3600 + 60, "3h1m");
        check(47 * 3600, "47h");
        check(3 * 86_400 + 3600, "3d1h");
        check(100 * 86_400, "100d");
        check(3 * 365 * 86_400, "3y");
    }

    /// The cells of one object of that kind, without its age.
    fn cells(plural: &str, object: Value) -> Vec<Value> {
        let kinds = Registry::default().all();
        let kind = kinds.iter().find(|it| it.plural == plural).expect("a built-in kind");
        let table = table(kind, &[Arc::new(object)], json!({}), Include::Metadata);
        let shown = |it: &&Value| it["priority"] == 0 && it["name"] != "Age";
        let columns = table["columnDefinitions"].as_array().expect("columns");
        let cells = table["rows"][0]["cells"].as_array().expect("cells");
        assert_eq!(columns.len(), cells.len());
        let both = columns.iter().zip(cells).filter(|(column, _)| shown(column));
        both.map(|(_, cell)| cell.clone()).collect()
    }

    #[test]
    fn built_in_kinds_show_what_kubectl_users_know() {
        let check = |plural, object: Value, wanted: Value| {
            assert_eq!(Value::Array(cells(plural, object)), wanted, "{plural}");
        };
        check(
            "pods",
            json!({
                "metadata": { "name": "p" }, "spec": { "containers": [{}, {}] },
                "status": { "phase": "Running", "containerStatuses": [
                    { "ready": true, "restartCount": 2 }, { "ready": false, "restartCount": 1 },
                ] },
            }),
            json!(["p", "1/2", "Running", "3"]),
        );
        check(
            "pods",
            json!({
                "metadata": { "name": "p" }, "spec": { "containers": [{}] },
                "status": { "phase": "Succeeded", "containerStatuses": [
                    { "restartCount": 0, "state": { "terminated": { "reason": "Completed" } } },
                ] },
            }),
            json!(["p", "0/1", "Completed", "0"]),
        );
        check(
            "jobs",
            json!({ "metadata": { "name": "j" }, "status": {
                "succeeded": 1, "startTime": "2026-01-01T00:00:00Z",
                "completionTime": "2026-01-01T00:00:09Z",
                "conditions": [{ "type": "Complete", "status": "True" }],
            } }),
            json!(["j", "Complete", "1/1", "9s"]),
        );
        check(
            "configmaps",
            json!({ "metadata": { "name": "c" }, "data": { "a": "" } }),
            json!(["c", "1"]),
        );
        check(
            "namespaces",
            json!({ "metadata": { "name": "n" }, "status": { "phase": "Active" } }),
            json!(["n", "Active"]),
        );
        check("leases", json!({ "metadata": { "name": "l" } }), json!(["l", ""]));
    }

    #[test]
    fn defined_columns_are_read_by_their_paths() {
        let mut kind = (*Registry::default().all()[0]).clone();
        kind.built_in = false;
        kind.kind = "Thing".into();
        let column = |name: &str, r#type: &str, json_path: &str| Column {
            name: name.into(),
            r#type: r#type.into(),
            json_path: json_path.into(),
            priority: 0,
        };
        kind.columns = vec![
            column("Type", "string", ".status.conditions[-1:].type"),
            column("Count", "integer", ".spec.count"),
            column("None", "string", ".spec.none"),
        ];
        let object = json!({
            "metadata": { "name": "t" }, "spec": { "count": 3 },
            "status": { "conditions": [{ "type": "Created" }, { "type": "Running" }] },
        });
        let check = |include, has: &str| {
            let table = table(&kind, &[Arc::new(object.clone())], json!({}), include);
            assert_eq!(table["rows"][0]["cells"], json!(["t", "Running", 3, null]));
            assert_eq!(table["rows"][0]["object"]["kind"].as_str().unwrap_or("none"), has);
        };
        check(Include::Metadata, "PartialObjectMetadata");
        check(Include::None, "none");
    }
}
