//! Doing what was decided for a trial: making its workload, and clearing it away.

use kube::api::{ApiResource, DeleteParams, DynamicObject, PostParams, Preconditions};
use kube::core::gvk::GroupVersionKind;
use kube::{Api, Resource, ResourceExt};
use proto::kinds::{EXPERIMENT_LABEL, TRIAL_LABEL, Trial};

use super::observe::belongs;
use crate::controllers::world::World;
use crate::controllers::{Key, conditions};

/// Annotation of a workload: it stays when its trial has ended.
pub(super) const RETAIN_ANNOTATION: &str = "qalam.dev/retain";

/// Why a workload was not made.
#[derive(Debug, thiserror::Error)]
pub(super) enum CreateError {
    /// The API refuses it; the same manifest can never be made.
    #[error("{0}")]
    Refused(String),
    /// What a deleted namesake left behind is being cleared away; the same succeeds after that.
    #[error("the workload of a deleted trial of the same name is still there")]
    InTheWay,
    /// The API did not answer as it should; the same may succeed later.
    #[error(transparent)]
    Api(#[from] kube::Error),
}

/// The kind of a trial's workload; none when its manifest names none.
pub fn kind(trial: &Trial) -> Option<ApiResource> {
    let manifest = trial.spec.run_spec.as_ref()?;
    let version = manifest["apiVersion"].as_str()?;
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let kind = manifest["kind"].as_str()?;
    Some(ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind)))
}

/// The workload of a trial, as it is to be created.
///
/// Errors: a sentence, when the manifest is none.
pub(super) fn manifest(trial: &Trial) -> Result<DynamicObject, String> {
    let manifest = trial.spec.run_spec.clone().unwrap_or_default();
    let mut object: DynamicObject =
        serde_json::from_value(manifest).map_err(|why| format!("the manifest is none: {why}"))?;
    object.metadata.name = Some(trial.name_any());
    object.metadata.namespace = trial.namespace();
    object.metadata.owner_references = trial.controller_owner_ref(&()).map(|it| vec![it]);
    let experiment = trial.labels().get(EXPERIMENT_LABEL).cloned().unwrap_or_default();
    object.labels_mut().insert(EXPERIMENT_LABEL.into(), experiment);
    object.labels_mut().insert(TRIAL_LABEL.into(), trial.name_any());
    if trial.spec.retain_run {
        object.annotations_mut().insert(RETAIN_ANNOTATION.into(), "true".into());
    }
    Ok(object)
}

/// Creates the workload. One that is there already counts if it is this trial's.
pub(super) async fn create(world: &World, trial: &Trial) -> Result<(), CreateError> {
    let kind = kind(trial)
        .ok_or_else(|| CreateError::Refused("the manifest has no apiVersion and kind".into()))?;
    let object = manifest(trial).map_err(CreateError::Refused)?;
    let namespace = trial.namespace().unwrap_or_default();
    let api: Api<DynamicObject> = Api::namespaced_with(world.client.clone(), &namespace, &kind);
    world.watch_kind(kind.clone());
    let created = match api.create(&PostParams::default(), &object).await {
        Ok(created) => created,
        Err(kube::Error::Api(why)) if why.is_already_exists() => {
            let there = api.get(&object.name_any()).await?;
            if !belongs(trial, &there) {
                return Err(in_the_way(&api, &kind, &there).await);
            }
            there
        }
        Err(kube::Error::Api(why)) if is_final(why.code) => {
            let what = format!("{}/{}", kind.api_version, kind.kind);
            return Err(CreateError::Refused(format!("{what} is refused: {}", why.message)));
        }
        Err(why) => return Err(why.into()),
    };
    let mut workloads = world.workloads.lock();
    workloads.entry(Key::of(trial)).or_insert_with(|| created.into());
    Ok(())
}

/// Whether the API's answer to a creation is its last word on that manifest.
fn is_final(code: u16) -> bool {
    (400..500).contains(&code) && ![401, 408, 409, 429].contains(&code)
}

/// What to do about an object that has the workload's name and is not this trial's: what a
/// deleted trial of the same name left behind is cleared away; anything else is somebody's.
async fn in_the_way(
    api: &Api<DynamicObject>,
    kind: &ApiResource,
    there: &DynamicObject,
) -> CreateError {
    let name = there.name_any();
    if !there.metadata.owner_references.iter().flatten().any(|it| it.kind == "Trial") {
        let why = format!("{} {name} exists and belongs to something else", kind.kind);
        return CreateError::Refused(why);
    }
    let mut params = DeleteParams::background();
    params.preconditions = Some(Preconditions { uid: there.uid(), resource_version: None });
    match api.delete(&name, &params).await {
        Ok(_) => CreateError::InTheWay,
        Err(kube::Error::Api(why)) if why.is_not_found() || why.is_conflict() => {
            CreateError::InTheWay
        }
        Err(why) => why.into(),
    }
}

/// Deletes the workload of an ended trial, unless it is to stay and has ended by itself. Answers whether it did.
pub(super) async fn clear(world: &World, key: &Key) -> Result<bool, kube::Error> {
    let Some(object) = world.workloads.lock().remove(key) else { return Ok(false) };
    let kept = object.annotations().contains_key(RETAIN_ANNOTATION);
    if kept {
        match cut_short(world, key).await {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(why) => {
                world.workloads.lock().entry(key.clone()).or_insert(object);
                return Err(why);
            }
        }
    }
    if object.meta().deletion_timestamp.is_some() {
        return Ok(false);
    }
    let Some(types) = &object.types else { return Ok(false) };
    let Ok(kind) = GroupVersionKind::try_from(types) else { return Ok(false) };
    let kind = ApiResource::from_gvk(&kind);
    let api: Api<DynamicObject> = Api::namespaced_with(world.client.clone(), &key.namespace, &kind);
    let mut params = DeleteParams::background();
    params.preconditions = Some(Preconditions { uid: object.uid(), resource_version: None });
    match api.delete(&key.name, &params).await {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(why)) if why.is_not_found() || why.is_conflict() => Ok(false),
        Err(why) => {
            world.workloads.lock().entry(key.clone()).or_insert(object);
            Err(why)
        }
    }
}

/// Deletes a workload while its trial goes on to its end: the object stays until its pods, which
/// are told to end and have their grace period for it, are gone.
pub(super) async fn leave(world: &World, key: &Key) -> Result<(), kube::Error> {
    let Some(object) = world.workloads.lock().get(key).cloned() else { return Ok(()) };
    let Some(kind) = object.types.as_ref().and_then(|it| GroupVersionKind::try_from(it).ok())
    else {
        return Ok(());
    };
    let kind = ApiResource::from_gvk(&kind);
    let api: Api<DynamicObject> = Api::namespaced_with(world.client.clone(), &key.namespace, &kind);
    let mut params = DeleteParams::foreground();
    params.preconditions = Some(Preconditions { uid: object.uid(), resource_version: None });
    match api.delete(&key.name, &params).await {
        Err(kube::Error::Api(why)) if why.is_not_found() || why.is_conflict() => Ok(()),
        other => other.map(|_| ()),
    }
}

/// Whether the trial was ended while its workload ran: that one is ended, too, even if workloads
/// are retained, for it would run on.
async fn cut_short(world: &World, key: &Key) -> Result<bool, kube::Error> {
    let api: Api<Trial> = Api::namespaced(world.client.clone(), &key.namespace);
    let status = api.get_opt(&key.name).await?.and_then(|it| it.status).unwrap_or_default();
    Ok(["Killed", "EarlyStopped"].iter().any(|it| conditions::holds(&status.conditions, it)))
}

#[cfg(test)]
mod tests {
    use proto::kinds::TrialSpec;
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_the_manifest_is_to_blame_for_is_final() {
        for code in [400, 403, 404, 422] {
            assert!(is_final(code), "{code}");
        }
        // A token ran out, a time ran out, something changed meanwhile, too many ask.
        for code in [401, 408, 409, 429, 500, 503] {
            assert!(!is_final(code), "{code}");
        }
    }

    #[test]
    fn a_workload_carries_its_trials_name_and_goes_with_it() {
        let manifest_of = json!({"apiVersion": "batch/v1", "kind": "Job", "spec": {"x": 1}});
        let spec =
            TrialSpec { run_spec: Some(manifest_of), retain_run: true, ..Default::default() };
        let mut trial = Trial::new("t", spec);
        trial.metadata.uid = Some("u".into());
        trial.metadata.namespace = Some("n".into());
        let object = manifest(&trial).unwrap();
        assert_eq!(object.name_any(), "t");
        assert_eq!(object.labels()[TRIAL_LABEL], "t");
        assert!(belongs(&trial, &object));
        assert_eq!(object.annotations()[RETAIN_ANNOTATION], "true");
        let kind = kind(&trial).unwrap();
        assert_eq!((kind.group.as_str(), kind.plural.as_str()), ("batch", "jobs"));
    }
}
