//! Experiments for tests, written so that they read as sentences.

use std::collections::BTreeMap;

use proto::kinds::{
    AlgorithmSpec, ExperimentSpec, FeasibleSpace, GraphConfig, NasConfig, ObjectiveSpec, Operation,
    ParameterAssignment, ParameterSpec, Setting,
};

use crate::space::Space;
use crate::{Answer, History, Problem, State, Suggested, Told, suggest};

/// Minimises the metric `loss`.
pub(crate) fn experiment(
    algorithm: &str,
    settings: &[(&str, &str)],
    parameters: &[ParameterSpec],
) -> ExperimentSpec {
    let setting = |(name, value): &(&str, &str)| Setting {
        name: (*name).to_owned(),
        value: (*value).to_owned(),
    };
    ExperimentSpec {
        parameters: parameters.to_vec(),
        objective: Some(ObjectiveSpec {
            type_: "minimize".into(),
            objective_metric_name: "loss".into(),
            ..Default::default()
        }),
        algorithm: Some(AlgorithmSpec {
            algorithm_name: algorithm.into(),
            algorithm_settings: settings.iter().map(setting).collect(),
        }),
        ..Default::default()
    }
}

fn parameter(name: &str, type_: &str, feasible: FeasibleSpace) -> ParameterSpec {
    ParameterSpec {
        name: name.into(),
        parameter_type: type_.into(),
        feasible_space: Some(feasible),
        ..Default::default()
    }
}

pub(crate) fn real(name: &str, min: f64, max: f64) -> ParameterSpec {
    let (min, max) = (min.to_string(), max.to_string());
    parameter(name, "double", FeasibleSpace { min, max, ..Default::default() })
}

pub(crate) fn int(name: &str, min: i64, max: i64) -> ParameterSpec {
    let (min, max) = (min.to_string(), max.to_string());
    parameter(name, "int", FeasibleSpace { min, max, ..Default::default() })
}

pub(crate) fn stepped(name: &str, min: &str, max: &str, step: &str) -> ParameterSpec {
    let (min, max, step) = (min.into(), max.into(), step.into());
    parameter(name, "double", FeasibleSpace { min, max, step, ..Default::default() })
}

/// A categorical parameter with the choices c0, c1, …
pub(crate) fn names(name: &str, choices: usize) -> ParameterSpec {
    let list = (0..choices).map(|i| format!("c{i}")).collect();
    parameter(name, "categorical", FeasibleSpace { list, ..Default::default() })
}

/// A network of some layers with three operations: two convolutions and a reduction.
pub(crate) fn network(layers: i32) -> NasConfig {
    let operation = |kind: &str, parameters: &[ParameterSpec]| Operation {
        operation_type: kind.into(),
        parameters: parameters.to_vec(),
    };
    NasConfig {
        graph_config: Some(GraphConfig {
            num_layers: Some(layers),
            input_sizes: vec![32, 32, 3],
            output_sizes: vec![10],
        }),
        operations: vec![
            operation("convolution", &[names("filter_size", 2)]),
            operation("reduction", &[int("pool_size", 2, 2)]),
        ],
    }
}

/// Minimises the metric `loss` over networks.
pub(crate) fn search(
    algorithm: &str,
    settings: &[(&str, &str)],
    network: NasConfig,
) -> ExperimentSpec {
    ExperimentSpec { nas_config: Some(network), ..experiment(algorithm, settings, &[]) }
}

/// The values of a suggestion, apart by spaces.
pub(crate) fn texts(suggested: &Suggested) -> String {
    let values: Vec<_> = suggested.assignments.iter().map(|it| it.value.as_str()).collect();
    values.join(" ")
}

/// The space of some parameters.
pub(crate) fn space(parameters: &[ParameterSpec]) -> Space {
    Space::parse(&experiment("random", &[], parameters)).unwrap()
}

/// A trial at `assignments`, finished in the order of its index.
pub(crate) fn told(index: u64, assignments: Vec<ParameterAssignment>, loss: Option<f64>) -> Told {
    Told {
        index,
        completion: Some(index),
        assignments,
        state: if loss.is_some() { State::Succeeded } else { State::Failed },
        metrics: loss.map(|loss| ("loss".to_owned(), loss)).into_iter().collect(),
        curve: Vec::new(),
        labels: BTreeMap::new(),
        seconds: None,
    }
}

/// Asks in batches until the end, every trial failing, and answers all that was proposed.
pub(crate) fn ask_all(problem: &Problem, batch: usize) -> Answer {
    let mut all: Vec<Suggested> = Vec::new();
    loop {
        let one = |(it, i): (&Suggested, u64)| Told {
            labels: it.labels.clone(),
            ..told(i, it.assignments.clone(), None)
        };
        let trials = all.iter().zip(0..).map(one);
        let history = History::new(problem, trials.collect());
        match suggest(problem, &history, all.len() as u64, batch).unwrap() {
            Answer::Proposals(more) => all.extend(more),
            Answer::Exhausted(more) => {
                all.extend(more);
                return Answer::Exhausted(all);
            }
            wait @ Answer::Wait(_) => return wait,
        }
    }
}
