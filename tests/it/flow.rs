//! Every example of the repository, run as its first lines say: from the root, by `qalam run`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde_json::Value;

use crate::home::{Home, text};
use crate::python;

/// What an example needs, and what it ends with.
struct Example {
    /// File in `examples/`; the experiment has its name.
    name: &'static str,
    /// Python packages that it needs.
    packages: &'static [&'static str],
    /// Changes with which it is quick, unless `QALAM_FULL=1`.
    quick: &'static [&'static str],
    /// Trials in full, and quickly; fewer where a goal may end it.
    trials: (u64, u64),
    /// Whether a goal may end it before all trials were made.
    has_goal: bool,
    /// From what to what the best objective may be.
    best: (f64, f64),
    /// Each parameter: from what to what it may be, or the words that it may be.
    space: &'static [(&'static str, Space)],
}

enum Space {
    Between(f64, f64),
    OneOf(&'static [&'static str]),
    /// With this value of that parameter between two numbers, else absent.
    With(&'static str, &'static str, f64, f64),
}
use Space::{Between, OneOf, With};

/// One parameter whose value is the objective.
const X: &[(&str, Space)] = &[("x", Between(0.1, 0.9))];

const BASE: Example = Example {
    name: "",
    packages: &[],
    quick: &[],
    trials: (4, 4),
    has_goal: false,
    best: (0.1, 0.9),
    space: X,
};

const EXAMPLES: &[Example] = &[
    Example {
        name: "asha",
        trials: (24, 12),
        quick: &["spec.maxTrialCount=12"],
        best: (0.7, 1.0),
        space: &[
            ("lr", Between(0.001, 1.0)),
            ("momentum", Between(0.0, 0.95)),
            ("epochs", OneOf(&["1", "3", "9"])),
        ],
        ..BASE
    },
    Example {
        name: "conditional",
        trials: (16, 16),
        best: (0.0, 6.0),
        space: &[
            ("optimizer", OneOf(&["sgd", "adam"])),
            ("lr", Between(0.0001, 1.0)),
            ("batch", OneOf(&["16", "64", "256"])),
            ("momentum", With("optimizer", "sgd", 0.0, 0.99)),
            ("beta", With("optimizer", "adam", 0.9, 0.999)),
        ],
        ..BASE
    },
    Example {
        name: "configmap-template",
        trials: (6, 6),
        has_goal: true,
        best: (1.0, 50.0),
        space: &[("x", Between(-5.0, 5.0))],
        ..BASE
    },
    Example {
        name: "constraints",
        trials: (16, 16),
        // Four units by the first point, fifty units at most: 100 MB.
        best: (0.8, 1.0 - 1.0 / 51.0 + 1e-6),
        space: &[("width", Between(1.0, 32.0)), ("depth", Between(1.0, 8.0))],
        ..BASE
    },
    // What the collector prints is rounded.
    Example { name: "custom-collector", best: (0.099, 0.901), ..BASE },
    Example { name: "custom-filter", ..BASE },
    Example {
        name: "enas",
        packages: &["scikit-learn==1.7.2"],
        quick: &["spec.maxTrialCount=4"],
        trials: (12, 4),
        best: (0.5, 1.0),
        // Architectures are no parameters.
        space: &[],
        ..BASE
    },
    Example { name: "file-collector-json", ..BASE },
    Example { name: "file-collector-text", ..BASE },
    Example {
        name: "grid",
        trials: (12, 12),
        // 0.2, 16 and adam: the middle of the parabola, the smallest batch, no penalty.
        best: (0.159_999, 0.160_001),
        space: &[
            ("rate", OneOf(&["0.1", "0.2", "0.3"])),
            ("batch", OneOf(&["16", "32"])),
            ("optimizer", OneOf(&["sgd", "adam"])),
        ],
        ..BASE
    },
    Example {
        name: "hyperband",
        trials: (23, 23),
        best: (0.7, 1.0),
        space: &[
            ("lr", Between(0.001, 1.0)),
            ("momentum", Between(0.0, 0.95)),
            ("epochs", OneOf(&["1", "3", "9"])),
        ],
        ..BASE
    },
    // Some are stopped early, how many is chance.
    Example { name: "median-stop", trials: (8, 8), has_goal: true, ..BASE },
    Example { name: "median-stop-with-json-format", trials: (8, 8), has_goal: true, ..BASE },
    Example {
        name: "multi-objective",
        trials: (16, 16),
        best: (0.7, 1.0),
        space: &[("width", Between(1.0, 64.0)), ("bits", OneOf(&["8", "16", "32"]))],
        ..BASE
    },
    Example {
        name: "pbt",
        trials: (30, 15),
        quick: &["spec.maxTrialCount=15"],
        best: (0.7, 1.0),
        space: &[("lr", Between(0.0001, 0.5)), ("momentum", Between(0.1, 0.95))],
        ..BASE
    },
    Example { name: "prometheus", ..BASE },
    Example { name: "push", packages: &["kubeflow-katib==0.19.0", "kubernetes<36"], ..BASE },
    Example {
        name: "quickstart",
        quick: &[
            "spec.maxTrialCount=6",
            "spec.trialTemplate.trialSpec.spec.template.spec.containers[0].command[6]=--epochs=2",
            // Small networks: tests are not built for speed.
            "spec.parameters[1].feasibleSpace.max=\"32\"",
        ],
        trials: (60, 6),
        // Ten digits: who guesses reaches 0.1.
        best: (0.3, 1.0),
        space: &[
            ("lr", Between(0.0001, 1.0)),
            ("hidden", Between(8.0, 256.0)),
            ("batch", OneOf(&["16", "32", "64", "128"])),
            ("momentum", Between(0.0, 0.95)),
        ],
        ..BASE
    },
    Example {
        name: "sklearn",
        packages: &["scikit-learn==1.7.2"],
        trials: (6, 6),
        best: (0.7, 1.0),
        space: &[
            ("trees", Between(5.0, 80.0)),
            ("depth", Between(2.0, 12.0)),
            ("criterion", OneOf(&["gini", "entropy"])),
        ],
        ..BASE
    },
    Example { name: "stdout-json", ..BASE },
    Example { name: "tensorboard", packages: &["tensorboardX==2.6.4"], ..BASE },
    Example { name: "trial-metadata", trials: (2, 2), ..BASE },
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

#[test]
fn every_example_is_in_the_list() {
    let mut there: Vec<String> = Vec::new();
    for entry in fs::read_dir(root().join("examples")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|it| it == "yaml") {
            there.push(path.file_stem().unwrap().to_string_lossy().into_owned());
        }
    }
    there.sort();
    let listed: Vec<&str> = EXAMPLES.iter().map(|it| it.name).collect();
    assert_eq!(there, listed);
}

#[test]
fn every_example_runs() {
    // Two at a time: that is what the trials of one example leave of a small machine.
    let left = Mutex::new(EXAMPLES.iter());
    let next = || left.lock().unwrap().next();
    let work = || std::iter::from_fn(next).for_each(run);
    std::thread::scope(|scope| [scope.spawn(work), scope.spawn(work)].map(|it| it.join().unwrap()));
}

fn run(example: &Example) {
    let name = example.name;
    let mut path = std::env::var("PATH").unwrap();
    if !example.packages.is_empty() {
        let Some(python) = python::interpreter(example.packages) else { return };
        path = format!("{}:{path}", python.parent().unwrap().display());
    }
    let home = Home::new();
    home.start();
    let full = std::env::var("QALAM_FULL").as_deref() == Ok("1");
    let file = format!("examples/{name}.yaml");
    let mut command = home.command(&["run", &file]);
    command.current_dir(root()).env("PATH", path);
    for change in example.quick.iter().filter(|_| !full) {
        command.args(["--set", change]);
    }
    if name == "push" {
        // Another home may have the usual port.
        let address = home.server().unwrap()["database"].as_str().unwrap().to_owned();
        let at = "spec.trialTemplate.trialSpec.spec.template.spec.containers[0].command[3]";
        command.args(["--set", &format!("{at}=--address={address}")]);
    }
    let output = command.output().unwrap();
    let said = text(&output);
    assert!(output.status.success(), "{name}: {said}\n{}", home.log());
    assert!(said.contains(&format!("Experiment {name} has succeeded")), "{name}: {said}");
    let trials = if full { example.trials.0 } else { example.trials.1 };
    check_trials(&home, example, trials);
}

fn check_trials(home: &Home, example: &Example, trials_max: u64) {
    let name = example.name;
    let rows: Vec<BTreeMap<String, Value>> =
        serde_json::from_str(&home.succeeds(&["export", name, "-o", "json"])).unwrap();
    let succeeded = rows.iter().filter(|it| it["state"] == "Succeeded").count() as u64;
    match example.has_goal {
        true => assert!((1..=trials_max).contains(&succeeded), "{name}: {rows:?}"),
        false => assert_eq!((succeeded, rows.len() as u64), (trials_max, trials_max), "{name}"),
    }
    for row in &rows {
        example.space.iter().for_each(|(parameter, space)| space.holds(name, row, parameter));
    }
    let best: Value = serde_json::from_str(&home.succeeds(&["best", name, "-o", "json"])).unwrap();
    let metrics = best["metrics"].as_object().unwrap();
    let experiment = home.succeeds(&["export", name]);
    let objective = experiment.lines().next().unwrap().split(',').nth(5).unwrap();
    // A name with quotes is quoted in CSV.
    let objective = objective.trim_matches('"').replace("\"\"", "\"");
    let value = number(&metrics[&objective]);
    let (least, most) = example.best;
    assert!(least <= value && value <= most, "{name}: {objective}={value}");
}

impl Space {
    fn holds(&self, name: &str, row: &BTreeMap<String, Value>, parameter: &str) {
        let value = &row[parameter];
        match self {
            With(decides, with, ..) if row[*decides] != *with => {
                assert_eq!(*value, Value::Null, "{name}: {row:?}");
            }
            With(_, _, least, most) => Between(*least, *most).holds(name, row, parameter),
            Between(least, most) => {
                let value = number(value);
                assert!(*least <= value && value <= *most, "{name}: {value}");
            }
            OneOf(words) => {
                let word = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                assert!(words.contains(&word.as_str()), "{name}: {word}");
            }
        }
    }
}

/// A number, whether or not it is written as a text.
fn number(value: &Value) -> f64 {
    let parsed = value.as_f64().or_else(|| value.as_str()?.parse().ok());
    parsed.unwrap_or_else(|| panic!("{value} is no number"))
}
