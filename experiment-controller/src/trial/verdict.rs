//! How a trial ended, in its owner's words and in Katib's.

use platform::workload::Why;

/// How a trial ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Its workload succeeded, and the objective was measured.
    Succeeded(Why),
    /// Its workload failed; what the workload says, and what is known of its containers.
    Failed(Why, String),
    /// Its workload succeeded, but the objective is not known, and why.
    MetricsUnavailable(String),
    /// An early-stopping rule fired, and which.
    EarlyStopped(String),
    /// Its experiment ended.
    Killed,
}

impl Verdict {
    /// Katib's condition type.
    pub fn type_(&self) -> &'static str {
        match self {
            Verdict::Succeeded(_) => "Succeeded",
            Verdict::Failed(..) => "Failed",
            Verdict::MetricsUnavailable(_) => "MetricsUnavailable",
            Verdict::EarlyStopped(_) => "EarlyStopped",
            Verdict::Killed => "Killed",
        }
    }

    /// Katib's reason; what the workload gives as its own is appended.
    pub fn reason(&self) -> String {
        match self {
            Verdict::Succeeded(why) => appended("TrialSucceeded", "Job reason", &why.reason),
            Verdict::Failed(why, _) => appended("TrialFailed", "Job reason", &why.reason),
            Verdict::MetricsUnavailable(_) => "MetricsUnavailable".into(),
            Verdict::EarlyStopped(_) => "TrialEarlyStopped".into(),
            Verdict::Killed => "TrialKilled".into(),
        }
    }

    /// A sentence, or a few.
    pub fn message(&self) -> String {
        match self {
            Verdict::Succeeded(why) => appended("Trial has succeeded", "Job message", &why.message),
            Verdict::Failed(why, detail) => {
                let told = appended("Trial has failed", "Job message", &why.message);
                if detail.is_empty() { told } else { format!("{told}. {detail}") }
            }
            Verdict::MetricsUnavailable(why) => format!("Metrics are not available: {why}"),
            Verdict::EarlyStopped(why) => format!("Trial is stopped early: {why}"),
            Verdict::Killed => "Trial is stopped: its experiment has ended".into(),
        }
    }
}

fn appended(text: &str, what: &str, more: &str) -> String {
    if more.is_empty() { text.to_owned() } else { format!("{text}. {what}: {more}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(verdict: &Verdict, want: [&str; 3]) {
        let (reason, message) = (verdict.reason(), verdict.message());
        assert_eq!([verdict.type_(), &reason, &message], want);
    }

    #[test]
    fn what_the_workload_says_is_appended_as_katib_does() {
        let why = Why { reason: "CompletionsReached".into(), message: "all done".into() };
        check(
            &Verdict::Succeeded(why),
            [
                "Succeeded",
                "TrialSucceeded. Job reason: CompletionsReached",
                "Trial has succeeded. Job message: all done",
            ],
        );
        check(
            &Verdict::Failed(Why::default(), "Container main ended with exit code 3".into()),
            ["Failed", "TrialFailed", "Trial has failed. Container main ended with exit code 3"],
        );
    }
}
