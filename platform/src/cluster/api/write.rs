//! Creating and changing objects: what every write passes before it is stored.

use std::collections::BTreeSet;
use std::sync::Arc;

use proto::FieldError;
use serde_json::{Value, json};

use http::{HeaderMap, header};

use super::apply::{Writer, own};
use super::auth::{User, check_grant};
use super::kinds::Kind;
use super::request::{Query, Target};
use super::status::Status;
use super::{Api, convert, defaults, meta, schema};
use crate::cluster::admission::Review;
use crate::cluster::store::{Expected, Key, Object, WriteError};

/// Largest stored object; etcd's limit.
const OBJECT_BYTES_MAX: usize = 3 << 19;

/// How often a change is computed anew because another writer was faster.
const ATTEMPTS_MAX: usize = 64;

/// How a write is to be made.
#[derive(Clone, Debug)]
pub(super) struct Manner {
    /// Who will own the changed fields; none for the home itself, whose writes are not tracked,
    /// and for an apply, which has said it.
    pub(super) writer: Option<Writer>,
    /// Who asks; none for the home itself.
    pub(super) user: Option<User>,
    /// Check and answer, store nothing.
    pub(super) dry_run: bool,
    /// What to do about fields that the schema does not know.
    pub(super) unknown: Unknown,
}

/// `fieldValidation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unknown {
    Refuse,
    Warn,
    Ignore,
}

impl Manner {
    /// The home's own manner.
    pub(super) fn own() -> Manner {
        Manner { writer: None, user: None, dry_run: false, unknown: Unknown::Ignore }
    }

    pub(super) fn of(
        query: &Query,
        headers: &HeaderMap,
        user: Option<User>,
    ) -> Result<Manner, Status> {
        let agent = headers.get(header::USER_AGENT).and_then(|it| it.to_str().ok());
        let writer = user.as_ref().map(|_| Writer::of(query.text("fieldManager"), agent));
        let unknown = match query.text("fieldValidation") {
            None | Some("Warn") => Unknown::Warn,
            Some("Strict") => Unknown::Refuse,
            Some("Ignore") => Unknown::Ignore,
            Some(other) => {
                return Err(Status::bad_request(format!(
                    "fieldValidation: one of Strict, Warn, Ignore, got \"{other}\""
                )));
            }
        };
        Ok(Manner { writer, user, dry_run: query.dry_run()?, unknown })
    }
}

/// What was written, or would be in a dry run.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) object: After,
    pub(super) warnings: Vec<String>,
}

/// An object after a write.
#[derive(Debug)]
pub(super) enum After {
    /// As it is stored: its text is at hand, and most answers want nothing else.
    Stored(Arc<Object>),
    /// In its served version; it is not stored, or no longer.
    Shown(Value),
}

impl After {
    /// The object in its served version.
    pub(super) fn value(self, kind: &Kind) -> Value {
        match self {
            After::Stored(object) => convert::to_served(kind, object.value()),
            After::Shown(value) => value,
        }
    }
}

impl Api {
    /// Stores a new object.
    pub(super) async fn create(
        &self,
        target: &Target,
        manner: Manner,
        mut object: Value,
    ) -> Result<Written, Status> {
        let kind = &target.kind;
        meta::settle(target, &mut object)?;
        let name = meta::begin(kind, &mut object)?;
        if kind.namespaced {
            self.need_namespace(kind, &name, target.place())?;
        }
        if kind.subresources.status {
            meta::copy(&Value::Null, &mut object, "status");
        }
        meta::tidy(&mut object);
        if kind.is("", "ResourceQuota") {
            object["status"] = self.quota_status(&object);
        }
        defaults::begin(kind, &mut object);
        let key = Key::new(&kind.resource, target.place(), &name);
        if self.store.get(&key).is_some() {
            return Err(Status::already_exists(kind, &name));
        }
        let limited = self.limit(target, &mut object);
        if let Some(fault) = limited.first() {
            return Err(Status::forbidden(kind, &name, &fault.to_string()));
        }
        let warnings = self.admit(kind, &mut object, None, &manner)?;
        // Two that are made at once must not both find the last place free.
        let _turn = match kind.namespaced && self.has_quota(target.place()) {
            true => {
                let turn = self.turns.lock().await;
                self.check_quota(target, &object)?;
                Some(turn)
            }
            false => None,
        };
        self.address(target, &mut object)?;
        check_grant(&self.store, manner.user.as_ref(), kind, &object)?;
        if let Some(writer) = &manner.writer {
            own(kind, writer, None, &Value::Null, &mut object);
        }
        check_size(&object)?;
        if manner.dry_run {
            return Ok(Written { object: After::Shown(object), warnings });
        }
        let stored = convert::to_stored(kind, object);
        match self.store.put(key, Expected::Absent, stored).await {
            Ok(object) => {
                self.after_write(kind);
                Ok(Written { object: After::Stored(object), warnings })
            }
            Err(WriteError::Unexpected) => Err(Status::already_exists(kind, &name)),
            Err(error) => Err(Status::internal(error)),
        }
    }

    /// Changes the object at `target` into what `change` makes of it. Computed anew when another
    /// writer was faster; a `resourceVersion` in the result that is not the stored one is 409.
    pub(super) async fn modify(
        &self,
        target: &Target,
        manner: Manner,
        change: impl Fn(&Value) -> Result<Value, Status>,
    ) -> Result<Written, Status> {
        let kind = &target.kind;
        let name = target.name.as_deref().unwrap_or_default();
        let key = Key::new(&kind.resource, target.place(), name);
        for _ in 0..ATTEMPTS_MAX {
            let Some(current) = self.store.get(&key) else {
                return Err(Status::not_found(kind, name));
            };
            let old = convert::to_served(kind, current.value());
            let mut new = change(&old)?;
            check_version(kind, name, &old, &new)?;
            meta::settle(target, &mut new)?;
            let (mut new, warnings) = self.prepare(target, &manner, &old, new)?;
            check_grant(&self.store, manner.user.as_ref(), kind, &new)?;
            if let Some(writer) = &manner.writer {
                own(kind, writer, target.subresource.as_deref(), &old, &mut new);
            }
            if new == old {
                return Ok(Written { object: After::Stored(current), warnings });
            }
            if manner.dry_run {
                return Ok(Written { object: After::Shown(new), warnings });
            }
            check_size(&new)?;
            match self.store_change(kind, &current, new).await {
                Ok(object) => return Ok(Written { object, warnings }),
                Err(WriteError::Unexpected) => {}
                Err(error) => return Err(Status::internal(error)),
            }
        }
        Err(Status::stale(kind, name))
    }

    /// Stores the next state of an object, or removes it when that state lets it go.
    pub(super) async fn store_change(
        &self,
        kind: &Kind,
        current: &Object,
        new: Value,
    ) -> Result<After, WriteError> {
        let key = current.key.clone();
        if is_released(kind, &new) {
            self.store.remove(key, current.version).await?;
            self.after_write(kind);
            return Ok(After::Shown(new));
        }
        let stored = convert::to_stored(kind, new);
        let object = self.store.put(key, Expected::Version(current.version), stored).await?;
        self.after_write(kind);
        Ok(After::Stored(object))
    }

    /// The next state of an object: what the writer wants, less what the writer may not change.
    fn prepare(
        &self,
        target: &Target,
        manner: &Manner,
        old: &Value,
        mut new: Value,
    ) -> Result<(Value, Vec<String>), Status> {
        let kind = &target.kind;
        match target.subresource.as_deref() {
            Some("status") => {
                let mut next = old.clone();
                meta::copy(&new, &mut next, "status");
                if new["metadata"].get("managedFields").is_some() {
                    meta::copy(&new["metadata"], &mut next["metadata"], "managedFields");
                }
                if kind.is("", "ResourceQuota") {
                    // Whoever asks for it, the status is what is counted.
                    next["status"] = self.quota_status(&next);
                }
                let mut outcome = schema::admit(kind, &mut next);
                if outcome.errors.is_empty() {
                    outcome.errors.extend(schema::rule_faults(kind, &next, Some(old)));
                }
                refuse_faults(kind, &next, outcome.errors)?;
                Ok((next, told_unknown(outcome.unknown, manner.unknown)?))
            }
            Some("finalize") => {
                let mut next = old.clone();
                next["spec"]["finalizers"] = new["spec"]["finalizers"].take();
                Ok((next, Vec::new()))
            }
            _ => {
                meta::carry_over(kind, old, &mut new)?;
                meta::tidy(&mut new);
                no_new_finalizers(kind, old, &new)?;
                defaults::carry_over(kind, old, &mut new);
                let warnings = self.admit(kind, &mut new, Some(old), manner)?;
                meta::count(old, &mut new);
                Ok((new, warnings))
            }
        }
    }

    /// Schema, then doors; all faults in one answer. A change of metadata alone is not judged
    /// anew, so that what a rule no longer likes can still be labelled and let go.
    fn admit(
        &self,
        kind: &Kind,
        object: &mut Value,
        old: Option<&Value>,
        manner: &Manner,
    ) -> Result<Vec<String>, Status> {
        let mut faults = meta::check(kind, object);
        let outcome = schema::admit(kind, object);
        let mut warnings = told_unknown(outcome.unknown, manner.unknown)?;
        if old.is_none_or(|old| meta::content(old) != meta::content(object)) {
            // Rules read fields as what the schema says they are.
            if outcome.errors.is_empty() {
                faults.extend(schema::rule_faults(kind, object, old));
            }
            faults.extend(outcome.errors);
            faults.extend(defaults::check(kind, object, old));
            let lookup = |resource: &str, namespace: &str, name: &str| {
                let found = self.store.get(&Key::new(resource, namespace, name));
                found.map(|it| it.value())
            };
            for door in self.admission.iter().filter(|it| it.applies(&kind.group, &kind.kind)) {
                let outcome = door.review(Review { object, old, lookup: &lookup });
                faults.extend(outcome.errors);
                warnings.extend(outcome.warnings);
            }
        }
        refuse_faults(kind, object, faults)?;
        Ok(warnings)
    }

    fn has_quota(&self, namespace: &str) -> bool {
        !self.store.list("resourcequotas", Some(namespace), None, 1).items.is_empty()
    }

    /// Gives a new service an address of its own, of the loopback network.
    fn address(&self, target: &Target, object: &mut Value) -> Result<(), Status> {
        let spec = &object["spec"];
        if !target.kind.is("", "Service") || spec["type"] == "ExternalName" {
            return Ok(());
        }
        let taken: BTreeSet<String> = self
            .store
            .list("services", None, None, usize::MAX)
            .items
            .iter()
            .filter_map(|it| it.value()["spec"]["clusterIP"].as_str().map(str::to_owned))
            .collect();
        let asked = spec["clusterIP"].as_str().unwrap_or_default().to_owned();
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let address = match asked.as_str() {
            "None" => asked,
            "" => {
                let uid = object["metadata"]["uid"].as_str().unwrap_or_default();
                let mut candidates = (0..1000).map(|it| service_address(&format!("{uid}/{it}")));
                let free = candidates.find(|it| !taken.contains(it));
                free.ok_or_else(|| Status::internal("no address is left for a service"))?
            }
            _ if taken.contains(&asked) => {
                let told = format!("Invalid value: \"{asked}\": provided IP is already allocated");
                let fault = FieldError::new("spec.clusterIP", told);
                return Err(Status::invalid(&target.kind, name, &[fault]));
            }
            _ => asked,
        };
        object["spec"]["clusterIPs"] = json!([address]);
        object["spec"]["clusterIP"] = json!(address);
        Ok(())
    }

    /// # Errors
    /// 404 without the namespace, 403 while it is being deleted.
    fn need_namespace(&self, of: &Kind, object: &str, name: &str) -> Result<(), Status> {
        let kind = self.registry.find("", "v1", "namespaces");
        let kind = kind.ok_or_else(Status::no_such_path)?;
        let Some(found) = self.store.get(&Key::new("namespaces", "", name)) else {
            return Err(Status::not_found(&kind, name));
        };
        if is_leaving(&found.value()) {
            let why = format!(
                "unable to create new content in namespace {name} because it is being terminated"
            );
            return Err(Status::forbidden(of, object, &why));
        }
        Ok(())
    }

    /// The kinds served follow the definitions stored.
    pub(super) fn after_write(&self, kind: &Kind) {
        if kind.is(super::kinds::DEFINITIONS_GROUP, "CustomResourceDefinition") {
            self.reload_definitions();
        }
    }
}

/// An address of 127.32.0.0/11, where no pod has one.
fn service_address(text: &str) -> String {
    let hash = text
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let [a, b, c, _] = hash.to_be_bytes();
    format!("127.{}.{b}.{}", 32 + a % 32, 1 + c % 254)
}

fn check_version(kind: &Kind, name: &str, old: &Value, new: &Value) -> Result<(), Status> {
    match new["metadata"]["resourceVersion"].as_str() {
        Some(given) if !given.is_empty() && old["metadata"]["resourceVersion"] != given => {
            Err(Status::stale(kind, name))
        }
        _ => Ok(()),
    }
}

fn check_size(object: &Value) -> Result<(), Status> {
    let size = size_of(object);
    if OBJECT_BYTES_MAX < size {
        let told = format!("the object has {size} bytes, limit is {OBJECT_BYTES_MAX}");
        return Err(Status::too_large(told));
    }
    Ok(())
}

/// Bytes of the object's text, counted without keeping it.
fn size_of(object: &Value) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    serde_json::to_writer(&mut count, object).map_or(usize::MAX, |()| count.0)
}

fn refuse_faults(kind: &Kind, object: &Value, faults: Vec<FieldError>) -> Result<(), Status> {
    if faults.is_empty() {
        return Ok(());
    }
    // Schema and door may both see a fault; the reader wants it once.
    let mut seen = BTreeSet::new();
    let faults: Vec<FieldError> =
        faults.into_iter().filter(|it| seen.insert(it.path.clone())).collect();
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    Err(Status::invalid(kind, name, &faults))
}

fn told_unknown(told: Vec<String>, manner: Unknown) -> Result<Vec<String>, Status> {
    match manner {
        Unknown::Ignore => Ok(Vec::new()),
        Unknown::Refuse if !told.is_empty() => {
            Err(Status::bad_request(format!("strict decoding error: {}", told.join(", "))))
        }
        Unknown::Refuse | Unknown::Warn => Ok(told),
    }
}

fn no_new_finalizers(kind: &Kind, old: &Value, new: &Value) -> Result<(), Status> {
    if !is_leaving(old) {
        return Ok(());
    }
    let before = finalizers(old);
    let added = finalizers(new).into_iter().find(|it| !before.contains(it));
    let Some(added) = added else { return Ok(()) };
    let name = new["metadata"]["name"].as_str().unwrap_or_default();
    let told = format!("no new finalizers can be added if the object is being deleted: {added}");
    Err(Status::invalid(kind, name, &[FieldError::new("metadata.finalizers", told)]))
}

pub(super) fn finalizers(object: &Value) -> Vec<&str> {
    let list = object["metadata"]["finalizers"].as_array();
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Whether deletion was asked for.
pub(super) fn is_leaving(object: &Value) -> bool {
    object["metadata"]["deletionTimestamp"].is_string()
}

/// Whether nothing holds the object any more after its deletion was asked for.
pub(super) fn is_released(kind: &Kind, object: &Value) -> bool {
    let held_by_spec = kind.is("", "Namespace")
        && object["spec"]["finalizers"].as_array().is_some_and(|it| !it.is_empty());
    let grace = object["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or_default();
    is_leaving(object) && finalizers(object).is_empty() && !held_by_spec && grace == 0
}

/// Marks an object for deletion, `grace` seconds from now.
pub(super) fn mark_deleted(object: &mut Value, grace: i64) {
    let grace_period = jiff::SignedDuration::from_secs(grace);
    // Clients may name a time beyond all time.
    let when = jiff::Timestamp::now().checked_add(grace_period).unwrap_or(jiff::Timestamp::MAX);
    let when = when.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let metadata = &mut object["metadata"];
    metadata["deletionTimestamp"] = json!(when);
    metadata["deletionGracePeriodSeconds"] = json!(grace);
    if let Some(generation) = metadata["generation"].as_i64() {
        metadata["generation"] = json!(generation + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grace_beyond_all_time_is_only_long() {
        for grace in [0, 30, i64::MAX] {
            let mut object = json!({"metadata": {"generation": 1}});
            mark_deleted(&mut object, grace);
            assert!(is_leaving(&object));
            assert_eq!(object["metadata"]["deletionGracePeriodSeconds"], grace);
        }
    }
}
