//! A density over the unit cube: one kernel for each trial, and the prior.
//!
//! On an axis with an order a kernel is a normal cut off at the ends of [0, 1]; all kernels share
//! one width σ per axis, 1.06 s n^(−1/(d+4)) with the trials' standard deviation s (the normal
//! reference rule; Silverman, *Density Estimation*, 1986), so that it narrows as they gather. On a
//! categorical axis a kernel gives its own level the most and shares the rest evenly. A kernel
//! over all axes is the product. The prior is one wide kernel in the middle, so that no place is
//! ever ruled out.
//!
//! `n`: kernels without the prior; `d`: axes. All densities are up to a constant factor.

use crate::normal;
use crate::seed::Stream;
use crate::space::{Coordinate, Kind, Point, Space};

/// The widest σ, before n^(−1/(d+4)).
const WIDEST: f64 = 0.3;

/// A kernel whose density is e^−this of the largest one's adds nothing that a sum would keep.
const NEGLIGIBLE: f64 = 37.0;

/// See the file's head.
pub(super) struct Parzen {
    axes: Vec<Axis>,
    /// The log of each kernel's weight over its normalisation; the prior is last.
    log_weights: Vec<f64>,
    /// Places of kernels, one after another, `axes.len()` numbers each; without the prior.
    centers: Vec<f64>,
    prior_weight: f64,
}

/// How kernels look along one axis.
enum Axis {
    /// Normals of this σ.
    Ordered { sigma: f64 },
    /// The log of what a kernel gives its own level, and each other one; and of the prior's.
    Categorical { levels: u64, own: f64, other: f64, prior: f64 },
}

impl Parzen {
    /// One kernel for each point, with equal weights; the prior weighs `prior_weight` of them.
    pub(super) fn fit(space: &Space, points: &[&Point], prior_weight: f64) -> Parzen {
        let n = points.len() as f64;
        let d = space.dimensions() as f64;
        let scott = (n.max(1.0)).powf(-1.0 / (d + 4.0));
        let axis = |(i, axis): (usize, crate::space::Axis)| match (axis.kind, axis.levels) {
            (Kind::Categorical, levels) => {
                let levels = levels.unwrap_or(1);
                let (k, share) = (levels as f64, prior_weight / n.max(1.0));
                let other = share / (1.0 + k * share);
                let own = (1.0 + share) / (1.0 + k * share);
                Axis::Categorical { levels, own: own.ln(), other: other.ln(), prior: -k.ln() }
            }
            (_, levels) => {
                let places = points.iter().map(|point| middle(space, i, point.0[i]));
                let scale = (1.06 * deviation(places)).min(WIDEST);
                // Narrow enough to settle, yet never so narrow that neighbours are out of reach:
                // a share that shrinks with n down to a hundredth of the axis, or half a level.
                let narrowest = 1.0 / (1.0 + n).clamp(5.0, 100.0);
                let level = levels.map_or(0.0, |levels| 0.5 / levels as f64);
                Axis::Ordered { sigma: (scale * scott).max(narrowest).max(level) }
            }
        };
        let axes: Vec<Axis> = space.axes().enumerate().map(axis).collect();
        let mut parzen = Parzen {
            axes,
            log_weights: Vec::with_capacity(points.len() + 1),
            centers: Vec::with_capacity(points.len() * space.dimensions()),
            prior_weight,
        };
        let log_widths: f64 = parzen.axes.iter().map(Axis::log_width).sum();
        for point in points {
            let place = parzen.place(space, point);
            parzen.log_weights.push(-parzen.inside(&place).ln() - log_widths);
            parzen.centers.extend(place);
        }
        parzen.log_weights.push(prior_weight.ln() - parzen.log_prior_inside());
        parzen
    }

    /// Where a point is: the middle of its cell on ordered axes, the level on categorical ones.
    pub(super) fn place(&self, space: &Space, point: &Point) -> Vec<f64> {
        let pairs = self.axes.iter().zip(&point.0).enumerate();
        let number =
            |(i, (axis, coordinate)): (usize, (&Axis, &Coordinate))| match (axis, coordinate) {
                (Axis::Categorical { .. }, Coordinate::Level(level)) => *level as f64,
                (_, coordinate) => {
                    let (lo, hi) = space.cell(i, *coordinate);
                    lo / 2.0 + hi / 2.0
                }
            };
        pairs.map(number).collect()
    }

    /// The share of the kernel at `center` that is inside the cube.
    fn inside(&self, center: &[f64]) -> f64 {
        let pairs = self.axes.iter().zip(center);
        pairs.map(|(axis, mu)| axis.inside(*mu)).product()
    }

    /// The log of the same for the prior, whose σ is 1 and whose middle is the cube's.
    fn log_prior_inside(&self) -> f64 {
        let inside = normal::cdf(0.5) - normal::cdf(-0.5);
        let ordered = self.axes.iter().filter(|axis| matches!(axis, Axis::Ordered { .. })).count();
        ordered as f64 * inside.ln()
    }

    /// The log of the density at a place.
    pub(super) fn log_density(&self, place: &[f64]) -> f64 {
        let d = self.axes.len();
        let kernels = self.centers.chunks_exact(d).zip(&self.log_weights);
        let mut logs: Vec<f64> =
            kernels.map(|(center, weight)| weight + self.log_kernel(center, place)).collect();
        logs.push(self.log_weights.last().unwrap_or(&0.0) + self.log_prior(place));
        let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 =
            logs.iter().map(|log| log - top).filter(|log| -NEGLIGIBLE < *log).map(f64::exp).sum();
        let total = self.log_weights.len() as f64 - 1.0 + self.prior_weight;
        top + sum.ln() - total.ln()
    }

    fn log_kernel(&self, center: &[f64], place: &[f64]) -> f64 {
        let triples = self.axes.iter().zip(center).zip(place);
        triples.map(|((axis, mu), x)| axis.log_kernel(*mu, *x)).sum()
    }

    fn log_prior(&self, place: &[f64]) -> f64 {
        let one = |(axis, x): (&Axis, &f64)| match axis {
            Axis::Ordered { .. } => -0.5 * (x - 0.5).powi(2),
            Axis::Categorical { prior, .. } => *prior,
        };
        self.axes.iter().zip(place).map(one).sum()
    }

    /// A point drawn from the density.
    pub(super) fn draw(&self, space: &Space, stream: &mut Stream) -> Point {
        let n = self.log_weights.len() - 1;
        let kernel = (stream.unit() * (n as f64 + self.prior_weight)) as usize;
        let d = self.axes.len();
        let center = (kernel < n).then(|| &self.centers[kernel * d..(kernel + 1) * d]);
        let coordinate = |(i, axis): (usize, &Axis)| match axis {
            Axis::Ordered { sigma } => {
                let (mu, sigma) = center.map_or((0.5, 1.0), |center| (center[i], *sigma));
                space.coordinate(i, normal::truncated(mu, sigma, 0.0, 1.0, stream.unit()))
            }
            Axis::Categorical { levels, own, other, .. } => {
                // An even share for all levels, and what its own level has beyond that.
                match center {
                    Some(center) if stream.unit() < own.exp() - other.exp() => {
                        Coordinate::Level(center[i] as u64)
                    }
                    _ => Coordinate::Level(stream.below(*levels)),
                }
            }
        };
        Point(self.axes.iter().enumerate().map(coordinate).collect())
    }
}

impl Axis {
    fn log_width(&self) -> f64 {
        match self {
            Axis::Ordered { sigma } => sigma.ln(),
            Axis::Categorical { .. } => 0.0,
        }
    }

    fn inside(&self, mu: f64) -> f64 {
        match self {
            Axis::Ordered { sigma } => normal::cdf((1.0 - mu) / sigma) - normal::cdf(-mu / sigma),
            Axis::Categorical { .. } => 1.0,
        }
    }

    fn log_kernel(&self, mu: f64, x: f64) -> f64 {
        match self {
            Axis::Ordered { sigma } => -0.5 * ((x - mu) / sigma).powi(2),
            Axis::Categorical { own, .. } if mu == x => *own,
            Axis::Categorical { other, .. } => *other,
        }
    }
}

/// The middle of a coordinate's cell.
fn middle(space: &Space, axis: usize, coordinate: Coordinate) -> f64 {
    let (lo, hi) = space.cell(axis, coordinate);
    lo / 2.0 + hi / 2.0
}

/// The standard deviation; of nothing, 0.
fn deviation(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let n = (values.clone().count() as f64).max(1.0);
    let mean = values.clone().sum::<f64>() / n;
    (values.map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Seed;
    use crate::fixture::{int, names, real, space};

    fn fit(space: &Space, units: &[&[f64]], prior_weight: f64) -> Parzen {
        let points: Vec<_> = units.iter().map(|units| space.point(units)).collect();
        Parzen::fit(space, &points.iter().collect::<Vec<_>>(), prior_weight)
    }

    #[test]
    fn a_density_sums_to_one() {
        let space = space(&[real("x", 0.0, 1.0), names("c", 3)]);
        for units in [&[] as &[&[f64]], &[&[0.1, 0.5]], &[&[0.0, 0.0], &[0.9, 0.9], &[0.5, 0.2]]] {
            let parzen = fit(&space, units, 1.0);
            let mut sum = 0.0;
            for i in 0..1000 {
                for level in 0..3 {
                    let x = (f64::from(i) + 0.5) / 1000.0;
                    sum += parzen.log_density(&[x, f64::from(level)]).exp() / 1000.0;
                }
            }
            // Densities leave out 1 / √(2π) for each ordered axis.
            assert!(
                (sum / (2.0 * std::f64::consts::PI).sqrt() - 1.0).abs() < 1e-6,
                "{units:?}: {sum}"
            );
        }
    }

    #[test]
    fn draws_follow_the_density() {
        let space = space(&[int("n", 0, 9), names("c", 4)]);
        let parzen = fit(&space, &[&[0.05, 0.9], &[0.05, 0.9]], 1.0);
        let mut stream = Seed(1).stream(0);
        let mut counts = [0; 4];
        for _ in 0..4000 {
            let [_, Coordinate::Level(level)] = parzen.draw(&space, &mut stream).0[..] else {
                panic!("two axes with levels")
            };
            counts[usize::try_from(level).unwrap()] += 1;
        }
        // Kernels have 2/3 of the weight, and give (1 + ½) / (1 + 4·½) = ½ to their own level;
        // the prior gives ¼. So the last level has 2/3 · ½ + 1/3 · ¼ = 0.4167 of the draws, with
        // a standard deviation of 31 in 4000: five of them are off by chance once in 10^6.
        assert!((counts[3] - 1667_i32).abs() < 5 * 31, "{counts:?}");
    }
}
