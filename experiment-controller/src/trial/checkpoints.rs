//! Where a trial leaves its checkpoint, and where it finds that of the trial that it continues.
//!
//! Two ways, by what the experiment says. Without a `suggestion_trial_dir` each trial has a folder
//! `$QALAM_TRIAL_DIR` of its own (the home keeps one; on a cluster the template names a place on a
//! shared volume), and `$QALAM_CONTINUES_DIR` is the one of its predecessor, beside it. With one,
//! as Katib's `pbt` has it, a folder of a shared volume is mounted there, and holds a copy of the
//! predecessor's checkpoint before the trial begins.

use proto::kinds::{AlgorithmSpec, ExperimentSpec};
use serde_json::{Value, json};

use platform::workload;

/// Variable of a trial: its own folder.
const OWN: &str = "QALAM_TRIAL_DIR";
/// Variable of a trial: where the checkpoint is that it goes on from.
const CONTINUES: &str = "QALAM_CONTINUES_DIR";
/// The setting that says where the shared folder is mounted.
const SETTING: &str = "suggestion_trial_dir";
/// Name of the volume, and of the container that copies.
const NAME: &str = "qalam-checkpoints";

/// Copies a checkpoint once, whole: the mark is set when all is there. `$1` is the trial's folder,
/// `$2` its predecessor's, `$3` its name, so that a mark that was copied along is another's.
const COPY: &str =
    r#"mark="$1/.qalam-copied-$3"; [ -e "$mark" ] || { cp -a "$2/." "$1/" && : > "$mark"; }"#;

/// What a trial's checkpoints depend on.
#[derive(Clone, Debug)]
pub struct Checkpoints<'a> {
    /// Name of the experiment.
    experiment: &'a str,
    /// Name of the trial.
    trial: &'a str,
    /// Name of the trial that it continues; empty where there is none.
    continues: &'a str,
    /// Where the shared folder is mounted, and the claim of its volume.
    shared: Option<(&'a str, String)>,
}

impl<'a> Checkpoints<'a> {
    /// What the spec says of them.
    pub fn new(
        spec: &'a ExperimentSpec,
        experiment: &'a str,
        trial: &'a str,
        continues: &'a str,
    ) -> Checkpoints<'a> {
        let shared = spec.algorithm.as_ref().and_then(|it| {
            let claim = format!("{experiment}-{}", it.algorithm_name);
            Some((folder(it)?, claim))
        });
        Checkpoints { experiment, trial, continues, shared }
    }

    /// Writes them into the pods of a manifest that have the container `primary`.
    pub fn dress(&self, manifest: &mut Value, primary: &str) {
        for pointer in workload::pod_templates(manifest) {
            let Some(spec) = manifest.pointer_mut(&pointer).map(|it| &mut it["spec"]) else {
                continue;
            };
            let all = spec["containers"].as_array_mut().into_iter().flatten();
            let Some(container) = all.into_iter().find(|it| it["name"] == primary) else {
                continue;
            };
            match &self.shared {
                None if self.continues.is_empty() => {}
                None => {
                    let beside = format!("$({OWN})/../{}", self.continues);
                    set(container, CONTINUES, &beside);
                }
                Some((folder, claim)) => self.share(spec, primary, folder, claim),
            }
        }
    }

    /// Mounts the shared folder, and has it filled where the trial continues another.
    fn share(&self, spec: &mut Value, primary: &str, folder: &str, claim: &str) {
        let all = spec["containers"].as_array_mut().into_iter().flatten();
        let Some(container) = all.into_iter().find(|it| it["name"] == primary) else { return };
        set(container, OWN, folder);
        let at = |path: &str, trial: &str| json!({ "name": NAME, "mountPath": path, "subPath": format!("{}/{trial}", self.experiment) });
        list(&mut container["volumeMounts"]).push(at(folder, self.trial));
        if !self.continues.is_empty() {
            set(container, CONTINUES, folder);
            let from = format!("{}.from", folder.trim_end_matches('/'));
            let image = container["image"].clone();
            let mut copies = json!({
                "name": NAME,
                "command": ["sh", "-c", COPY, "sh", folder, from, self.trial],
                "volumeMounts": [at(folder, self.trial), at(&from, self.continues)],
            });
            if !image.is_null() {
                copies["image"] = image;
            }
            list(&mut spec["initContainers"]).insert(0, copies);
        }
        let volume = json!({ "name": NAME, "persistentVolumeClaim": { "claimName": claim } });
        list(&mut spec["volumes"]).push(volume);
    }
}

/// Where the shared folder is mounted; none where trials have folders of their own.
fn folder(algorithm: &AlgorithmSpec) -> Option<&str> {
    let set = algorithm.algorithm_settings.iter().rev().find(|it| it.name == SETTING)?;
    let own = format!("$({OWN})");
    Some(set.value.trim()).filter(|it| !it.is_empty() && !it.starts_with(&own))
}

/// Adds a variable unless the container sets it.
fn set(container: &mut Value, name: &str, value: &str) {
    let env = list(&mut container["env"]);
    if env.iter().all(|it| it["name"] != name) {
        env.push(json!({ "name": name, "value": value }));
    }
}

fn list(value: &mut Value) -> &mut Vec<Value> {
    if !value.is_array() {
        *value = json!([]);
    }
    value.as_array_mut().expect("it was just made an array")
}

#[cfg(test)]
mod tests {
    use proto::kinds::Setting;

    use super::*;

    fn dressed(folder: &str, continues: &str) -> Value {
        let setting = Setting { name: SETTING.into(), value: folder.into() };
        let algorithm =
            AlgorithmSpec { algorithm_name: "pbt".into(), algorithm_settings: vec![setting] };
        let spec = ExperimentSpec { algorithm: Some(algorithm), ..Default::default() };
        let mut manifest = json!({"apiVersion": "batch/v1", "kind": "Job", "spec": {"template":
            {"spec": {"containers": [{"name": "main", "image": "i"}, {"name": "other"}]}}}});
        Checkpoints::new(&spec, "e", "e-b", continues).dress(&mut manifest, "main");
        manifest["spec"]["template"]["spec"].take()
    }

    fn variables(container: &Value) -> Vec<String> {
        let all = container["env"].as_array().cloned().unwrap_or_default();
        let text = |it: &Value, field: &str| it[field].as_str().unwrap_or_default().to_owned();
        all.iter().map(|it| format!("{}={}", text(it, "name"), text(it, "value"))).collect()
    }

    #[test]
    fn a_trial_finds_the_folder_of_its_predecessor_beside_its_own() {
        let pod = dressed("$(QALAM_TRIAL_DIR)", "e-a");
        assert_eq!(
            variables(&pod["containers"][0]),
            ["QALAM_CONTINUES_DIR=$(QALAM_TRIAL_DIR)/../e-a"]
        );
        assert_eq!(pod.get("volumes"), None);
        assert_eq!(variables(&dressed("$(QALAM_TRIAL_DIR)", "")["containers"][0]), [""; 0]);
    }

    #[test]
    fn a_shared_folder_is_mounted_and_filled_before_the_trial_begins() {
        let first = dressed("/ckpt/", "");
        let mounts = json!([{"name": NAME, "mountPath": "/ckpt/", "subPath": "e/e-b"}]);
        assert_eq!(first["containers"][0]["volumeMounts"], mounts);
        assert_eq!(first["volumes"][0]["persistentVolumeClaim"]["claimName"], "e-pbt");
        assert_eq!(first.get("initContainers"), None);

        let later = dressed("/ckpt/", "e-a");
        let copies = &later["initContainers"][0];
        let words = copies["command"].as_array().unwrap();
        assert_eq!(words[3..], [json!("sh"), json!("/ckpt/"), json!("/ckpt.from"), json!("e-b")]);
        assert_eq!(copies["volumeMounts"][1]["subPath"], "e/e-a");
        assert_eq!(copies["image"], "i");
        assert_eq!(
            variables(&later["containers"][0]),
            ["QALAM_TRIAL_DIR=/ckpt/", "QALAM_CONTINUES_DIR=/ckpt/"]
        );
        assert_eq!(later["containers"][1], json!({"name": "other"}));
    }

    /// The script itself, interrupted between two files and begun again.
    #[test]
    fn a_copy_that_was_interrupted_is_made_again_and_one_that_was_made_is_not() {
        let root = tempfile::tempdir().unwrap();
        let (own, from) = (root.path().join("own"), root.path().join("from"));
        for folder in [&own, &from] {
            std::fs::create_dir(folder).unwrap();
        }
        std::fs::write(from.join("a"), "1").unwrap();
        std::fs::write(from.join(".qalam-copied-e-a"), "").unwrap();
        // What an interrupted copy may have left: half a file, and the predecessor's mark.
        std::fs::write(own.join("a"), "").unwrap();
        std::fs::write(own.join(".qalam-copied-e-a"), "").unwrap();
        let copy = || {
            let mut shell = std::process::Command::new("sh");
            shell.args(["-c", COPY, "sh"]).args([&own, &from]).arg("e-b");
            assert!(shell.status().unwrap().success());
            std::fs::read_to_string(own.join("a")).unwrap()
        };
        assert_eq!(copy(), "1");
        // The trial has saved more since: a pod that is made again finds it.
        std::fs::write(own.join("a"), "2").unwrap();
        assert_eq!(copy(), "2");
    }
}
