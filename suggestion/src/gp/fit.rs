//! Length-scales, variance and noise: those that make the observations most likely, with what is
//! believed beforehand (maximum a posteriori).
//!
//! The log marginal likelihood and its gradient are equations 5.8 and 5.9 of Rasmussen and
//! Williams (2006). Beforehand a length-scale is log-normal around a value that grows with √d
//! (Hvarfner et al., *Vanilla Bayesian Optimization Performs Great in High Dimensions*, ICML 2024),
//! the variance log-normal around 1, and the noise log-normal around a small value.
//!
//! `d` axes, `n` places; the numbers fitted are ln w₁ … ln w_d, ln scale, ln noise.

use argmin::core::{CostFunction, Executor, Gradient, State};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use ndarray::{Array1, Array2};

use super::cholesky::{Factor, dot};
use super::kernel::{Hyper, Metric, matern_slope};

/// Iterations of L-BFGS.
const ITERATIONS: u64 = 40;

/// A log-normal belief about a positive number, in logs.
#[derive(Clone, Copy, Debug)]
struct LogNormal {
    mean: f64,
    deviation: f64,
}

impl LogNormal {
    /// The log of the density at ln x, up to a constant, and its slope.
    fn log_density(self, x: f64) -> (f64, f64) {
        let z = (x - self.mean) / self.deviation;
        (-0.5 * z * z, -z / self.deviation)
    }
}

/// What is believed before any observation.
#[derive(Clone, Debug)]
pub(crate) struct Prior {
    weight: LogNormal,
    scale: LogNormal,
    noise: LogNormal,
}

impl Prior {
    /// For `d` axes.
    pub(crate) fn new(d: usize) -> Prior {
        let length = 0.4 * (d as f64).sqrt();
        Prior {
            weight: LogNormal { mean: -2.0 * length.ln(), deviation: 2.0 },
            scale: LogNormal { mean: 0.0, deviation: 1.0 },
            noise: LogNormal { mean: -7.0, deviation: 2.5 },
        }
    }

    fn of(&self, i: usize, d: usize) -> LogNormal {
        match i.checked_sub(d) {
            None => self.weight,
            Some(0) => self.scale,
            Some(_) => self.noise,
        }
    }
}

/// Smallest noise, so that the factor exists.
const NOISE_MIN: f64 = 1e-6;

/// The numbers for `places` with `values` of about mean 0 and variance 1.
pub(crate) fn fit(metric: &Metric, prior: &Prior, places: &[&[f64]], values: &[f64]) -> Hyper {
    let d = metric.axes();
    let likelihood = Likelihood::new(metric, prior.clone(), places, values);
    let start = |shift: f64| {
        let mean = |i: usize| prior.of(i, d).mean + if i < d { shift } else { 0.0 };
        (0..d + 2).map(mean).collect::<Array1<f64>>()
    };
    let mut best: Option<(f64, Array1<f64>)> = None;
    for shift in [0.0, 2.0] {
        let start = start(shift);
        let found = climbed(&likelihood, start.clone()).unwrap_or(start);
        let cost = likelihood.cost_and_gradient(&found).0;
        if best.as_ref().is_none_or(|(known, _)| cost < *known) {
            best = Some((cost, found));
        }
    }
    let found = best.map_or_else(|| start(0.0), |(_, found)| found);
    Hyper {
        weights: (0..d).map(|i| bounded(found[i]).exp()).collect(),
        scale: bounded(found[d]).exp(),
        noise: NOISE_MIN + bounded(found[d + 1]).exp(),
    }
}

/// Beyond this no number means anything else.
fn bounded(log: f64) -> f64 {
    if log.is_nan() { 0.0 } else { log.clamp(-20.0, 12.0) }
}

fn climbed(likelihood: &Likelihood, start: Array1<f64>) -> Option<Array1<f64>> {
    let solver = LBFGS::new(MoreThuenteLineSearch::new(), 7)
        .with_tolerance_grad(1e-3)
        .ok()?
        .with_tolerance_cost(1e-6)
        .ok()?;
    let run = Executor::new(likelihood, solver)
        .configure(|state| state.param(start).max_iters(ITERATIONS))
        .ctrlc(false)
        .run()
        .ok()?;
    run.state().get_best_param().cloned()
}

/// The negative log posterior of the numbers.
struct Likelihood<'a> {
    prior: Prior,
    values: &'a [f64],
    /// δ² of each pair i > j, packed by rows, one vector for each axis.
    squared: Vec<Vec<f64>>,
}

impl<'a> Likelihood<'a> {
    fn new(metric: &Metric, prior: Prior, places: &[&[f64]], values: &'a [f64]) -> Likelihood<'a> {
        let axis = |axis: usize| {
            let row = |i: usize| {
                (0..i).map(move |j| metric.squared(axis, places[i][axis], places[j][axis]))
            };
            (0..places.len()).flat_map(row).collect()
        };
        Likelihood { prior, values, squared: (0..metric.axes()).map(axis).collect() }
    }

    fn cost_and_gradient(&self, logs: &Array1<f64>) -> (f64, Array1<f64>) {
        let (n, d) = (self.values.len(), self.squared.len());
        let at = |i: usize| bounded(logs[i]).exp();
        let (scale, noise) = (at(d), at(d + 1) + NOISE_MIN);

        let mut distances = vec![0.0; n * n.saturating_sub(1) / 2];
        for (i, squared) in self.squared.iter().enumerate() {
            let weight = at(i);
            distances.iter_mut().zip(squared).for_each(|(sum, s)| *sum += weight * s);
        }
        let kernel: Vec<(f64, f64)> = distances.iter().map(|r| matern_slope(*r)).collect();
        let mut factor = Factor::default();
        let mut row = Vec::with_capacity(n);
        for i in 0..n {
            row.clear();
            row.extend(kernel[i * i.saturating_sub(1) / 2..][..i].iter().map(|(k, _)| scale * k));
            factor.grow(&row, scale + noise, 1e-10);
        }
        let mut alpha = self.values.to_vec();
        factor.forward(&mut alpha);
        let fit = 0.5 * dot(&alpha, &alpha);
        factor.backward(&mut alpha);
        let mut cost = fit + factor.half_log_determinant();

        // ½ tr((K⁻¹ − ααᵀ) dK): the gradient of the cost.
        let inverse = Array2::from_shape_vec((n, n), factor.inverse()).expect("n × n numbers");
        let inverse = inverse.t().dot(&inverse);
        let mut gradient = Array1::zeros(d + 2);
        let mut pull = vec![0.0; distances.len()];
        let (mut by_scale, mut by_noise) = (0.0, 0.0);
        for i in 0..n {
            let own = inverse[[i, i]] - alpha[i] * alpha[i];
            by_noise += 0.5 * own;
            by_scale += 0.5 * own * scale;
            let start = i * i.saturating_sub(1) / 2;
            for j in 0..i {
                let both = (inverse[[i, j]] - alpha[i] * alpha[j]) * scale;
                by_scale += both * kernel[start + j].0;
                pull[start + j] = both * kernel[start + j].1;
            }
        }
        for (i, squared) in self.squared.iter().enumerate() {
            gradient[i] = dot(&pull, squared) * at(i);
        }
        gradient[d] = by_scale;
        gradient[d + 1] = by_noise * at(d + 1);
        for i in 0..d + 2 {
            let (log_density, slope) = self.prior.of(i, d).log_density(logs[i]);
            cost -= log_density;
            gradient[i] -= slope;
        }
        (cost, gradient)
    }
}

impl CostFunction for &Likelihood<'_> {
    type Param = Array1<f64>;
    type Output = f64;

    fn cost(&self, logs: &Array1<f64>) -> Result<f64, argmin::core::Error> {
        Ok(self.cost_and_gradient(logs).0)
    }
}

impl Gradient for &Likelihood<'_> {
    type Param = Array1<f64>;
    type Gradient = Array1<f64>;

    fn gradient(&self, logs: &Array1<f64>) -> Result<Array1<f64>, argmin::core::Error> {
        Ok(self.cost_and_gradient(logs).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Seed;
    use crate::fixture::{names, real, space};

    fn sample(n: usize) -> (Metric, Vec<Vec<f64>>, Vec<f64>) {
        let metric =
            Metric::new(&space(&[real("x", 0.0, 1.0), real("y", 0.0, 1.0), names("c", 3)]));
        let mut stream = Seed(5).stream(0);
        let place = |_| vec![stream.unit(), stream.unit(), stream.below(3) as f64];
        let places: Vec<Vec<f64>> = (0..n).map(place).collect();
        let value = |x: &Vec<f64>| (9.0 * x[0]).sin() + 0.3 * x[2];
        let values = places.iter().map(value).collect();
        (metric, places, values)
    }

    #[test]
    fn the_gradient_is_the_slope_of_the_cost() {
        let (metric, places, values) = sample(12);
        let places: Vec<&[f64]> = places.iter().map(Vec::as_slice).collect();
        let likelihood = Likelihood::new(&metric, Prior::new(3), &places, &values);
        let at = Array1::from(vec![0.3, -0.5, 0.1, 0.2, -2.0]);
        let (_, gradient) = likelihood.cost_and_gradient(&at);
        for i in 0..5 {
            let moved = |h: f64| {
                let mut logs = at.clone();
                logs[i] += h;
                likelihood.cost_and_gradient(&logs).0
            };
            let numeric = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((gradient[i] - numeric).abs() < 1e-5, "{i}: {} {numeric}", gradient[i]);
        }
    }

    #[test]
    fn axes_that_matter_have_short_lengths() {
        let (metric, places, values) = sample(60);
        let places: Vec<&[f64]> = places.iter().map(Vec::as_slice).collect();
        let hyper = fit(&metric, &Prior::new(3), &places, &values);
        assert!(hyper.weights[0] > 20.0 * hyper.weights[1], "{hyper:?}");
        assert!(hyper.noise < 1e-2, "{hyper:?}");
    }
}
