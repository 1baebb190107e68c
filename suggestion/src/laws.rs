//! What holds for every search algorithm: the list of algorithms is the list of tests.
//!
//! QALAM_FULL=1 triples the random cases.

mod fronts;
mod quality;
mod replay;
mod rungs;
mod task;

use std::collections::BTreeSet;

use proptest::prelude::*;
use proto::kinds::{ExperimentSpec, ParameterSpec};

use crate::fixture::{ask_all, experiment, int, names, network, real, search, stepped, told};
use crate::{Answer, History, Problem, Seed, State, Suggested, Told, registry, suggest};
use task::{Outcome, outcome, parameters, points, renamed, tasks};

/// Whether all the time in the world is given.
fn full() -> bool {
    std::env::var_os("QALAM_FULL").is_some()
}

/// Random cases for each law, each over all algorithms.
fn cases(few: u32) -> ProptestConfig {
    let times = if full() { 3 } else { 1 };
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(few * times) }
}

/// What lets an algorithm search any space, and learn early.
fn settings(algorithm: &registry::Algorithm) -> Vec<(&'static str, &'static str)> {
    let early = [
        ("default_grid_points", "3"),
        ("n_startup_trials", "3"),
        ("n_initial_points", "3"),
        ("n_trees", "5"),
        ("random_interleave", "7"),
        ("population_size", "4"),
        ("popsize", "4"),
        ("restart_strategy", "bipop"),
        ("controller_hidden_size", "8"),
        ("resource_name", EPOCHS),
        ("r_l", "9"),
        ("min_points_in_model", "1"),
        ("brackets", "2"),
        ("n_population", "5"),
        ("truncation_threshold", "0.4"),
        ("suggestion_trial_dir", "/checkpoints"),
    ];
    let has = |name: &str| algorithm.settings.iter().any(|setting| setting.name == name);
    early.into_iter().filter(|(name, _)| has(name)).collect()
}

/// The resource of the algorithms that decide how much a trial spends.
const EPOCHS: &str = "epochs";

/// A task for an algorithm, with the resource that it decides about if it is one that does.
fn posed(algorithm: &registry::Algorithm, task: &ExperimentSpec) -> ExperimentSpec {
    let set = settings(algorithm);
    let how = experiment(algorithm.name, &set, &[]).algorithm;
    let mut spec = ExperimentSpec { algorithm: how, ..task.clone() };
    if set.iter().any(|(name, _)| *name == "resource_name") && spec.nas_config.is_none() {
        spec.parameters.push(int(EPOCHS, 1, 9));
        // Whoever pays for more gets more rounds.
        spec.max_trial_count = Some(1_000_000);
    }
    spec
}

/// The problem of each algorithm for a task; those that refuse it are left out, and those whose
/// trials are all the same.
fn all_problems(task: &ExperimentSpec, seed: u64) -> Vec<Problem> {
    let problem = |algorithm: &registry::Algorithm| {
        Problem::parse(&posed(algorithm, task), Seed(seed))
            .ok()
            .filter(|it| 0 < it.space.dimensions())
    };
    registry::algorithms().iter().filter_map(problem).collect()
}

/// The same for a plain space and one objective.
fn problems(parameters: &[ParameterSpec], seed: u64) -> Vec<Problem> {
    all_problems(&experiment("", &[], parameters), seed)
}

fn suggestions(answer: Answer) -> Vec<Suggested> {
    match answer {
        Answer::Proposals(all) | Answer::Exhausted(all) => all,
        Answer::Wait(_) => Vec::new(),
    }
}

/// A history that the algorithm itself proposed, with these outcomes.
fn lived(problem: &Problem, outcomes: &[Outcome]) -> Vec<Told> {
    let mut trials: Vec<Told> = Vec::new();
    for chunk in outcomes.chunks(5) {
        let history = History::new(problem, trials.clone());
        let answer = suggest(problem, &history, trials.len() as u64, chunk.len()).unwrap();
        for (suggested, outcome) in suggestions(answer).into_iter().zip(chunk) {
            let index = trials.len() as u64;
            let trial =
                Told { labels: suggested.labels, ..told(index, suggested.assignments, None) };
            // Completions out of the order of indexes.
            let completion = (outcome.state != State::Active).then_some(index ^ 3);
            trials.push(Told { completion, ..outcome.of(trial) });
        }
    }
    trials
}

/// The keys of all points; refuses a history in which a trial that begins repeats a point, or one
/// that continues another does so before that has ended, or twice with the same resource.
fn distinct(problem: &Problem, trials: &[Told]) -> Result<BTreeSet<Vec<u64>>, String> {
    let history = History::new(problem, trials.to_vec());
    let (mut begun, mut gone_on, mut all) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for trial in history.finished.iter().chain(&history.active) {
        let key = trial.point.key();
        let ended =
            |index: u64| trials.iter().any(|it| it.index == index && it.state != State::Active);
        let new = match trial.continues {
            None => begun.insert(key.clone()),
            Some(index) if !ended(index) => {
                return Err(format!("{index} has not ended: {trial:?}"));
            }
            Some(_) => match trial.resource.map(f64::to_bits) {
                Some(resource) => gone_on.insert((key.clone(), resource)),
                None => true,
            },
        };
        all.insert(key);
        if !new {
            return Err(format!("{:?} repeated itself: {trial:?}", problem.algorithm));
        }
    }
    Ok(all)
}

fn keys(problem: &Problem, all: &[Suggested]) -> Vec<Vec<u64>> {
    let key = |it: &Suggested| {
        problem.space.point_of(&it.assignments).expect("a suggestion is in the space").key()
    };
    all.iter().map(key).collect()
}

proptest! {
    #![proptest_config(cases(8))]

    /// In the space, as many as asked or exhausted, nothing twice, whatever the outcomes.
    #[test]
    fn suggestions_are_new_and_in_the_space(
        task in tasks(),
        outcomes in prop::collection::vec(outcome(), 0..30),
        seed in any::<u64>(),
        count in 1..5usize,
    ) {
        for problem in all_problems(&task, seed) {
            let trials = lived(&problem, &outcomes);
            let history = History::new(&problem, trials.clone());
            let answer = suggest(&problem, &history, trials.len() as u64, count).unwrap();
            let exhausted = matches!(answer, Answer::Exhausted(_));
            let all = suggestions(answer);
            prop_assert!(all.len() <= count && (all.len() < count || !exhausted));
            if all.len() < count && !exhausted {
                // Who waits for nothing waits for ever.
                let running = trials.iter().any(|it| it.state == State::Active);
                prop_assert!(running || !all.is_empty(), "{:?} is stuck", problem.algorithm);
            }
            let begun = |(it, index): (Suggested, u64)| Told {
                labels: it.labels,
                state: State::Active,
                completion: None,
                ..told(index, it.assignments, None)
            };
            let new = all.into_iter().zip(trials.len() as u64..).map(begun);
            let everything: Vec<Told> = trials.iter().cloned().chain(new).collect();
            let seen = distinct(&problem, &everything).map_err(TestCaseError::fail)?;
            if let (true, Some(points)) = (exhausted, points(&problem)) {
                prop_assert_eq!(seen.len(), points, "{:?} gave up early", problem.algorithm);
            }
        }
    }

    /// Equal questions have equal answers, in whatever order the history is told.
    #[test]
    fn equal_inputs_give_equal_outputs(
        task in tasks(),
        outcomes in prop::collection::vec(outcome(), 0..20),
        seed in any::<u64>(),
    ) {
        for problem in all_problems(&task, seed) {
            let mut trials = lived(&problem, &outcomes);
            let index = trials.len() as u64;
            let first = suggest(&problem, &History::new(&problem, trials.clone()), index, 3);
            trials.reverse();
            let again = suggest(&problem, &History::new(&problem, trials), index, 3);
            prop_assert_eq!(first, again, "{:?}", problem.algorithm);
        }
    }

    /// Other names for the parameters change no value.
    #[test]
    fn names_change_nothing(
        task in tasks(),
        outcomes in prop::collection::vec(outcome(), 0..20),
        seed in any::<u64>(),
    ) {
        let renamed = all_problems(&renamed(&task), seed);
        for (one, other) in all_problems(&task, seed).iter().zip(&renamed) {
            let values = |problem: &Problem| -> Vec<Vec<String>> {
                let trials = lived(problem, &outcomes);
                let value = |it: proto::kinds::ParameterAssignment| it.value;
                let values = |trial: Told| trial.assignments.into_iter().map(value).collect();
                trials.into_iter().map(values).collect()
            };
            prop_assert_eq!(values(one), values(other), "{:?}", one.algorithm);
        }
    }

    /// A batch begins with what a smaller batch would have been.
    #[test]
    fn a_larger_batch_begins_like_a_smaller_one(
        task in tasks(),
        outcomes in prop::collection::vec(outcome(), 0..20),
        seed in any::<u64>(),
    ) {
        for problem in all_problems(&task, seed) {
            let trials = lived(&problem, &outcomes);
            let (index, history) = (trials.len() as u64, History::new(&problem, trials));
            let batch = |count| suggestions(suggest(&problem, &history, index, count).unwrap());
            let (small, large) = (batch(2), batch(4));
            prop_assert_eq!(&small[..], &large[..small.len()], "{:?}", problem.algorithm);
        }
    }

    /// A history from another space is no reason to stop.
    #[test]
    fn foreign_histories_are_survived(
        parameters in parameters(),
        foreign in prop::collection::vec(("[a-z0-9.]{0,4}", "[a-z0-9.e-]{0,6}"), 0..8),
        seed in any::<u64>(),
    ) {
        for problem in problems(&parameters, seed) {
            let assignment = |(name, value): &(String, String)| proto::kinds::ParameterAssignment {
                name: name.clone(),
                value: value.clone(),
            };
            let assignments: Vec<_> = foreign.iter().map(assignment).collect();
            let trials = (0..12).map(|i| told(i, assignments.clone(), Some(1.0))).collect();
            let history = History::new(&problem, trials);
            prop_assert!(!suggestions(suggest(&problem, &history, 12, 1).unwrap()).is_empty());
        }
    }
}

proptest! {
    #![proptest_config(cases(200))]

    /// Every text that a space makes is read back as the same point, and written the same again.
    #[test]
    fn texts_and_points_agree(
        parameters in parameters(),
        units in prop::collection::vec(0.0..=1.0f64, 200),
    ) {
        let space = crate::fixture::space(&parameters);
        let point = space.point(&units[..space.dimensions()]);
        let texts = space.assignments(&point);
        let again = space.point_of(&texts);
        prop_assert_eq!(again.as_ref(), Some(&point), "{:?}", texts);
        prop_assert_eq!(space.assignments(&point), texts);
    }
}

/// A space that can be counted is tried to the last point, and then said to be exhausted.
#[test]
fn countable_spaces_are_exhausted_exactly() {
    let parameters =
        [int("a", 1, 5), stepped("b", "0", "0.3", "0.1"), names("c", 3), int("d", 7, 7)];
    for batch in [1, 7, 60, 61] {
        let plain = experiment("", &[], &parameters);
        for (task, points) in [(plain, 60), (search("", &[], network(2)), 18)] {
            for problem in all_problems(&task, 11) {
                let Answer::Exhausted(all) = ask_all(&problem, batch) else {
                    panic!("{:?} waits", problem.algorithm)
                };
                let distinct: BTreeSet<_> = keys(&problem, &all).into_iter().collect();
                let counts = (all.len(), distinct.len());
                assert_eq!(counts, (points, points), "{:?}", problem.algorithm);
            }
        }
    }
}

/// A point that is still running is not proposed again, in one-member batches either.
#[test]
fn running_points_are_not_repeated() {
    for problem in problems(&[names("c", 3)], 2) {
        let mut trials = Vec::new();
        for index in 0..3 {
            let history = History::new(&problem, trials.clone());
            let Answer::Proposals(mut one) = suggest(&problem, &history, index, 1).unwrap() else {
                panic!("{:?}: three names", problem.algorithm)
            };
            let Suggested { assignments, labels, .. } = one.remove(0);
            let running = told(index, assignments, None);
            trials.push(Told { state: State::Active, completion: None, labels, ..running });
        }
        assert_eq!(History::new(&problem, trials).taken.len(), 3, "{:?}", problem.algorithm);
    }
}

/// Every algorithm has a table of settings that is complete enough to be shown.
#[test]
fn settings_tables_are_complete() {
    for algorithm in registry::algorithms() {
        assert!(algorithm.settings.iter().any(|setting| setting.name == "random_state"));
        for setting in algorithm.settings {
            let texts = [setting.name, setting.default, setting.meaning];
            assert!(texts.iter().all(|text| !text.is_empty()), "{algorithm:?}");
        }
        let plain = posed(algorithm, &experiment("", &[], &[int("a", 0, 9), int("b", 0, 9)]));
        let layered = search(algorithm.name, &[], network(2));
        let twofold = fronts::spec(algorithm.name);
        let works = [plain, layered, twofold].iter().any(|spec| Problem::check(spec).is_empty());
        assert!(works, "{algorithm:?} works with its defaults, and what must be set");
        assert!(!algorithm.about.is_empty());
    }
}

/// Seeds matter: other seeds, other suggestions.
#[test]
fn seeds_change_the_suggestions() {
    let parameters = [int("a", 0, 999), real("b", 0.0, 1.0)];
    for (one, other) in problems(&parameters, 1).iter().zip(&problems(&parameters, 2)) {
        let first = |problem: &Problem| suggest(problem, &History::default(), 0, 1).unwrap();
        assert_ne!(first(one), first(other), "{:?}", one.algorithm);
    }
}
