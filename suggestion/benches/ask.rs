//! Seconds per suggestion against the length of the history, for each algorithm, with 10 real
//! parameters: `cargo bench -p suggestion`.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion};
use proto::kinds::{
    AlgorithmSpec, ExperimentSpec, FeasibleSpace, ObjectiveSpec, ParameterAssignment, ParameterSpec,
};
use suggestion::{History, Problem, Seed, State, Told, suggest};

/// Ten parameters in [0, 1].
fn experiment(algorithm: &str) -> ExperimentSpec {
    let parameter = |i: usize| ParameterSpec {
        name: format!("x{i}"),
        parameter_type: "double".into(),
        feasible_space: Some(FeasibleSpace {
            min: "0".into(),
            max: "1".into(),
            // What grid needs; the others are measured without.
            step: if algorithm == "grid" { "0.1".into() } else { String::new() },
            ..Default::default()
        }),
        ..Default::default()
    };
    ExperimentSpec {
        parameters: (0..10).map(parameter).collect(),
        objective: Some(ObjectiveSpec {
            type_: "minimize".into(),
            objective_metric_name: "loss".into(),
            ..Default::default()
        }),
        algorithm: Some(AlgorithmSpec { algorithm_name: algorithm.into(), ..Default::default() }),
        ..Default::default()
    }
}

/// `n` trials on a sphere, at steps that grid has too.
fn told(n: u64) -> Vec<Told> {
    let mut stream = Seed(1).stream(0);
    let trial = |index: u64| {
        let x: Vec<f64> = (0..10).map(|_| stream.below(11) as f64 / 10.0).collect();
        let loss = x.iter().map(|x| (x - 0.3).powi(2)).sum::<f64>();
        let assignment = |(i, x): (usize, &f64)| ParameterAssignment {
            name: format!("x{i}"),
            value: x.to_string(),
        };
        Told {
            index,
            completion: Some(index),
            assignments: x.iter().enumerate().map(assignment).collect(),
            state: State::Succeeded,
            metrics: [("loss".to_owned(), loss)].into(),
            curve: Vec::new(),
            labels: Default::default(),
        }
    };
    (0..n).map(trial).collect()
}

fn main() {
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    for algorithm in suggestion::registry::algorithms() {
        let problem = Problem::parse(&experiment(algorithm.name), Seed(1)).expect("it is valid");
        let mut group = criterion.benchmark_group(algorithm.name);
        for n in [10, 100, 1_000, 10_000] {
            let history = History::new(&problem, told(n));
            group.bench_function(BenchmarkId::new("ask", n), |bench| {
                bench.iter(|| suggest(&problem, black_box(&history), n, 1));
            });
        }
    }
    let problem = Problem::parse(&experiment("tpe"), Seed(1)).expect("it is valid");
    let trials = told(1_000);
    criterion.bench_function("read a history of 1000", |bench| {
        bench.iter(|| History::new(&problem, black_box(trials.clone())));
    });
    criterion.final_summary();
}
