//! A space in JSON ⇄ a manifest's: numbers become texts, and come back as they were.

use std::collections::BTreeMap;

use proto::kinds::{
    AlgorithmSpec, ConstraintSpec, ExperimentSpec, FeasibleSpace, ObjectiveSpec,
    ParameterAssignment, ParameterSpec, Setting, When,
};
use serde_json::{Map, Number, Value};

use super::request::{Init, Parameter};

/// Names of parameters, and the values that were listed, as their sender wrote them.
pub(super) struct Wire(Vec<(String, Kind)>);

/// How values of a parameter are written.
enum Kind {
    Double,
    Int,
    /// The value of each text.
    Listed(BTreeMap<String, Value>),
}

/// The metric that stands for number `i` of the objectives ("value") or constraints.
pub(super) fn metric(name: &str, i: usize) -> String {
    format!("{name}{i}")
}

/// The spec that `init` describes.
pub(super) fn spec(init: &Init) -> Result<(ExperimentSpec, Wire), String> {
    if init.n_obj == 0 {
        return Err("n_obj must be at least 1".into());
    }
    let objective = |i: usize| ObjectiveSpec {
        type_: "minimize".into(),
        objective_metric_name: metric("value", i),
        ..Default::default()
    };
    let constraint = |i: usize| ConstraintSpec {
        metric_name: metric("constraint", i),
        comparison: "less".into(),
        value: "0".into(),
    };
    let setting =
        |(name, value): (&String, &Value)| Setting { name: name.clone(), value: text(value) };
    let parameters = init.space.iter().map(parameter).collect::<Result<Vec<_>, _>>()?;
    let wire = Wire(init.space.iter().map(|it| (it.name.clone(), kind(it))).collect());
    let budget = init.budget.and_then(|budget| i32::try_from(budget).ok());
    let spec = ExperimentSpec {
        parameters,
        objective: (init.n_obj == 1).then(|| objective(0)),
        objectives: if init.n_obj == 1 { vec![] } else { (0..init.n_obj).map(objective).collect() },
        constraints: (0..init.constraints).map(constraint).collect(),
        algorithm: Some(AlgorithmSpec {
            algorithm_name: init.algorithm.clone().unwrap_or_default(),
            algorithm_settings: init.settings.iter().map(setting).collect(),
        }),
        max_trial_count: budget,
        ..Default::default()
    };
    Ok((spec, wire))
}

fn parameter(it: &Parameter) -> Result<ParameterSpec, String> {
    let bound = |bound: Option<f64>| bound.map(|bound| bound.to_string()).unwrap_or_default();
    let when = it.when.as_ref().map(|when| When {
        parameter: when.param.clone(),
        values: when.values.iter().map(text).collect(),
    });
    let log = if it.log { "logUniform" } else { "" };
    Ok(ParameterSpec {
        name: it.name.clone(),
        parameter_type: it.type_.clone(),
        feasible_space: Some(FeasibleSpace {
            min: bound(it.lo),
            max: bound(it.hi),
            list: it.values.iter().map(text).collect(),
            distribution: log.into(),
            ..Default::default()
        }),
        when,
        ..Default::default()
    })
}

fn kind(it: &Parameter) -> Kind {
    match it.type_.as_str() {
        "double" => Kind::Double,
        "int" => Kind::Int,
        _ => Kind::Listed(it.values.iter().map(|value| (text(value), value.clone())).collect()),
    }
}

/// A JSON value as a manifest writes it.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl Wire {
    /// The values of a suggestion, as JSON.
    pub(super) fn values(&self, assignments: &[ParameterAssignment]) -> Value {
        let value = |it: &ParameterAssignment| {
            let (_, kind) = self.0.iter().find(|(name, _)| *name == it.name)?;
            let number = || it.value.parse::<f64>().ok().and_then(Number::from_f64);
            Some(match kind {
                Kind::Double => Value::Number(number()?),
                Kind::Int => Value::Number(it.value.parse::<i64>().ok()?.into()),
                Kind::Listed(values) => values.get(&it.value)?.clone(),
            })
        };
        let pairs = assignments.iter().filter_map(|it| Some((it.name.clone(), value(it)?)));
        Value::Object(pairs.collect::<Map<_, _>>())
    }

    /// Values from JSON, as assignments.
    pub(super) fn assignments(
        &self,
        params: &BTreeMap<String, Value>,
    ) -> Result<Vec<ParameterAssignment>, String> {
        let one = |(name, value): (&String, &Value)| {
            if !self.0.iter().any(|(known, _)| known == name) {
                return Err(format!("there is no parameter \"{name}\""));
            }
            Ok(ParameterAssignment { name: name.clone(), value: text(value) })
        };
        params.iter().map(one).collect()
    }
}
