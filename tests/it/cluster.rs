//! Conformance: what is true of Kubernetes is true at home. Each case is a page of `kubectl`.
//!
//! The cases lie in `cluster/*.case` and run against the home, or against whatever cluster
//! `QALAM_TEST_KUBECONFIG` names. Every case must hold on both; what differs on purpose is in
//! docs/differences.md, and no case. A case names what it needs: `api` a kube-apiserver alone,
//! `controllers` also what runs in a controller manager, `pods` also nodes; `QALAM_TEST_NEEDS`
//! (such as `api`) leaves out those that need more than the cluster has.

mod alone;
mod script;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::home::Home;
use crate::kubectl::Kubectl;
use script::Case;

/// How many cases run at once: most of their time they wait.
const TOGETHER: usize = 6;

/// Where the cases run: a folder to work in, and the way to the API.
pub(crate) struct Place {
    work: PathBuf,
    kubeconfig: PathBuf,
}

/// All cases of one file.
fn cases(name: &str) -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/it/cluster");
    let path = path.join(format!("{name}.case"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let wanted = std::env::var("QALAM_TEST_NEEDS").unwrap_or_default();
    let only = std::env::var("QALAM_TEST_CASE").unwrap_or_default();
    let all = script::parse(&text);
    assert!(!all.is_empty(), "{path:?} has no cases");
    all.into_iter()
        .filter(|it| wanted.is_empty() || wanted.split(',').any(|need| need == it.needs))
        .filter(|it| it.title.contains(&only))
        .collect()
}

/// Runs the cases of one file, several at once, and tells all that fail.
fn hold(file: &str) {
    let home = Home::new();
    if Kubectl::new(&home).is_none() {
        return;
    }
    let kubeconfig = std::env::var_os("QALAM_TEST_KUBECONFIG").map(PathBuf::from);
    if kubeconfig.is_none() {
        home.start();
    }
    let kubeconfig = kubeconfig.unwrap_or_else(|| home.path().join("kubeconfig"));
    let place = Place { work: home.work(), kubeconfig };
    let cases = cases(file);
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..TOGETHER {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(why) = run(&place, file, case) {
                        let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
                        failures.push(format!("{file}.case:{}: {}\n{why}", case.line, case.title));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    let count = failures.len();
    let told = failures.join("\n\n");
    assert!(failures.is_empty(), "{count} of {} cases:\n{told}\n{}", cases.len(), home.log());
    eprintln!("{file}: {} cases", cases.len());
}

/// One case in a namespace of its own, which goes with it.
fn run(place: &Place, file: &str, case: &Case) -> Result<(), String> {
    let namespace = format!("qalam-{file}-{}-{}", std::process::id(), case.line);
    let folder = place.work.join(&namespace);
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let admin = |arguments: &[&str]| {
        let mut command = Command::new("kubectl");
        command.args(arguments).env("KUBECONFIG", &place.kubeconfig).env("HOME", &place.work);
        command.output().map_err(|error| error.to_string())
    };
    let made = admin(&["create", "namespace", &namespace])?;
    if !made.status.success() {
        return Err(crate::home::text(&made));
    }
    let ran = script::run(case, &namespace, &place.kubeconfig, &place.work, &folder);
    admin(&["delete", "namespace", &namespace, "--wait=false"])?;
    ran
}

macro_rules! files {
    ($($name:ident)*) => {
        $(#[test] fn $name() { hold(stringify!($name)); })*

        #[test]
        fn every_file_of_cases_is_run() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/it/cluster");
            let entries = std::fs::read_dir(folder).expect("the folder of cases").flatten();
            let names = entries.filter_map(|it| it.file_name().into_string().ok());
            let mut found: Vec<String> =
                names.filter_map(|it| Some(it.strip_suffix(".case")?.to_owned())).collect();
            found.sort();
            let mut run = vec![$(stringify!($name)),*];
            run.sort_unstable();
            assert_eq!(found, run);
        }
    };
}

files!(defined delete discovery namespace pods read workloads write);
