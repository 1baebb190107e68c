//! Why a job ended.

/// Why a job ended: what its last condition says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Enough pods have succeeded.
    Complete,
    /// More pods failed than `backoffLimit` allows.
    TooManyFailures,
    /// `activeDeadlineSeconds` have passed.
    DeadlineExceeded,
    /// A pod failed in a way that `podFailurePolicy` fails the job for.
    PodFailurePolicy,
}

impl Verdict {
    /// Type of the condition that says so.
    pub(super) fn condition(self) -> &'static str {
        match self {
            Verdict::Complete => "Complete",
            Verdict::TooManyFailures | Verdict::DeadlineExceeded | Verdict::PodFailurePolicy => {
                "Failed"
            }
        }
    }

    /// Kubernetes' one word for it.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Verdict::Complete => "CompletionsReached",
            Verdict::TooManyFailures => "BackoffLimitExceeded",
            Verdict::DeadlineExceeded => "DeadlineExceeded",
            Verdict::PodFailurePolicy => "PodFailurePolicy",
        }
    }

    /// Kubernetes' sentence for it.
    pub(super) fn message(self) -> &'static str {
        match self {
            Verdict::Complete => "Reached expected number of succeeded pods",
            Verdict::TooManyFailures => "Job has reached the specified backoff limit",
            Verdict::DeadlineExceeded => "Job was active longer than specified deadline",
            Verdict::PodFailurePolicy => "A pod failed as a FailJob rule of podFailurePolicy says",
        }
    }
}
