//! The law of the cache: with it and without it, the same answers.

use proptest::prelude::*;
use proto::kinds::{
    AlgorithmSpec, FeasibleSpace, Metric, ObjectiveSpec, Observation, ParameterSpec,
    SuggestionStatus, Trial, TrialAssignment, TrialSpec, TrialStatus,
};
use serde_json::json;

use super::super::search::{Question, ask};
use super::super::verdict::Verdict;
use super::*;
use crate::controllers::Key;
use crate::index::{INDEX_ANNOTATION, Index};

fn spec(algorithm: &str) -> ExperimentSpec {
    let feasible = |min: &str, max: &str| {
        Some(FeasibleSpace { min: min.into(), max: max.into(), ..Default::default() })
    };
    let parameter = |name: &str, type_: &str, feasible_space| ParameterSpec {
        name: name.into(),
        parameter_type: type_.into(),
        feasible_space,
        ..Default::default()
    };
    ExperimentSpec {
        objective: Some(ObjectiveSpec {
            type_: "minimize".into(),
            objective_metric_name: "m".into(),
            ..Default::default()
        }),
        parameters: vec![
            parameter("x", "double", feasible("0", "1")),
            parameter("n", "int", feasible("1", "9")),
        ],
        algorithm: Some(AlgorithmSpec { algorithm_name: algorithm.into(), ..Default::default() }),
        ..Default::default()
    }
}

/// An experiment in small: the window of its suggestion, and its trials.
struct World {
    spec: ExperimentSpec,
    suggestion: Suggestion,
    index: Index,
    trials: BTreeMap<u64, Trial>,
    completions: i64,
    searches: Searches,
}

const UID: &str = "u";
const SEED: Seed = Seed(7);

impl World {
    fn new(algorithm: &str) -> World {
        World {
            spec: spec(algorithm),
            suggestion: Suggestion::new("e", Default::default()),
            index: Index::default(),
            trials: BTreeMap::new(),
            completions: 0,
            searches: Searches::default(),
        }
    }

    /// The answer of a search that is kept or of one that is new.
    fn answer(&self, kept: Option<Kept>) -> (Verdict, Option<Kept>) {
        let none = Trials::default();
        let trials = self.index.trials(UID).unwrap_or(&none);
        let made = self.suggestion.status.as_ref().map_or(0, |it| it.suggestion_count);
        ask(Question {
            spec: self.spec.clone(),
            experiment: "e".into(),
            uid: UID.into(),
            seed: SEED,
            news: News::of(&self.spec, &self.suggestion, trials, kept.as_ref()),
            kept,
            first: u64::try_from(made).unwrap(),
            count: 2,
        })
    }

    /// Asks both ways, and takes the assignments in.
    fn ask(&mut self) {
        let (fresh, _) = self.answer(None);
        let (verdict, kept) = self.answer(self.searches.take(UID, &self.spec, SEED));
        assert_eq!(verdict, fresh);
        self.searches.put(UID, kept.unwrap());
        let Verdict::Proposed(all) = verdict else { panic!("{verdict:?}") };
        let status = self.suggestion.status.get_or_insert_with(SuggestionStatus::default);
        status.suggestion_count += i32::try_from(all.len()).unwrap();
        status.suggestions.extend(all);
    }

    /// Makes or changes the trial of a suggestion.
    fn set(&mut self, index: u64, condition: &str, value: f64, number: Option<i64>) {
        let Some(status) = &self.suggestion.status else { return };
        let Some(assignment) = status.suggestions.get(index as usize) else { return };
        let mut trial = made(&self.spec, assignment, index);
        let text = value.to_string();
        let metric = Metric { name: "m".into(), min: text, ..Default::default() };
        let condition = json!([{"type": condition, "status": "True"}]);
        trial.status = Some(TrialStatus {
            conditions: serde_json::from_value(condition).unwrap(),
            observation: Some(Observation { metrics: vec![metric] }),
            completion_number: number,
            ..Default::default()
        });
        self.index.apply(trial.clone());
        self.trials.insert(index, trial);
    }

    fn next(&mut self) -> Option<i64> {
        self.completions += 10;
        Some(self.completions)
    }

    fn delete(&mut self, index: u64) {
        if let Some(trial) = self.trials.remove(&index) {
            self.index.delete(&Key::of(&trial));
        }
    }
}

fn made(spec: &ExperimentSpec, assignment: &TrialAssignment, index: u64) -> Trial {
    let spec = TrialSpec {
        objective: spec.objective.clone(),
        parameter_assignments: assignment.parameter_assignments.clone(),
        ..Default::default()
    };
    let mut trial = Trial::new(&assignment.name, spec);
    trial.metadata.annotations = Some([(INDEX_ANNOTATION.to_owned(), index.to_string())].into());
    let owners = json!([{"apiVersion": "kubeflow.org/v1beta1", "kind": "Experiment",
                         "name": "e", "uid": UID}]);
    trial.metadata.owner_references = serde_json::from_value(owners).unwrap();
    trial
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// However trials begin, end, get their numbers late, change and vanish.
    #[test]
    fn kept_and_new_searches_answer_alike(
        tpe in any::<bool>(),
        steps in prop::collection::vec((0..14u8, 0..24u64, -3.0..3.0f64), 1..60),
    ) {
        let mut world = World::new(if tpe { "tpe" } else { "random" });
        for (what, index, value) in steps {
            match what {
                0..4 => world.ask(),
                4 | 5 => world.set(index, "Running", value, None),
                6..10 => {
                    let number = world.next();
                    world.set(index, "Succeeded", value, number);
                }
                10 => {
                    let late = world.completions - 15;
                    world.set(index, "Succeeded", value, (0 < late).then_some(late));
                }
                11 => world.set(index, "Failed", value, None),
                12 => {
                    let number = world.next();
                    world.set(index, "Failed", value, number);
                }
                _ => world.delete(index),
            }
        }
        world.ask();
    }
}

#[test]
fn what_is_told_is_only_what_is_new() {
    let mut world = World::new("random");
    world.ask();
    world.ask();
    for index in 0..3 {
        let number = world.next();
        world.set(index, "Succeeded", 1.0, number);
    }
    world.ask();
    let number = world.next();
    world.set(3, "Succeeded", 1.0, number);
    let kept = world.searches.take(UID, &world.spec, SEED);
    let trials = world.index.trials(UID).unwrap();
    let news = |kept: Option<&Kept>| News::of(&world.spec, &world.suggestion, trials, kept);
    let some = news(kept.as_ref());
    let told: Vec<u64> = some.ended.iter().map(|it| it.index).collect();
    assert_eq!((told, some.is_all, some.active.len()), (vec![3], false, 2));
    assert_eq!((news(None).ended.len(), news(None).is_all), (4, true));
}

#[test]
fn few_searches_are_kept_and_none_of_another_spec() {
    let kept = |algorithm: &str| {
        let spec = spec(algorithm);
        let problem = Problem::parse(&spec, SEED).unwrap();
        Kept::new(spec, SEED, problem)
    };
    let searches = Searches::default();
    for number in 0..=SEARCHES_MAX {
        searches.put(&number.to_string(), kept("random"));
    }
    assert!(searches.take("0", &spec("random"), SEED).is_none(), "it made room");
    assert!(searches.take("1", &spec("random"), SEED).is_some());
    assert!(searches.take("2", &spec("tpe"), SEED).is_none());
    assert!(searches.take("3", &spec("random"), Seed(8)).is_none());
    searches.forget("4");
    assert!(searches.take("4", &spec("random"), SEED).is_none());
}
