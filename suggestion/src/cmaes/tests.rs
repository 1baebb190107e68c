//! What a search does as a whole: it converges, it goes on where it was, and it is never slow.

use proto::kinds::ParameterSpec;

use super::origin::Origin;
use crate::fixture::{experiment, int, names, real, told};
use crate::{Answer, History, Live, Problem, Seed, State, Told, suggest};

fn cube(n: usize) -> Vec<ParameterSpec> {
    (0..n).map(|i| real(&format!("x{i}"), -5.0, 5.0)).collect()
}

fn problem(settings: &[(&str, &str)], parameters: &[ParameterSpec], seed: u64) -> Problem {
    Problem::parse(&experiment("cmaes", settings, parameters), Seed(seed)).unwrap()
}

/// One trial as proposed, with its values as numbers; names are their number.
fn ask(live: &mut Live, index: u64) -> (Told, Vec<f64>) {
    let Ok(Answer::Proposals(mut all)) = live.ask(index, 1) else { panic!("it ends") };
    let suggested = all.remove(0);
    let number = |text: &str| text.trim_start_matches('c').parse().unwrap();
    let x = suggested.assignments.iter().map(|it| number(&it.value)).collect();
    (Told { labels: suggested.labels, ..told(index, suggested.assignments, None) }, x)
}

fn succeeded(trial: Told, loss: f64) -> Told {
    let metrics = [("loss".to_owned(), loss)].into();
    Told { state: State::Succeeded, metrics, ..trial }
}

/// The least loss of a search, and how many runs it made.
fn minimum(problem: Problem, trials: u64, loss: impl Fn(&[f64]) -> f64) -> (f64, u64) {
    let mut live = Live::new(problem);
    let (mut best, mut run) = (f64::INFINITY, 0);
    for index in 0..trials {
        let (trial, x) = ask(&mut live, index);
        let label =
            trial.labels.get("cmaes/generation").map(|label| label.split_once('.').unwrap());
        run = run.max(label.map_or(0, |(run, _)| run.parse().unwrap()));
        best = best.min(loss(&x));
        live.tell(succeeded(trial, loss(&x)));
    }
    (best, run + 1)
}

fn sphere(x: &[f64]) -> f64 {
    x.iter().map(|x| (x - 1.0).powi(2)).sum()
}

fn ellipsoid(x: &[f64]) -> f64 {
    let n = x.len() as f64 - 1.0;
    x.iter().enumerate().map(|(i, x)| 1e4f64.powf(i as f64 / n) * (x - 1.0).powi(2)).sum()
}

fn rosenbrock(x: &[f64]) -> f64 {
    x.windows(2).map(|x| 100.0 * (x[1] - x[0] * x[0]).powi(2) + (1.0 - x[0]).powi(2)).sum()
}

fn rastrigin(x: &[f64]) -> f64 {
    x.iter().map(|x| (x - 1.0).powi(2) + 10.0 - 10.0 * (6.0 * (x - 1.0)).cos()).sum()
}

#[test]
fn it_converges() {
    let check = |name: &str, settings: &[(&str, &str)], trials, loss: fn(&[f64]) -> f64| {
        let (best, _) = minimum(problem(settings, &cube(5), 7), trials, loss);
        assert!(best < 1e-8, "{name} with {settings:?}: {best}");
    };
    check("sphere", &[], 700, sphere);
    check("sphere", &[("use_separable_cma", "true")], 700, sphere);
    check("sphere", &[("lr_adapt", "true")], 1300, sphere);
    check("ellipsoid", &[], 1200, ellipsoid);
    check("ellipsoid", &[("use_separable_cma", "true")], 1200, ellipsoid);
    check("rosenbrock", &[], 2000, rosenbrock);
}

#[test]
fn restarts_find_the_best_of_many_optima() {
    let found = |strategy: &str| {
        let one = |seed: u64| {
            let problem = problem(&[("restart_strategy", strategy)], &cube(2), seed);
            minimum(problem, 2000, rastrigin)
        };
        let all: Vec<_> = (0..6).map(one).collect();
        let found = all.iter().filter(|(best, _)| *best < 1e-6).count();
        (found, all.iter().map(|(_, runs)| *runs).max().unwrap())
    };
    let (none, runs) = found("none");
    assert_eq!(runs, 1);
    for strategy in ["ipop", "bipop"] {
        let (found, runs) = found(strategy);
        assert!(4 <= found && none + 2 <= found, "{strategy}: {found}, without restarts {none}");
        assert!(1 < runs, "{strategy}");
    }
}

#[test]
fn whole_numbers_and_names_are_found() {
    let mut parameters = cube(2);
    parameters.extend([int("n", 1, 64), int("m", 0, 9), names("a", 4), names("b", 2)]);
    let loss = |x: &[f64]| {
        let names = [0.0, 0.5, 1.0, 1.5][x[4] as usize] + x[5];
        sphere(&x[..2]) + (x[2] - 20.0).abs() / 8.0 + (x[3] - 9.0).abs() / 4.0 + names
    };
    for seed in 0..4 {
        let (best, _) = minimum(problem(&[], &parameters, seed), 400, loss);
        assert!(best < 0.01, "seed {seed}: {best}");
    }
}

/// Whoever kept the state and whoever goes through the history answer the same, with four trials
/// at a time that end out of order, some of them failed, and with the owner's own trials between.
#[test]
fn kept_states_are_replayed_states() {
    let mut parameters = cube(3);
    parameters.extend([int("n", 1, 9), names("a", 3)]);
    let problem = problem(&[("restart_strategy", "bipop"), ("popsize", "4")], &parameters, 3);
    let mut live = Live::new(problem.clone());
    let (mut running, mut all, mut completion) = (Vec::new(), Vec::<Told>::new(), 0);
    for index in 0..160 {
        let (mut trial, x) = ask(&mut live, index);
        let history: Vec<Told> =
            all.iter().cloned().chain(running.iter().cloned().map(active)).collect();
        let again = suggest(&problem, &History::new(&problem, history), index, 1).unwrap();
        let Answer::Proposals(again) = again else { panic!("it ends") };
        assert_eq!((&again[0].assignments, &again[0].labels), (&trial.assignments, &trial.labels));
        if index % 11 == 5 {
            trial.labels.clear();
        }
        let trial = if index % 7 == 3 { trial } else { succeeded(trial, sphere(&x[..3])) };
        live.tell(active(trial.clone()));
        running.push(trial);
        if running.len() == 4 {
            let ended =
                Told { completion: Some(completion), ..running.remove(index as usize * 5 % 3) };
            completion += 1;
            all.push(ended.clone());
            live.tell(ended);
        }
    }
}

fn active(trial: Told) -> Told {
    Told { state: State::Active, completion: None, metrics: Default::default(), ..trial }
}

/// Ten thousand trials are a thousand generations, all gone through for one answer.
#[test]
fn a_long_history_is_gone_through() {
    let problem = problem(&[], &cube(10), 5);
    let trial = |index: u64| {
        let mut stream = problem.seed.stream(index);
        let units: Vec<f64> = (0..10).map(|_| stream.unit()).collect();
        let assignments = problem.space.assignments(&problem.space.point(&units));
        let labels = if index < 10 {
            Default::default()
        } else {
            Origin { run: 0, generation: 0 }.labels(10)
        };
        Told { labels, ..succeeded(told(index, assignments, None), sphere(&units)) }
    };
    let history = History::new(&problem, (0..10_000).map(trial).collect());
    let Ok(Answer::Proposals(all)) = suggest(&problem, &history, 10_000, 1) else {
        panic!("it ends")
    };
    assert_eq!(all[0].labels, Origin { run: 0, generation: 999 }.labels(10));
}

/// Nothing is learned from trials that say nothing, and nothing breaks.
#[test]
fn failures_and_constants_are_survived() {
    for loss in [None, Some(1.0), Some(f64::MAX), Some(f64::MIN)] {
        let mut live = Live::new(problem(&[], &cube(3), 1));
        for index in 0..120 {
            let (trial, _) = ask(&mut live, index);
            live.tell(match loss {
                Some(loss) if index % 9 < 6 => succeeded(trial, loss),
                _ if index < 12 => succeeded(trial, index as f64),
                _ => trial,
            });
        }
    }
}

#[test]
fn fewer_than_two_numbers_are_refused_as_katib_does() {
    let refused = |parameters: &[ParameterSpec]| {
        let faults = Problem::check(&experiment("cmaes", &[], parameters));
        faults.into_iter().map(|fault| fault.message).collect::<Vec<_>>()
    };
    let text = "cmaes only supports two or more dimensional continuous search space.";
    assert_eq!(refused(&[real("x", 0.0, 1.0), names("a", 3)]), [text]);
    assert_eq!(refused(&[real("x", 0.0, 1.0), int("n", 0, 3)]), [""; 0]);
}
