//! What holds for searches at several fidelities, and for populations: whoever ends when, and
//! however many fail.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{EPOCHS, cases, posed, suggestions};
use crate::fixture::{experiment, int, real, told};
use crate::{Answer, History, Problem, Seed, State, Told, Trial, registry, suggest};

/// How a simulated experiment goes.
#[derive(Clone, Debug)]
struct Course {
    parallel: usize,
    /// Which of the running trials ends next, and whether it fails.
    ends: Vec<(f64, bool)>,
    seed: u64,
}

fn course() -> impl Strategy<Value = Course> {
    let fails = prop_oneof![Just(0.0), Just(0.1), Just(0.5), Just(1.0)];
    let ends = (prop::collection::vec((0.0..1.0f64, 0.0..1.0f64), 1..90), fails);
    let ends = ends.prop_map(|(all, share)| {
        all.into_iter().map(|(which, fails)| (which, fails < share)).collect()
    });
    (1..14usize, ends, any::<u64>()).prop_map(|(parallel, ends, seed)| Course {
        parallel,
        ends,
        seed,
    })
}

/// What a trial comes to: little with the resource, and much with the point; never equal.
fn loss(index: u64, x: f64, resource: f64) -> f64 {
    (x - 0.3).abs() + 1.0 / (1.0 + resource) + index as f64 * 1e-9
}

/// The problem of an algorithm over one real and one whole parameter.
fn problem(name: &str, seed: u64) -> Problem {
    let algorithm = registry::find(name).unwrap();
    let task = experiment("", &[], &[real("x", 0.0, 1.0), int("n", 1, 100)]);
    Problem::parse(&posed(algorithm, &task), Seed(seed)).unwrap()
}

/// Lives through a course with as many trials at once as are allowed; answers all trials, and with
/// each that goes on what was told before it was proposed. A search that waits for nothing fails.
fn live(problem: &Problem, course: &Course) -> Result<(Vec<Told>, Vec<Vec<Told>>), String> {
    let (mut trials, mut before): (Vec<Told>, Vec<Vec<Told>>) = (Vec::new(), Vec::new());
    for ((which, fails), completions) in course.ends.iter().zip(0..) {
        let running = |trials: &[Told]| -> Vec<usize> {
            (0..trials.len()).filter(|i| trials[*i].state == State::Active).collect()
        };
        loop {
            let free = course.parallel - running(&trials).len().min(course.parallel);
            let first = trials.len() as u64;
            let history = History::new(problem, trials.clone());
            if free == 0 {
                break;
            }
            // One at a time, so that what each knew is known.
            let answer = suggest(problem, &history, first, 1).unwrap();
            if let Answer::Wait(why) = &answer {
                if running(&trials).is_empty() {
                    return Err(format!("{:?} waits for nothing: {why}", problem.algorithm));
                }
                break;
            }
            for it in suggestions(answer) {
                before.push(trials.clone());
                let begun = told(trials.len() as u64, it.assignments, None);
                let (state, completion) = (State::Active, None);
                trials.push(Told { state, completion, labels: it.labels, ..begun });
            }
        }
        let running = running(&trials);
        let i = running[(which * running.len() as f64) as usize];
        let value = |name: &str| -> f64 {
            let own = trials[i].assignments.iter().find(|it| it.name == name);
            own.map_or(1.0, |it| it.value.parse().unwrap())
        };
        let loss = loss(i as u64, value("x"), value(EPOCHS));
        trials[i].metrics = [("loss".to_owned(), loss)].into();
        trials[i].state = if *fails { State::Failed } else { State::Succeeded };
        trials[i].completion = Some(completions);
    }
    Ok((trials, before))
}

/// All trials in the algorithms' terms, by index.
fn read(problem: &Problem, trials: &[Told]) -> BTreeMap<u64, Trial> {
    let history = History::new(problem, trials.to_vec());
    let all = history.finished.into_iter().chain(history.active);
    all.map(|trial| (trial.index, trial)).collect()
}

fn number(trial: &Trial, label: &str) -> u64 {
    trial.labels[label].parse().unwrap()
}

/// The trials on each rung, by bracket and rung.
fn rungs(trials: &BTreeMap<u64, Trial>) -> BTreeMap<(u64, u64), Vec<&Trial>> {
    let mut rungs: BTreeMap<(u64, u64), Vec<&Trial>> = BTreeMap::new();
    for trial in trials.values() {
        let place = (number(trial, "qalam.dev/bracket"), number(trial, "qalam.dev/rung"));
        rungs.entry(place).or_default().push(trial);
    }
    rungs
}

/// Indexes of the best `count` measured trials.
fn best(trials: &[&Trial], count: usize) -> BTreeSet<u64> {
    let mut able: Vec<&&Trial> = trials.iter().filter(|it| it.loss().is_some()).collect();
    able.sort_by(|a, b| a.loss().unwrap().total_cmp(&b.loss().unwrap()));
    able.into_iter().take(count).map(|it| it.index).collect()
}

proptest! {
    #![proptest_config(cases(24))]

    /// Who goes on is who is best of a full rung, in whatever order its trials ended; a rung has as
    /// many trials as it should, or as many as did not fail; and each spends what its rung says.
    #[test]
    fn rungs_are_right_for_any_completion_order(course in course()) {
        for name in ["hyperband", "bohb"] {
            let problem = problem(name, course.seed);
            let (trials, _) = live(&problem, &course).map_err(TestCaseError::fail)?;
            let trials = read(&problem, &trials);
            let rungs = rungs(&trials);
            for ((bracket, rung), runs) in &rungs {
                // R = 9, η = 3: brackets of 9, 5 and 3 configurations, over and over.
                let widths: &[usize] =
                    [&[9, 3, 1][..], &[5, 2], &[3]][usize::try_from(bracket % 3).unwrap()];
                let (rung, last) = (*rung as usize, widths.len() - 1);
                prop_assert!(runs.len() <= widths[rung], "{}: {:?}", name, runs);
                let spends = 9.0 / 3f64.powi((last - rung) as i32);
                prop_assert!(runs.iter().all(|it| it.resource == Some(spends)));
                let Some(above) = rungs.get(&(*bracket, rung as u64 + 1)) else { continue };
                let full = runs.len() == widths[rung] || 0 < rung;
                prop_assert!(full, "{} went on from a rung of {}", name, runs.len());
                let went: BTreeSet<u64> = above.iter().filter_map(|it| it.continues).collect();
                prop_assert_eq!(went.len(), above.len());
                let best = best(runs, widths[rung + 1]);
                prop_assert!(went.is_subset(&best), "{}: {:?} of {:?}", name, went, best);
                for it in above {
                    let own = &trials[&it.continues.unwrap()];
                    prop_assert_eq!(&own.point, &it.point);
                }
            }
        }
    }

    /// ASHA: whoever goes on was among the best third of its rung when it did.
    #[test]
    fn promotions_are_among_the_best_of_their_moment(course in course()) {
        let problem = problem("asha", course.seed);
        let (trials, before) = live(&problem, &course).map_err(TestCaseError::fail)?;
        let all = read(&problem, &trials);
        for (index, known) in before.iter().enumerate() {
            let Some(from) = all[&(index as u64)].continues else { continue };
            let known = read(&problem, known);
            let rungs = rungs(&known);
            let from = &known[&from];
            let place = (number(from, "qalam.dev/bracket"), number(from, "qalam.dev/rung"));
            let ended: Vec<&Trial> =
                rungs[&place].iter().copied().filter(|it| it.state != State::Active).collect();
            prop_assert!(best(&ended, ended.len() / 3).contains(&from.index));
            prop_assert!(from.resource < all[&(index as u64)].resource);
        }
    }

    /// No search is ever stuck, whatever fails: a failed trial blocks no rung and no generation.
    #[test]
    fn failures_block_nothing(course in course()) {
        for name in ["hyperband", "asha", "bohb", "dehb", "pbt", "pb2"] {
            let problem = problem(name, course.seed);
            let lived = live(&problem, &course).map_err(TestCaseError::fail)?;
            prop_assert!(course.ends.len() <= lived.0.len(), "{}", name);
        }
    }

    /// In a population the losers, and whoever failed, take the checkpoint of a winner; all others
    /// go on from their own, as they are.
    #[test]
    fn losers_take_the_checkpoints_of_winners(course in course()) {
        for name in ["pbt", "pb2"] {
            let problem = problem(name, course.seed);
            let (trials, _) = live(&problem, &course).map_err(TestCaseError::fail)?;
            let trials = read(&problem, &trials);
            let generation =
                |it: &Trial| number(it, "pbt.suggestion.katib.kubeflow.org/generation");
            let member = |it: &Trial| number(it, "qalam.dev/member");
            for it in trials.values() {
                let own = generation(it).checked_sub(1);
                let Some(before) = own else { continue };
                let whole: Vec<&Trial> =
                    trials.values().filter(|it| generation(it) == before).collect();
                prop_assert_eq!(whole.len(), 5);
                prop_assert!(whole.iter().all(|it| it.state != State::Active));
                let measured = best(&whole, 5).len();
                let Some(from) = it.continues else {
                    prop_assert_eq!(measured, 0, "{} begins anew", name);
                    continue;
                };
                // Two of five lose.
                let losers = (0.4 * measured as f64) as usize;
                let winners = best(&whole, losers.max(1));
                let own = whole.iter().find(|other| member(other) == member(it)).unwrap();
                if best(&whole, measured - losers).contains(&own.index) {
                    prop_assert_eq!((from, &it.point), (own.index, &own.point));
                } else {
                    prop_assert!(winners.contains(&from), "{} took {} of {:?}", name, from, winners);
                }
            }
        }
    }
}

/// Without a number of trials to reach, Hyperband ends after one round of brackets, of which the
/// last rungs are waited for.
#[test]
fn hyperband_ends_after_its_brackets() {
    let problem = Problem { trials_max: None, ..problem("hyperband", 1) };
    let mut trials: Vec<Told> = Vec::new();
    let mut waited = 0;
    loop {
        let history = History::new(&problem, trials.clone());
        let answer = suggest(&problem, &history, trials.len() as u64, 50).unwrap();
        let is_over = matches!(answer, Answer::Exhausted(_));
        waited += usize::from(matches!(answer, Answer::Wait(_)));
        for it in suggestions(answer) {
            let begun = told(trials.len() as u64, it.assignments, None);
            let (state, completion) = (State::Active, None);
            trials.push(Told { state, completion, labels: it.labels, ..begun });
        }
        if is_over {
            break;
        }
        let ended = trials.iter().filter(|it| it.completion.is_some()).count() as u64;
        let next = trials.iter_mut().rev().find(|it| it.state == State::Active).unwrap();
        let loss = (next.index * 7 % 13) as f64;
        *next = Told {
            state: State::Succeeded,
            completion: Some(ended),
            metrics: [("loss".to_owned(), loss)].into(),
            ..next.clone()
        };
    }
    // 9 + 3 + 1, 5 + 2, 3.
    assert_eq!(trials.len(), 23);
    assert!(trials.iter().all(|it| it.state == State::Succeeded) && 0 < waited);
}
