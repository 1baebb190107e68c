//! `qalam run`: from manifests to the best trial.

use std::path::PathBuf;

use clap::Args;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use serde_json::Value;

use super::failure::Failure;
use super::files;
use super::launch::{self, Options};
use super::place::{Place, Session};
use crate::admission::{Report, validate};
use crate::suggestion::config;

/// Arguments of `qalam run`.
#[derive(Args, Debug)]
#[command(
    after_help = "The exit status is 0 if the experiment succeeded, 1 if it failed, 2 if the \
manifest was refused, 130 after Ctrl-C.

Examples:
  qalam run examples/quickstart.yaml
  qalam run experiment.yaml --set spec.maxTrialCount=50 --set spec.parallelTrialCount=8
  qalam run template.yaml experiment.yaml     a ConfigMap first, then the experiment
  qalam run a.yaml b.yaml                     two experiments, one after the other
  sed s/tpe/random/ a.yaml | qalam run -      from standard input
  qalam run experiment.yaml --new             once more, under a new name"
)]
pub(super) struct Run {
    /// Manifests: experiments and what they need; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Change a field of the experiment, such as spec.maxTrialCount=50
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,

    /// Where the controllers read KatibConfig, if they were told a file; it names algorithms that
    /// other servers have
    #[arg(long, value_name = "FILE")]
    katib_config: Option<PathBuf>,

    #[command(flatten)]
    how: How,

    /// Refuse fields that nobody knows (the default)
    #[arg(long, conflicts_with = "allow_unknown")]
    strict: bool,

    /// Only remark on fields that nobody knows
    #[arg(long)]
    allow_unknown: bool,
}

/// Flags that `run` and `tune` share.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct How {
    /// If the name is taken: start a second experiment with a number after its name
    #[arg(long, conflicts_with = "replace")]
    new: bool,

    /// If the name is taken: delete that experiment with its trials first
    #[arg(long)]
    replace: bool,

    /// Start it and leave
    #[arg(long)]
    detach: bool,

    /// Show no progress
    #[arg(short, long)]
    quiet: bool,
}

impl How {
    pub(super) fn options(self) -> Options {
        Options { new: self.new, replace: self.replace, detach: self.detach, quiet: self.quiet }
    }
}

/// Checks, applies and follows.
pub(super) async fn run(place: &Place, args: &Run) -> Result<(), Failure> {
    let documents = files::read(&args.files, &args.set)?;
    let strict = !args.allow_unknown;
    let known = args.katib_config.as_deref().map(files::katib_config).transpose()?;
    let (mut session, report) = reach(place, &documents, known, strict).await?;
    start(&mut session, &documents, &report, strict, args.how.options()).await
}

/// Checks the documents, and connects; what lies in the cluster already is looked at if the
/// documents, and the ConfigMap that is `known`, do not answer for themselves.
pub(super) async fn reach(
    place: &Place,
    documents: &[Value],
    known: Option<Value>,
    strict: bool,
) -> Result<(Session, Report), Failure> {
    let mut documents = documents.to_vec();
    documents.extend(known);
    let report = validate(documents.clone());
    let faults = files::faults(&report, strict);
    // A template may be in the cluster, and so may the name of an algorithm that another serves.
    let elsewhere = |fault: &String| {
        fault.contains("spec.trialTemplate.configMap") || fault.contains("spec.algorithm.")
    };
    if !faults.iter().all(elsewhere) {
        return Err(Failure::Refused(faults.join("\n")));
    }
    let session = place.reach().await?;
    if faults.is_empty() {
        return Ok((session, report));
    }
    documents.extend(config_maps(&session, &documents).await?);
    let report = validate(documents);
    let faults = files::faults(&report, strict);
    match faults.is_empty() {
        true => Ok((session, report)),
        false => Err(Failure::Refused(faults.join("\n"))),
    }
}

/// Applies what is no experiment, then starts the experiments one after the other.
async fn start(
    session: &mut Session,
    documents: &[Value],
    report: &Report,
    strict: bool,
    options: Options,
) -> Result<(), Failure> {
    for remark in files::remarks(report, strict) {
        eprintln!("remark: {remark}");
    }
    let is_experiment = |it: &&Value| it["kind"] == "Experiment";
    for document in documents.iter().filter(|it| !is_experiment(it)) {
        launch::apply(session, document).await?;
    }
    if !documents.iter().any(|it| is_experiment(&it)) {
        return Err(Failure::Refused("there is no Experiment in these files".into()));
    }
    let outer = session.namespace.clone();
    let mut failed = false;
    for document in documents.iter().filter(is_experiment) {
        let own = document["metadata"]["namespace"].as_str();
        session.namespace = own.map_or_else(|| outer.clone(), str::to_owned);
        match launch::launch(session, document.clone(), options).await {
            // The next experiment does not depend on this one.
            Err(failure @ Failure::Failed(_)) => {
                failure.tell();
                failed = true;
            }
            other => other?,
        }
    }
    // What failed was told when it did.
    if failed { Err(Failure::Failed(String::new())) } else { Ok(()) }
}

/// The ConfigMaps that are in the cluster: KatibConfig, and those that the experiments name.
async fn config_maps(session: &Session, documents: &[Value]) -> Result<Vec<Value>, Failure> {
    let named = documents.iter().filter_map(|document| {
        let source = &document["spec"]["trialTemplate"]["configMap"];
        Some((source["configMapName"].as_str()?, source["configMapNamespace"].as_str()?))
    });
    let mut found = Vec::new();
    for (name, namespace) in named.chain([(config::NAME, config::NAMESPACE)]) {
        let api: Api<ConfigMap> = Api::namespaced(session.client.clone(), namespace);
        if let Some(map) = api.get_opt(name).await? {
            let map = serde_json::to_value(map);
            found.push(map.map_err(|error| Failure::Failed(error.to_string()))?);
        }
    }
    Ok(found)
}
