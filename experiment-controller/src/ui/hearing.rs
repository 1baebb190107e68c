//! Hears of reports as they are appended to the observation store, so that curves grow on the page
//! without anybody asking the store again and again.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use metrics_collector::{Query, Report, Store, StoreError, Summary, TrialKey, report};
use tokio::sync::broadcast;

use super::board::Board;
use super::types::{Millis, Num, PointsAdded};

/// Appends that may wait to be told; beyond them the oldest are not told live (the store has them).
const WAITING_MAX: usize = 1024;

/// A store whose appends are heard.
pub struct Heard {
    inner: Arc<dyn Store>,
    tell: broadcast::Sender<Arc<(TrialKey, Vec<Report>)>>,
}

/// The ear.
pub struct Hearing(broadcast::Receiver<Arc<(TrialKey, Vec<Report>)>>);

impl Heard {
    /// The store, and who hears of what is appended to it.
    pub fn new(inner: Arc<dyn Store>) -> (Arc<Heard>, Hearing) {
        let (tell, hear) = broadcast::channel(WAITING_MAX);
        (Arc::new(Heard { inner, tell }), Hearing(hear))
    }
}

impl Store for Heard {
    fn append<'a>(
        &'a self,
        key: &'a TrialKey,
        reports: &'a [Report],
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        async move {
            self.inner.append(key, reports).await?;
            // Nobody listens where the dashboard is off.
            if 0 < self.tell.receiver_count() && !reports.is_empty() {
                let _ = self.tell.send(Arc::new((key.clone(), reports.to_vec())));
            }
            Ok(())
        }
        .boxed()
    }

    fn read<'a>(
        &'a self,
        key: &'a TrialKey,
        query: &'a Query,
    ) -> BoxFuture<'a, Result<Vec<Report>, StoreError>> {
        self.inner.read(key, query)
    }

    fn summary<'a>(&'a self, key: &'a TrialKey) -> BoxFuture<'a, Result<Vec<Summary>, StoreError>> {
        self.inner.summary(key)
    }

    fn delete<'a>(&'a self, key: &'a TrialKey) -> BoxFuture<'a, Result<(), StoreError>> {
        self.inner.delete(key)
    }
}

/// Tells the board what is heard, for as long as the store lives.
pub(super) fn tell(mut hearing: Hearing, board: Arc<Board>) {
    tokio::spawn(async move {
        loop {
            match hearing.0.recv().await {
                Ok(heard) => points(&heard.0, &heard.1).for_each(|it| board.points(it)),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    });
}

/// The reports, metric by metric.
fn points(key: &TrialKey, reports: &[Report]) -> impl Iterator<Item = PointsAdded> {
    let mut all: Vec<PointsAdded> = Vec::new();
    for it in reports {
        let place = all.iter().position(|known| known.metric == it.metric);
        let place = place.unwrap_or_else(|| {
            all.push(PointsAdded {
                namespace: key.namespace.clone(),
                trial: key.trial.clone(),
                metric: it.metric.clone(),
                x: Vec::new(),
                y: Vec::new(),
                time: Vec::new(),
            });
            all.len() - 1
        });
        let points = &mut all[place];
        points.x.push(step(it.step));
        points.y.push(report::number(&it.value).into());
        points.time.push(time(it.time));
    }
    all.into_iter()
}

/// A step as a number.
pub(super) fn step(step: Option<i64>) -> Num {
    #[expect(clippy::cast_precision_loss, reason = "steps are small whole numbers")]
    step.map(|it| it as f64).into()
}

/// When it was reported, if anybody knows.
pub(super) fn time(time: Timestamp) -> Option<Millis> {
    (Timestamp::UNIX_EPOCH < time).then(|| time.into())
}
