//! Parameters ⇄ the unit cube: the only place that knows bounds, logarithms, steps, choices and
//! distributions.
//!
//! Each parameter is an axis of the unit cube, measured so that equal lengths are equally likely
//! under the parameter's distribution. What can be counted (int, steps, lists) has levels, and
//! each level owns a cell of its axis.

mod belief;
mod condition;
mod decimal;
mod domain;
mod parse;
mod ruler;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use proto::FieldError;
use proto::kinds::{ExperimentSpec, ParameterAssignment, ParameterSpec};

use belief::Belief;
use condition::Condition;
use domain::Domain;

use crate::nas::Network;

/// All parameters of an experiment, in the order of its manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct Space {
    parameters: Vec<Parameter>,
    /// Indexes of conditional parameters, each after the parameter that decides about it.
    conditional: Vec<usize>,
    /// Combinations that are never tried: parameter and its coordinate.
    forbidden: Vec<Vec<(usize, Coordinate)>>,
    form: Form,
}

/// In what form trials receive a point.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Form {
    /// One value for each parameter.
    Values,
    /// The architecture of a network; its parameters are ours alone.
    Network(Arc<Network>),
    /// These values, whatever the point: the trials themselves search.
    Constant(Vec<ParameterAssignment>),
}

#[derive(Clone, Debug, PartialEq)]
struct Parameter {
    name: String,
    domain: Domain,
    axis: Axis,
    condition: Option<Condition>,
    belief: Option<Belief>,
}

/// What an algorithm may know of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    /// What neighbourhood means on it.
    pub kind: Kind,
    /// How many values it has; none where they cannot be counted. At least 1.
    pub levels: Option<u64>,
}

/// What neighbourhood means on an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Every number between two bounds.
    Real,
    /// Evenly spaced numbers: int, or double with a step.
    Integer,
    /// Numbers from a list: their order counts, their distances do not.
    Ordinal,
    /// Names: no two are nearer than others.
    Categorical,
}

/// Where a point stands on one axis.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub enum Coordinate {
    /// On a real axis: the share of the distribution below it, in [0, 1].
    Real(f64),
    /// On an axis with levels: which, from 0.
    Level(u64),
    /// The parameter does not apply here and gets no value.
    Inactive,
}

/// A place in the unit cube: one coordinate for each parameter.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
pub struct Point(pub Vec<Coordinate>);

impl Point {
    /// Equal for equal points and for no others; can be ordered.
    pub fn key(&self) -> Vec<u64> {
        let key = |coordinate: &Coordinate| match coordinate {
            Coordinate::Real(u) => (u + 0.0).to_bits(),
            Coordinate::Level(level) => *level,
            Coordinate::Inactive => u64::MAX,
        };
        self.0.iter().map(key).collect()
    }
}

impl Space {
    /// Parses a manifest's parameters and forbidden combinations; answers every fault at once,
    /// with paths such as `parameters[2].feasibleSpace.min`.
    pub fn parse(spec: &ExperimentSpec) -> Result<Space, Vec<FieldError>> {
        parse::space(spec)
    }

    /// A space whose points trials receive in another form than one value for each parameter.
    pub(crate) fn of_form(
        parameters: &[ParameterSpec],
        form: Form,
    ) -> Result<Space, Vec<FieldError>> {
        let spec = ExperimentSpec { parameters: parameters.to_vec(), ..Default::default() };
        Ok(Space { form, ..parse::space(&spec)? })
    }

    /// In what form trials receive a point.
    pub(crate) fn form(&self) -> &Form {
        &self.form
    }

    /// The names of the values that a trial receives.
    pub fn assigned(&self) -> Vec<&str> {
        match &self.form {
            Form::Values => self.names().collect(),
            Form::Network(_) => Network::ASSIGNED.to_vec(),
            Form::Constant(values) => values.iter().map(|it| it.name.as_str()).collect(),
        }
    }

    /// How many parameters there are.
    pub fn dimensions(&self) -> usize {
        self.parameters.len()
    }

    /// The axes, in the order of parameters.
    pub fn axes(&self) -> impl ExactSizeIterator<Item = Axis> + DoubleEndedIterator {
        self.parameters.iter().map(|parameter| parameter.axis)
    }

    /// The names of parameters, for messages: algorithms never need them.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.parameters.iter().map(|parameter| parameter.name.as_str())
    }

    /// Whether every combination of levels is a point of its own: no conditions, nothing forbidden.
    pub fn is_plain(&self) -> bool {
        self.conditional.is_empty() && self.forbidden.is_empty()
    }

    /// Whether some parameters count only under a condition.
    pub fn is_conditional(&self) -> bool {
        !self.conditional.is_empty()
    }

    /// How many combinations of levels there are; none where they cannot be counted in 64 bits.
    /// As many points as that where the space is plain, else fewer.
    pub fn count(&self) -> Option<u64> {
        self.axes().try_fold(1u64, |product, axis| product.checked_mul(axis.levels?))
    }

    /// The point at `units`, one number in [0, 1] for each parameter.
    pub fn point(&self, units: &[f64]) -> Point {
        let pairs = self.parameters.iter().zip(units);
        let coordinate =
            |(parameter, u): (&Parameter, &f64)| parameter.domain.coordinate(u.clamp(0.0, 1.0));
        self.settled(Point(pairs.map(coordinate).collect()))
    }

    /// The same point with its conditions kept: what does not count is inactive, and what counts
    /// but was inactive is in the middle of its axis.
    pub fn settled(&self, mut point: Point) -> Point {
        for i in &self.conditional {
            let holds = self.parameters[*i].condition.as_ref().is_none_or(|it| it.holds(&point));
            match (holds, point.0[*i]) {
                (false, _) => point.0[*i] = Coordinate::Inactive,
                (true, Coordinate::Inactive) => point.0[*i] = self.coordinate(*i, 0.5),
                (true, _) => {}
            }
        }
        point
    }

    /// Whether no forbidden combination is part of the point.
    pub fn allows(&self, point: &Point) -> bool {
        let part = |(i, coordinate): &(usize, Coordinate)| point.0[*i] == *coordinate;
        !self.forbidden.iter().any(|combination| combination.iter().all(part))
    }

    /// The point in numbers: the middle of its cell on an axis with an order, the level on a
    /// categorical one, NaN where it is inactive.
    pub fn place(&self, point: &Point) -> Vec<f64> {
        let pairs = self.parameters.iter().zip(&point.0);
        let number = |(parameter, coordinate): (&Parameter, &Coordinate)| match coordinate {
            Coordinate::Inactive => f64::NAN,
            Coordinate::Level(level) if parameter.axis.kind == Kind::Categorical => *level as f64,
            coordinate => {
                let (lo, hi) = parameter.domain.cell(*coordinate);
                lo / 2.0 + hi / 2.0
            }
        };
        pairs.map(number).collect()
    }

    /// One coordinate of [`Space::point`].
    pub fn coordinate(&self, axis: usize, unit: f64) -> Coordinate {
        self.parameters[axis].domain.coordinate(unit.clamp(0.0, 1.0))
    }

    /// The coordinate whose value is that of another times `factor`, within the bounds; none on an
    /// axis of names or of listed numbers.
    pub(crate) fn scaled(
        &self,
        axis: usize,
        coordinate: Coordinate,
        factor: f64,
    ) -> Option<Coordinate> {
        self.parameters[axis].domain.scaled(coordinate, factor)
    }

    /// Where a coordinate is on its axis, as a number in [0, 1]: the middle of its cell.
    pub(crate) fn unit(&self, axis: usize, coordinate: Coordinate) -> f64 {
        let (lo, hi) = self.cell(axis, coordinate);
        lo / 2.0 + hi / 2.0
    }

    /// The share of [0, 1] that belongs to a coordinate, as its ends; both equal for a real one.
    pub fn cell(&self, axis: usize, coordinate: Coordinate) -> (f64, f64) {
        self.parameters[axis].domain.cell(coordinate)
    }

    /// The values of a point as text, in the order of the manifest; inactive ones are left out.
    pub fn assignments(&self, point: &Point) -> Vec<ParameterAssignment> {
        match &self.form {
            Form::Values => {}
            Form::Network(network) => return network.assignments(point),
            Form::Constant(values) => return values.clone(),
        }
        let pairs = self.parameters.iter().zip(&point.0);
        let assignment = |(parameter, coordinate): (&Parameter, &Coordinate)| {
            let value = parameter.domain.text(*coordinate)?;
            Some(ParameterAssignment { name: parameter.name.clone(), value })
        };
        pairs.filter_map(assignment).collect()
    }

    /// The point of some values, in any order; none where a parameter that counts has no value, or
    /// one has a value that is not in this space.
    pub fn point_of(&self, assignments: &[ParameterAssignment]) -> Option<Point> {
        if let Form::Network(network) = &self.form {
            return network.point_of(assignments);
        }
        let value_of = |i: usize, name: &str| {
            // Nearly always in our own order.
            let here = assignments.get(i).filter(|it| it.name == name);
            here.or_else(|| assignments.iter().find(|it| it.name == name))
        };
        let mut point = Point(vec![Coordinate::Inactive; self.parameters.len()]);
        for (i, parameter) in self.parameters.iter().enumerate() {
            point.0[i] = match value_of(i, &parameter.name) {
                Some(it) => parameter.domain.coordinate_of(&it.value)?,
                None if parameter.condition.is_some() => Coordinate::Inactive,
                None => return None,
            };
        }
        let given = point.clone();
        let settled = self.settled(point);
        // A parameter that counts needs a value; one that does not may have any.
        let missing = |(given, kept): (&Coordinate, &Coordinate)| {
            *given == Coordinate::Inactive && *kept != Coordinate::Inactive
        };
        (!given.0.iter().zip(&settled.0).any(missing)).then_some(settled)
    }
}
