//! Checks a manifest as the door would, and tells each fault at its line.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use kube::api::PostParams;
use proto::FieldError;
use proto::kinds::{Experiment, ExperimentSpec};
use serde_json::Value;
use suggestion::space::Space;

use super::lines::{Lines, Place};
use super::manifest::yaml;
use crate::admission::{Document, manifest, validate as check};
use crate::ui::Ui;
use crate::ui::access::guard::Pass;
use crate::ui::extract::Given;
use crate::ui::problem::{Answer, Trouble};
use crate::ui::types::{Fault, ManifestRequest, Severity, Validation};

/// Reads, completes and checks; asks the API too, without creating anything, where nothing is wrong
/// so far: a name that is taken, or a ConfigMap that is missing, only the API knows.
pub(crate) async fn validate(
    State(ui): State<Arc<Ui>>,
    pass: Pass,
    Given(request): Given<ManifestRequest>,
) -> Answer<Validation> {
    let mut answer = of(&request.text);
    let namespace = answer.namespace.clone().or(request.namespace).unwrap_or(ui.namespace.clone());
    if answer.ok {
        if let Err(why) = pass.see(&namespace) {
            answer.faults.push(fault(Severity::Error, "metadata.namespace", why.message(), None));
        } else if let Err(kube::Error::Api(why)) = dry_run(&ui, &request.text, &namespace).await {
            let causes = why.details.iter().flat_map(|it| it.causes.clone());
            let lines = Lines::of(&request.text);
            let told = causes.map(|it| {
                fault(Severity::Error, &it.field, &it.message, find(&lines, 0, &it.field))
            });
            answer.faults.extend(told);
            if answer.faults.iter().all(|it| it.severity == Severity::Warning) {
                let at = find(&lines, 0, "metadata.name");
                answer.faults.push(fault(Severity::Error, "", &why.message, at));
            }
        }
        answer.ok = answer.faults.iter().all(|it| it.severity == Severity::Warning);
    }
    answer.namespace = answer.name.as_ref().map(|_| namespace);
    Ok(Json(answer))
}

async fn dry_run(ui: &Ui, text: &str, namespace: &str) -> Result<(), kube::Error> {
    let Ok(Some(mut experiment)) = experiment(text).map(|it| it.map(|(_, it)| it)) else {
        return Ok(());
    };
    experiment["metadata"]["namespace"] = namespace.into();
    let Ok(experiment) = serde_json::from_value::<Experiment>(experiment) else { return Ok(()) };
    let params = PostParams { dry_run: true, ..PostParams::default() };
    ui.api::<Experiment>(namespace).create(&params, &experiment).await.map(|_| ())
}

/// The first experiment of a text with its place among the documents; other documents are passed
/// over.
pub(super) fn experiment(text: &str) -> Result<Option<(usize, Value)>, Trouble> {
    let documents = manifest::read(text.as_bytes()).map_err(|why| {
        let message = why.to_string();
        let told = fault(Severity::Error, "", &message, told_place(&message));
        Trouble::new(422, "Invalid", message).with(vec![told])
    })?;
    Ok(documents.into_iter().enumerate().find(|(_, it)| it["kind"] == "Experiment"))
}

/// What is wrong with a text, as far as the text alone can tell.
pub(super) fn of(text: &str) -> Validation {
    let nothing = |faults: Vec<Fault>| Validation {
        ok: false,
        faults,
        completed: None,
        name: None,
        namespace: None,
        points: None,
    };
    let documents = match manifest::read(text.as_bytes()) {
        Ok(documents) => documents,
        Err(why) => {
            let message = why.to_string();
            return nothing(vec![fault(Severity::Error, "", &message, told_place(&message))]);
        }
    };
    let lines = Lines::of(text);
    let report = check(documents);
    let mut faults = Vec::new();
    for (at, document) in report.documents.iter().enumerate() {
        faults.extend(told(document, at, &lines));
    }
    let experiment = report.documents.iter().find(|it| it.kind == "Experiment");
    let Some(experiment) = experiment else {
        let why =
            "there is no Experiment in it: kind: Experiment, apiVersion: kubeflow.org/v1beta1";
        faults.push(fault(Severity::Error, "kind", why, find(&lines, 0, "kind")));
        return nothing(faults);
    };
    let completed = &experiment.completed;
    let text_at = |value: &Value| value.as_str().map(str::to_owned);
    let spec = serde_json::from_value::<ExperimentSpec>(completed["spec"].clone()).ok();
    let space = spec.and_then(|it| Space::parse(&it).ok());
    Validation {
        ok: report.is_sound(),
        faults,
        completed: yaml(completed).ok(),
        name: text_at(&completed["metadata"]["name"])
            .or_else(|| text_at(&completed["metadata"]["generateName"])),
        namespace: text_at(&completed["metadata"]["namespace"]),
        points: space.and_then(|it| it.count()),
    }
}

fn told(document: &Document, at: usize, lines: &[Lines]) -> Vec<Fault> {
    let error =
        |it: &FieldError| fault(Severity::Error, &it.path, &it.message, find(lines, at, &it.path));
    let warning = |it: &String| {
        // `path: what is odd`
        let (path, message) = it.split_once(": ").unwrap_or(("", it));
        let named = !path.contains(' ');
        let (path, message) = if named { (path, message) } else { ("", it.as_str()) };
        fault(Severity::Warning, path, message, find(lines, at, path))
    };
    let errors = document.errors.iter().map(error);
    errors.chain(document.warnings.iter().map(warning)).collect()
}

fn find(lines: &[Lines], document: usize, path: &str) -> Option<Place> {
    lines.get(document)?.find(path)
}

fn fault(severity: Severity, path: &str, message: &str, at: Option<Place>) -> Fault {
    Fault {
        severity,
        path: path.to_owned(),
        message: message.to_owned(),
        line: at.map(|it| it.line),
        column: at.map(|it| it.column),
        end_line: at.map(|it| it.end_line),
    }
}

/// The place that the parser's own words tell: `… at line 4, column 2`.
fn told_place(message: &str) -> Option<Place> {
    let rest = &message[message.rfind("at line ")? + "at line ".len()..];
    let number = |text: &str| {
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    let line = number(rest)?;
    let column = rest.split_once("column ").and_then(|(_, it)| number(it)).unwrap_or(1);
    Some(Place { line, column, end_line: line })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_told_at_their_lines() {
        let text = "apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata: {name: e}
spec:
  objective: {type: minimize, objectiveMetricName: loss}
  parameters:
  - name: lr
    parameterType: double
    feasibleSpace: {min: \"0\", max: \"1\", distribution: logUniform}
  - name: depth
    parameterType: intt
    feasibleSpace: {min: \"1\", max: \"9\"}
";
        let answer = of(text);
        let at = |path: &str| {
            let found = answer.faults.iter().find(|it| it.path.starts_with(path));
            found.unwrap_or_else(|| panic!("{path}: {:?}", answer.faults)).line
        };
        assert!(!answer.ok);
        assert_eq!(at("spec.parameters[0].feasibleSpace"), Some(9));
        assert_eq!(at("spec.parameters[1].parameterType"), Some(11));
        assert_eq!(at("spec.trialTemplate"), Some(4), "where it is missing");
        assert_eq!(answer.name.as_deref(), Some("e"));
        let broken = of("a: 1\nb: [\n");
        assert_eq!((broken.ok, broken.faults[0].line.is_some()), (false, true));
        assert_eq!(of("kind: Job\napiVersion: batch/v1\n").faults[0].path, "kind");
    }
}
