//! `qalam validate`: everything that is wrong with manifests, without running them.

use std::path::PathBuf;

use clap::Args;

use super::failure::Failure;
use super::{files, out};

/// Arguments of `qalam validate`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  qalam validate examples/quickstart.yaml
  qalam validate --set spec.maxTrialCount=0 experiment.yaml
  helm template chart | qalam validate -")]
pub(super) struct Validate {
    /// Manifests; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Change a field first, such as spec.maxTrialCount=50
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,

    /// KatibConfig, which names algorithms that other servers have
    #[arg(long, value_name = "FILE")]
    katib_config: Option<PathBuf>,

    /// Only remark on fields that nobody knows
    #[arg(long)]
    allow_unknown: bool,
}

/// Says what is wrong; exit status 2 if anything is.
pub(super) fn run(args: &Validate) -> Result<(), Failure> {
    let mut documents = files::read(&args.files, &args.set)?;
    let given = documents.len();
    let known = args.katib_config.as_deref().map(files::katib_config).transpose()?;
    documents.extend(known);
    let mut report = crate::admission::validate(documents);
    report.documents.truncate(given);
    let strict = !args.allow_unknown;
    for remark in files::remarks(&report, strict) {
        eprintln!("remark: {remark}");
    }
    let faults = files::faults(&report, strict);
    if !faults.is_empty() {
        return Err(Failure::Refused(faults.join("\n")));
    }
    let names = report.documents.iter().map(|it| format!("{} {}", it.kind, it.name));
    out::say(&format!("{}: valid", names.collect::<Vec<String>>().join(", ")))
}
