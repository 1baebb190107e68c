//! Every report of an experiment's trials, read from the observation store and written out.

use kube::ResourceExt;
use metrics_collector::Report;
use metrics_collector::remote::Remote;
use proto::kinds::Trial;
use serde_json::{Value, json};

use super::failure::Failure;
use super::{csv, out};

/// Writes the reports of the trials, one a row; `as_json` as a JSON array, else as CSV.
///
/// Trial by trial, so that an experiment of any size is written with the memory of one trial.
pub(super) async fn export(address: &str, trials: &[Trial], as_json: bool) -> Result<(), Failure> {
    let mut store = Remote::connect(address).await.map_err(anyhow::Error::from)?;
    let mut before = match as_json {
        true => "[\n",
        false => {
            out::write(&csv::record(
                &["trial", "metric", "step", "time", "value"].map(str::to_owned),
            ))?;
            ""
        }
    };
    for trial in trials {
        let name = trial.name_any();
        for report in store.read(&name).await.map_err(anyhow::Error::from)? {
            match as_json {
                true => out::write(&format!("{before}  {}", object(&name, &report)))?,
                false => out::write(&csv::record(&row(&name, &report)))?,
            }
            before = ",\n";
        }
    }
    match (as_json, before) {
        (false, _) => Ok(()),
        (true, ",\n") => out::write("\n]\n"),
        (true, _) => out::write("[]\n"),
    }
}

fn row(trial: &str, report: &Report) -> [String; 5] {
    [
        trial.to_owned(),
        report.metric.clone(),
        report.step.map_or_else(String::new, |it| it.to_string()),
        report.time.to_string(),
        report.value.clone(),
    ]
}

/// A number where the value is one that JSON can say.
fn object(trial: &str, report: &Report) -> Value {
    let number = serde_json::from_str::<serde_json::Number>(report.value.trim()).ok();
    json!({
        "trial": trial,
        "metric": report.metric,
        "step": report.step,
        "time": report.time.to_string(),
        "value": number.map_or_else(|| Value::String(report.value.clone()), Value::Number),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_a_row_or_an_object() {
        let mut report = Report {
            metric: "acc".into(),
            value: "0.50".into(),
            time: jiff::Timestamp::UNIX_EPOCH,
            step: Some(3),
            position: None,
        };
        assert_eq!(row("t", &report), ["t", "acc", "3", "1970-01-01T00:00:00Z", "0.50"]);
        assert_eq!(object("t", &report)["value"], json!(0.5));
        (report.value, report.step) = ("nan".into(), None);
        assert_eq!(row("t", &report)[2], "");
        let object = object("t", &report);
        assert_eq!((&object["value"], &object["step"]), (&json!("nan"), &Value::Null));
    }
}
