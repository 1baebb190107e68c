//! Seconds per suggestion against the length of the history, for each algorithm, with 10 real
//! parameters: `cargo bench -p suggestion`. With QALAM_PLOT=1 it measures less and draws
//! `docs/ask-cost.svg`.

mod plot;

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion};
use proto::kinds::{
    AlgorithmSpec, ExperimentSpec, FeasibleSpace, ObjectiveSpec, ParameterAssignment, ParameterSpec,
};
use suggestion::{Answer, History, Live, Problem, Seed, State, Told};

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
    let one = |index: u64| {
        let x: Vec<f64> = (0..10).map(|_| stream.below(11) as f64 / 10.0).collect();
        let loss = x.iter().map(|x| (x - 0.3).powi(2)).sum::<f64>();
        let assignment = |(i, x): (usize, &f64)| ParameterAssignment {
            name: format!("x{i}"),
            value: x.to_string(),
        };
        trial(index, x.iter().enumerate().map(assignment).collect(), loss)
    };
    (0..n).map(one).collect()
}

/// A trial that ended, in the order of its index.
fn trial(index: u64, assignments: Vec<ParameterAssignment>, loss: f64) -> Told {
    Told {
        index,
        completion: Some(index),
        assignments,
        state: State::Succeeded,
        metrics: [("loss".to_owned(), loss)].into(),
        curve: Vec::new(),
        labels: Default::default(),
        seconds: None,
    }
}

/// A search that is asked and told in turn, from a history of `n` trials on.
struct Running {
    live: Live,
    history: History,
    next: u64,
}

/// After so many trials more it begins again, so that `n` stays what it is.
const ROUND: u64 = 10;

impl Running {
    fn new(algorithm: &str, n: u64) -> Running {
        let problem = Problem::parse(&experiment(algorithm), Seed(1)).expect("it is valid");
        let history = History::new(&problem, told(n));
        Running { live: Live::new(problem), history, next: 0 }
    }

    /// How long one suggestion takes when the search has been asked before.
    fn ask(&mut self) -> Duration {
        let n = self.history.len() as u64;
        if self.next.is_multiple_of(ROUND) {
            self.next = n;
            self.live.retell(self.history.clone());
            self.timed();
        }
        self.timed()
    }

    /// Asks, and tells how the suggestion ended.
    fn timed(&mut self) -> Duration {
        let begun = Instant::now();
        let answer = black_box(self.live.ask(self.next, 1));
        let took = begun.elapsed();
        if let Ok(Answer::Proposals(mut all)) = answer {
            let loss = (self.next as f64 * 0.618).fract();
            self.live.tell(trial(self.next, all.remove(0).assignments, loss));
        }
        self.next += 1;
        took
    }

    /// The median of some asks, in seconds: at least 3, and at most 50 or what two seconds hold.
    fn median(&mut self) -> f64 {
        let begun = Instant::now();
        let enough = |k: &usize| *k < 3 || begun.elapsed() < Duration::from_secs(2);
        let mut all: Vec<f64> =
            (0..50).take_while(enough).map(|_| self.ask().as_secs_f64()).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    }
}

const LENGTHS: [u64; 4] = [10, 100, 1_000, 5_000];

/// Measures every algorithm, and draws `docs/ask-cost.svg`.
fn plot() -> std::io::Result<()> {
    let lines = suggestion::registry::algorithms().iter().map(|algorithm| {
        let at = |n: u64| (n as f64, Running::new(algorithm.name, n).median());
        plot::Line { name: algorithm.name, points: LENGTHS.into_iter().map(at).collect() }
    });
    let lines: Vec<_> = lines.collect();
    for line in &lines {
        println!("{:24} {:?}", line.name, line.points);
    }
    let title = "Seconds per suggestion after n trials (10 parameters, one thread)";
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs");
    std::fs::create_dir_all(docs)?;
    std::fs::write(format!("{docs}/ask-cost.svg"), plot::svg(title, &lines))
}

fn main() -> std::io::Result<()> {
    if std::env::var_os("QALAM_PLOT").is_some() {
        return plot();
    }
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    for algorithm in suggestion::registry::algorithms() {
        let mut group = criterion.benchmark_group(algorithm.name);
        for n in LENGTHS {
            let mut running = Running::new(algorithm.name, n);
            group.bench_function(BenchmarkId::new("ask", n), |bench| {
                bench.iter_custom(|times| (0..times).map(|_| running.ask()).sum());
            });
        }
    }
    let problem = Problem::parse(&experiment("tpe"), Seed(1)).expect("it is valid");
    let trials = told(1_000);
    criterion.bench_function("read a history of 1000", |bench| {
        bench.iter(|| History::new(&problem, black_box(trials.clone())));
    });
    criterion.final_summary();
    Ok(())
}
