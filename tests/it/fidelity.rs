//! Searches at several fidelities and in populations, through the real binary: what Katib documents,
//! checkpoints that are handed on, servers that are killed in between, and waiting.

use std::collections::BTreeMap;
use std::time::Duration;

use kube::api::{Api, ListParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config, ResourceExt};
use nix::sys::signal::{Signal, kill};
use proto::kinds::{Suggestion, Trial};
use serde_json::{Value, json};

use crate::home::{Home, text};

/// An experiment whose trials run this script in a shell; `$1` is x, `$2` the resource where there
/// is one.
fn experiment(name: &str, algorithm: &str, settings: &[(&str, &str)], script: &str) -> Value {
    let settings: Vec<Value> =
        settings.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    let mut command = vec![json!("sh"), json!("-c"), json!(script), json!("sh")];
    command.push(json!("${trialParameters.x}"));
    let mut it = json!({
        "apiVersion": "kubeflow.org/v1beta1",
        "kind": "Experiment",
        "metadata": {"name": name},
        "spec": {
            "objective": {"type": "maximize", "objectiveMetricName": "accuracy"},
            "algorithm": {"algorithmName": algorithm, "algorithmSettings": settings},
            "parallelTrialCount": 2,
            "maxFailedTrialCount": 0,
            "parameters": [{"name": "x", "parameterType": "double",
                "feasibleSpace": {"min": "0.1", "max": "0.9"}}],
            "trialTemplate": {
                "retain": true,
                "primaryContainerName": "main",
                "trialParameters": [{"name": "x", "reference": "x"}],
                "trialSpec": {"apiVersion": "batch/v1", "kind": "Job", "spec": {
                    "backoffLimit": 0,
                    "template": {"spec": {
                        "restartPolicy": "Never",
                        "containers": [{"name": "main", "image": "host", "command": command}],
                    }},
                }},
            },
        },
    });
    if let Some(resource) = settings_of(&it, "resource_name") {
        let parameter = json!({"name": resource, "parameterType": "int",
            "feasibleSpace": {"min": "1", "max": "9"}});
        push(&mut it["spec"]["parameters"], parameter);
        let reference = json!({"name": "resource", "reference": resource});
        push(&mut it["spec"]["trialTemplate"]["trialParameters"], reference);
        push(&mut container(&mut it)["command"], json!("${trialParameters.resource}"));
    }
    it
}

fn settings_of(experiment: &Value, name: &str) -> Option<String> {
    let mut all = experiment["spec"]["algorithm"]["algorithmSettings"].as_array()?.iter();
    let found = all.find(|it| it["name"] == name)?;
    found["value"].as_str().map(str::to_owned)
}

fn push(list: &mut Value, item: Value) {
    list.as_array_mut().unwrap().push(item);
}

fn container(experiment: &mut Value) -> &mut Value {
    let job = &mut experiment["spec"]["trialTemplate"]["trialSpec"];
    &mut job["spec"]["template"]["spec"]["containers"][0]
}

/// Rows of `qalam export`, in the order of suggestions.
fn rows(home: &Home, name: &str) -> Vec<BTreeMap<String, Value>> {
    let mut rows: Vec<BTreeMap<String, Value>> =
        serde_json::from_str(&home.succeeds(&["export", name, "-o", "json"])).unwrap();
    rows.sort_by_key(|it| it["index"].as_u64());
    rows
}

/// A client of the home's API.
async fn client(home: &Home) -> Client {
    let config = Kubeconfig::read_from(home.path().join("kubeconfig")).unwrap();
    let config =
        Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await.unwrap();
    Client::try_from(config).unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Every trial's labels, by name.
fn labels(home: &Home) -> BTreeMap<String, BTreeMap<String, String>> {
    runtime().block_on(async {
        let api: Api<Trial> = Api::namespaced(client(home).await, "default");
        let all = api.list(&ListParams::default()).await.unwrap();
        all.iter().map(|it| (it.name_any(), it.spec.labels.clone())).collect()
    })
}

/// A trial that takes the lineage that it is handed, adds its name and leaves it; its accuracy is
/// larger the longer the lineage, and the nearer x to 0.3.
fn heir(own: &str, from: &str) -> String {
    format!(
        "cd $QALAM_POD_DIR; cat {from}/lineage > mine 2> /dev/null; echo $KATIB_TRIAL_NAME >> mine; \
         n=$(wc -l < mine); mkdir -p {own}; cp mine {own}/lineage.part && \
         mv {own}/lineage.part {own}/lineage; cat mine; \
         awk -v x=$1 -v n=$n 'BEGIN {{ d = x - 0.3; print \"accuracy=\" n - d * d }}'"
    )
}

/// What each trial left is what the one that it continues left, and its own name.
fn check_lineages(home: &Home, name: &str) {
    let rows = rows(home, name);
    let labels = labels(home);
    let named = |index: &str| -> String {
        let index: u64 = index.parse().unwrap();
        let row = rows.iter().find(|it| it["index"].as_u64() == Some(index)).unwrap();
        row["trial"].as_str().unwrap().to_owned()
    };
    let mut went_on = 0;
    for row in &rows {
        let trial = row["trial"].as_str().unwrap();
        let mut wanted = vec![trial.to_owned()];
        while let Some(before) = labels[wanted.last().unwrap()].get("qalam.dev/continues") {
            wanted.push(named(before));
        }
        went_on += usize::from(1 < wanted.len());
        wanted.reverse();
        let log = home.succeeds(&["logs", trial]);
        let left: Vec<&str> =
            log.lines().filter(|it| it.starts_with(&format!("{name}-"))).collect();
        assert_eq!(left, wanted, "{log}");
    }
    assert!(0 < went_on, "{name}: {rows:?}");
}

/// Runs an experiment to its end.
fn ends(home: &Home, manifest: &Value) -> String {
    let file = home.file("e.yaml", &manifest.to_string());
    let output = home.qalam(&["run", &file.to_string_lossy()]);
    assert!(output.status.success(), "{}\n{}", text(&output), home.log());
    text(&output)
}

#[test]
fn hyperband_takes_katibs_manifest() {
    let home = Home::new();
    // Katib's example: two trials of the first rung are all that is paid for.
    let settings = [("resource_name", "num-epochs"), ("eta", "2"), ("r_l", "2")];
    let mut manifest = experiment("hyperband", "hyperband", &settings, "echo accuracy=0.$2");
    manifest["spec"]["maxTrialCount"] = json!(2);
    let said = ends(&home, &manifest);
    assert!(said.contains("(ExperimentMaxTrialsReached)"), "{said}");
    let rows = rows(&home, "hyperband");
    let epochs: Vec<String> = rows.iter().map(|it| it["num-epochs"].to_string()).collect();
    assert_eq!(epochs.join(" ").replace('"', ""), "1 1");
}

#[test]
fn hyperband_without_a_number_of_trials_ends_by_itself() {
    let home = Home::new();
    let settings = [("resource_name", "epochs"), ("r_l", "4"), ("eta", "2")];
    let script = heir("$QALAM_TRIAL_DIR", "$QALAM_CONTINUES_DIR");
    let mut manifest = experiment("rounds", "hyperband", &settings, &script);
    manifest["spec"]["parallelTrialCount"] = json!(3);
    let said = ends(&home, &manifest);
    assert!(said.contains("(ExperimentSuggestionEndReached)"), "{said}");
    // 4 + 2 + 1, 3 + 2, 3.
    assert_eq!(rows(&home, "rounds").len(), 15);
    check_lineages(&home, "rounds");
}

#[test]
fn a_loser_finds_the_winners_checkpoint_in_katibs_folder() {
    // As `simple-pbt.yaml` has it, and below the pod's folder where nothing can be mounted.
    for (folder, denied) in
        [("/var/log/katib/checkpoints/", false), ("$(QALAM_POD_DIR)/checkpoints", true)]
    {
        let home = Home::new();
        let mut up = home.command(&["get"]);
        if denied {
            up.env("QALAM_NO_NAMESPACES", "1");
        }
        assert!(up.status().unwrap().success());
        let settings = [
            ("suggestion_trial_dir", folder),
            ("n_population", "5"),
            ("truncation_threshold", "0.4"),
        ];
        // The program knows one folder, and finds there what it is to go on from.
        let shell = folder.replace("$(QALAM_POD_DIR)", "$QALAM_POD_DIR");
        let mut manifest = experiment("pbt", "pbt", &settings, &heir(&shell, &shell));
        manifest["spec"]["resumePolicy"] = json!("FromVolume");
        manifest["spec"]["maxTrialCount"] = json!(15);
        let file = home.file("e.yaml", &manifest.to_string());
        let output = home.qalam(&["run", &file.to_string_lossy()]);
        if !denied && text(&output).contains("MountDenied") {
            eprintln!("skipped: this machine has no mount namespaces");
            continue;
        }
        assert!(output.status.success(), "{}\n{}", text(&output), home.log());
        assert_eq!(rows(&home, "pbt").len(), 15);
        check_lineages(&home, "pbt");
    }
}

/// A server that is killed in the middle of rungs and of exploits: the same trials, and the same
/// checkpoints, as without.
#[test]
fn killed_servers_change_no_rung_and_no_exploit() {
    let full = std::env::var("QALAM_FULL").is_ok_and(|it| it == "1");
    let kills = if full { 12 } else { 3 };
    let population = [
        ("suggestion_trial_dir", "$(QALAM_TRIAL_DIR)"),
        ("n_population", "5"),
        ("truncation_threshold", "0.4"),
        ("random_state", "3"),
    ];
    let rungs = [("resource_name", "epochs"), ("r_l", "9"), ("random_state", "3")];
    for (name, settings, parallel) in [("pbt", &population[..], 3), ("hyperband", &rungs[..], 1)] {
        let script = heir("$QALAM_TRIAL_DIR", "$QALAM_CONTINUES_DIR") + "; sleep 0.1";
        let mut manifest = experiment(name, name, settings, &script);
        manifest["spec"]["maxTrialCount"] = json!(15);
        manifest["spec"]["parallelTrialCount"] = json!(parallel);
        let course = |kills: u32| {
            let home = Home::new();
            let file = home.file("e.yaml", &manifest.to_string());
            let file = file.to_string_lossy();
            home.succeeds(&["run", &file, "--detach"]);
            for number in 0..kills {
                std::thread::sleep(Duration::from_millis(u64::from(150 + number * 97 % 350)));
                kill(home.pid().unwrap(), Signal::SIGKILL).unwrap();
                home.succeeds(&["get"]);
            }
            let output = home.qalam(&["run", &file]);
            let told = text(&output);
            let over = told.contains("has already ended (Succeeded)");
            assert!(over || output.status.success(), "{told}\n{}", home.log());
            check_lineages(&home, name);
            let of = |row: BTreeMap<String, Value>| {
                assert_eq!(row["state"], "Succeeded", "{row:?}");
                ["index", "x", "epochs", "accuracy"].map(|it| row.get(it).cloned())
            };
            rows(&home, name).into_iter().map(of).collect::<Vec<_>>()
        };
        let undisturbed = course(0);
        assert_eq!(undisturbed.len(), 15);
        assert_eq!(course(kills), undisturbed, "{name}");
    }
}

#[test]
fn who_waits_neither_spins_nor_ends() {
    let home = Home::new();
    let settings = [
        ("suggestion_trial_dir", "$(QALAM_TRIAL_DIR)"),
        ("n_population", "5"),
        ("truncation_threshold", "0.4"),
    ];
    let work = home.work().display().to_string();
    let script = format!(
        "if mkdir {work}/last 2> /dev/null; then until [ -e {work}/go ]; do sleep 0.05; done; fi; \
         echo accuracy=$1"
    );
    let mut manifest = experiment("wait", "pbt", &settings, &script);
    manifest["spec"]["maxTrialCount"] = json!(7);
    manifest["spec"]["parallelTrialCount"] = json!(3);
    let file = home.file("e.yaml", &manifest.to_string());
    let file = file.to_string_lossy();
    home.succeeds(&["run", &file, "--detach"]);
    let seen = || {
        runtime().block_on(async {
            let api: Api<Suggestion> = Api::namespaced(client(&home).await, "default");
            let Some(it) = api.get_opt("wait").await.unwrap() else { return Default::default() };
            let status = it.status.clone().unwrap_or_default();
            let running = status.conditions.into_iter().find(|it| it.type_ == "Running");
            (it.resource_version(), running.map(|it| it.message).unwrap_or_default())
        })
    };
    let waits = "Waiting: generation 0 has 1 trial to go";
    let (version, _) =
        home.wait("the search to wait", || Some(seen()).filter(|(_, why)| why == waits));
    // Whoever spins writes, or is asked again, many times in a second.
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(seen(), (version, waits.to_owned()));
    assert!(home.succeeds(&["get"]).contains("Running"));
    home.file("go", "");
    let output = home.qalam(&["run", &file]);
    assert!(text(&output).contains("has succeeded"), "{}", text(&output));
    assert_eq!(rows(&home, "wait").len(), 7);
}

#[test]
fn tune_decides_what_a_trial_spends() {
    let home = Home::new();
    let script = heir("$QALAM_TRIAL_DIR", "$QALAM_CONTINUES_DIR")
        .replace("$1", "$QALAM_PARAM_X")
        .replace('{', "{{")
        .replace('}', "}}");
    let mut arguments = vec!["tune", "--name", "t", "--maximize", "accuracy", "--param"];
    arguments.extend(["x=float:0.1..0.9", "--algorithm", "asha", "--resource", "epochs=1..9"]);
    arguments.extend(["--trials", "14", "--seed", "1", "--", "sh", "-c", &script]);
    let told = home.succeeds(&arguments);
    assert!(told.contains("14 trials"), "{told}");
    let rows = rows(&home, "t");
    let spends = |row: &BTreeMap<String, Value>| row["epochs"].to_string().replace('"', "");
    let count = |epochs: &str| rows.iter().filter(|it| spends(it) == epochs).count();
    assert!(3 <= count("3") && 1 <= count("9") && count("1") + count("3") + count("9") == 14);
    check_lineages(&home, "t");
    let refused = home.qalam(&["tune", "--maximize", "a", "--resource", "epochs=9", "--", "true"]);
    assert!(
        text(&refused).contains("--resource epochs=int:9: needs low..high"),
        "{}",
        text(&refused)
    );
}
