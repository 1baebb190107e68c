//! How a command ends when it does not succeed: what is said, and the exit status.

use std::process::ExitCode;

/// Why a command did not succeed, by what the caller should do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The command line or the manifest must be changed: exit status 2.
    Refused(String),
    /// The experiment failed, or the command could not be carried out: exit status 1.
    Failed(String),
    /// The caller interrupted it: exit status 130, as shells have it.
    Interrupted(String),
}

impl Failure {
    /// Says it on standard error, and answers the exit status.
    pub(super) fn report(&self) -> ExitCode {
        self.tell();
        ExitCode::from(match self {
            Failure::Refused(_) => 2,
            Failure::Failed(_) => 1,
            Failure::Interrupted(_) => 130,
        })
    }

    /// Says it on standard error, unless it was said already.
    pub(super) fn tell(&self) {
        let (Failure::Refused(text) | Failure::Failed(text) | Failure::Interrupted(text)) = self;
        if !text.is_empty() {
            eprintln!("qalam: {text}");
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Failure {
        Failure::Failed(format!("{error:#}"))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        // A reader that went away (`qalam get | head`) is no reason to complain.
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Failure::Failed(String::new()),
            _ => Failure::Failed(error.to_string()),
        }
    }
}

impl From<kube::Error> for Failure {
    fn from(error: kube::Error) -> Failure {
        match &error {
            kube::Error::Api(status) if status.code == 422 || status.code == 400 => {
                Failure::Refused(status.message.clone())
            }
            kube::Error::Api(status) => Failure::Failed(status.message.clone()),
            _ => Failure::Failed(format!("the home does not answer: {}", chain(&error))),
        }
    }
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        next = cause.source();
    }
    text
}
