//! The one way in which a status is written: the difference, if there is one, as a merge patch
//! that holds only for the version it was computed from.

use kube::api::{Api, Patch, PatchParams};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// The merge patch (RFC 7396) that turns `old` into `new`; none when they are equal.
pub fn difference(old: &Value, new: &Value) -> Option<Value> {
    let (Value::Object(was), Value::Object(is)) = (old, new) else {
        return (old != new).then(|| new.clone());
    };
    let mut patch = Map::new();
    for (key, value) in is {
        // A null means absent: a merge patch cannot store one.
        let before = was.get(key).unwrap_or(&Value::Null);
        if let Some(inner) = difference(before, value) {
            patch.insert(key.clone(), inner);
        }
    }
    for key in was.keys().filter(|it| !is.contains_key(*it) && !was[*it].is_null()) {
        patch.insert(key.clone(), Value::Null);
    }
    (!patch.is_empty()).then_some(Value::Object(patch))
}

/// Writes a status if it changed. A conflict (409) means that the object was changed meanwhile:
/// the caller looks again.
///
/// Answers whether something was written.
pub async fn status<K, S>(
    api: &Api<K>,
    name: &str,
    version: Option<&str>,
    old: &S,
    new: &S,
) -> Result<bool, kube::Error>
where
    K: Clone + DeserializeOwned + std::fmt::Debug,
    S: Serialize,
{
    let text = |it: &S| serde_json::to_value(it).map_err(kube::Error::SerdeError);
    let Some(change) = difference(&text(old)?, &text(new)?) else { return Ok(false) };
    let mut body = json!({ "status": change });
    if let Some(version) = version {
        body["metadata"] = json!({ "resourceVersion": version });
    }
    api.patch_status(name, &PatchParams::default(), &Patch::Merge(body)).await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(old: Value, new: Value, want: Option<Value>) {
        let patch = difference(&old, &new);
        assert_eq!(patch, want);
        let mut patched = old;
        if let Some(patch) = patch {
            json_patch::merge(&mut patched, &patch);
        }
        let no_nulls = |it: &Value| match it {
            Value::Object(it) => {
                Value::Object(it.iter().filter(|(_, v)| !v.is_null()).map(own).collect())
            }
            other => other.clone(),
        };
        assert_eq!(no_nulls(&patched), no_nulls(&new));
    }

    fn own((key, value): (&String, &Value)) -> (String, Value) {
        (key.clone(), value.clone())
    }

    #[test]
    fn only_what_changed_is_sent() {
        check(json!({"a": 1}), json!({"a": 1}), None);
        check(json!({"a": 1, "b": 2}), json!({"a": 1, "b": 3}), Some(json!({"b": 3})));
        check(json!({"a": 1, "b": 2}), json!({"a": 1}), Some(json!({"b": null})));
        check(json!({"l": [1]}), json!({"l": [1, 2]}), Some(json!({"l": [1, 2]})));
        check(json!({}), json!({"end": null}), None);
        check(json!({"end": "x"}), json!({"end": null}), Some(json!({"end": null})));
        check(
            json!({"o": {"a": 1, "b": 1}}),
            json!({"o": {"a": 1}}),
            Some(json!({"o": {"b": null}})),
        );
    }
}
