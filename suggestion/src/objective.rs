//! What the owner wants of a metric, turned into a loss: inside, smaller is better, always.

use proto::FieldError;
use proto::kinds::{ConstraintSpec, ObjectiveSpec};

/// Which way a metric gets better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Smaller is better.
    Minimize,
    /// Larger is better.
    Maximize,
}

impl Direction {
    /// Reads `minimize` or `maximize`.
    pub fn parse(text: &str) -> Option<Direction> {
        match text {
            "minimize" => Some(Direction::Minimize),
            "maximize" => Some(Direction::Maximize),
            _ => None,
        }
    }

    /// The loss of a metric's value: smaller is better. Its own inverse.
    pub fn loss(self, value: f64) -> f64 {
        match self {
            Direction::Minimize => value,
            Direction::Maximize => -value,
        }
    }
}

/// A metric and which way it gets better.
#[derive(Clone, Debug, PartialEq)]
pub struct Objective {
    /// Name of the metric.
    pub metric: String,
    /// Which way it gets better.
    pub direction: Direction,
}

impl Objective {
    /// Parses `spec.objective`; paths of faults are below it.
    pub fn parse(spec: &ObjectiveSpec) -> Result<Objective, Vec<FieldError>> {
        let mut faults = Vec::new();
        let direction = Direction::parse(&spec.type_);
        if direction.is_none() {
            let message = format!("must be minimize or maximize, got \"{}\"", spec.type_);
            faults.push(FieldError::new("type", message));
        }
        if spec.objective_metric_name.is_empty() {
            faults.push(FieldError::new("objectiveMetricName", "must be specified"));
        }
        match direction {
            Some(direction) if faults.is_empty() => {
                Ok(Objective { metric: spec.objective_metric_name.clone(), direction })
            }
            _ => Err(faults),
        }
    }

    /// The loss of a value, or nothing where the value tells nothing: NaN and the infinities come
    /// from runs that diverged, whatever their sign.
    pub fn loss(&self, value: f64) -> Option<f64> {
        value.is_finite().then(|| self.direction.loss(value))
    }
}

/// A bound on a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Constraint {
    /// Name of the metric.
    pub metric: String,
    /// Which way the metric has to go to keep it: down to at most the bound, or up to at least it.
    pub direction: Direction,
    /// The bound itself.
    pub bound: f64,
}

impl Constraint {
    /// Parses one of `spec.constraints`; paths of faults are below it.
    pub fn parse(spec: &ConstraintSpec) -> Result<Constraint, Vec<FieldError>> {
        let mut faults = Vec::new();
        if spec.metric_name.is_empty() {
            faults.push(FieldError::new("metricName", "must be specified"));
        }
        let direction = match spec.comparison.as_str() {
            "less" => Direction::Minimize,
            "greater" => Direction::Maximize,
            other => {
                let why = format!(
                    "must be less (at most the value) or greater (at least it), got \"{other}\""
                );
                faults.push(FieldError::new("comparison", why));
                Direction::Minimize
            }
        };
        let bound = spec.value.trim().parse().ok().filter(|bound: &f64| bound.is_finite());
        if bound.is_none() {
            let why = format!("needs a finite number, got \"{}\"", spec.value);
            faults.push(FieldError::new("value", why));
        }
        match bound {
            Some(bound) if faults.is_empty() => {
                Ok(Constraint { metric: spec.metric_name.clone(), direction, bound })
            }
            _ => Err(faults),
        }
    }

    /// By how much a value breaks the bound, in the metric's unit; at most 0 where it is kept.
    pub fn violation(&self, value: f64) -> f64 {
        self.direction.loss(value) - self.direction.loss(self.bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_shrink_as_metrics_improve() {
        let spec = |type_: &str| ObjectiveSpec {
            type_: type_.into(),
            objective_metric_name: "m".into(),
            ..Default::default()
        };
        let loss = |type_, value| Objective::parse(&spec(type_)).unwrap().loss(value);
        assert_eq!(loss("maximize", 2.0), Some(-2.0));
        assert_eq!(loss("minimize", 2.0), Some(2.0));
        assert_eq!(loss("minimize", f64::NAN), None);
        assert_eq!(loss("maximize", f64::INFINITY), None);
    }

    #[test]
    fn both_faults_are_told_at_once() {
        let faults = Objective::parse(&ObjectiveSpec::default()).unwrap_err();
        let paths: Vec<_> = faults.iter().map(|fault| fault.path.as_str()).collect();
        assert_eq!(paths, ["type", "objectiveMetricName"]);
    }
}
