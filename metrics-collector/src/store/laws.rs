//! What every store promises; the list of stores is the list of what is tested.

mod servers;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;

use super::{MemoryStore, Query, SqliteStore, Store};
use crate::report::{Position, Report, TrialKey};
use servers::{Kind, Server};

/// A law: an empty store in, a panic out if the store breaks it.
type Law = fn(&dyn Store) -> BoxFuture<'_, ()>;

const LAWS: &[(&str, Law)] = &[
    ("the same place again changes nothing", |store| idempotent(store).boxed()),
    ("reports come in the order of time, then of arrival", |store| ordered(store).boxed()),
    ("namespaces and trials are apart", |store| isolated(store).boxed()),
    ("summaries take numbers, latest takes all", |store| summed(store).boxed()),
    ("times are kept to the microsecond, the zero time too", |store| precise(store).boxed()),
    ("queries narrow", |store| queried(store).boxed()),
    ("what is deleted is gone and may come again", |store| deleted(store).boxed()),
    ("many callers and long lists lose nothing", |store| crowded(store).boxed()),
    ("reading again from anywhere changes nothing", |store| reread(store).boxed()),
];

#[tokio::test]
async fn every_store_keeps_every_law() {
    for (name, law) in LAWS {
        let folder = tempfile::tempdir().unwrap();
        let sqlite = SqliteStore::open(&folder.path().join("observations.db")).await.unwrap();
        let memory = MemoryStore::default();
        let stores: [(&str, &dyn Store); 2] = [("memory", &memory), ("sqlite", &sqlite)];
        for (store_name, store) in stores {
            eprintln!("{store_name}: {name}");
            law(store).await;
        }
    }
}

/// Every law on a real server, where it is installed.
async fn server_keeps_every_law(kind: Kind) {
    let Some(server) = Server::start(kind).await else { return };
    for (name, law) in LAWS {
        eprintln!("{name}");
        let url = server.empty().await;
        let store = super::open(&url).await.unwrap();
        law(&*store).await;
    }
}

#[tokio::test]
async fn postgresql_keeps_every_law() {
    server_keeps_every_law(Kind::Postgres).await;
}

#[tokio::test]
async fn mariadb_keeps_every_law() {
    server_keeps_every_law(Kind::MariaDb).await;
}

fn key(namespace: &str, trial: &str) -> TrialKey {
    TrialKey { namespace: namespace.into(), trial: trial.into() }
}

/// A report of metric `m` at the given microsecond and place.
fn report(value: &str, micros: i64, offset: u64) -> Report {
    Report {
        metric: "m".into(),
        value: value.into(),
        time: Timestamp::from_microsecond(micros).unwrap(),
        step: None,
        position: Some(Position { source: "pod/main/0".into(), offset }),
    }
}

fn without_position(value: &str, micros: i64) -> Report {
    Report { position: None, ..report(value, micros, 0) }
}

async fn all(store: &dyn Store, key: &TrialKey) -> Vec<Report> {
    store.read(key, &Query::default()).await.unwrap()
}

async fn values(store: &dyn Store, key: &TrialKey) -> Vec<String> {
    all(store, key).await.into_iter().map(|it| it.value).collect()
}

async fn idempotent(store: &dyn Store) {
    let key = key("n", "t");
    let first = report("1", 5, 0);
    // The place tells, not the content: a second reader may know another time.
    let again = report("2", 6, 0);
    let twin = report("1", 5, 9);
    let elsewhere = Report {
        position: Some(Position { source: "pod/main/1".into(), offset: 0 }),
        ..first.clone()
    };
    let other = Report { metric: "o".into(), ..first.clone() };
    store.append(&key, &[]).await.unwrap();
    store.append(&key, &[first.clone(), again.clone()]).await.unwrap();
    store.append(&key, &[again, twin.clone(), elsewhere.clone(), other.clone()]).await.unwrap();
    assert_eq!(all(store, &key).await, [first, twin, elsewhere, other]);

    let key = self::key("n", "pushed");
    let pushed = [without_position("1", 5), without_position("1", 6), without_position("2", 5)];
    for _ in 0..2 {
        store.append(&key, &pushed).await.unwrap();
    }
    assert_eq!(values(store, &key).await, ["1", "2", "1"]);
    assert!(all(store, &key).await.iter().all(|it| it.position.is_none()));
}

async fn ordered(store: &dyn Store) {
    let key = key("n", "t");
    store.append(&key, &[report("c", 3, 30), report("b", 2, 20)]).await.unwrap();
    // Arrives last, so it is the last of its time, though its place is before the others.
    store.append(&key, &[report("a", 1, 10), report("c again", 3, 0)]).await.unwrap();
    assert_eq!(values(store, &key).await, ["a", "b", "c", "c again"]);
    assert_eq!(store.summary(&key).await.unwrap()[0].latest, "c again");
}

async fn isolated(store: &dyn Store) {
    let keys = [key("a", "t"), key("b", "t"), key("a", "u")];
    for (at, key) in keys.iter().enumerate() {
        store.append(key, &[report(&at.to_string(), 0, 0)]).await.unwrap();
    }
    store.delete(&keys[2]).await.unwrap();
    assert_eq!(values(store, &keys[0]).await, ["0"]);
    assert_eq!(values(store, &keys[1]).await, ["1"]);
    assert!(values(store, &keys[2]).await.is_empty());
}

async fn summed(store: &dyn Store) {
    let key = key("n", "t");
    let texts = ["0.50", "NaN", "1e1", "-2", "unavailable"];
    let reports: Vec<_> =
        texts.iter().zip(0..).map(|(text, at)| report(text, at, at.cast_unsigned())).collect();
    store.append(&key, &reports).await.unwrap();
    let only_nan = Report { metric: "a".into(), ..report("nan", 0, 0) };
    store.append(&key, &[only_nan]).await.unwrap();
    let got = store.summary(&key).await.unwrap();
    let rows: Vec<_> = got
        .iter()
        .map(|it| {
            (it.metric.as_str(), it.min.as_str(), it.max.as_str(), it.latest.as_str(), it.count)
        })
        .collect();
    assert_eq!(rows, [("a", "", "", "nan", 1), ("m", "-2", "1e1", "unavailable", 5)]);
    assert!(store.summary(&self::key("n", "unknown")).await.unwrap().is_empty());
}

async fn precise(store: &dyn Store) {
    let key = key("n", "t");
    let zero: Timestamp = "0001-01-01T00:00:00Z".parse().unwrap();
    let times = ["2026-01-02T03:04:05.123457Z", "2026-01-02T03:04:05.123456Z"];
    let mut reports: Vec<_> = times
        .iter()
        .zip(0..)
        .map(|(time, at)| Report { time: time.parse().unwrap(), ..report(time, 0, at) })
        .collect();
    reports.push(Report { time: zero, step: Some(-7), ..report("zero", 0, u64::MAX) });
    store.append(&key, &reports).await.unwrap();
    reports.reverse();
    assert_eq!(all(store, &key).await, reports);
}

async fn queried(store: &dyn Store) {
    let key = key("n", "t");
    let reports: Vec<_> =
        (0..5).map(|at| report(&at.to_string(), at, at.cast_unsigned())).collect();
    store.append(&key, &reports).await.unwrap();
    store.append(&key, &[Report { metric: "o".into(), ..report("x", 2, 0) }]).await.unwrap();
    let at = |micros: i64| Some(Timestamp::from_microsecond(micros).unwrap());
    let query = Query { metric: Some("m".into()), from: at(1), to: at(3) };
    assert_eq!(store.read(&key, &query).await.unwrap(), reports[1..4]);
    let unknown = Query { metric: Some("p".into()), ..Query::default() };
    assert!(store.read(&key, &unknown).await.unwrap().is_empty());
}

async fn deleted(store: &dyn Store) {
    let key = key("n", "t");
    store.delete(&key).await.unwrap();
    for value in ["1", "2"] {
        store.append(&key, &[report(value, 0, 0)]).await.unwrap();
        assert_eq!(values(store, &key).await, [value]);
        store.delete(&key).await.unwrap();
        assert!(all(store, &key).await.is_empty());
    }
}

async fn crowded(store: &dyn Store) {
    let key = key("n", "t");
    let list = |caller: u64| -> Vec<Report> {
        (0..1001).map(|at| report("1", 0, caller * 10_000 + at)).collect()
    };
    let lists: Vec<_> = (0..8).map(list).collect();
    futures::future::try_join_all(lists.iter().map(|it| store.append(&key, it))).await.unwrap();
    assert_eq!(all(store, &key).await.len(), 8 * 1001);
}

async fn reread(store: &dyn Store) {
    let key = key("n", "t");
    let reports: Vec<_> =
        (0..20).map(|at| report(&at.to_string(), at / 3, at.cast_unsigned())).collect();
    store.append(&key, &reports).await.unwrap();
    for from in 0..reports.len() {
        for to in [from, reports.len()] {
            store.append(&key, &reports[from..to]).await.unwrap();
        }
    }
    assert_eq!(all(store, &key).await, reports);
}
