//! The store's promises: durable, ordered, never two winners.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;

const SMALL: RingLimits = RingLimits { events_max: 8, bytes_max: 1 << 20 };

async fn open(folder: &tempfile::TempDir) -> Store {
    Store::open(&folder.path().join("cluster.db"), SMALL).await.unwrap()
}

fn key(name: &str) -> Key {
    Key::new("things", "default", name)
}

fn value(name: &str, count: u64) -> Value {
    json!({"metadata": {"name": name, "uid": "u", "labels": {"l": name}}, "count": count})
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let first = store.put(key("a"), Expected::Absent, value("a", 1)).await.unwrap();
    let expected = Expected::Version(first.version);
    let second = store.put(key("a"), expected, value("a", 2)).await.unwrap();
    let other = store.put(key("b"), Expected::Absent, value("b", 1)).await.unwrap();
    let gone = store.remove(key("b"), other.version).await.unwrap();
    assert!(first.version < second.version && second.version < gone.version);
    store.close().await;
    assert!(store.put(key("c"), Expected::Absent, value("c", 1)).await.is_err());

    let store = open(&folder).await;
    assert_eq!(store.version(), gone.version, "a deletion counts");
    assert_eq!(store.get(&key("a")), Some(second));
    assert_eq!(store.get(&key("b")), None);
    assert!(store.follow("things", gone.version).is_ok());
    assert!(store.follow("things", first.version).is_err(), "older than the ring");
    assert!(store.follow("things", gone.version + 1).is_err(), "in the future");
}

#[tokio::test]
async fn one_of_many_writers_wins_each_round() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    store.put(key("a"), Expected::Absent, value("a", 0)).await.unwrap();
    let writers = (0..16).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut lost = 0_u64;
            for _ in 0..20 {
                loop {
                    let current = store.get(&key("a")).unwrap();
                    let count = current.value()["count"].as_u64().unwrap();
                    let expected = Expected::Version(current.version);
                    match store.put(key("a"), expected, value("a", count + 1)).await {
                        Ok(_) => break,
                        Err(WriteError::Unexpected) => lost += 1,
                        Err(other) => panic!("{other}"),
                    }
                }
            }
            lost
        })
    });
    let lost: u64 = futures::future::join_all(writers).await.into_iter().map(Result::unwrap).sum();
    assert_eq!(store.get(&key("a")).unwrap().value()["count"], 16 * 20, "{lost} lost races");
}

#[tokio::test]
async fn a_follower_sees_every_event_in_order_or_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let start = store.version();
    let mut cursor = store.follow("things", start).unwrap();
    for index in 0..SMALL.events_max {
        let name = index.to_string();
        store.put(key(&name), Expected::Absent, value(&name, 0)).await.unwrap();
    }
    let mut seen = Vec::new();
    while seen.len() < SMALL.events_max {
        seen.extend(cursor.next().await.unwrap().into_iter().map(|it| it.object.version));
    }
    assert!(seen.is_sorted());
    let mut late = store.follow("things", start).unwrap();
    store.put(key("last"), Expected::Absent, value("last", 0)).await.unwrap();
    assert_eq!(late.next().await.unwrap_err().oldest, seen[0]);
    assert_eq!(cursor.next().await.unwrap().len(), 1);
    store.put(Key::new("other", "", "o"), Expected::Absent, value("o", 0)).await.unwrap();
    assert_eq!(cursor.position(), store.version(), "other resources move a quiet cursor on");
}

#[tokio::test]
async fn a_home_that_cannot_be_opened_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cluster.db");
    let store = open(&folder).await;
    let second = Store::open(&path, SMALL).await;
    assert!(matches!(second, Err(OpenError::InUse { .. })), "{second:?}");
    store.close().await;

    let newer = folder.path().join("newer.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&newer);
    let options = options.create_if_missing(true);
    use sqlx::Connection;
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql("PRAGMA user_version = 99").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let opened = Store::open(&newer, SMALL).await;
    assert!(matches!(opened, Err(OpenError::Newer { found: 99, .. })), "{opened:?}");

    let odd = folder.path().join("odd.db");
    std::fs::write(&odd, "this is no database, and long enough to be told from one ".repeat(99))
        .unwrap();
    let opened = Store::open(&odd, SMALL).await;
    assert!(matches!(opened, Err(OpenError::Corrupt { .. })), "{opened:?}");
    let opened = Store::open(&folder.path().join("no/where.db"), SMALL).await;
    assert!(matches!(opened, Err(OpenError::Unusable { .. })), "{opened:?}");
}

/// A step of the random walk: names are few, so that steps meet.
#[derive(Clone, Debug)]
enum Step {
    Create(u8),
    Update(u8),
    UpdateStale(u8),
    Remove(u8),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let name = || 0_u8..6;
    prop_oneof![
        6 => name().prop_map(Step::Create),
        6 => name().prop_map(Step::Update),
        2 => name().prop_map(Step::UpdateStale),
        4 => name().prop_map(Step::Remove),
        1 => Just(Step::Reopen),
    ]
}

/// Walks a store and a plain map side by side.
async fn walk(steps: Vec<Step>) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(&folder).await;
    let mut model: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for (count, step) in steps.into_iter().enumerate() {
        let (before, count) = (store.version(), count as u64);
        let (name, expected) = match &step {
            Step::Create(name) => (name.to_string(), Expected::Absent),
            Step::Update(name) | Step::UpdateStale(name) | Step::Remove(name) => {
                let stale = u64::from(matches!(step, Step::UpdateStale(_)));
                let version = model.get(&name.to_string()).map_or(7777, |it| it.0 + stale * 5000);
                (name.to_string(), Expected::Version(version))
            }
            Step::Reopen => {
                store.close().await;
                store = open(&folder).await;
                assert_eq!(store.version(), before);
                continue;
            }
        };
        let fits = match (model.get(&name), expected) {
            (None, Expected::Absent) => true,
            (Some((version, _)), Expected::Version(given)) => *version == given,
            _ => false,
        };
        let removed = matches!(step, Step::Remove(_));
        let written = match (removed, expected) {
            (true, Expected::Version(version)) => store.remove(key(&name), version).await,
            _ => store.put(key(&name), expected, value(&name, count)).await,
        };
        assert_eq!(written.is_ok(), fits, "{step:?}");
        if let Ok(object) = written {
            assert_eq!(object.version, before + 1);
            match removed {
                true => model.remove(&name),
                false => model.insert(name, (object.version, count)),
            };
        }
        let stored = store.list("things", Some("default"), None, usize::MAX).items;
        let stored = stored.iter().map(|it| {
            let count = it.value()["count"].as_u64().unwrap();
            (it.key.name.clone(), (it.version, count))
        });
        assert_eq!(stored.collect::<BTreeMap<_, _>>(), model);
    }
    store.close().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, ..ProptestConfig::default() })]
    #[test]
    fn a_random_walk_agrees_with_a_plain_map(steps in prop::collection::vec(step(), 100)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(walk(steps));
    }
}
