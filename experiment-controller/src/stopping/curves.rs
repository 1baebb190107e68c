//! The curves that rules look at: live ones from the readers, those of ended trials from the
//! store, each read once.

use std::collections::BTreeMap;
use std::sync::Arc;

use earlystop::{Curve, Direction, Standing};
use futures::{StreamExt, TryStreamExt, stream};
use kube::ResourceExt;
use metrics_collector::{Query, Report, StoreError, TrialKey};
use parking_lot::Mutex;
use proto::kinds::{Experiment, Trial};

use crate::controllers::Key;
use crate::controllers::world::World;
use crate::index::{Class, Place};

/// How many curves are read at once.
const READS_AT_ONCE: usize = 16;

/// Curves of ended trials, by the uid of their experiment.
#[derive(Default)]
pub(super) struct Curves(Mutex<BTreeMap<String, Known>>);

/// The ended trials of one experiment, as far as they were read.
#[derive(Clone, Default)]
struct Known {
    /// What the index said of the order of all before.
    rewrites: u64,
    /// The last of them.
    last: Option<Place>,
    curves: Vec<Arc<Curve>>,
}

impl Curves {
    pub(super) fn forget(&self, uid: &str) {
        self.0.lock().remove(uid);
    }

    /// The curves of all trials that succeeded or were stopped early; none where the store does
    /// not answer.
    pub(super) async fn ended(
        &self,
        world: &World,
        owner: &Experiment,
        metric: &str,
        way: Direction,
    ) -> Option<Vec<Arc<Curve>>> {
        let uid = owner.uid().unwrap_or_default();
        let mut known = self.0.lock().get(&uid).cloned().unwrap_or_default();
        let news: Vec<(Place, Class)> = world.with_trials(&uid, |trials| {
            if trials.rewrites() != known.rewrites {
                known = Known { rewrites: trials.rewrites(), ..Known::default() };
            }
            let after = trials.ended_after(known.last.as_ref());
            after.map(|(place, record)| (place.clone(), record.class)).collect()
        });
        let Some(last) = news.last().map(|(place, _)| place.clone()) else {
            return Some(known.curves);
        };
        let namespace = owner.namespace().unwrap_or_default();
        let counting = news.into_iter().filter_map(|((_, index, name), class)| {
            let standing = match class {
                Class::Succeeded => Standing::Succeeded,
                Class::EarlyStopped => Standing::Stopped,
                _ => return None,
            };
            Some((index, name, standing))
        });
        let read = |(index, name, standing): (u64, String, Standing)| {
            let key = Key::new(&namespace, &name);
            async move {
                let reports = stored(world, &key, metric).await?;
                Ok::<_, StoreError>(Arc::new(Curve::new(&name, index, standing, way, &reports)))
            }
        };
        let more: Result<Vec<Arc<Curve>>, StoreError> =
            stream::iter(counting).map(read).buffered(READS_AT_ONCE).try_collect().await;
        known.curves.extend(more.ok()?);
        known.last = Some(last);
        let all = known.curves.clone();
        self.0.lock().insert(uid, known);
        Some(all)
    }
}

/// What a running trial has reported of a metric, as (step, value) in the order of arrival; none
/// before its first report.
pub(super) async fn running(
    world: &World,
    key: &Key,
    trial: &Trial,
    metric: &str,
) -> Option<Vec<(f64, f64)>> {
    let followed = world.followers.feed(key).map(|it| it.curve(metric));
    let reports = match followed.filter(|it| !it.is_empty()) {
        Some(reports) => reports,
        // What is pushed comes by the store alone.
        None if crate::trial::pushes(trial) => stored(world, key, metric).await.ok()?,
        None => return None,
    };
    (!reports.is_empty()).then_some(reports)
}

async fn stored(world: &World, key: &Key, metric: &str) -> Result<Vec<(f64, f64)>, StoreError> {
    let of = TrialKey { namespace: key.namespace.clone(), trial: key.name.clone() };
    let query = Query { metric: Some(metric.to_owned()), ..Query::default() };
    Ok(numbered(&world.store.read(&of, &query).await?))
}

/// Reports with their steps; one without a step is the next.
fn numbered(reports: &[Report]) -> Vec<(f64, f64)> {
    let mut last = 0.0;
    let numbered = |it: &Report| {
        let value: f64 = it.value.trim().parse().ok()?;
        #[expect(clippy::cast_precision_loss, reason = "steps are small whole numbers")]
        let step = it.step.map_or(last + 1.0, |step| step as f64);
        last = step;
        Some((step, value))
    };
    reports.iter().filter_map(numbered).collect()
}
