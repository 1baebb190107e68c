//! What is known at any place, after the observations: mean and variance.
//!
//! Rasmussen and Williams (2006), algorithm 2.1. The inverse of the factor is kept, so that the
//! variances of many places are one product of matrices.

use ndarray::{Array2, ArrayView2, ShapeBuilder};

use super::cholesky::{Factor, dot};
use super::kernel::{Columns, Hyper, Metric, Room, covariances};

/// Least pivot of the factor: below it two observations cannot be told apart.
const PIVOT_MIN: f64 = 1e-9;

/// A Gaussian process that has seen some observations.
#[derive(Clone, Debug)]
pub(crate) struct Posterior {
    metric: Metric,
    hyper: Hyper,
    places: Vec<Vec<f64>>,
    columns: Columns,
    factor: Factor,
    /// L⁻¹, rows of `stride` numbers.
    inverse: Vec<f64>,
    stride: usize,
    /// K⁻¹ y.
    alpha: Vec<f64>,
}

impl Posterior {
    /// One that has seen nothing.
    pub(crate) fn new(metric: Metric, hyper: Hyper) -> Posterior {
        Posterior {
            columns: Columns::new(metric.axes()),
            metric,
            hyper,
            places: Vec::new(),
            factor: Factor::default(),
            inverse: Vec::new(),
            stride: 0,
            alpha: Vec::new(),
        }
    }

    /// The numbers that it was made with.
    pub(crate) fn hyper(&self) -> &Hyper {
        &self.hyper
    }

    /// How many observations it has seen.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// Adds a place that was observed; its value comes with [`Posterior::observe`].
    pub(crate) fn add(&mut self, place: &[f64]) {
        let n = self.len();
        let row = self.across(place);
        let diagonal = self.hyper.scale + self.hyper.noise;
        self.factor.grow(&row, diagonal, PIVOT_MIN);
        self.places.push(place.to_vec());
        self.columns.push(&self.hyper.bent(place));
        self.widen(n + 1);
        // Row n of L⁻¹ is −(l L⁻¹) / λ, and 1 / λ on the diagonal; l is the row of L, λ its end.
        let (before, here) = self.inverse.split_at_mut(n * self.stride);
        let row = self.factor.row(n);
        for (k, l) in row[..n].iter().enumerate() {
            let other = &before[k * self.stride..k * self.stride + k + 1];
            here[..=k].iter_mut().zip(other).for_each(|(x, o)| *x -= l * o);
        }
        here[n] = 1.0;
        here[..=n].iter_mut().for_each(|x| *x /= row[n]);
    }

    /// Room for `n` rows of the inverse.
    fn widen(&mut self, n: usize) {
        if self.stride < n {
            let stride = (n + n / 2).max(32);
            let mut inverse = vec![0.0; stride * stride];
            for i in 0..n - 1 {
                let old = &self.inverse[i * self.stride..i * self.stride + i + 1];
                inverse[i * stride..i * stride + i + 1].copy_from_slice(old);
            }
            (self.inverse, self.stride) = (inverse, stride);
        }
    }

    /// The values at all places, in the order in which they were added.
    pub(crate) fn observe(&mut self, values: &[f64]) {
        self.alpha = values.to_vec();
        self.factor.forward(&mut self.alpha);
        self.factor.backward(&mut self.alpha);
    }

    /// The covariances of a place with all that were observed.
    fn across(&self, place: &[f64]) -> Vec<f64> {
        let mut row = Vec::new();
        let mut room = Room::default();
        let place = self.hyper.bent(place);
        covariances(&self.metric, &self.hyper, &place, &self.columns, &mut room, &mut row);
        row
    }

    /// The mean at one place.
    pub(crate) fn mean(&self, place: &[f64]) -> f64 {
        dot(&self.across(place), &self.alpha)
    }

    /// Mean and variance of the function (without noise) at each place.
    pub(crate) fn predict(&self, places: &[Vec<f64>]) -> Vec<(f64, f64)> {
        let (n, m) = (self.len(), places.len());
        if n == 0 || m == 0 {
            return vec![(0.0, self.hyper.scale); m];
        }
        let (mut room, mut row) = (Room::default(), Vec::with_capacity(n));
        let mut across = Vec::with_capacity(n * m);
        for place in places {
            let place = self.hyper.bent(place);
            covariances(&self.metric, &self.hyper, &place, &self.columns, &mut room, &mut row);
            across.extend_from_slice(&row);
        }
        let means = across.chunks_exact(n).map(|row| dot(row, &self.alpha)).collect::<Vec<_>>();
        let across = Array2::from_shape_vec((m, n), across).expect("m rows of n numbers");
        let inverse = ArrayView2::from_shape((n, n).strides((self.stride, 1)), &self.inverse)
            .expect("the inverse has n rows of stride numbers");
        let explained = across.dot(&inverse.t());
        let least = 1e-10 * self.hyper.scale;
        let variance = |row: ndarray::ArrayView1<f64>| {
            let explained: f64 = row.iter().map(|v| v * v).sum();
            (self.hyper.scale - explained).max(least)
        };
        means.into_iter().zip(explained.rows().into_iter().map(variance)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{real, space};

    fn posterior(places: &[f64], values: &[f64]) -> Posterior {
        let metric = Metric::new(&space(&[real("x", 0.0, 1.0)]));
        let hyper = Hyper {
            weights: vec![4.0],
            scale: 2.0,
            noise: 0.01,
            apart: 0.0,
            ratio: 1.0,
            bends: Vec::new(),
        };
        let mut posterior = Posterior::new(metric, hyper);
        places.iter().for_each(|x| posterior.add(&[*x]));
        posterior.observe(values);
        posterior
    }

    #[test]
    fn predictions_are_those_of_another_library() {
        // scikit-learn 1.9.1: GaussianProcessRegressor(2 * Matern(0.5, nu=2.5), alpha=0.01,
        // optimizer=None) on the same three observations.
        let posterior = posterior(&[0.1, 0.4, 0.9], &[1.0, -0.5, 0.3]);
        let got = posterior.predict(&[vec![0.2], vec![0.6], vec![0.1]]);
        for ((mean, variance), (want_mean, want_deviation)) in got.iter().zip(GOLDEN) {
            assert!((mean - want_mean).abs() < 1e-9, "{got:?}");
            assert!((variance.sqrt() - want_deviation).abs() < 1e-9, "{got:?}");
        }
        assert!((posterior.mean(&[0.2]) - GOLDEN[0].0).abs() < 1e-9);
    }

    const GOLDEN: [(f64, f64); 3] = [
        (0.482_225_516_122_097_7, 0.186_348_081_523_633_1),
        (-0.544_044_568_307_687_2, 0.383_444_770_316_079_04),
        (0.980_475_774_441_773_9, 0.099_347_257_206_009_88),
    ];
}
