//! How likely observations are under the numbers of a kernel, with what is believed beforehand.
//!
//! The log marginal likelihood and its gradient are equations 5.8 and 5.9 of Rasmussen and
//! Williams (2006). Beforehand a length-scale is log-normal around a value that grows with √d
//! (Hvarfner et al., *Vanilla Bayesian Optimization Performs Great in High Dimensions*, ICML 2024),
//! the variance log-normal around 1, and the noise log-normal around a small value.
//!
//! `d` axes, `n` places. The numbers are ln w₁ … ln w_d, ln s, ln noise, ln c and the logit of ρ,
//! in this order; then, where axes are bent, ln a and ln b of each of these.

use std::borrow::Cow;

use ndarray::{Array1, Array2};

use super::bend::Bend;
use super::cholesky::{Factor, dot};
use super::kernel::{Hyper, Metric, matern_slope};

/// How many numbers there are beside the weights.
const OTHERS: usize = 4;

/// The believed length-scale of one axis alone, in axes.
const LENGTH: f64 = 0.4;

/// How far ln a and ln b of an axis are believed to be from those of a straight one.
const BENT: f64 = 0.5;

/// Smallest noise, so that the factor exists.
const NOISE_MIN: f64 = 1e-6;

/// Least pivot of the factor.
const PIVOT_MIN: f64 = 1e-10;

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

/// What is believed of number `i`, for `d` axes.
fn belief(i: usize, d: usize) -> LogNormal {
    let length = LENGTH * (d as f64).sqrt();
    let (mean, deviation) = match i.checked_sub(d) {
        None => (-2.0 * length.ln(), 2.0),
        Some(0) => (0.0, 1.0),
        Some(1) => (-7.0, 2.5),
        Some(2) => ((d as f64).ln(), 1.0),
        Some(3) => (-1.0, 1.5),
        Some(_) => (0.0, BENT),
    };
    LogNormal { mean, deviation }
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Beyond this no number means anything else.
fn bounded(log: f64) -> f64 {
    if log.is_nan() { 0.0 } else { log.clamp(-20.0, 12.0) }
}

/// Observations, ready to be asked about many numbers.
pub(super) struct Likelihood<'a> {
    values: &'a [f64],
    metric: Metric,
    /// δ² of each pair i > j, packed by rows, one vector for each axis.
    squared: Vec<Vec<f64>>,
    /// The axes that are bent, and where the places are on each of them.
    bent: Vec<(usize, Vec<f64>)>,
}

/// The two parts of the kernel for each pair, and the slope of the first.
struct Pairs {
    /// (m, dm/dr²)
    together: Vec<(f64, f64)>,
    /// Σ 1 / (1 + c wᵢ δᵢ²)
    apart: Vec<f64>,
    /// k
    kernel: Vec<f64>,
}

impl<'a> Likelihood<'a> {
    /// Of `values` (mean 0, variance 1) at `places`.
    pub(super) fn new(metric: &Metric, places: &[&[f64]], values: &'a [f64]) -> Likelihood<'a> {
        let squared = |axis: usize| squared(metric, axis, &column(places, axis));
        Likelihood {
            values,
            metric: metric.clone(),
            squared: (0..metric.axes()).map(squared).collect(),
            bent: Vec::new(),
        }
    }

    /// The same, with axes that may be bent.
    pub(super) fn bending(mut self, places: &[&[f64]]) -> Likelihood<'a> {
        let axes = self.metric.bendable().iter();
        self.bent = axes.map(|axis| (*axis, column(places, *axis))).collect();
        self
    }

    /// What is believed beforehand, with this noise (in logs).
    pub(super) fn beforehand(&self, noise: f64) -> Array1<f64> {
        let d = self.axes();
        let numbers = 0..d + OTHERS + 2 * self.bent.len();
        numbers.map(|i| if i == d + 1 { noise } else { belief(i, d).mean }).collect()
    }

    /// The numbers of a kernel, out of their logs.
    pub(super) fn hyper(&self, logs: &Array1<f64>) -> Hyper {
        let d = self.axes();
        let at = |i: usize| bounded(logs[i]).exp();
        let mut bends = Vec::new();
        if !self.bent.is_empty() {
            bends.resize(d, None);
        }
        for (k, (axis, _)) in self.bent.iter().enumerate() {
            let from = d + OTHERS + 2 * k;
            bends[*axis] = Some(Bend::of_logs(logs[from], logs[from + 1]));
        }
        Hyper {
            weights: (0..d).map(at).collect(),
            scale: at(d),
            noise: NOISE_MIN + at(d + 1),
            ratio: at(d + 2),
            apart: logistic(bounded(logs[d + 3])),
            bends,
        }
    }

    /// δ² of each pair on each axis, bent as `hyper` says.
    fn distances(&self, hyper: &Hyper) -> Cow<'_, [Vec<f64>]> {
        if self.bent.is_empty() {
            return Cow::Borrowed(&self.squared);
        }
        let mut all = self.squared.clone();
        for (axis, column) in &self.bent {
            let bent = |x: &f64| hyper.bends[*axis].map_or(*x, |bend| bend.at(*x));
            let column: Vec<f64> = column.iter().map(bent).collect();
            all[*axis] = squared(&self.metric, *axis, &column);
        }
        Cow::Owned(all)
    }

    /// How many axes there are.
    pub(super) fn axes(&self) -> usize {
        self.squared.len()
    }

    /// The negative log posterior of the numbers, up to a constant, and its gradient.
    pub(super) fn cost_and_gradient(&self, logs: &Array1<f64>) -> (f64, Array1<f64>) {
        let (n, d) = (self.values.len(), self.axes());
        let hyper = self.hyper(logs);
        let distances = self.distances(&hyper);
        let parts = self.pairs(&hyper, &distances);
        let mut factor = Factor::default();
        for i in 0..n {
            let row = &parts.kernel[pairs(i)..][..i];
            factor.grow(row, hyper.scale + hyper.noise, PIVOT_MIN);
        }
        let mut alpha = self.values.to_vec();
        factor.forward(&mut alpha);
        let mut cost = 0.5 * dot(&alpha, &alpha) + factor.half_log_determinant();
        factor.backward(&mut alpha);

        let inverse = Array2::from_shape_vec((n, n), factor.inverse()).expect("n × n numbers");
        let inverse = inverse.t().dot(&inverse);
        let mut gradient = self.gradient(&hyper, &distances, &parts, &inverse, &alpha);
        for i in 0..logs.len() {
            let (log_density, slope) = belief(i, d).log_density(logs[i]);
            cost -= log_density;
            gradient[i] -= slope;
        }
        (cost, gradient)
    }

    /// The parts of the kernel.
    fn pairs(&self, hyper: &Hyper, squared: &[Vec<f64>]) -> Pairs {
        let d = self.axes();
        let (share, rest) = hyper.shares(d);
        let mut distances = vec![0.0; pairs(self.values.len())];
        let mut apart = distances.clone();
        for (weight, squared) in hyper.weights.iter().zip(squared) {
            let steep = weight * hyper.ratio;
            for ((s, distance), sum) in squared.iter().zip(&mut distances).zip(&mut apart) {
                *distance += weight * s;
                *sum += 1.0 / (1.0 + steep * s);
            }
        }
        let together: Vec<(f64, f64)> = distances.iter().map(|r| matern_slope(*r)).collect();
        let both = together.iter().zip(&apart);
        let kernel = both.map(|((m, _), sum)| rest * m + share * sum).collect();
        Pairs { together, apart, kernel }
    }

    /// ½ tr((K⁻¹ − ααᵀ) ∂K) for each number.
    fn gradient(
        &self,
        hyper: &Hyper,
        squared: &[Vec<f64>],
        parts: &Pairs,
        inverse: &Array2<f64>,
        alpha: &[f64],
    ) -> Array1<f64> {
        let (n, d) = (alpha.len(), self.axes());
        let (share, rest) = hyper.shares(d);
        let mut gradient = Array1::zeros(d + OTHERS + 2 * self.bent.len());
        // K⁻¹ − ααᵀ of each pair; each stands twice in the trace.
        let mut pull = vec![0.0; pairs(n)];
        for i in 0..n {
            let own = 0.5 * (inverse[[i, i]] - alpha[i] * alpha[i]);
            gradient[d] += own * hyper.scale;
            gradient[d + 1] += own * (hyper.noise - NOISE_MIN);
            for j in 0..i {
                pull[pairs(i) + j] = inverse[[i, j]] - alpha[i] * alpha[j];
            }
        }
        gradient[d] += dot(&pull, &parts.kernel);
        let by_logit = hyper.scale * hyper.apart * (1.0 - hyper.apart);
        for ((pull, (m, _)), sum) in pull.iter().zip(&parts.together).zip(&parts.apart) {
            gradient[d + 3] += pull * by_logit * (sum / d as f64 - m);
        }
        for (i, (weight, squared)) in hyper.weights.iter().zip(squared).enumerate() {
            let steep = weight * hyper.ratio;
            let (mut together, mut single) = (0.0, 0.0);
            for ((s, pull), (_, slope)) in squared.iter().zip(&pull).zip(&parts.together) {
                let q = 1.0 / (1.0 + steep * s);
                together += pull * slope * s;
                single += pull * s * q * q;
            }
            gradient[i] = rest * weight * together - share * steep * single;
            gradient[d + 2] -= share * steep * single;
        }
        for (k, (axis, column)) in self.bent.iter().enumerate() {
            let (by_a, by_b) = bend_slopes(hyper, parts, &pull, *axis, &squared[*axis], column);
            gradient[d + OTHERS + 2 * k] = by_a;
            gradient[d + OTHERS + 2 * k + 1] = by_b;
        }
        gradient
    }
}

/// The slopes of the cost by ln a and ln b of one axis: ∂δ² = 2 (u − v) (∂u − ∂v), where u and v
/// are where two places are after the bend.
fn bend_slopes(
    hyper: &Hyper,
    parts: &Pairs,
    pull: &[f64],
    axis: usize,
    squared: &[f64],
    column: &[f64],
) -> (f64, f64) {
    let Some(bend) = hyper.bends[axis] else { return (0.0, 0.0) };
    let (share, rest) = hyper.shares(hyper.weights.len());
    let (weight, steep) = (hyper.weights[axis], hyper.weights[axis] * hyper.ratio);
    let moved: Vec<(f64, (f64, f64))> =
        column.iter().map(|x| (bend.at(*x), bend.slopes(*x))).collect();
    let mut sums = (0.0, 0.0);
    for (i, (u, (u_a, u_b))) in moved.iter().enumerate() {
        for (j, (v, (v_a, v_b))) in moved[..i].iter().enumerate() {
            let at = pairs(i) + j;
            // Between an inactive axis and an active one the distance is 1, however it is bent.
            if u.is_nan() || v.is_nan() {
                continue;
            }
            let q = 1.0 / (1.0 + steep * squared[at]);
            let by_squared = rest * weight * parts.together[at].1 - share * steep * q * q;
            let by = 2.0 * pull[at] * by_squared * (u - v);
            sums.0 += by * (u_a - v_a);
            sums.1 += by * (u_b - v_b);
        }
    }
    sums
}

/// Where the places are on one axis.
fn column(places: &[&[f64]], axis: usize) -> Vec<f64> {
    places.iter().map(|place| place[axis]).collect()
}

/// δ² of each pair i > j on one axis, packed by rows.
fn squared(metric: &Metric, axis: usize, column: &[f64]) -> Vec<f64> {
    let mut squared = vec![0.0; pairs(column.len())];
    for i in 1..column.len() {
        let row = &mut squared[pairs(i)..][..i];
        metric.squared(axis, column[i], &column[..i], row);
    }
    squared
}

/// How many pairs there are among `n`: also where row `n` begins.
fn pairs(n: usize) -> usize {
    n * n.saturating_sub(1) / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Seed;
    use crate::fixture::{names, real, space};

    #[test]
    fn the_gradient_is_the_slope_of_the_cost() {
        let space = space(&[real("x", 0.0, 1.0), real("y", 0.0, 1.0), names("c", 3)]);
        let mut stream = Seed(5).stream(0);
        let mut place = || [stream.unit(), stream.unit(), stream.below(3) as f64];
        let places: Vec<[f64; 3]> = (0..12).map(|_| place()).collect();
        let values: Vec<f64> = places.iter().map(|x| (9.0 * x[0]).sin() + 0.3 * x[2]).collect();
        let places: Vec<&[f64]> = places.iter().map(|it| &it[..]).collect();
        let straight = Likelihood::new(&Metric::new(&space), &places, &values);
        let bent = Likelihood::new(&Metric::new(&space), &places, &values).bending(&places);
        let at = [0.3, -0.5, 0.1, 0.2, -2.0, 0.7, -0.4, 0.3, -0.2, 0.6, 0.1];
        slopes_agree(&straight, Array1::from(at[..7].to_vec()));
        slopes_agree(&bent, Array1::from(at.to_vec()));
    }

    fn slopes_agree(likelihood: &Likelihood, at: Array1<f64>) {
        let (_, gradient) = likelihood.cost_and_gradient(&at);
        assert_eq!(gradient.len(), at.len());
        for i in 0..at.len() {
            let moved = |h: f64| {
                let mut logs = at.clone();
                logs[i] += h;
                likelihood.cost_and_gradient(&logs).0
            };
            let numeric = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((gradient[i] - numeric).abs() < 1e-5, "{i}: {} {numeric}", gradient[i]);
        }
    }
}
