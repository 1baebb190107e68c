//! How alike two places are: what they share on all axes together, and on each axis alone.
//!
//! k(a, b) = s [(1 − ρ) m(Σ wᵢ δᵢ²) + ρ/d Σ 1 / (1 + c wᵢ δᵢ²)]
//!
//! The first part is a Matérn-5/2 kernel with a length-scale for each axis, m(r²) =
//! (1 + √5 r + 5/3 r²) e^(−√5 r) (Rasmussen and Williams, *Gaussian Processes for Machine
//! Learning*, 2006, equation 4.17). The second is a sum of rational quadratic kernels over single
//! axes (equation 4.19 with α = 1): where parameters act apart, it learns from far fewer trials
//! (Duvenaud et al., *Additive Gaussian Processes*, NeurIPS 2011).
//!
//! δ is the difference on an axis with an order, and 0 or 1 on a categorical one (Hamming), as on
//! one where only one of the two places is active. `d`: axes.

use std::borrow::Cow;

use super::bend::Bend;

use crate::space::{Kind, Space};

const SQRT_5: f64 = 2.236_067_977_499_79;

/// The numbers that a fit finds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Hyper {
    /// wᵢ: 1/ℓ² of each axis.
    pub(crate) weights: Vec<f64>,
    /// s: variance of the function.
    pub(crate) scale: f64,
    /// Variance of the noise on each observation.
    pub(crate) noise: f64,
    /// ρ: the share of the single axes.
    pub(crate) apart: f64,
    /// c: how much shorter the length-scales are there, squared.
    pub(crate) ratio: f64,
    /// How each axis is bent; none where all are straight.
    pub(crate) bends: Vec<Option<Bend>>,
}

impl Hyper {
    /// The factor of each single axis, of `d`, and that of all together.
    pub(super) fn shares(&self, d: usize) -> (f64, f64) {
        (self.scale * self.apart / d as f64, self.scale * (1.0 - self.apart))
    }

    /// A place with its axes bent.
    pub(super) fn bent<'a>(&self, place: &'a [f64]) -> Cow<'a, [f64]> {
        if self.bends.is_empty() {
            return Cow::Borrowed(place);
        }
        let one = |(x, bend): (&f64, &Option<Bend>)| bend.map_or(*x, |bend| bend.at(*x));
        Cow::Owned(place.iter().zip(&self.bends).map(one).collect())
    }
}

/// What distance means on each axis.
#[derive(Clone, Debug)]
pub(crate) struct Metric {
    categorical: Vec<bool>,
    /// Axes that may be bent: with an order, and more than two values.
    bendable: Vec<usize>,
    /// Whether places may have inactive axes.
    conditional: bool,
}

impl Metric {
    /// The metric of a space.
    pub(crate) fn new(space: &Space) -> Metric {
        let bends = |axis: &crate::space::Axis| {
            axis.kind != Kind::Categorical && axis.levels.is_none_or(|levels| 2 < levels)
        };
        let axes = space.axes().enumerate();
        Metric {
            bendable: axes.filter(|(_, axis)| bends(axis)).map(|(i, _)| i).collect(),
            categorical: space.axes().map(|axis| axis.kind == Kind::Categorical).collect(),
            conditional: space.is_conditional(),
        }
    }

    /// How many axes there are.
    pub(crate) fn axes(&self) -> usize {
        self.categorical.len()
    }

    /// Axes that may be bent.
    pub(super) fn bendable(&self) -> &[usize] {
        &self.bendable
    }

    /// δᵢ² between `x` and each of `others` on axis `i`.
    pub(super) fn squared(&self, i: usize, x: f64, others: &[f64], out: &mut [f64]) {
        let pairs = out.iter_mut().zip(others);
        if self.categorical[i] {
            pairs.for_each(|(out, other)| *out = f64::from(u8::from(x != *other)));
        } else {
            pairs.for_each(|(out, other)| *out = (x - other) * (x - other));
        }
        if self.conditional {
            for (out, other) in out.iter_mut().zip(others) {
                if x.is_nan() || other.is_nan() {
                    *out = f64::from(u8::from(x.is_nan() != other.is_nan()));
                }
            }
        }
    }
}

/// m(r²).
pub(super) fn matern(squared: f64) -> f64 {
    let r = SQRT_5 * squared.sqrt();
    (1.0 + r + r * r / 3.0) * (-r).exp()
}

/// m(r²) and its derivative by r².
pub(super) fn matern_slope(squared: f64) -> (f64, f64) {
    let r = SQRT_5 * squared.sqrt();
    let e = (-r).exp();
    ((1.0 + r + r * r / 3.0) * e, -5.0 / 6.0 * (1.0 + r) * e)
}

/// Places by axis, so that one place is compared with all of them at once.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    columns: Vec<Vec<f64>>,
    rows: usize,
}

impl Columns {
    /// No places, of `d` axes.
    pub(crate) fn new(d: usize) -> Columns {
        Columns { columns: vec![Vec::new(); d], rows: 0 }
    }

    /// Adds a place.
    pub(crate) fn push(&mut self, place: &[f64]) {
        self.columns.iter_mut().zip(place).for_each(|(column, x)| column.push(*x));
        self.rows += 1;
    }
}

/// Room for the arithmetic of [`covariances`].
#[derive(Debug, Default)]
pub(crate) struct Room {
    squared: Vec<f64>,
    together: Vec<f64>,
    apart: Vec<f64>,
}

/// k between `place` and each of `others`, into `out`.
pub(crate) fn covariances(
    metric: &Metric,
    hyper: &Hyper,
    place: &[f64],
    others: &Columns,
    room: &mut Room,
    out: &mut Vec<f64>,
) {
    let n = others.rows;
    let Room { squared, together, apart } = room;
    for sums in [&mut *squared, &mut *together, &mut *apart] {
        sums.clear();
        sums.resize(n, 0.0);
    }
    for (i, column) in others.columns.iter().enumerate() {
        metric.squared(i, place[i], column, squared);
        let (weight, steep) = (hyper.weights[i], hyper.weights[i] * hyper.ratio);
        for ((s, t), a) in squared.iter().zip(together.iter_mut()).zip(apart.iter_mut()) {
            *t += weight * s;
            *a += 1.0 / (1.0 + steep * s);
        }
    }
    let (share, rest) = hyper.shares(others.columns.len());
    out.clear();
    out.extend(together.iter().zip(apart.iter()).map(|(t, a)| rest * matern(*t) + share * a));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{names, real, space};

    #[test]
    fn the_slope_is_the_derivative() {
        for squared in [1e-6, 0.1, 1.0, 9.0] {
            let h = 1e-4 * squared;
            let numeric = (matern(squared + h) - matern(squared - h)) / (2.0 * h);
            let (value, slope) = matern_slope(squared);
            assert!((slope - numeric).abs() < 1e-6 * slope.abs() + 1e-9, "{squared}");
            assert_eq!(value, matern(squared));
        }
    }

    #[test]
    fn names_are_equally_far_and_inactive_is_a_place_of_its_own() {
        let mut metric = Metric::new(&space(&[real("x", 0.0, 1.0), names("c", 4)]));
        metric.conditional = true;
        let check = |axis: usize, x: f64, want: [f64; 3]| {
            let mut got = [0.0; 3];
            metric.squared(axis, x, &[0.0, 2.0, f64::NAN], &mut got);
            assert_eq!(got, want, "axis {axis}, {x}");
        };
        check(0, 0.5, [0.25, 2.25, 1.0]);
        check(1, 2.0, [1.0, 0.0, 1.0]);
        check(0, f64::NAN, [1.0, 1.0, 0.0]);
    }
}
