//! What a trial parameter refers to: a parameter of the experiment, or a fact about the trial.

use serde_json::Value;

/// How the facts about the trial are written: Katib's six, and ours.
pub const METADATA_REFERENCES: &str = "${trialSpec.Name}, ${trialSpec.Namespace}, \
     ${trialSpec.Kind}, ${trialSpec.APIVersion}, ${trialSpec.Labels[key]}, \
     ${trialSpec.Annotations[key]}, ${trialSpec.Continues}";

/// What fills a placeholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference<'a> {
    /// The value that the trial has of this parameter.
    Parameter(&'a str),
    /// Name of the trial.
    Name,
    /// Namespace of the trial.
    Namespace,
    /// Kind of the template.
    Kind,
    /// API version of the template.
    ApiVersion,
    /// This label of the template.
    Label(&'a str),
    /// This annotation of the template.
    Annotation(&'a str),
    /// Name of the trial whose checkpoint this one goes on from; empty where there is none.
    Continues,
}

/// What is known of a trial, beside its values and its template.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its namespace.
    pub namespace: &'a str,
    /// Name of the trial that it continues; empty where there is none.
    pub continues: &'a str,
}

impl<'a> Reference<'a> {
    /// Reads the reference of a trial parameter.
    ///
    /// Errors: a sentence, where the text begins like a fact about the trial but is none.
    pub fn parse(text: &'a str) -> Result<Reference<'a>, String> {
        let Some(inner) = text.strip_prefix("${trialSpec.") else {
            return Ok(Reference::Parameter(text));
        };
        let known = inner.strip_suffix('}').and_then(|inner| match inner {
            "Name" => Some(Reference::Name),
            "Namespace" => Some(Reference::Namespace),
            "Kind" => Some(Reference::Kind),
            "APIVersion" => Some(Reference::ApiVersion),
            "Continues" => Some(Reference::Continues),
            _ => {
                let key =
                    |list: &str| inner.strip_prefix(list)?.strip_prefix('[')?.strip_suffix(']');
                let key = |list| key(list).filter(|it| !it.is_empty());
                key("Labels")
                    .map(Reference::Label)
                    .or(key("Annotations").map(Reference::Annotation))
            }
        });
        known.ok_or_else(|| {
            format!("\"{text}\" is not a fact about the trial; there are {METADATA_REFERENCES}")
        })
    }

    /// The text of a fact about the trial, from the template that has its placeholders still;
    /// none for a parameter.
    ///
    /// Errors: a sentence, where the template lacks the field or the field holds a placeholder.
    pub fn fact(self, trial: &Facts<'_>, raw: &Value) -> Option<Result<String, String>> {
        let (field, what) = match self {
            Reference::Parameter(_) => return None,
            Reference::Name => return Some(Ok(trial.name.to_owned())),
            Reference::Namespace => return Some(Ok(trial.namespace.to_owned())),
            Reference::Continues => return Some(Ok(trial.continues.to_owned())),
            Reference::Kind => (raw.get("kind"), "kind".to_owned()),
            Reference::ApiVersion => (raw.get("apiVersion"), "apiVersion".to_owned()),
            Reference::Label(key) => (metadata(raw, "labels", key), format!("label \"{key}\"")),
            Reference::Annotation(key) => {
                (metadata(raw, "annotations", key), format!("annotation \"{key}\""))
            }
        };
        Some(match field.and_then(Value::as_str) {
            None => Err(format!("the template has no {what}; add it, or refer to something else")),
            Some(text) if text.contains(super::PREFIX) => {
                Err(format!("the template's {what} holds a placeholder itself; write it out"))
            }
            Some(text) => Ok(text.to_owned()),
        })
    }
}

fn metadata<'a>(raw: &'a Value, list: &str, key: &str) -> Option<&'a Value> {
    raw.get("metadata")?.get(list)?.get(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_facts_and_parameters() {
        let check = |text: &str, want: Reference<'_>| assert_eq!(Reference::parse(text), Ok(want));
        check("${trialSpec.Name}", Reference::Name);
        check("${trialSpec.Namespace}", Reference::Namespace);
        check("${trialSpec.Kind}", Reference::Kind);
        check("${trialSpec.APIVersion}", Reference::ApiVersion);
        check("${trialSpec.Labels[custom-key]}", Reference::Label("custom-key"));
        check("${trialSpec.Annotations[a.b/c]}", Reference::Annotation("a.b/c"));
        check("${trialSpec.Continues}", Reference::Continues);
        check("learning_rate", Reference::Parameter("learning_rate"));
    }

    #[test]
    fn what_only_looks_like_a_fact_is_refused() {
        for text in [
            "${trialSpec.name}",
            "${trialSpec.Labels[]}",
            "${trialSpec.Labels}",
            "${trialSpec.Name",
        ] {
            assert!(Reference::parse(text).unwrap_err().contains("there are ${trialSpec.Name}"));
        }
    }
}
