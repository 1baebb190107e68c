//! Early stopping while trials run: each live curve against those of all other trials, by the
//! experiment's rule in process, by the bars of another server, or by those that a trial carries.

mod bars;
mod curves;
mod remote;

use std::sync::Arc;
use std::time::Duration;

use earlystop::{Curve, Direction, Rule, Standing};
use kube::ResourceExt;
use proto::kinds::{
    EarlyStoppingRule, EarlyStoppingSpec, Experiment, ObjectiveSpec, Suggestion, Trial,
};

use crate::controllers::Key;
use crate::controllers::world::World;
use crate::experiment;
use crate::index::Class;
use bars::Since;

pub use remote::refused;

/// How often a running trial is looked at that what others report may end.
pub const LOOK_EVERY: Duration = Duration::from_millis(400);

/// What is remembered for the rules of running experiments; all of it can be had again.
#[derive(Default)]
pub struct Memory {
    curves: curves::Curves,
    remotes: Arc<remote::Remotes>,
}

impl Memory {
    /// Forgets an experiment, by its uid.
    pub fn forget(&self, uid: &str) {
        self.curves.forget(uid);
        self.remotes.forget(uid);
    }
}

/// What a look at a running trial came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    /// Why it is to be given up.
    pub stop: Option<String>,
    /// What others do may be its end, so it is looked at again even if it reports nothing.
    pub watched: bool,
}

/// Whether a running trial is to be given up. The rule and the objective are those that were
/// accepted: later edits of the experiment do not count.
pub async fn outlook(world: &World, key: &Key, owner: &Experiment, trial: &Trial) -> Outlook {
    let Some(objective) = &trial.spec.objective else { return Outlook::default() };
    let carried = &trial.spec.early_stopping_rules;
    if let Some(why) = fired(world, key, trial, objective, carried, Since::Start).await {
        return Outlook { stop: Some(why), watched: false };
    }
    let mut watched = !carried.is_empty();
    let suggestion = world.suggestion(&Key::of(owner)).filter(|it| experiment::owns(owner, it));
    let spec = suggestion.as_ref().and_then(|it| it.spec.early_stopping.as_ref());
    let (Some(suggestion), Some(spec)) = (&suggestion, spec) else {
        return Outlook { stop: None, watched };
    };
    watched |= true;
    let stop = match remote::bars(world, owner, suggestion, spec).await {
        Some(bars) => fired(world, key, trial, objective, &bars, Since::Now).await,
        None => {
            let (stop, compares) = by_rule(world, key, owner, trial, spec, objective).await;
            watched = compares || !carried.is_empty();
            stop
        }
    };
    Outlook { stop, watched }
}

/// Why bars are missed; none while one is kept.
async fn fired(
    world: &World,
    key: &Key,
    trial: &Trial,
    objective: &ObjectiveSpec,
    bars: &[EarlyStoppingRule],
    since: Since,
) -> Option<String> {
    let mut missed = Vec::new();
    for bar in bars {
        let reports = curves::running(world, key, trial, &bar.name).await?;
        let way = Direction::parse(&objective.type_)
            .filter(|_| bar.name == objective.objective_metric_name);
        missed.push(bars::missed(bar, way, &reports, since)?);
    }
    (!missed.is_empty()).then(|| missed.join(", and "))
}

/// What the rule of the experiment says, and whether it compares trials with each other.
async fn by_rule(
    world: &World,
    key: &Key,
    owner: &Experiment,
    trial: &Trial,
    spec: &EarlyStoppingSpec,
    objective: &ObjectiveSpec,
) -> (Option<String>, bool) {
    // Admission has refused what cannot be parsed.
    let way = Direction::parse(&objective.type_);
    let rule = way.and_then(|way| Some((way, Rule::parse(spec, way).ok()?)));
    let Some((way, rule)) = rule else { return (None, false) };
    let compares = rule.compares();
    let metric = &objective.objective_metric_name;
    let Some(reports) = curves::running(world, key, trial, metric).await else {
        return (None, compares);
    };
    let curve =
        Curve::new(&key.name, crate::index::number(trial), Standing::Running, way, &reports);
    if !compares {
        return (rule.stop::<Curve>(&curve, &[]), false);
    }
    let uid = owner.uid().unwrap_or_default();
    // A store in trouble makes a rule wait, not fail.
    let Some(mut others) = world.stopping.curves.ended(world, owner, metric, way).await else {
        return (None, true);
    };
    let running = world.with_trials(&uid, |it| {
        it.names(Class::Running).map(|it| Key::new(&key.namespace, it)).collect::<Vec<_>>()
    });
    for other in running.into_iter().filter(|it| it != key) {
        let Some(trial) = world.index.lock().unfinished(&other) else { continue };
        if let Some(reports) = curves::running(world, &other, &trial, metric).await {
            let index = crate::index::number(&trial);
            let curve = Curve::new(&other.name, index, Standing::Running, way, &reports);
            others.push(Arc::new(curve));
        }
    }
    (rule.stop(&curve, &others), true)
}

/// The early-stopping rule of a suggestion's server is to be judged by that server, before the
/// first trial: why it refuses the settings, if it does.
pub async fn refusal(world: &World, suggestion: &Suggestion) -> Result<Option<String>, String> {
    match &suggestion.spec.early_stopping {
        Some(spec) => refused(world, spec).await,
        None => Ok(None),
    }
}
