//! The rules of the house that a compiler does not know; each says what to do instead.

use std::path::{Path, PathBuf};

/// What each crate may name.
const LAYERS: &[(&str, &[&str])] = &[
    ("proto", &[]),
    ("suggestion", &["proto"]),
    ("earlystop", &["proto", "suggestion"]),
    ("metrics-collector", &["proto", "suggestion", "earlystop"]),
    ("platform", &["proto"]),
    (
        "experiment-controller",
        &["proto", "suggestion", "earlystop", "metrics-collector", "platform"],
    ),
];

/// What may lie at the top of the repository, besides dotfiles.
const TOP_LEVEL: &[&str] = &[
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "docs",
    "earlystop",
    "examples",
    "experiment-controller",
    "metrics-collector",
    "platform",
    "proto",
    "suggestion",
    "target",
    "tests",
];

/// Longest function and longest file, in lines.
const FUNCTION_MAX: usize = 70;
const FILE_MAX: usize = 500;

/// Files past `FILE_MAX`, and why; the list may only become shorter.
const LONG_FILES: &[(&str, &str)] =
    &[("platform/src/cluster/node/worker.rs", "the life of one pod; to be split by phase")];

/// One Rust file of the repository.
struct Source {
    /// Path from the root, such as `platform/src/lib.rs`.
    path: String,
    text: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Source {
        Source { path: path.into(), text: text.into() }
    }

    fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    fn crate_name(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }

    /// Whether the whole file is tests.
    fn is_test(&self) -> bool {
        let folder = |name: &str| self.path.contains(&format!("/{name}/"));
        ["tests.rs", "laws.rs", "fixture.rs"].contains(&self.name())
            || self.name().ends_with("_tests.rs")
            || self.path.starts_with("tests/")
            || ["tests", "laws", "benches", "examples"].into_iter().any(folder)
    }

    /// The lines of code before the unit tests, without comments.
    fn code(&self) -> Vec<&str> {
        let text = self.text.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default();
        let text = if self.is_test() { "" } else { text };
        text.lines().map(|it| it.split("//").next().unwrap_or_default()).collect()
    }

    fn names(&self, word: &str) -> bool {
        self.code().iter().any(|it| holds(it, word))
    }
}

/// Whether the line holds the word, and not as the end of a longer one.
fn holds(line: &str, word: &str) -> bool {
    let part_of_name = |it: char| it.is_alphanumeric() || it == '_';
    line.match_indices(word).any(|(at, _)| !line[..at].ends_with(part_of_name))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    for (folder, _) in LAYERS {
        collect(&root().join(folder), &mut found);
    }
    collect(&root().join("tests"), &mut found);
    found
}

fn collect(folder: &Path, found: &mut Vec<Source>) {
    let entries = std::fs::read_dir(folder).expect("a folder of the repository");
    let mut paths: Vec<PathBuf> = entries.map(|it| it.expect("an entry").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs") {
            let from_root = path.strip_prefix(root()).expect("a path below the root");
            let text = std::fs::read_to_string(&path).expect("a readable file");
            found.push(Source::new(&from_root.to_string_lossy(), &text));
        }
    }
}

/// Holds all files against a rule, which names the fault of a file or nothing.
fn hold(rule: fn(&Source) -> Option<String>) {
    let told = |it: &Source| rule(it).map(|fault| format!("{}: {fault}", it.path));
    let faults: Vec<String> = sources().iter().filter_map(told).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// A rule must let the good sample pass, and stop the bad one.
fn check(rule: fn(&Source) -> Option<String>, path: &str, good: &str, bad: &str) {
    assert_eq!(rule(&Source::new(path, good)), None, "{path}: {good}");
    assert!(rule(&Source::new(path, bad)).is_some(), "{path} may not hold {bad}");
}

fn layer_fault(source: &Source) -> Option<String> {
    let (_, allowed) = LAYERS.iter().find(|(name, _)| *name == source.crate_name())?;
    let mut others = LAYERS.iter().map(|(name, _)| *name);
    let wrong = others.find(|it| {
        let module = it.replace('-', "_");
        let is_other = *it != source.crate_name() && !allowed.contains(it);
        // A module of the same name is ours.
        let is_module = source.text.contains(&format!("mod {module};"));
        is_other && !is_module && source.text.lines().any(|line| uses(line, &module))
    })?;
    Some(format!("names {wrong}, a crate to its right"))
}

/// Whether the line imports from that crate.
fn uses(line: &str, name: &str) -> bool {
    let line = line.trim_start();
    let line = line.strip_prefix("pub ").unwrap_or(line);
    line.strip_prefix("use ").is_some_and(|it| it.starts_with(&format!("{name}::")))
}

#[test]
fn crates_point_one_way() {
    check(layer_fault, "suggestion/src/x.rs", "use proto::kinds;", "use platform::cluster;");
    check(layer_fault, "platform/src/x.rs", "use crate::suggestion::a;", "use suggestion::a;");
    check(
        layer_fault,
        "proto/src/x.rs",
        "mod suggestion;\npub use suggestion::*;",
        "pub use suggestion::*;",
    );
    hold(layer_fault);
    for (name, allowed) in LAYERS {
        let manifest = std::fs::read_to_string(root().join(name).join("Cargo.toml"));
        let manifest = manifest.expect("a manifest");
        let named: Vec<&str> = LAYERS
            .iter()
            .map(|(it, _)| *it)
            .filter(|it| manifest.lines().any(|line| line.starts_with(&format!("{it}.workspace"))))
            .collect();
        let wrong: Vec<&&str> = named.iter().filter(|it| !allowed.contains(it)).collect();
        assert!(wrong.is_empty(), "{name}/Cargo.toml names {wrong:?}, to its right");
    }
}

/// Whether the file is compiled: its parent module names it.
fn orphan_fault(source: &Source, all: &[Source]) -> Option<String> {
    let path = Path::new(&source.path);
    let stem = path.file_stem()?.to_str()?;
    let folder = path.parent()?;
    // Cargo finds these by their places: files, and folders with a main.rs.
    let found = ["benches", "examples", "bin", "tests"];
    let found = found.map(|it| Path::new(source.crate_name()).join(it));
    let is_found = |it: &Path| found.iter().any(|found| found == it);
    let is_root = |it: &Path| {
        it.ends_with("src") || it.ends_with("tests/it") || it.parent().is_some_and(is_found)
    };
    if source.name() == "build.rs" || is_found(folder) {
        return None;
    }
    if is_root(folder) && ["lib", "main"].contains(&stem) {
        return None;
    }
    let (name, home) = match stem {
        "mod" => (folder.file_name()?.to_str()?, folder.parent()?),
        _ => (stem, folder),
    };
    let mut parents = vec![home.join("mod.rs"), home.with_extension("rs")];
    if is_root(home) {
        parents = vec![home.join("lib.rs"), home.join("main.rs")];
    }
    let by_path = format!("#[path = \"{}\"]", source.name());
    let beside = |it: &Source| Path::new(&it.path).parent() == Some(folder);
    if all.iter().any(|it| beside(it) && it.text.contains(&by_path)) {
        return None;
    }
    let declares = |it: &Source| {
        let declared = |line: &str| {
            let line = line.trim();
            let line = line.strip_prefix("pub(super) ").unwrap_or(line);
            let line = line.strip_prefix("pub(crate) ").unwrap_or(line);
            let line = line.strip_prefix("pub ").unwrap_or(line);
            line == format!("mod {name};")
        };
        parents.iter().any(|path| Path::new(&it.path) == path) && it.text.lines().any(declared)
    };
    (!all.iter().any(declares)).then(|| format!("is compiled by nobody: add `mod {name};`"))
}

#[test]
fn every_file_is_in_the_module_tree() {
    let sample = |lib: &str| {
        let all = [Source::new("a/src/lib.rs", lib), Source::new("a/src/x.rs", "")];
        orphan_fault(&all[1], &all)
    };
    assert_eq!(sample("pub mod x;"), None);
    assert!(sample("pub mod y;").is_some());
    let bench = |main: &str| {
        let all = [Source::new("a/benches/b/main.rs", main), Source::new("a/benches/b/x.rs", "")];
        (orphan_fault(&all[0], &all), orphan_fault(&all[1], &all).is_some())
    };
    assert_eq!((bench("mod x;"), bench("")), ((None, false), (None, true)));
    let all = sources();
    let told = |it: &Source| orphan_fault(it, &all).map(|fault| format!("{} {fault}", it.path));
    let faults: Vec<String> = all.iter().filter_map(told).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

fn opening_fault(source: &Source) -> Option<String> {
    let good = source.text.starts_with("//! ");
    (!good).then(|| "must open with `//! ` and a sentence: what it is for".into())
}

#[test]
fn files_open_with_what_they_are_for() {
    check(opening_fault, "a/src/x.rs", "//! It is.\n", "use std::fs;\n");
    hold(opening_fault);
}

/// Functions run from their `fn` to the brace that closes them, in the same column.
fn function_fault(source: &Source) -> Option<String> {
    let lines: Vec<&str> = source.text.lines().collect();
    for (start, line) in lines.iter().enumerate() {
        let indent = &line[..line.len() - line.trim_start().len()];
        if !holds(line, "fn ") || line.trim_start().starts_with("//") || line.ends_with([';', '}'])
        {
            continue;
        }
        let end = format!("{indent}}}");
        let length = lines[start..].iter().position(|it| *it == end).map_or(0, |it| it + 1);
        if FUNCTION_MAX < length {
            let line = start + 1;
            return Some(format!("line {line}: a function of {length} lines, {FUNCTION_MAX} fit"));
        }
    }
    None
}

#[test]
fn functions_fit_on_a_screen() {
    let function = |lines: usize| format!("fn x() {{\n{}}}\n", "    a();\n".repeat(lines));
    check(function_fault, "a/src/x.rs", &function(68), &function(69));
    hold(function_fault);
}

fn length_fault(source: &Source) -> Option<String> {
    let length = source.text.lines().count();
    let excused = LONG_FILES.iter().any(|(path, _)| *path == source.path);
    let long = FILE_MAX < length && !excused;
    long.then(|| format!("has {length} lines, {FILE_MAX} fit: split it"))
}

#[test]
fn files_are_short() {
    check(length_fault, "a/src/x.rs", &"\n".repeat(FILE_MAX), &"\n".repeat(FILE_MAX + 1));
    hold(length_fault);
    for (path, _) in LONG_FILES {
        let text = std::fs::read_to_string(root().join(path)).unwrap_or_default();
        assert!(FILE_MAX < text.lines().count(), "{path} fits now: remove it from LONG_FILES");
    }
}

/// The wire's types stay in the files that translate them.
fn wire_fault(source: &Source) -> Option<String> {
    let at_home = source.crate_name() == "proto"
        || ["wire", "service", "remote"]
            .iter()
            .any(|word| source.path.split('/').any(|it| it == *word || it == format!("{word}.rs")));
    let fault = !at_home && source.names("proto::rpc");
    fault.then(|| "names proto::rpc: translate in wire.rs, service.rs or remote.rs".into())
}

#[test]
fn generated_messages_stay_in_wire_files() {
    check(wire_fault, "suggestion/src/x.rs", "use proto::kinds;", "use proto::rpc::Trial;");
    check(wire_fault, "suggestion/src/x.rs", "// proto::rpc", "fn a(it: proto::rpc::Trial) {}");
    assert_eq!(wire_fault(&Source::new("suggestion/src/wire.rs", "use proto::rpc::Trial;")), None);
    hold(wire_fault);
}

/// Decisions do not know the client.
fn kube_fault(source: &Source) -> Option<String> {
    let pure_crates = ["suggestion", "earlystop", "metrics-collector"];
    let pure_files = ["plan.rs", "status.rs", "verdict.rs", "template.rs", "names.rs"];
    let in_controller = source.crate_name() == "experiment-controller"
        && !["/cli/", "/roles/", "/metrics/"].iter().any(|it| source.path.contains(it));
    let pure = pure_crates.contains(&source.crate_name())
        || (in_controller
            && (pure_files.contains(&source.name()) || source.path.contains("/admission/")));
    (pure && source.names("kube::")).then(|| "names kube: decisions take and give values".into())
}

#[test]
fn decisions_do_not_know_the_client() {
    let path = "experiment-controller/src/trial/plan.rs";
    check(kube_fault, path, "use k8s_openapi::api;", "use kube::Api;");
    check(kube_fault, "suggestion/src/x.rs", "let a = 1; // kube::", "use kube::Client;");
    assert_eq!(kube_fault(&Source::new("platform/src/x.rs", "use kube::Client;")), None);
    hold(kube_fault);
}

/// Time comes as an argument.
fn clock_fault(source: &Source) -> Option<String> {
    let pure = source.crate_name() == "experiment-controller"
        && ["plan.rs", "status.rs", "verdict.rs"].contains(&source.name());
    let words = ["tokio", "Timestamp::now", "Instant::now", "SystemTime::now", "Zoned::now"];
    let word = words.iter().find(|it| pure && source.names(it))?;
    Some(format!("names {word}: take what it gives as an argument"))
}

#[test]
fn decisions_do_not_look_at_the_clock() {
    let path = "experiment-controller/src/trial/status.rs";
    check(clock_fault, path, "fn plan(now: Timestamp) {}", "let now = Timestamp::now();");
    check(clock_fault, path, "fn plan() {}", "async fn a() { tokio::spawn(b) }");
    hold(clock_fault);
}

/// Algorithms are values: nothing ambient, and no order that differs from run to run.
fn ambient_fault(source: &Source) -> Option<String> {
    let pure = ["suggestion", "earlystop"].contains(&source.crate_name())
        && !["wire.rs", "service.rs"].contains(&source.name())
        && source.path.contains("/src/");
    let words =
        ["std::time", "std::fs", "std::env", "HashMap", "HashSet", "rand::rng", "thread_rng"];
    let word = words.iter().find(|it| pure && source.names(it))?;
    Some(format!("names {word}: seed, clock and order are arguments (BTreeMap for maps)"))
}

#[test]
fn algorithms_are_values() {
    let path = "suggestion/src/x.rs";
    check(ambient_fault, path, "use std::collections::BTreeMap;", "use std::collections::HashMap;");
    check(ambient_fault, path, "use rand::Rng;", "let mut rng = rand::rng();");
    hold(ambient_fault);
}

fn unwrap_fault(source: &Source) -> Option<String> {
    let at = source.code().iter().position(|it| it.contains(".unwrap()"))?;
    let way_out = "return the error, or use expect() with the invariant";
    Some(format!("line {}: unwrap(): {way_out}", at + 1))
}

#[test]
fn nothing_is_unwrapped_outside_tests() {
    let in_test = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn a() { b.unwrap() }\n}\n";
    check(unwrap_fault, "a/src/x.rs", in_test, "fn a() { b.unwrap() }");
    check(unwrap_fault, "a/src/x.rs", "/// a.unwrap()\n", "a\n    .unwrap();");
    hold(unwrap_fault);
}

#[test]
fn nothing_else_lies_at_the_top() {
    let entries = std::fs::read_dir(root()).expect("the root");
    let names = entries.map(|it| it.expect("an entry").file_name().to_string_lossy().into_owned());
    let wrong: Vec<String> =
        names.filter(|it| !it.starts_with('.') && !TOP_LEVEL.contains(&it.as_str())).collect();
    assert!(wrong.is_empty(), "{wrong:?} need a place below, or a reason in ARCHITECTURE.md");
}
