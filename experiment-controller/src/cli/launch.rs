//! From a checked manifest to a running experiment: applied, or attached to if it already runs.

use std::io::IsTerminal;
use std::time::Duration;

use kube::api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use kube::{Api, ResourceExt};
use proto::kinds::Experiment;
use serde_json::{Value, json};

use super::failure::Failure;
use super::place::Session;
use super::{ending, follow, trials, ui};

/// How long a replaced experiment may take to go.
const GONE_MAX: Duration = Duration::from_secs(60);
/// Annotation: the directory from which the experiment was started.
const DIRECTORY: &str = "qalam.dev/directory";
/// Annotation: the environment from which it was started, as a JSON object.
const ENVIRONMENT: &str = "qalam.dev/environment";
/// Variables that decide which programs and libraries a command finds.
const VARIABLES: [&str; 5] =
    ["PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "LD_LIBRARY_PATH"];

/// What to do about an experiment of the same name, and with the caller meanwhile.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Options {
    pub(super) new: bool,
    pub(super) replace: bool,
    pub(super) detach: bool,
    pub(super) quiet: bool,
}

/// Starts the experiment, or attaches to it, and unless detached stays until it ends.
pub(super) async fn launch(
    session: &Session,
    mut manifest: Value,
    options: Options,
) -> Result<(), Failure> {
    if session.state.is_some() {
        annotate(&mut manifest)?;
    }
    let name = start(session, manifest, options).await?;
    if options.detach {
        return super::out::say(&format!(
            "experiment {name} runs; `qalam get experiments {name}`, `qalam logs {name} -f` and \
             `qalam best {name}` tell how it goes"
        ));
    }
    if !options.quiet && std::io::stderr().is_terminal() {
        let link = ui::offered(session, &ui::page(&session.namespace, &name)).await;
        link.inspect(|it| eprintln!("dashboard  {it}"));
    }
    attend(session, &name, options.quiet).await
}

/// Stays with an experiment until it ends, and tells how.
pub(super) async fn attend(session: &Session, name: &str, quiet: bool) -> Result<(), Failure> {
    match follow::follow(session, name, quiet).await? {
        follow::End::Finished(experiment) => ending::tell(session, &experiment).await,
        follow::End::Left => Err(Failure::Interrupted(format!(
            "experiment {name} goes on; the same command attaches to it again, \
             `qalam stop {name}` stops it"
        ))),
        follow::End::Stopped(experiment) => {
            super::out::say(&ending::stopped(session, &experiment).await?)?;
            Err(Failure::Interrupted(String::new()))
        }
    }
}

/// Applies an object that is no experiment: a ConfigMap with a template, say.
pub(super) async fn apply(session: &Session, manifest: &Value) -> Result<(), Failure> {
    let mut object: DynamicObject = serde_json::from_value(manifest.clone())
        .map_err(|error| Failure::Refused(format!("an object cannot be read: {error}")))?;
    let types = object.types.clone().unwrap_or_default();
    let kind = GroupVersionKind::try_from(&types).map_err(|error| {
        Failure::Refused(format!("an object has no usable apiVersion: {error}"))
    })?;
    let (resource, capabilities) = kube::discovery::pinned_kind(&session.client, &kind).await?;
    let namespace = object.namespace().unwrap_or_else(|| session.namespace.clone());
    let api: Api<DynamicObject> = match capabilities.scope {
        kube::discovery::Scope::Cluster => Api::all_with(session.client.clone(), &resource),
        kube::discovery::Scope::Namespaced => {
            object.metadata.namespace = Some(namespace.clone());
            Api::namespaced_with(session.client.clone(), &namespace, &resource)
        }
    };
    match api.create(&PostParams::default(), &object).await {
        Err(kube::Error::Api(status)) if status.code == 409 => {
            let patch = Patch::Merge(manifest);
            api.patch(&object.name_any(), &PatchParams::default(), &patch).await?;
            Ok(())
        }
        other => Ok(other.map(drop)?),
    }
}

/// Creates the experiment where needed; answers its name.
async fn start(
    session: &Session,
    mut manifest: Value,
    options: Options,
) -> Result<String, Failure> {
    let api = experiments(session);
    if let Some(name) = manifest["metadata"]["name"].as_str().map(str::to_owned) {
        let there = api.get_opt(&name).await?.map(|it| {
            json!({"spec": it.data["spec"],
            "status": it.data["status"]})
        });
        let taken = match &there {
            Some(there) => decide(&name, there, &manifest, options)?,
            None => Move::Create,
        };
        match taken {
            Move::Create => {}
            Move::Attach => {
                eprintln!("experiment {name} already runs; attached to it");
                return Ok(name);
            }
            Move::Replace => remove(&api, &name).await?,
            Move::Rename => manifest["metadata"]["name"] = json!(free_name(&api, &name).await?),
        }
    }
    let object: DynamicObject = serde_json::from_value(manifest)
        .map_err(|error| Failure::Refused(format!("the experiment cannot be read: {error}")))?;
    let created = api.create(&PostParams::default(), &object).await?;
    Ok(created.name_any())
}

fn experiments(session: &Session) -> Api<DynamicObject> {
    let resource = ApiResource::erase::<Experiment>(&());
    Api::namespaced_with(session.client.clone(), &session.namespace, &resource)
}

#[derive(Debug, PartialEq)]
enum Move {
    Create,
    Attach,
    Replace,
    Rename,
}

/// What becomes of an experiment whose name is taken.
fn decide(name: &str, there: &Value, wanted: &Value, options: Options) -> Result<Move, Failure> {
    if options.replace {
        return Ok(Move::Replace);
    }
    if options.new {
        return Ok(Move::Rename);
    }
    let conditions = serde_json::from_value(there["status"]["conditions"].clone());
    let conditions: Vec<proto::kinds::Condition> = conditions.unwrap_or_default();
    let ended = ["Succeeded", "Failed"].into_iter().find(|it| trials::holds(&conditions, it));
    let differing = differing(&there["spec"], wanted);
    let why = match (ended, differing.is_empty()) {
        (None, true) => return Ok(Move::Attach),
        (None, false) => format!("runs with another {}", differing.join(", ")),
        (Some(ended), true) => format!("has already ended ({ended}); `qalam best {name}` tells it"),
        (Some(ended), false) => {
            format!("has already ended ({ended}), with another {}", differing.join(", "))
        }
    };
    Err(Failure::Refused(format!(
        "experiment {name} {why}\n  --new      starts a second one under a new name\n  \
         --replace  deletes the first with its trials, and starts anew"
    )))
}

/// Fields of the spec in which the stored experiment differs from the wanted one.
fn differing(there: &Value, wanted: &Value) -> Vec<String> {
    let mut wanted = wanted.clone();
    crate::admission::complete(&mut wanted);
    let empty = serde_json::Map::new();
    let fields = |spec: &Value| spec.as_object().unwrap_or(&empty).clone();
    let (there, wanted) = (fields(there), fields(&wanted["spec"]));
    let mut names: Vec<&String> = there.keys().chain(wanted.keys()).collect();
    names.sort();
    names.dedup();
    names.retain(|name| there.get(*name) != wanted.get(*name));
    names.into_iter().map(|name| format!("spec.{name}")).collect()
}

/// Deletes the experiment and waits until its name is free.
async fn remove(api: &Api<DynamicObject>, name: &str) -> Result<(), Failure> {
    api.delete(name, &DeleteParams::foreground()).await?;
    let gone = async {
        while api.get_opt(name).await?.is_some() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    };
    match tokio::time::timeout(GONE_MAX, gone).await {
        Ok(gone) => gone,
        Err(_) => Err(Failure::Failed(format!(
            "experiment {name} is still being deleted; try again, or use --new"
        ))),
    }
}

/// `name-2`, `name-3` …: the first that is free.
async fn free_name(api: &Api<DynamicObject>, name: &str) -> Result<String, Failure> {
    let mut number = 2_u32;
    loop {
        let candidate = format!("{name}-{number}");
        if api.get_opt(&candidate).await?.is_none() {
            return Ok(candidate);
        }
        number += 1;
    }
}

/// Records the caller's directory and environment, unless the manifest says its own.
fn annotate(manifest: &mut Value) -> Result<(), Failure> {
    let directory = std::env::current_dir()?.to_string_lossy().into_owned();
    let mut environment: std::collections::BTreeMap<&str, String> =
        VARIABLES.into_iter().filter_map(|name| Some((name, std::env::var(name).ok()?))).collect();
    if let Some(folder) = std::env::current_exe()?.parent() {
        let path = environment.entry("PATH").or_default();
        *path = with_folder(path, &folder.to_string_lossy());
    }
    if !manifest["metadata"].is_object() {
        return Ok(());
    }
    let annotations = &mut manifest["metadata"]["annotations"];
    if !annotations.is_object() {
        *annotations = json!({});
    }
    for (name, value) in [(DIRECTORY, directory), (ENVIRONMENT, json!(environment).to_string())] {
        if annotations[name].is_null() {
            annotations[name] = value.into();
        }
    }
    Ok(())
}

/// A search path that also has `folder`, last.
fn with_folder(path: &str, folder: &str) -> String {
    match path.split(':').any(|it| it == folder) {
        true => path.to_owned(),
        false if path.is_empty() => folder.to_owned(),
        false => format!("{path}:{folder}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_name_is_told() {
        let wanted = json!({"spec": {"maxTrialCount": 5}});
        let mut same = wanted.clone();
        crate::admission::complete(&mut same);
        let with = |condition: &str, max: u32| {
            let mut there = same.clone();
            there["spec"]["maxTrialCount"] = json!(max);
            let condition = json!({"type": condition, "status": "True"});
            there["status"] = json!({"conditions": [condition]});
            there
        };
        let check = |there: Value, options: Options, expect: Result<Move, &str>| match (
            decide("e", &there, &wanted, options),
            expect,
        ) {
            (Ok(got), Ok(expect)) => assert_eq!(got, expect),
            (Err(Failure::Refused(got)), Err(expect)) => assert!(got.contains(expect), "{got}"),
            (got, expect) => panic!("{got:?}, not {expect:?}"),
        };
        let base = Options::default();
        check(with("Running", 5), base, Ok(Move::Attach));
        check(with("Running", 6), base, Err("runs with another spec.maxTrialCount"));
        check(with("Succeeded", 5), base, Err("has already ended (Succeeded); `qalam best e`"));
        check(with("Failed", 6), base, Err("already ended (Failed), with another spec.max"));
        check(with("Failed", 6), Options { new: true, ..base }, Ok(Move::Rename));
        check(with("Running", 6), Options { replace: true, ..base }, Ok(Move::Replace));
    }

    #[test]
    fn the_binary_is_found_by_trials() {
        assert_eq!(with_folder("/a:/b", "/b"), "/a:/b");
        assert_eq!(with_folder("/a", "/b"), "/a:/b");
        assert_eq!(with_folder("", "/b"), "/b");
    }
}
