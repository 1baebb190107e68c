//! `…/scale`: the count of replicas of a kind, seen as one small object.

use serde_json::{Value, json};

use super::kinds::{Kind, Scale};
use super::request::Target;
use super::selectors::label_selector_text;
use super::status::Status;
use super::write::{After, Manner, Written};
use super::{Api, convert};

impl Api {
    /// The Scale of the object at `target`.
    pub(super) fn get_scale(&self, target: &Target) -> Result<Value, Status> {
        let scale = scale_of(&target.kind)?;
        let object = convert::to_served(&target.kind, self.get(target)?.value());
        Ok(show(&scale, &object))
    }

    /// Changes the wanted count to what `change` makes of the Scale.
    pub(super) async fn modify_scale(
        &self,
        target: &Target,
        manner: Manner,
        change: impl Fn(&Value) -> Result<Value, Status>,
    ) -> Result<Written, Status> {
        let scale = scale_of(&target.kind)?;
        let mut whole = target.clone();
        whole.subresource = None;
        let written = self.modify(&whole, manner, |object| {
            let wanted = change(&show(&scale, object))?;
            let replicas = &wanted["spec"]["replicas"];
            let Some(count) = replicas.as_u64() else {
                return Err(Status::bad_request(format!(
                    "spec.replicas: needs a count from 0, got {replicas}"
                )));
            };
            let mut next = object.clone();
            set(&mut next, &scale.spec_path, json!(count));
            if let Some(version) = wanted["metadata"]["resourceVersion"].as_str() {
                next["metadata"]["resourceVersion"] = json!(version);
            }
            Ok(next)
        });
        let written = written.await?;
        let shown = show(&scale, &written.object.value(&target.kind));
        Ok(Written { object: After::Shown(shown), warnings: written.warnings })
    }
}

fn scale_of(kind: &Kind) -> Result<Scale, Status> {
    kind.subresources.scale.clone().ok_or_else(Status::no_such_path)
}

fn show(scale: &Scale, object: &Value) -> Value {
    let metadata = &object["metadata"];
    let count = |path: &str| json!(at(object, path).as_u64().unwrap_or_default());
    let mut shown = json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"],
            "creationTimestamp": metadata["creationTimestamp"],
        },
        "spec": {"replicas": count(&scale.spec_path)},
        "status": {"replicas": count(&scale.status_path)},
    });
    if let Some(path) = &scale.selector_path {
        let selector = at(object, path);
        shown["status"]["selector"] = match selector {
            // Built-in kinds keep it as an object, defined ones as a text.
            Value::Object(_) => json!(label_selector_text(selector)),
            _ => selector.clone(),
        };
    }
    shown
}

fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('.').filter(|it| !it.is_empty())
}

fn at<'a>(object: &'a Value, path: &str) -> &'a Value {
    parts(path).fold(object, |value, part| &value[part])
}

fn set(object: &mut Value, path: &str, value: Value) {
    let place = parts(path).try_fold(object, |place, part| {
        if place.is_null() {
            *place = json!({});
        }
        place.as_object_mut().map(|it| it.entry(part).or_insert(Value::Null))
    });
    if let Some(place) = place {
        *place = value;
    }
}
