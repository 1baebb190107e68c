//! What pages change: always through the API, as `kubectl` would, and never behind the controllers'
//! backs.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use proto::kinds::{Experiment, Trial};
use serde_json::{Value, json};

use super::validate;
use super::{Place, key};
use crate::cli::resume;
use crate::controllers::Key;
use crate::experiment::{STOP_ANNOTATION, ended};
use crate::index::Class;
use crate::ui::Ui;
use crate::ui::access::guard::Pass;
use crate::ui::extract::Given;
use crate::ui::problem::{Answer, Trouble};
use crate::ui::types::{
    BudgetRequest, BulkAction, BulkAnswer, BulkRequest, BulkResult, Created, Done, EnqueueRequest,
    ManifestRequest, Severity,
};

/// How many experiments one call may change.
const BULK_MAX: usize = 500;

fn done(message: impl Into<String>) -> Done {
    Done { message: message.into() }
}

/// Creates an experiment.
pub(crate) async fn create(
    State(ui): State<Arc<Ui>>,
    pass: Pass,
    Given(request): Given<ManifestRequest>,
) -> Answer<Created> {
    let Some((_, mut manifest)) = validate::experiment(&request.text)? else {
        return Err(Trouble::new(422, "Invalid", "there is no Experiment in the manifest"));
    };
    let checked = validate::of(&request.text);
    if !checked.ok {
        let why = "the manifest was refused; each fault says what to change";
        return Err(Trouble::new(422, "Invalid", why).with(checked.faults));
    }
    let named = manifest["metadata"]["namespace"].as_str().map(str::to_owned);
    let namespace = named.or(request.namespace).unwrap_or(ui.namespace.clone());
    pass.see(&namespace)?;
    manifest["metadata"]["namespace"] = namespace.clone().into();
    let experiment: Experiment = serde_json::from_value(manifest)
        .map_err(|why| Trouble::new(422, "Invalid", why.to_string()))?;
    let made = ui.api(&namespace).create(&PostParams::default(), &experiment).await?;
    let warnings = checked.faults.into_iter().filter(|it| it.severity == Severity::Warning);
    let warnings = warnings.map(|it| format!("{}: {}", it.path, it.message)).collect();
    Ok(Json(Created { namespace, name: made.metadata.name.unwrap_or_default(), warnings }))
}

/// Deletes an experiment.
pub(crate) async fn delete(State(ui): State<Arc<Ui>>, pass: Pass, place: Place) -> Answer<Done> {
    act(&ui, BulkAction::Delete, &key(&pass, place)?).await.map(Json)
}

/// Pauses an experiment.
pub(crate) async fn pause(State(ui): State<Arc<Ui>>, pass: Pass, place: Place) -> Answer<Done> {
    act(&ui, BulkAction::Pause, &key(&pass, place)?).await.map(Json)
}

/// Stops an experiment.
pub(crate) async fn stop(State(ui): State<Arc<Ui>>, pass: Pass, place: Place) -> Answer<Done> {
    act(&ui, BulkAction::Stop, &key(&pass, place)?).await.map(Json)
}

/// Lets an experiment go on, perhaps with more trials.
pub(crate) async fn resume(
    State(ui): State<Arc<Ui>>,
    pass: Pass,
    place: Place,
    Given(request): Given<BudgetRequest>,
) -> Answer<Done> {
    let key = key(&pass, place)?;
    go_on(&ui, &key, &request).await.map(Json)
}

/// One action on several experiments; what fails does not keep the others.
pub(crate) async fn bulk(
    State(ui): State<Arc<Ui>>,
    pass: Pass,
    Given(request): Given<BulkRequest>,
) -> Answer<BulkAnswer> {
    if BULK_MAX < request.items.len() {
        let got = request.items.len();
        return Err(Trouble::bad(format!("items: must be at most {BULK_MAX}, got {got}")));
    }
    let mut results = Vec::new();
    for item in request.items {
        let key = Key::new(item.namespace, item.name);
        let result = match pass.see(&key.namespace) {
            Ok(()) => act(&ui, request.action, &key).await,
            Err(why) => Err(why),
        };
        let (ok, message) = match result {
            Ok(done) => (true, done.message),
            Err(why) => (false, why.message().to_owned()),
        };
        results.push(BulkResult { namespace: key.namespace, name: key.name, ok, message });
    }
    Ok(Json(BulkAnswer { results }))
}

async fn act(ui: &Ui, action: BulkAction, key: &Key) -> Result<Done, Trouble> {
    let Key { namespace, name } = key;
    match action {
        BulkAction::Delete => {
            ui.api::<Experiment>(namespace).delete(name, &DeleteParams::background()).await?;
            Ok(done(format!("{name} and its trials are being deleted")))
        }
        BulkAction::Stop => {
            let experiment = ui.object::<Experiment>(key).await?;
            if ended(&experiment) {
                return Err(Trouble::conflict(format!("{name} has ended already")));
            }
            let annotations = json!({STOP_ANNOTATION: "true"});
            change(ui, key, &json!({"metadata": {"annotations": annotations}})).await?;
            Ok(done(format!("{name} stops: what it found stays")))
        }
        BulkAction::Resume => go_on(ui, key, &BudgetRequest::default()).await,
        BulkAction::Pause => {
            let experiment = ui.object::<Experiment>(key).await?;
            if ended(&experiment) {
                return Err(Trouble::conflict(format!("{name} has ended already")));
            }
            change(ui, key, &json!({"spec": {"suspend": true}})).await?;
            Ok(done(format!("{name} is paused: what runs goes on")))
        }
    }
}

async fn go_on(ui: &Ui, key: &Key, request: &BudgetRequest) -> Result<Done, Trouble> {
    let experiment = ui.object::<Experiment>(key).await?;
    let mut patch = resume::change(&experiment, request.max_trials).map_err(Trouble::conflict)?;
    merge(&mut patch, &BudgetRequest { max_trials: None, ..request.clone() });
    change(ui, key, &patch).await?;
    Ok(done(format!("{} goes on", key.name)))
}

/// Changes the budget of an experiment.
pub(crate) async fn budget(
    State(ui): State<Arc<Ui>>,
    pass: Pass,
    place: Place,
    Given(request): Given<BudgetRequest>,
) -> Answer<Done> {
    let key = key(&pass, place)?;
    let experiment = ui.object::<Experiment>(&key).await?;
    if ended(&experiment) {
        let why = format!("{} has ended; resume it with a larger budget", key.name);
        return Err(Trouble::conflict(why));
    }
    let mut patch = json!({});
    merge(&mut patch, &request);
    if patch == json!({}) {
        return Err(Trouble::bad("say at least one of maxTrials, parallel, maxFailedTrials"));
    }
    change(&ui, &key, &patch).await?;
    Ok(Json(done("the budget was changed")))
}

fn merge(patch: &mut Value, request: &BudgetRequest) {
    for (name, value) in [
        ("maxTrialCount", request.max_trials),
        ("parallelTrialCount", request.parallel),
        ("maxFailedTrialCount", request.max_failed_trials),
    ] {
        if let Some(value) = value {
            patch["spec"][name] = value.into();
        }
    }
}

async fn change(ui: &Ui, key: &Key, patch: &Value) -> Result<(), Trouble> {
    let api = ui.api::<Experiment>(&key.namespace);
    api.patch(&key.name, &PatchParams::default(), &Patch::Merge(patch)).await?;
    Ok(())
}

/// Asks for a trial at a point.
pub(crate) async fn enqueue(
    State(ui): State<Arc<Ui>>,
    pass: Pass,
    place: Place,
    Given(request): Given<EnqueueRequest>,
) -> Answer<Done> {
    let key = key(&pass, place)?;
    ui.object::<Experiment>(&key).await?;
    let count = request.parameters.len();
    Err(Trouble::missing(format!(
        "this version cannot enqueue a point (of {count} values); start an experiment with \
         spec.initialPoints"
    )))
}

/// Ends a running trial. Its experiment makes another in its place.
pub(crate) async fn stop_trial(
    State(ui): State<Arc<Ui>>,
    pass: Pass,
    place: Place,
) -> Answer<Done> {
    let key = key(&pass, place)?;
    let trial = ui.object::<Trial>(&key).await?;
    if Class::of(&trial).ended() {
        return Err(Trouble::conflict(format!("{} has ended already", key.name)));
    }
    let mut params = DeleteParams::background();
    params.preconditions =
        Some(kube::api::Preconditions { uid: trial.metadata.uid.clone(), resource_version: None });
    ui.api::<Trial>(&key.namespace).delete(&key.name, &params).await?;
    Ok(Json(done(format!("{} is ended and taken out", key.name))))
}
