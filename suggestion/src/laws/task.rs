//! Tasks at random, for laws: spaces of every kind with conditions, forbidden combinations and
//! beliefs, or networks; one objective or several; constraints; and whatever trials may come to.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proto::kinds::{
    ConstraintSpec, ExperimentSpec, FeasibleSpace, ObjectiveSpec, ParameterSpec, Prior, When,
};

use crate::fixture::{experiment, network, search, space};
use crate::{Problem, State, Told};

/// A parameter of any kind; one-point domains and wide ones among them.
fn parameter() -> impl Strategy<Value = ParameterSpec> {
    let distribution =
        prop::sample::select(vec!["", "uniform", "logUniform", "normal", "logNormal"]);
    let step = prop::sample::select(vec!["", "", "0.01", "0.8", "3"]);
    let bounds = prop_oneof![
        Just((1.0, 1.0)),
        Just((1e-8, 1e8)),
        (0.001..1.0f64, 0.0..10.0f64).prop_map(|(min, more)| (min, min + more)),
        (-100.0..0.0f64, 0.0..100.0f64),
    ];
    let double =
        (bounds, step.clone(), distribution.clone()).prop_map(|((min, max), step, law)| {
            let law = if law.starts_with("log") && min <= 0.0 { "" } else { law };
            numeric("double", min.to_string(), max.to_string(), step, law)
        });
    let int = (1..50i64, 0..2000i64, step, distribution).prop_map(|(min, more, step, law)| {
        numeric("int", min.to_string(), (min + more).to_string(), step, law)
    });
    let listed = (prop::sample::select(vec!["discrete", "categorical"]), 1..9usize);
    let listed = listed.prop_map(|(type_, n)| {
        let list = (0..n).map(|i| format!("{}.5", i * i)).collect();
        parameter_of(type_, FeasibleSpace { list, ..Default::default() })
    });
    prop_oneof![double, int, listed]
}

fn parameter_of(type_: &str, feasible: FeasibleSpace) -> ParameterSpec {
    ParameterSpec {
        parameter_type: type_.into(),
        feasible_space: Some(feasible),
        ..Default::default()
    }
}

fn numeric(type_: &str, min: String, max: String, step: &str, law: &str) -> ParameterSpec {
    let (step, distribution) = (step.into(), law.into());
    parameter_of(type_, FeasibleSpace { min, max, step, distribution, list: vec![] })
}

/// Mostly a few parameters, now and then 200.
pub(super) fn parameters() -> impl Strategy<Value = Vec<ParameterSpec>> {
    let size = prop_oneof![12 => 1..8usize, 1 => Just(200usize)];
    let all = size.prop_flat_map(|size| prop::collection::vec(parameter(), size));
    all.prop_map(|mut all| {
        all.iter_mut().enumerate().for_each(|(i, it)| it.name = format!("p{i}"));
        all
    })
}

/// What is said about a plain space to make a task of it.
#[derive(Clone, Debug)]
struct Extras {
    objectives: usize,
    constraints: usize,
    /// For each parameter, numbers that say what it depends on and what is believed of it.
    relations: Vec<(f64, f64, f64)>,
    /// For each forbidden combination, two parameters and where they stand.
    forbidden: Vec<(f64, f64, f64)>,
}

/// A task without an algorithm: half of them are a plain space and one objective.
pub(super) fn tasks() -> impl Strategy<Value = ExperimentSpec> {
    let triple = || (0.0..1.0f64, 0.0..1.0f64, 0.0..1.0f64);
    let extras = (
        prop_oneof![2 => Just(1usize), 1 => 2..4usize],
        prop_oneof![2 => Just(0usize), 1 => 1..3usize],
        prop::collection::vec(triple(), 8),
        prop_oneof![2 => Just(0usize), 1 => 1..4usize]
            .prop_flat_map(move |n| prop::collection::vec(triple(), n)),
    );
    let extras = extras.prop_map(|(objectives, constraints, relations, forbidden)| Extras {
        objectives,
        constraints,
        relations,
        forbidden,
    });
    let layers = prop_oneof![5 => Just(0), 1 => 1..4];
    let all = (parameters(), layers, prop::option::of(extras));
    all.prop_map(|(parameters, layers, extras)| match extras {
        None if 0 < layers => search("", &[], network(layers)),
        None => experiment("", &[], &parameters),
        Some(extras) if 0 < layers => measured(search("", &[], network(layers)), &extras),
        Some(extras) => measured(enriched(parameters, &extras), &extras),
    })
}

fn enriched(parameters: Vec<ParameterSpec>, extras: &Extras) -> ExperimentSpec {
    let plain = space(&parameters);
    let text = |i: usize, u: f64| {
        let point = plain.point(&vec![u; parameters.len()]);
        plain.assignments(&point).swap_remove(i).value
    };
    let levels: Vec<_> = plain.axes().map(|axis| axis.levels).collect();
    let place = |u: f64| (u * parameters.len() as f64) as usize;

    let mut related = parameters.clone();
    for ((i, it), (what, parent, value)) in related.iter_mut().enumerate().zip(&extras.relations) {
        let parent = (parent * i as f64) as usize;
        if *what < 0.4 && parent < i && levels[parent].is_some() {
            let values = vec![text(parent, *value), text(parent, 1.0 - value)];
            it.when = Some(When { parameter: parameters[parent].name.clone(), values });
        }
        if 0.7 < *what {
            let confidence = if *what < 0.85 { "low" } else { "high" };
            it.prior = Some(Prior { value: text(i, *value), confidence: confidence.into() });
        }
    }
    let combination = |(one, other, u): &(f64, f64, f64)| -> BTreeMap<String, String> {
        let pair = [place(*one), place(*other)];
        pair.into_iter().map(|i| (parameters[i].name.clone(), text(i, *u))).collect()
    };
    let mut spec = experiment("", &[], &related);
    spec.forbidden = extras.forbidden.iter().map(combination).collect();
    spec
}

/// The task with objectives and constraints.
fn measured(mut spec: ExperimentSpec, extras: &Extras) -> ExperimentSpec {
    let objective = |i: usize| ObjectiveSpec {
        type_: if i == 1 { "maximize" } else { "minimize" }.into(),
        objective_metric_name: metric(i),
        ..Default::default()
    };
    let constraint = |i: usize| ConstraintSpec {
        metric_name: bound(i),
        comparison: if i == 1 { "greater" } else { "less" }.into(),
        value: "1.5".into(),
    };
    spec.constraints = (0..extras.constraints).map(constraint).collect();
    if 1 < extras.objectives {
        spec.objective = None;
        spec.objectives = (0..extras.objectives).map(objective).collect();
    }
    spec
}

fn metric(i: usize) -> String {
    if i == 0 { "loss".into() } else { format!("loss{i}") }
}

fn bound(i: usize) -> String {
    format!("bound{i}")
}

/// The same task with other names for its parameters, in the same alphabetic order.
pub(super) fn renamed(task: &ExperimentSpec) -> ExperimentSpec {
    let other = |name: &str| name.replacen('p', "zz", 1);
    let mut task = task.clone();
    for it in &mut task.parameters {
        it.name = other(&it.name);
        it.when.iter_mut().for_each(|when| when.parameter = other(&when.parameter));
    }
    for combination in &mut task.forbidden {
        *combination = combination.iter().map(|(name, text)| (other(name), text.clone())).collect();
    }
    task
}

/// What a trial may come to.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) state: State,
    /// Up to three objectives and two constraints.
    values: Vec<f64>,
}

/// Mostly a few finite numbers, now and then none or huge ones.
pub(super) fn outcome() -> impl Strategy<Value = Outcome> {
    let value = prop_oneof![
        24 => (-10.0..10.0f64).boxed(),
        6 => Just(1.0).boxed(),
        1 => Just(f64::NAN).boxed(),
        1 => Just(f64::INFINITY).boxed(),
        1 => Just(f64::NEG_INFINITY).boxed(),
        1 => Just(f64::MAX).boxed(),
    ];
    let state = prop_oneof![
        8 => Just(State::Succeeded),
        2 => Just(State::Active),
        1 => Just(State::EarlyStopped),
        1 => Just(State::Failed),
        1 => Just(State::MetricsUnavailable),
    ];
    (state, prop::collection::vec(value, 5)).prop_map(|(state, values)| Outcome { state, values })
}

impl Outcome {
    /// The trial, come to this; a constraint whose number is 1 was not measured.
    pub(super) fn of(&self, trial: Told) -> Told {
        let metrics = (0..3).map(metric).zip(self.values.iter().copied());
        let bounds = (0..2).map(bound).zip(self.values[3..].iter().copied());
        let bounds = bounds.filter(|(_, value)| *value != 1.0);
        Told { state: self.state, metrics: metrics.chain(bounds).collect(), ..trial }
    }
}

/// How many points there are, where they can be counted one by one.
pub(super) fn points(problem: &Problem) -> Option<usize> {
    let space = &problem.space;
    let lattice = crate::grid::Lattice::new(space, None).filter(|it| it.total <= 4096)?;
    let points = (0..lattice.total).map(|rank| lattice.nth(space, rank));
    let keys = points.filter(|point| space.allows(point)).map(|point| point.key());
    Some(keys.collect::<std::collections::BTreeSet<_>>().len())
}
