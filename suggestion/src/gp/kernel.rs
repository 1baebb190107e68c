//! How alike two places are: a Matérn-5/2 kernel with a length-scale for each axis.
//!
//! The squared distance of two places is r² = Σ wᵢ δᵢ², with δ the difference on an axis with an
//! order, and 0 or 1 on a categorical one (Hamming), as on one where only one of the two is
//! active. `wᵢ` is 1/ℓᵢ². The kernel is k(r) = (1 + √5 r + 5/3 r²) e^(−√5 r); Rasmussen and
//! Williams, *Gaussian Processes for Machine Learning* (2006), equation 4.17.

use crate::space::{Kind, Space};

const SQRT_5: f64 = 2.236_067_977_499_79;

/// What distance means on each axis.
#[derive(Clone, Debug)]
pub(crate) struct Metric {
    categorical: Vec<bool>,
}

impl Metric {
    /// The metric of a space.
    pub(crate) fn new(space: &Space) -> Metric {
        Metric { categorical: space.axes().map(|axis| axis.kind == Kind::Categorical).collect() }
    }

    /// How many axes there are.
    pub(crate) fn axes(&self) -> usize {
        self.categorical.len()
    }

    /// δᵢ² between `a` and `b` on axis `i`.
    pub(super) fn squared(&self, i: usize, a: f64, b: f64) -> f64 {
        let difference = a - b;
        if difference.is_nan() {
            // One is inactive, or both.
            return if a.is_nan() && b.is_nan() { 0.0 } else { 1.0 };
        }
        if self.categorical[i] {
            return if difference == 0.0 { 0.0 } else { 1.0 };
        }
        difference * difference
    }

    /// r² between two places.
    pub(super) fn distance(&self, weights: &[f64], a: &[f64], b: &[f64]) -> f64 {
        (0..weights.len()).map(|i| weights[i] * self.squared(i, a[i], b[i])).sum()
    }
}

/// k(r) by r².
pub(super) fn matern(squared: f64) -> f64 {
    let r = SQRT_5 * squared.sqrt();
    (1.0 + r + r * r / 3.0) * (-r).exp()
}

/// k(r) and its derivative by r².
pub(super) fn matern_slope(squared: f64) -> (f64, f64) {
    let r = SQRT_5 * squared.sqrt();
    let e = (-r).exp();
    ((1.0 + r + r * r / 3.0) * e, -5.0 / 6.0 * (1.0 + r) * e)
}

/// The numbers that a fit finds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Hyper {
    /// 1/ℓ² of each axis.
    pub(crate) weights: Vec<f64>,
    /// Variance of the function.
    pub(crate) scale: f64,
    /// Variance of the noise on each observation.
    pub(crate) noise: f64,
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
    fn names_are_equally_far_from_each_other() {
        let metric = Metric::new(&space(&[real("x", 0.0, 1.0), names("c", 4)]));
        assert_eq!(metric.distance(&[4.0, 2.0], &[0.0, 0.0], &[0.5, 3.0]), 1.0 + 2.0);
        assert_eq!(metric.distance(&[4.0, 2.0], &[0.0, 1.0], &[0.0, 1.0]), 0.0);
        assert_eq!(metric.distance(&[4.0, 2.0], &[f64::NAN, 1.0], &[0.3, 1.0]), 4.0);
        assert_eq!(metric.distance(&[4.0, 2.0], &[f64::NAN, 1.0], &[f64::NAN, 1.0]), 0.0);
    }
}
