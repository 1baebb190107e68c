//! Who owns which fields (`metadata.managedFields`), and server-side apply.
//!
//! An applier owns the fields that it sends; any other writer owns those that it changes. A field
//! that another owns, with another value, is a conflict for an applier unless it insists; a field
//! that its last applier no longer sends goes.
//!
//! ```text
//! shape    what is shared field by field, item by item, or as a whole
//! fields   sets of fields: of an object, of a change, as fieldsV1
//! update   what a writer that does not apply owns after its write
//! ```

mod fields;
mod shape;
#[cfg(test)]
mod tests;
mod update;

use serde_json::{Value, json};

use super::kinds::Kind;
use super::meta;
use super::request::Query;
use super::status::Status;
use fields::{Changes, Fields, Path};
use shape::Place;
pub(super) use update::{Writer, own};

/// An object as it is applied.
#[derive(Clone, Debug)]
pub(super) struct Applied {
    object: Value,
    manager: String,
    subresource: String,
    force: bool,
}

impl Applied {
    /// # Errors
    /// 400 for a body that is no object to apply, 422 without a field manager.
    pub(super) fn parse(
        object: Value,
        query: &Query,
        subresource: Option<&str>,
    ) -> Result<Applied, Status> {
        let Some(manager) = query.text("fieldManager") else {
            let told = "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: \
                        is required for apply patch";
            return Err(Status::new(422, "Invalid", told));
        };
        if !object.is_object() {
            return Err(Status::bad_request("an apply needs an object"));
        }
        let managed = &object["metadata"]["managedFields"];
        if managed.as_array().is_some_and(|it| !it.is_empty()) {
            return Err(Status::bad_request("metadata.managedFields must be nil"));
        }
        Ok(Applied {
            object,
            manager: manager.to_owned(),
            subresource: subresource.unwrap_or_default().to_owned(),
            force: query.flag("force") && query.text("force").is_some(),
        })
    }

    /// The object after the apply; `current` is null when there is none yet.
    ///
    /// # Errors
    /// 409 with one cause a field that another writer owns.
    pub(super) fn onto(&self, kind: &Kind, current: &Value) -> Result<Value, Status> {
        let place = Place::root(kind);
        let mut owned = Fields::new();
        fields::collect(&self.object, place, &mut Vec::new(), &mut owned);
        owned.retain(|path| !fields::is_identity(path));
        let entries = current["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
        let (mine, mut others): (Vec<Value>, Vec<Value>) =
            entries.into_iter().partition(|it| self.owns(it));

        let mut next = current.clone();
        fields::merge(&mut next, &self.object, place);
        let mut changes = Changes::default();
        fields::compare(Some(current), Some(&next), place, &mut Vec::new(), &mut changes);
        self.settle_conflicts(&changes.set, &mut others)?;

        let mine = mine.first();
        let before = mine.map(|it| fields::parse(&it["fieldsV1"])).unwrap_or_default();
        let kept: Fields = others
            .iter()
            .flat_map(|it| fields::parse(&it["fieldsV1"]))
            .chain(owned.clone())
            .collect();
        let lost: Vec<&Path> =
            before.difference(&owned).filter(|path| !fields::is_held(path, &kept)).collect();
        // What is inside goes before what holds it.
        for path in lost.iter().rev() {
            fields::remove(&mut next, path);
        }
        let time = mine.filter(|_| before == owned).map(|it| it["time"].clone());
        let mut entry = json!({
            "manager": self.manager, "operation": "Apply", "apiVersion": kind.api_version(),
            "time": time.unwrap_or_else(|| json!(meta::now())), "fieldsType": "FieldsV1",
            "fieldsV1": fields::tree(&owned),
        });
        if !self.subresource.is_empty() {
            entry["subresource"] = json!(self.subresource);
        }
        others.push(entry);
        next["metadata"]["managedFields"] = Value::Array(update::sorted(others));
        Ok(next)
    }

    fn owns(&self, entry: &Value) -> bool {
        entry["manager"] == self.manager.as_str()
            && entry["operation"] == "Apply"
            && entry["subresource"].as_str().unwrap_or_default() == self.subresource
    }

    fn settle_conflicts(&self, set: &Fields, others: &mut Vec<Value>) -> Result<(), Status> {
        let mut causes = Vec::new();
        for entry in others.iter_mut() {
            let theirs = fields::parse(&entry["fieldsV1"]);
            let lost: Fields = theirs.intersection(set).cloned().collect();
            let manager = name_of(entry);
            causes.extend(lost.iter().filter(|it| it.last().is_some_and(|it| it != ".")).map(
                |path| {
                    json!({
                        "reason": "FieldManagerConflict",
                        "message": format!("conflict with {manager}"), "field": fields::show(path),
                    })
                },
            ));
            if self.force && !lost.is_empty() {
                entry["fieldsV1"] = fields::tree(&theirs.difference(&lost).cloned().collect());
            }
        }
        if self.force || causes.is_empty() {
            others.retain(|it| !fields::parse(&it["fieldsV1"]).is_empty());
            return Ok(());
        }
        Err(conflict(&causes))
    }
}

/// A writer as a conflict names it.
fn name_of(entry: &Value) -> String {
    let text = |key: &str| entry[key].as_str().unwrap_or_default();
    let mut name = format!("\"{}\"", text("manager"));
    if !text("subresource").is_empty() {
        name += &format!(" with subresource \"{}\"", text("subresource"));
    }
    if entry["operation"] == "Update" {
        name += &format!(" using {}", text("apiVersion"));
    }
    name
}

fn conflict(causes: &[Value]) -> Status {
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    let mut by_writer: Vec<(String, Vec<String>)> = Vec::new();
    for cause in causes {
        let (writer, field) = (text(&cause["message"]), text(&cause["field"]));
        match by_writer.iter_mut().find(|it| it.0 == writer) {
            Some((_, fields)) => fields.push(field),
            None => by_writer.push((writer, vec![field])),
        }
    }
    let told: Vec<String> = by_writer
        .into_iter()
        .map(|(writer, fields)| match fields.as_slice() {
            [one] => format!("{writer}: {one}"),
            many => {
                let writer = writer.replacen("conflict", "conflicts", 1);
                format!("{writer}:\n- {}", many.join("\n- "))
            }
        })
        .collect();
    let noun = if causes.len() == 1 { "conflict" } else { "conflicts" };
    let message = format!("Apply failed with {} {noun}: {}", causes.len(), told.join("\n"));
    let mut status = Status::new(409, "Conflict", message);
    status.details = json!({"causes": causes});
    status
}
