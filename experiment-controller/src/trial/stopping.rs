//! Early stopping while a trial runs: its live curve against those of the trials that ended.

use earlystop::{Curve, Direction, Rule};
use kube::ResourceExt;
use metrics_collector::{Query, TrialKey};
use proto::kinds::{Experiment, ObjectiveSpec, Trial};

use crate::controllers::Key;
use crate::controllers::world::World;
use crate::experiment;
use crate::index::Class;

/// Why a running trial is to be given up; none while it may go on. The rule and the objective are
/// those that were accepted: later edits of the experiment do not count.
pub(super) async fn stop(
    world: &World,
    key: &Key,
    owner: &Experiment,
    trial: &Trial,
) -> Option<String> {
    let suggestion = world.suggestion(&Key::of(owner)).filter(|it| experiment::owns(owner, it))?;
    let spec = suggestion.spec.early_stopping.as_ref()?;
    let objective = trial.spec.objective.as_ref()?;
    let running = Curve { trial: key.name.clone(), reports: world.followers.feed(key)?.curve() };
    running.last_step()?;
    // Admission has refused what cannot be parsed.
    let rule = Rule::parse(spec, Direction::parse(&objective.type_)?).ok()?;
    let finished = finished(world, owner, objective).await;
    let stops = rule.stops(&finished, &[running]);
    stops.into_iter().next().map(|it| it.why)
}

/// The curves of the trials that succeeded; each is read from the store once.
async fn finished(world: &World, owner: &Experiment, objective: &ObjectiveSpec) -> Vec<Curve> {
    let uid = owner.uid().unwrap_or_default();
    let names: Vec<String> =
        world.with_trials(&uid, |it| it.names(Class::Succeeded).map(str::to_owned).collect());
    let namespace = owner.namespace().unwrap_or_default();
    let missing = {
        let mut curves = world.curves.lock();
        let known = curves.entry(uid.clone()).or_default();
        names.into_iter().filter(|it| !known.contains_key(it)).collect::<Vec<_>>()
    };
    for trial in missing {
        let key = TrialKey { namespace: namespace.clone(), trial };
        let query =
            Query { metric: Some(objective.objective_metric_name.clone()), ..Query::default() };
        // A store in trouble makes a rule wait, not fail.
        let Ok(reports) = world.store.read(&key, &query).await else { continue };
        let values = reports.iter().filter_map(|it| Some((it.step, it.value.parse().ok()?)));
        #[expect(clippy::cast_precision_loss, reason = "steps are small whole numbers")]
        let reports = values
            .scan(0.0, |last: &mut f64, (step, value): (Option<i64>, f64)| {
                *last = step.map_or(*last + 1.0, |it| it as f64);
                Some((*last, value))
            })
            .collect();
        let curve = Curve { trial: key.trial.clone(), reports };
        world.curves.lock().entry(uid.clone()).or_default().insert(key.trial, curve);
    }
    world.curves.lock().get(&uid).map(|it| it.values().cloned().collect()).unwrap_or_default()
}
