//! Where an owner believes that good values lie: a density along one axis.
//!
//! On an axis with an order it is a normal around the believed value, cut off at the ends of the
//! axis, mixed with an even share; on a categorical axis the believed level has more than its even
//! share. No value is ever ruled out (Hvarfner et al., *πBO*, ICLR 2022, §3).

use crate::normal;

use super::{Axis, Coordinate, Kind, Point, Space};

/// The share of a belief that is even over all values.
const EVEN: f64 = 0.1;

/// A belief about one parameter.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Belief {
    /// The believed value: the middle of its cell, or the level on a categorical axis.
    pub(super) center: f64,
    /// Standard deviation along the axis; on a categorical one, the share that is spread.
    pub(super) width: f64,
}

impl Belief {
    /// The width of a confidence; none where it has another name.
    pub(super) fn width(confidence: &str) -> Option<f64> {
        match confidence {
            "low" => Some(0.3),
            "" | "medium" => Some(0.15),
            "high" => Some(0.07),
            _ => None,
        }
    }

    /// The log of the density at `x`, as [`Space::place`] has it.
    fn log_density(&self, axis: Axis, x: f64) -> f64 {
        if axis.kind == Kind::Categorical {
            let levels = axis.levels.unwrap_or(1) as f64;
            let own = if x == self.center { 1.0 - 2.0 * self.width } else { 0.0 };
            return (own * levels + 2.0 * self.width).ln();
        }
        let below = |x: f64| normal::cdf((x - self.center) / self.width);
        let z = (x - self.center) / self.width;
        let bell = (-0.5 * z * z).exp() / (self.width * (2.0 * std::f64::consts::PI).sqrt());
        (EVEN + (1.0 - EVEN) * bell / (below(1.0) - below(0.0))).ln()
    }

    /// Where share `u` of the belief ends, along the axis.
    fn unit(&self, axis: Axis, u: f64) -> f64 {
        if axis.kind == Kind::Categorical {
            let (spread, levels) = (2.0 * self.width, axis.levels.unwrap_or(1) as f64);
            return if u < spread { u / spread } else { (self.center + 0.5) / levels };
        }
        if u < EVEN {
            return u / EVEN;
        }
        normal::truncated(self.center, self.width, 0.0, 1.0, (u - EVEN) / (1.0 - EVEN))
    }
}

impl Space {
    /// Whether its owner said where good values lie.
    pub fn has_beliefs(&self) -> bool {
        self.parameters.iter().any(|parameter| parameter.belief.is_some())
    }

    /// The point at `units`, measured so that equal lengths are equally believed in.
    pub fn believed(&self, units: &[f64]) -> Point {
        let pairs = self.parameters.iter().zip(units);
        let unit = |(parameter, u): (&super::Parameter, &f64)| match &parameter.belief {
            Some(belief) => belief.unit(parameter.axis, *u),
            None => *u,
        };
        self.point(&pairs.map(unit).collect::<Vec<_>>())
    }

    /// The log of the density that beliefs give to a place; 0 where there are none.
    pub fn log_belief(&self, place: &[f64]) -> f64 {
        let pairs = self.parameters.iter().zip(place);
        let one = |(parameter, x): (&super::Parameter, &f64)| match &parameter.belief {
            Some(belief) if !x.is_nan() => belief.log_density(parameter.axis, *x),
            _ => 0.0,
        };
        pairs.map(one).sum()
    }
}

/// The number of a coordinate in a belief.
pub(super) fn center(domain: &super::Domain, coordinate: Coordinate) -> f64 {
    match coordinate {
        Coordinate::Level(level) if domain.axis().kind == Kind::Categorical => level as f64,
        coordinate => {
            let (lo, hi) = domain.cell(coordinate);
            lo / 2.0 + hi / 2.0
        }
    }
}
