//! The news as server-sent events: one stream for a page, gathered for a moment, and taken up where
//! it broke off.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use tokio::sync::watch;

use super::Ui;
use super::access::guard::Pass;
use super::board::news::{Item, Told};
use super::extract::Asked;
use super::pages::summary;
use super::problem::Trouble;
use super::types::{Done, ExperimentRow, ObjectName, PointsAdded, StreamQuery};
use crate::controllers::Key;

/// Changes are gathered for so long, so that a burst is one event.
const GATHER: Duration = Duration::from_millis(100);
/// A stream is looked at so often when nothing happens: is its session still good, is it there.
const BEAT: Duration = Duration::from_secs(15);
/// Most things that one stream watches.
const TOPICS_MAX: usize = 20;
/// Most rows in one event; more are told as a reset.
const ROWS_MAX: usize = 2000;

/// Something to hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Topic {
    Experiments(Option<String>),
    Experiment(Key),
    Trial(Key),
    Curves(Key),
    Cluster(Option<String>),
}

impl Topic {
    fn parse(text: &str, pass: &Pass) -> Result<Topic, Trouble> {
        let (word, rest) = text.split_once(':').unwrap_or((text, ""));
        let one = (!rest.is_empty()).then(|| rest.to_owned());
        let key = rest.split_once('/').map(|(namespace, name)| Key::new(namespace, name));
        let seen = key.as_ref().map(|it| it.namespace.as_str()).or(one.as_deref());
        seen.map_or(Ok(()), |it| pass.see(it))?;
        match (word, key) {
            ("experiments", None) => Ok(Topic::Experiments(one)),
            ("cluster", None) => Ok(Topic::Cluster(one)),
            ("experiment", Some(key)) => Ok(Topic::Experiment(key)),
            ("trial", Some(key)) => Ok(Topic::Trial(key)),
            ("curves", Some(key)) => Ok(Topic::Curves(key)),
            _ => Err(Trouble::bad(format!(
                "watch: must be experiments, experiments:NS, experiment:NS/NAME, trial:NS/NAME, \
                 curves:NS/NAME, cluster or cluster:NS, got {text:?}"
            ))),
        }
    }
}

/// The stream.
pub(crate) async fn stream(
    State(ui): State<Arc<Ui>>,
    pass: Pass,
    headers: HeaderMap,
    Asked(query): Asked<StreamQuery>,
) -> Result<Response, Trouble> {
    let topics: Vec<&str> = query.watch.split(',').filter(|it| !it.is_empty()).collect();
    if topics.is_empty() || TOPICS_MAX < topics.len() {
        let got = topics.len();
        let why = format!("watch: must name 1 to {TOPICS_MAX} things, got {got}");
        return Err(Trouble::bad(why));
    }
    let topics = topics.into_iter().map(|it| Topic::parse(it, &pass)).collect::<Result<_, _>>()?;
    ui.board.ready(&ui.client).await;
    let last = headers.get("last-event-id").and_then(|it| it.to_str().ok()).map(str::to_owned);
    let from = last.filter(|it| !it.is_empty()).or(query.from);
    let news = &ui.board.news;
    // A place that nobody knows any more is zero, and what came after it is lost.
    let place = from.map_or_else(|| Some(news.newest()), |it| news.number(&it));
    let heard = news.subscribe();
    let listener = Listener { ui: ui.clone(), pass, topics, place, heard };
    let beat = KeepAlive::new().interval(BEAT).text("beat");
    let mut response = Sse::new(listener.events()).keep_alive(beat).into_response();
    // Proxies that would hold events back are asked not to.
    let name = HeaderName::from_static("x-accel-buffering");
    response.headers_mut().insert(name, HeaderValue::from_static("no"));
    Ok(response)
}

/// One stream.
struct Listener {
    ui: Arc<Ui>,
    pass: Pass,
    topics: Vec<Topic>,
    /// Up to where the news were told; none where that is not known any more.
    place: Option<u64>,
    heard: watch::Receiver<u64>,
}

impl Listener {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        let whole = stream::unfold(Some(self), |listener| async {
            let (events, rest) = listener?.next().await;
            Some((stream::iter(events.into_iter().map(Ok)), rest))
        });
        whole.flatten()
    }

    /// The next events, and what goes on after them.
    async fn next(mut self) -> (Vec<Event>, Option<Listener>) {
        loop {
            if !self.goes_on() {
                let bye = self.event("bye", &told("the session has ended"));
                return (vec![bye], None);
            }
            let events = self.gather().await;
            if !events.is_empty() {
                return (events, Some(self));
            }
        }
    }

    fn goes_on(&self) -> bool {
        let now = Timestamp::now();
        // The bearer of the home's own token has no session.
        now < self.pass.until
            && (self.pass.id.is_empty() || self.ui.access.goes_on(&self.pass.id, now))
    }

    /// Waits for news, and a moment more, and turns them into events.
    async fn gather(&mut self) -> Vec<Event> {
        self.ui.touch();
        let newest = self.ui.board.news.newest();
        if self.place == Some(newest) {
            let waited = tokio::time::timeout(BEAT, self.heard.wait_for(|it| newest < *it));
            if waited.await.is_err() {
                return Vec::new();
            }
            tokio::time::sleep(GATHER).await;
        }
        let news = self.place.and_then(|it| self.ui.board.news.after(it));
        let Some((items, place)) = news else {
            self.place = Some(self.ui.board.news.newest());
            return vec![self.reset()];
        };
        self.place = Some(place);
        let mut harvest = Harvest::default();
        for item in &items {
            let seen = item.namespace().is_none_or(|it| self.pass.rights.may_see(it));
            if seen {
                self.topics.iter().for_each(|topic| harvest.take(topic, item));
            }
        }
        self.write(harvest)
    }

    fn reset(&self) -> Event {
        self.event("reset", &told("what was missed is no longer known"))
    }

    fn event(&self, name: &str, data: &impl Serialize) -> Event {
        self.raw(name, serde_json::to_string(data).unwrap_or_else(|_| "null".into()))
    }

    fn raw(&self, name: &str, data: String) -> Event {
        let place = self.ui.board.news.place(self.place.unwrap_or(0));
        Event::default().id(place).event(name).data(data)
    }

    fn write(&self, harvest: Harvest) -> Vec<Event> {
        let rows: usize = harvest.trials.values().map(BTreeMap::len).sum();
        if harvest.everything || ROWS_MAX < rows {
            return vec![self.reset()];
        }
        let mut events = Vec::new();
        let (rows, _) = self.ui.board.look(|content| {
            let row = |it: &Key| {
                let (experiment, table) = content.find(it)?;
                Some(summary::row(&experiment, table))
            };
            harvest.experiments.iter().filter_map(row).collect::<Vec<ExperimentRow>>()
        });
        if !rows.is_empty() {
            events.push(self.event("experiments", &rows));
        }
        if !harvest.gone.is_empty() {
            events.push(self.event("experiments-gone", &harvest.gone));
        }
        for (experiment, rows) in &harvest.trials {
            events.push(self.raw("trials", trials(experiment, rows)));
        }
        for (Key { namespace, name }, names) in &harvest.trials_gone {
            let data = json!({"namespace": namespace, "experiment": name, "names": names});
            events.push(self.event("trials-gone", &data));
        }
        if !harvest.points.is_empty() {
            let points: Vec<&PointsAdded> = harvest.points.iter().map(|it| &**it).collect();
            events.push(self.event("points", &points));
        }
        for Key { namespace, name } in harvest.pods_of {
            events.push(self.event("trial", &ObjectName { namespace, name }));
        }
        if harvest.cluster {
            events.push(self.event("cluster", &told("pods changed")));
        }
        events
    }
}

fn told(message: &str) -> Done {
    Done { message: message.into() }
}

/// Rows that were written once for all streams, put together.
fn trials(experiment: &Key, rows: &BTreeMap<&str, Arc<Told>>) -> String {
    let head = json!({"namespace": experiment.namespace, "experiment": experiment.name});
    let head = head.to_string();
    let rows: Vec<&str> = rows.values().map(|it| it.json()).collect();
    format!("{},\"rows\":[{}]}}", head.trim_end_matches('}'), rows.join(","))
}

/// What of the news a stream tells, each thing once.
#[derive(Default)]
struct Harvest<'a> {
    everything: bool,
    experiments: BTreeSet<Key>,
    gone: Vec<ObjectName>,
    trials: BTreeMap<&'a Key, BTreeMap<&'a str, Arc<Told>>>,
    trials_gone: BTreeMap<&'a Key, BTreeSet<&'a str>>,
    points: Vec<Arc<PointsAdded>>,
    pods_of: BTreeSet<Key>,
    cluster: bool,
}

impl<'a> Harvest<'a> {
    fn take(&mut self, topic: &Topic, item: &'a Item) {
        let of = |topic: &Topic, key: &Key| match topic {
            Topic::Experiments(None) => true,
            Topic::Experiments(Some(namespace)) => *namespace == key.namespace,
            Topic::Experiment(it) => it == key,
            _ => false,
        };
        match item {
            Item::Everything => self.everything = true,
            Item::Experiment(key) if of(topic, key) => drop(self.experiments.insert(key.clone())),
            Item::ExperimentGone(key) if of(topic, key) => {
                self.experiments.remove(key);
                let Key { namespace, name } = key.clone();
                self.gone.push(ObjectName { namespace, name });
            }
            Item::Trial { experiment, row } => {
                // Counts and the best are in the experiment's row.
                if of(topic, experiment) {
                    self.experiments.insert(experiment.clone());
                }
                let mine = match topic {
                    Topic::Experiment(it) => it == experiment,
                    Topic::Trial(it) => {
                        it.namespace == experiment.namespace && it.name == row.row.name
                    }
                    _ => false,
                };
                if mine {
                    let rows = self.trials.entry(experiment).or_default();
                    rows.insert(&row.row.name, row.clone());
                }
            }
            Item::TrialGone { experiment, name } => self.trial_gone(topic, experiment, name),
            Item::Points { experiment, points } => {
                let mine = match topic {
                    Topic::Trial(it) => it.namespace == points.namespace && it.name == points.trial,
                    Topic::Curves(it) => Some(it) == experiment.as_ref(),
                    _ => false,
                };
                if mine && !self.points.iter().any(|it| Arc::ptr_eq(it, points)) {
                    self.points.push(points.clone());
                }
            }
            Item::Pod { namespace, trial } => match topic {
                Topic::Cluster(it) => {
                    self.cluster |= it.as_ref().is_none_or(|it| it == namespace);
                }
                Topic::Trial(it) if it.namespace == *namespace => {
                    let known = trial.is_empty() || *trial == it.name;
                    if known {
                        self.pods_of.insert(it.clone());
                    }
                }
                _ => {}
            },
            Item::Experiment(_) | Item::ExperimentGone(_) => {}
        }
    }

    fn trial_gone(&mut self, topic: &Topic, experiment: &'a Key, name: &'a str) {
        let counted = match topic {
            Topic::Experiments(None) => true,
            Topic::Experiments(Some(it)) => *it == experiment.namespace,
            Topic::Experiment(it) => it == experiment,
            _ => false,
        };
        if counted {
            self.experiments.insert(experiment.clone());
        }
        let mine = match topic {
            Topic::Experiment(it) => it == experiment,
            Topic::Trial(it) => it.namespace == experiment.namespace && it.name == name,
            _ => false,
        };
        if mine {
            if let Some(rows) = self.trials.get_mut(experiment) {
                rows.remove(name);
            }
            self.trials_gone.entry(experiment).or_default().insert(name);
        }
    }
}
