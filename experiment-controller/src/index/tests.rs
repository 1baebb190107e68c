//! The index against recounts of what it was told.

use proptest::prelude::*;
use proto::kinds::{Condition, ConstraintSpec, Metric, ObjectiveSpec, TrialSpec, TrialStatus};
use serde_json::json;

use super::*;

const CONDITIONS: [&str; 7] =
    ["Created", "Running", "Succeeded", "Failed", "Killed", "EarlyStopped", "MetricsUnavailable"];

/// Experiment 0 has one objective with a goal; experiment 1 has two, and a bound that the
/// smallest values break.
fn wanted(experiment: u8) -> TrialSpec {
    let objective = |type_: &str, metric: &str, goal: f64| ObjectiveSpec {
        type_: type_.into(),
        objective_metric_name: metric.into(),
        goal: Some(goal),
        ..Default::default()
    };
    let bound = ConstraintSpec {
        metric_name: "m".into(),
        comparison: "greater".into(),
        value: "-2".into(),
    };
    let mut spec =
        TrialSpec { objective: Some(objective("maximize", "m", 2.0)), ..Default::default() };
    if experiment == 1 {
        spec.objectives = vec![objective("maximize", "m", 1.0), objective("minimize", "n", 1.0)];
        spec.constraints = vec![bound];
    }
    spec
}

fn trial(experiment: u8, number: u8, condition: usize, value: i8) -> Trial {
    let name = format!("t{number}");
    let mut trial = Trial::new(&name, wanted(experiment));
    trial.metadata.namespace = Some("n".into());
    trial.annotations_mut().insert(INDEX_ANNOTATION.into(), number.to_string());
    let reference = json!([{"apiVersion": "kubeflow.org/v1beta1", "kind": "Experiment",
                            "name": "e", "uid": format!("u{experiment}")}]);
    trial.metadata.owner_references = serde_json::from_value(reference).unwrap();
    let metric = |name: &str, text: String| Metric {
        name: name.into(),
        min: text.clone(),
        max: text.clone(),
        latest: text,
    };
    let metrics = vec![metric("m", value.to_string()), metric("n", (number % 4).to_string())];
    let condition: Condition =
        serde_json::from_value(json!({"type": CONDITIONS[condition], "status": "True"})).unwrap();
    trial.status = Some(TrialStatus {
        conditions: vec![condition],
        observation: Some(Observation { metrics }),
        completion_number: (1 < number % 3).then_some(i64::from(number)),
        ..Default::default()
    });
    trial
}

/// What a recount of an experiment's trials comes to.
#[derive(Debug, PartialEq)]
struct Count {
    tally: Tally,
    best: Option<Rank>,
    front: BTreeSet<String>,
    goal_reached: bool,
    ended: Vec<Place>,
    open: Vec<u64>,
}

fn recount(all: &BTreeMap<Key, Trial>, experiment: &str) -> Count {
    let mine = all.values().filter(|it| owner(it).is_some_and(|it| it.uid == experiment));
    let records: Vec<(String, Record)> = mine.map(|it| (it.name_any(), record(it))).collect();
    let mut tally = Tally::default();
    records.iter().for_each(|(_, it)| *tally.of(it.class) += 1);
    let beats = |(name, a): &(String, Record), (other, b): &(String, Record)| {
        let order = a.losses.iter().zip(&b.losses);
        let age = |it: &Record| it.completion.unwrap_or(i64::MAX);
        let wins = order.clone().any(|(a, b)| a < b) || (age(a), name) < (age(b), other);
        order.into_iter().all(|(a, b)| a <= b) && wins
    };
    let feasible = || records.iter().filter(|(_, it)| it.is_feasible());
    let several = feasible().filter(|(_, it)| 2 <= it.losses.len());
    let alone = several.filter(|it| !feasible().any(|other| beats(other, it)));
    let mut ended: Vec<Place> = records.iter().filter_map(|(name, it)| it.place(name)).collect();
    ended.sort();
    let open = records.iter().filter(|(name, it)| it.place(name).is_none());
    Count {
        tally,
        best: records.iter().filter_map(|(_, it)| rank(it)).min_by(|a, b| order(*a, *b)),
        front: alone.map(|(name, _)| name.clone()).collect(),
        goal_reached: records.iter().any(|(_, it)| it.reached),
        ended,
        open: open.map(|(_, it)| it.index).collect(),
    }
}

fn counted(trials: &Trials) -> Count {
    Count {
        tally: trials.tally(),
        best: trials.best().and_then(|(_, it)| rank(it)),
        front: trials.front().map(|(name, _)| name.to_owned()).collect(),
        goal_reached: trials.goal_reached(),
        ended: trials.ended_after(None).map(|(place, _)| place.clone()).collect(),
        open: trials.open().map(|it| it.index).collect(),
    }
}

proptest! {
    /// However trials come, change, move and go, tally, best trial and front are those of a
    /// recount, and only unfinished trials are held whole. What ended grows at its end, or it is
    /// told that it does not.
    #[test]
    fn the_tally_is_a_recount(
        steps in prop::collection::vec((0..2u8, 0..12u8, 0..7usize, -3..3i8, 0..5u8), 0..80),
    ) {
        let mut index = Index::default();
        let mut all = BTreeMap::new();
        let mut before: BTreeMap<&str, (u64, Vec<Place>)> = BTreeMap::new();
        for (experiment, number, condition, value, action) in steps {
            let trial = trial(experiment, number, condition, value);
            let key = Key::of(&trial);
            if action == 0 {
                index.delete(&key);
                all.remove(&key);
            } else {
                index.apply(trial.clone());
                all.insert(key, trial);
            }
            for uid in ["u0", "u1"] {
                let trials = index.trials(uid).cloned().unwrap_or_default();
                let count = counted(&trials);
                prop_assert_eq!(&count, &recount(&all, uid));
                let (rewrites, ended) = before.remove(uid).unwrap_or_default();
                prop_assert!(rewrites != trials.rewrites() || count.ended.starts_with(&ended));
                before.insert(uid, (trials.rewrites(), count.ended));
            }
            let unfinished = |it: &&Trial| {
                !Class::of(it).ended() || it.status.as_ref().unwrap().completion_number.is_none()
            };
            prop_assert_eq!(index.unfinished.len(), all.values().filter(unfinished).count());
        }
    }
}

#[test]
fn completion_numbers_never_repeat() {
    let mut index = Index::default();
    index.apply(trial(0, 5, 2, 1));
    assert_eq!(index.next_completion("u0"), 6);
    assert_eq!(index.next_completion("u0"), 7);
    index.delete(&Key::of(&trial(0, 5, 2, 1)));
    assert_eq!(index.next_completion("u0"), 8);
}

#[test]
fn a_trial_that_leaves_counts_no_more_but_its_end_is_still_told_to_its_owner() {
    let mut index = Index::default();
    let mut leaving = trial(0, 1, 1, 1);
    index.apply(leaving.clone());
    leaving.metadata.deletion_timestamp =
        serde_json::from_value(json!("2026-01-02T03:04:05Z")).unwrap();
    index.apply(leaving.clone());
    let key = Key::of(&leaving);
    assert_eq!(index.trials("u0").unwrap().tally().total(), 0);
    assert!(!index.ended(&key));
    assert!(index.keys().contains(&key), "its end may be missed, and is looked for then");
    assert_eq!(index.delete(&key).map(|it| it.uid), Some("u0".into()));
    assert_eq!(index.delete(&key), None);
}

#[test]
fn the_newest_unfinished_are_never_finished_ones() {
    let mut index = Index::default();
    for (number, condition) in [(1, 1), (2, 0), (3, 2), (4, 1)] {
        index.apply(trial(0, number, condition, 1));
    }
    assert_eq!(index.trials("u0").unwrap().newest_unfinished(2), ["t4", "t2"]);
}
