//! Deleting: at once, with grace (pods), or when the last finalizer goes.

use proto::FieldError;
use serde_json::{Value, json};

use super::defaults::DEFINITION_FINALIZER;
use super::request::{Query, Target};
use super::status::Status;
use super::write::{finalizers, is_leaving, is_released, mark_deleted};
use super::{Api, convert};
use crate::cluster::store::{Key, Object, WriteError};

const GRACE_SECONDS: i64 = 30;
const ATTEMPTS_MAX: usize = 64;
const KEPT_NAMESPACES: [&str; 3] = ["default", "kube-system", "kube-public"];

/// `DeleteOptions`, from the body or the query.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    grace: Option<i64>,
    propagation: Option<String>,
    uid: Option<String>,
    version: Option<String>,
    dry_run: bool,
}

impl Options {
    pub(super) fn parse(query: &Query, body: &Value) -> Result<Options, Status> {
        let text = |it: &Value| it.as_str().map(str::to_owned);
        let grace = match body["gracePeriodSeconds"].as_i64() {
            Some(grace) => Some(grace),
            None => query.number("gracePeriodSeconds")?.and_then(|it| i64::try_from(it).ok()),
        };
        let propagation = text(&body["propagationPolicy"])
            .or_else(|| query.text("propagationPolicy").map(str::to_owned))
            .or_else(|| match body["orphanDependents"].as_bool() {
                Some(true) => Some("Orphan".into()),
                _ => None,
            });
        if let Some(policy) = &propagation
            && !matches!(policy.as_str(), "Background" | "Foreground" | "Orphan")
        {
            return Err(Status::bad_request(format!(
                "propagationPolicy: one of Background, Foreground, Orphan, got \"{policy}\""
            )));
        }
        let dry_run = query.dry_run()? || body["dryRun"] == json!(["All"]);
        let preconditions = &body["preconditions"];
        let (uid, version) = (text(&preconditions["uid"]), text(&preconditions["resourceVersion"]));
        Ok(Options { grace, propagation, uid, version, dry_run })
    }
}

/// What became of the object.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It is gone; this was its last state.
    Gone(Value),
    /// It waits for a grace period or for finalizers.
    Leaving(Value),
}

impl Api {
    /// Asks for the deletion of the object at `target`.
    pub(super) async fn delete(
        &self,
        target: &Target,
        options: &Options,
    ) -> Result<Outcome, Status> {
        let kind = &target.kind;
        let name = target.name.as_deref().unwrap_or_default();
        if kind.is("", "Namespace") && KEPT_NAMESPACES.contains(&name) {
            return Err(Status::forbidden(kind, name, "this namespace may not be deleted"));
        }
        let key = Key::new(&kind.resource, target.place(), name);
        for _ in 0..ATTEMPTS_MAX {
            let Some(current) = self.store.get(&key) else {
                return Err(Status::not_found(kind, name));
            };
            check_preconditions(target, &current, options)?;
            let old = convert::to_served(kind, current.value());
            let new = self.next_state(target, &old, options);
            if options.dry_run {
                return Ok(Outcome::Leaving(new));
            }
            if new == old {
                return Ok(Outcome::Leaving(old));
            }
            let gone = is_released(kind, &new);
            match self.store_change(kind, &current, new).await {
                Ok(object) if gone => return Ok(Outcome::Gone(object.value(kind))),
                Ok(object) => {
                    let object = object.value(kind);
                    self.after_marked(target, &object);
                    return Ok(Outcome::Leaving(object));
                }
                Err(WriteError::Unexpected) => {}
                Err(error) => return Err(Status::internal(error)),
            }
        }
        Err(Status::stale(kind, name))
    }

    fn next_state(&self, target: &Target, old: &Value, options: &Options) -> Value {
        let mut new = old.clone();
        let grace = if target.kind.is("", "Pod") { pod_grace(old, options) } else { 0 };
        let running = old["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or_default();
        // Asking again may shorten the grace, never lengthen it.
        if !is_leaving(old) || grace < running {
            let generation = new["metadata"].get("generation").cloned();
            mark_deleted(&mut new, grace);
            if let (true, Some(generation)) = (is_leaving(old), generation) {
                new["metadata"]["generation"] = generation;
            }
        }
        let wait = match options.propagation.as_deref() {
            Some("Foreground") => Some("foregroundDeletion"),
            Some("Orphan") => Some("orphan"),
            _ => None,
        };
        if let (Some(wait), false) = (wait, is_leaving(old)) {
            let mut held: Vec<String> = finalizers(old).into_iter().map(str::to_owned).collect();
            if !held.iter().any(|it| it == wait) {
                held.push(wait.into());
            }
            new["metadata"]["finalizers"] = json!(held);
        }
        if target.kind.is("", "Namespace") {
            new["status"]["phase"] = json!("Terminating");
        }
        new
    }

    fn after_marked(&self, target: &Target, object: &Value) {
        let kind = &target.kind;
        if kind.is(super::kinds::DEFINITIONS_GROUP, "CustomResourceDefinition")
            && finalizers(object).contains(&DEFINITION_FINALIZER)
        {
            self.sweep(object);
        }
    }
}

fn check_preconditions(target: &Target, current: &Object, options: &Options) -> Result<(), Status> {
    let differs = |wanted: &Option<String>, found: &str| {
        wanted.as_ref().is_some_and(|wanted| wanted != found)
    };
    let name = &current.key.name;
    for (what, wanted, found) in [
        ("UID", &options.uid, current.uid.clone()),
        ("ResourceVersion", &options.version, current.version.to_string()),
    ] {
        if differs(wanted, &found) {
            let wanted = wanted.as_deref().unwrap_or_default();
            let why = format!(
                "the {what} in the precondition ({wanted}) does not match the {what} in record \
                 ({found}). The object might have been deleted and then recreated"
            );
            return Err(Status::conflict(&target.kind, name, &why));
        }
    }
    Ok(())
}

/// Seconds that a pod has to end. One that never started, or has ended, needs none.
fn pod_grace(pod: &Value, options: &Options) -> i64 {
    let ended = matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    let scheduled = pod["spec"]["nodeName"].as_str().is_some_and(|it| !it.is_empty());
    if ended || !scheduled {
        return 0;
    }
    let own = pod["spec"]["terminationGracePeriodSeconds"].as_i64().unwrap_or(GRACE_SECONDS);
    options.grace.unwrap_or(own).max(0)
}

/// The answer to a deletion that is complete.
pub(super) fn success(target: &Target, object: &Value) -> Value {
    let kind = &target.kind;
    let mut details = json!({
        "name": object["metadata"]["name"], "kind": kind.plural, "uid": object["metadata"]["uid"],
    });
    if !kind.group.is_empty() {
        details["group"] = json!(kind.group);
    }
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": details,
    })
}

/// A mass deletion names nothing by mistake: it needs a namespace where the kind has one.
pub(super) fn check_collection(target: &Target) -> Result<(), Status> {
    if target.kind.namespaced && target.namespace.is_none() {
        let fault = FieldError::new("namespace", "a mass deletion needs a namespace in its path");
        return Err(Status::new(405, "MethodNotAllowed", fault.to_string()));
    }
    Ok(())
}
