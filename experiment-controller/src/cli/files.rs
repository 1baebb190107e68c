//! Manifests as the verbs read them: files, overrides, one report of all faults.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::failure::Failure;
use super::overrides;
use crate::admission::{Report, manifest};
use crate::suggestion::config;

/// Documents of all files in order; `-` is standard input. Overrides go to the experiments.
pub(super) fn read(files: &[PathBuf], set: &[String]) -> Result<Vec<Value>, Failure> {
    let mut faults = Vec::new();
    let mut documents = Vec::new();
    for file in files {
        match bytes(file).map(|bytes| manifest::read(&bytes)) {
            Ok(Ok(read)) => documents.extend(read),
            Ok(Err(fault)) => faults.push(format!("{}: {fault}", file.display())),
            Err(fault) => faults.push(format!("{}: {fault}", file.display())),
        }
    }
    for document in documents.iter_mut().filter(|it| it["kind"] == "Experiment") {
        faults.extend(set.iter().filter_map(|it| overrides::set(document, it).err()));
    }
    match faults.is_empty() {
        true => Ok(documents),
        false => Err(Failure::Refused(faults.join("\n"))),
    }
}

/// A file with KatibConfig, as the ConfigMap that admission looks up.
pub(super) fn katib_config(file: &Path) -> Result<Value, Failure> {
    let refuse = |why: String| Failure::Refused(format!("{}: {why}", file.display()));
    let text = bytes(file).map_err(|why| refuse(why.to_string()))?;
    let text = String::from_utf8(text).map_err(|why| refuse(why.to_string()))?;
    let metadata = json!({"name": config::NAME, "namespace": config::NAMESPACE});
    Ok(json!({"kind": "ConfigMap", "metadata": metadata, "data": {config::KEY: text}}))
}

/// Reads no more than a manifest may have, so that an endless file does no harm.
fn bytes(file: &Path) -> std::io::Result<Vec<u8>> {
    let limit = manifest::SIZE_MAX as u64 + 1;
    let mut bytes = Vec::new();
    match file == Path::new("-") {
        true => std::io::stdin().lock().take(limit).read_to_end(&mut bytes)?,
        false => std::fs::File::open(file)?.take(limit).read_to_end(&mut bytes)?,
    };
    Ok(bytes)
}

/// Everything that refuses the documents, one a line; with `strict` also names nobody knows.
pub(super) fn faults(report: &Report, strict: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for document in &report.documents {
        let name = format!("{} {}", document.kind, document.name);
        let unknown = document.warnings.iter().filter(|it| strict && is_unknown(it));
        let errors = document.errors.iter().map(ToString::to_string);
        lines.extend(errors.chain(unknown.cloned()).map(|it| format!("{}: {it}", name.trim())));
    }
    lines
}

/// What is merely odd, one a line.
pub(super) fn remarks(report: &Report, strict: bool) -> Vec<String> {
    let all = report.documents.iter().flat_map(|it| &it.warnings);
    all.filter(|it| !(strict && is_unknown(it))).cloned().collect()
}

/// Whether a warning of admission is about a field that nobody knows.
fn is_unknown(warning: &str) -> bool {
    warning.contains("is not a known field")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::Document;
    use proto::FieldError;

    #[test]
    fn unknown_fields_refuse_only_when_strict() {
        let report = Report {
            documents: vec![Document {
                kind: "Experiment".into(),
                name: "e".into(),
                errors: vec![FieldError::new("spec.a", "bad")],
                warnings: vec!["spec.b: is not a known field".into(), "spec.c: odd".into()],
                ..Default::default()
            }],
        };
        let strict = ["Experiment e: spec.a: bad", "Experiment e: spec.b: is not a known field"];
        assert_eq!(faults(&report, true), strict);
        assert_eq!(faults(&report, false), strict[..1]);
        assert_eq!(remarks(&report, true), ["spec.c: odd"]);
        assert_eq!(remarks(&report, false).len(), 2);
    }

    #[test]
    fn files_are_read_and_their_faults_told_together() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let text = "kind: Experiment\nspec: {max: 1}\n---\nkind: ConfigMap\n";
        std::fs::write(path("a"), text).unwrap();
        std::fs::write(path("bad"), b"\xff").unwrap();
        let documents = read(&[path("a")], &["spec.max=2".into()]).unwrap();
        assert_eq!((documents.len(), &documents[0]["spec"]["max"]), (2, &serde_json::json!(2)));
        let faults = read(&[path("bad"), path("none"), path("a")], &["x".into()]).unwrap_err();
        let Failure::Refused(text) = faults else { panic!("{faults:?}") };
        assert_eq!(text.lines().count(), 3, "{text}");
    }
}
