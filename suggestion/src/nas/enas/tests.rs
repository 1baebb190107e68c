//! Does the controller learn, soon enough, and the same whatever is kept?

use super::*;
use crate::fixture::{network, search, told};
use crate::{Answer, History, Live, State, Told, live};

/// Eight layers with a known best architecture: the loss counts how many operations differ from it
/// and, less, how many connections do.
fn landscape(rows: &[Vec<usize>]) -> f64 {
    let best = |i: usize, j: usize| {
        if j == 0 { (i * 2) % 3 } else { usize::from((i + j).is_multiple_of(4)) }
    };
    let weight = |j: usize| if j == 0 { 1.0 } else { 0.3 };
    let row = |(i, row): (usize, &Vec<usize>)| -> f64 {
        let differs = |(j, it): (usize, &usize)| weight(j) * f64::from(u8::from(*it != best(i, j)));
        row.iter().enumerate().map(differs).sum()
    };
    rows.iter().enumerate().map(row).sum()
}

/// The losses of `trials` trials, one at a time.
fn run(algorithm: &str, settings: &[(&str, &str)], seed: u64, trials: u64) -> Vec<f64> {
    let problem = Problem::parse(&search(algorithm, settings, network(8)), Seed(seed)).unwrap();
    let mut live = Live::new(problem.clone());
    let mut losses = Vec::new();
    for index in 0..trials {
        let Ok(Answer::Proposals(mut all)) = live.ask(index, 1) else { panic!("never ends") };
        let assignments = all.remove(0).assignments;
        let point = problem.space.point_of(&assignments).unwrap();
        let Form::Network(network) = problem.space.form() else { panic!("a network") };
        losses.push(landscape(&network.rows(&point)));
        live.tell(told(index, assignments, losses.last().copied()));
    }
    losses
}

/// On each of two seeds, the mean loss of trials 150 to 199 is lower by 1 than that of random
/// search. A single random loss has a standard deviation of 1.55, so the means of two times fifty
/// of them differ by as much with probability 0.06 %: both pairs do with 4 · 10^-7.
#[test]
fn the_controller_learns_what_is_good() {
    for seed in 0..2 {
        let late = |algorithm| run(algorithm, &[], seed, 200)[150..].iter().sum::<f64>() / 50.0;
        let (random, enas) = (late("random"), late("enas"));
        assert!(enas < random - 1.0, "seed {seed}: {enas} against {random}");
    }
}

/// Prints mean losses for people who tune it; run with `--ignored --nocapture`.
#[test]
#[ignore = "for people"]
fn table() {
    for algorithm in ["random", "tpe", "enas"] {
        let all: Vec<_> = (0..6).map(|seed| run(algorithm, &[], seed, 300)).collect();
        let mean = |from: usize, to: usize| {
            let of = |losses: &Vec<f64>| losses[from..to].iter().sum::<f64>() / (to - from) as f64;
            all.iter().map(of).sum::<f64>() / all.len() as f64
        };
        let best = |to: usize| {
            let of = |losses: &Vec<f64>| losses[..to].iter().copied().fold(f64::INFINITY, f64::min);
            all.iter().map(of).sum::<f64>() / all.len() as f64
        };
        eprintln!(
            "{algorithm:8} mean of 50: {:.2} {:.2} {:.2} {:.2}  best: {:.2} {:.2} {:.2}",
            mean(0, 50),
            mean(50, 100),
            mean(150, 200),
            mean(250, 300),
            best(50),
            best(100),
            best(300)
        );
    }
}

/// What is kept changes no answer, with windows passed, trials running and completions out of the
/// order of indexes; and it does learn from what is told.
#[test]
fn kept_and_replayed_agree() {
    let settings = [("controller_hidden_size", "8"), ("controller_learning_rate", "0.001")];
    let problem = Problem::parse(&search("enas", &settings, network(4)), Seed(3)).unwrap();
    let fresh = || Enas { window: 5, ..Enas::new(&problem) };
    let mut kept = fresh();
    let mut trials: Vec<Told> = Vec::new();
    for index in 0..24u64 {
        let history = History::new(&problem, trials.clone());
        let ask = |enas: &mut Enas| live::ask(&problem, &history, enas, index, 2).unwrap();
        let answer = ask(&mut kept);
        assert_eq!(answer, ask(&mut fresh()), "at {index}");
        let Answer::Proposals(mut all) = answer else { panic!("never ends") };
        let loss = [Some(f64::MAX), None, Some(0.5)].get(index as usize % 5).copied();
        let trial = told(index, all.remove(0).assignments, loss.unwrap_or(Some(index as f64)));
        trials.push(Told { state: State::Active, completion: None, ..trial });
        // They end in pairs, the later one first.
        for trial in trials.iter_mut().rev().take(if index % 2 == 1 { 2 } else { 0 }) {
            let failed = trial.metrics.is_empty();
            trial.state = if failed { State::Failed } else { State::Succeeded };
            trial.completion = Some(trial.index ^ 1);
        }
    }
}
