//! Events: what controllers and the node told of objects.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use k8s_openapi::api::core::v1::{Event, Pod};
use kube::ResourceExt;
use kube::api::ListParams;
use proto::kinds::TRIAL_LABEL;

use super::{Place, key};
use crate::controllers::Key;
use crate::ui::Ui;
use crate::ui::access::guard::Pass;
use crate::ui::problem::{Answer, Trouble};
use crate::ui::types::{EventList, EventRow, EventType, millis};

/// How many are answered: the newest.
const LIMIT: usize = 500;

/// The events of an experiment, and those of its trials that want attention.
pub(crate) async fn of_experiment(
    State(ui): State<Arc<Ui>>,
    pass: Pass,
    place: Place,
) -> Answer<EventList> {
    let key = key(&pass, place)?;
    ui.board.ready(&ui.client).await;
    let (names, _) = ui.board.look(|content| {
        let table = content.find(&key).map(|(_, table)| table);
        table.map(|it| it.names().map(str::to_owned).collect::<std::collections::BTreeSet<_>>())
    });
    let names = names.unwrap_or_default();
    let mine = |it: &Event| {
        let of = &it.involved_object;
        let name = of.name.as_deref().unwrap_or_default();
        let warns = it.type_.as_deref() == Some("Warning");
        name == key.name || (warns && names.contains(name))
    };
    list(&ui, &key, mine).await
}

/// The events of a trial, its workload and its pods.
pub(crate) async fn of_trial(
    State(ui): State<Arc<Ui>>,
    pass: Pass,
    place: Place,
) -> Answer<EventList> {
    let key = key(&pass, place)?;
    let label = ListParams::default().labels(&format!("{TRIAL_LABEL}={}", key.name));
    let pods = ui.api::<Pod>(&key.namespace).list(&label).await?.items;
    let pods: Vec<String> = pods.iter().map(ResourceExt::name_any).collect();
    // Pods that are gone had names that begin with the workload's, which is the trial's.
    let prefix = format!("{}-", key.name);
    let mine = |it: &Event| {
        let of = &it.involved_object;
        let name = of.name.as_deref().unwrap_or_default();
        let is_pod = of.kind.as_deref() == Some("Pod") && name.starts_with(&prefix);
        name == key.name || is_pod || pods.iter().any(|pod| pod == name)
    };
    list(&ui, &key, mine).await
}

async fn list(
    ui: &Ui,
    key: &Key,
    mine: impl Fn(&Event) -> bool,
) -> Result<Json<EventList>, Trouble> {
    let all = ui.api::<Event>(&key.namespace).list(&ListParams::default()).await?.items;
    let mut items: Vec<EventRow> = all.iter().filter(|it| mine(it)).map(row).collect();
    items.sort_by_key(|it| std::cmp::Reverse(it.last.or(it.first)));
    items.truncate(LIMIT);
    Ok(Json(EventList { items }))
}

fn row(event: &Event) -> EventRow {
    let text = |it: &Option<String>| it.clone().unwrap_or_default();
    let of = &event.involved_object;
    let made = millis(event.metadata.creation_timestamp.as_ref());
    let micro = event.event_time.as_ref().map(|it| it.0.into());
    let source = event.source.as_ref().and_then(|it| it.component.clone());
    EventRow {
        type_: match event.type_.as_deref() {
            Some("Warning") => EventType::Warning,
            _ => EventType::Normal,
        },
        reason: text(&event.reason),
        message: text(&event.message),
        object: format!("{}/{}", text(&of.kind), text(&of.name)),
        source: source.or(event.reporting_component.clone()).unwrap_or_default(),
        count: event.count.unwrap_or(1),
        first: millis(event.first_timestamp.as_ref()).or(micro).or(made),
        last: millis(event.last_timestamp.as_ref()).or(micro).or(made),
    }
}
