//! How kernels look along one axis. All densities are relative to the even one.
//!
//! - On an axis with an order a kernel is a normal, cut off at the ends of [0, 1]. All kernels of
//!   an axis share one width σ (`sigma`).
//! - Where such an axis has few levels, each kernel gives each level the share of the normal that
//!   lies in its cell.
//! - On a categorical axis a kernel gives its own level the most, and the others alike (Aitchison
//!   and Aitken, *Multivariate binary discrimination by the kernel method*, Biometrika 63, 1976).

use std::f64::consts::{FRAC_1_SQRT_2, PI, SQRT_2};

use super::quick;
use crate::normal;
use crate::seed::Stream;
use crate::space::{Axis, Coordinate, Kind, Space};

/// The widest σ, before n^(−1/(d+4)).
const WIDEST: f64 = 0.3;

/// So many levels are few: tables for them are small.
const FEW: u64 = 16;

/// Kernels along one axis.
pub(super) enum Kernel {
    /// Normals of this σ.
    Normal { sigma: f64 },
    /// A table for few levels, each level's row after the other, and in it each kernel's level.
    Levels(Table),
    /// The share of a kernel's own level, and of each other one.
    Named { levels: u64, own: f64, other: f64 },
}

/// See [`Kernel::Levels`].
pub(super) struct Table {
    /// The middle of each level's cell.
    middles: Vec<f64>,
    shares: Vec<f64>,
    /// Minus the log of each share over the width of its cell.
    terms: Vec<f64>,
}

/// What the kernels of an axis must fit.
pub(super) struct Sample {
    /// How many of them are active.
    pub(super) n: f64,
    /// Their standard deviation, where the axis has an order.
    pub(super) deviation: f64,
    /// How many axes a kernel has.
    pub(super) dimensions: f64,
    /// The weight of the prior, in trials.
    pub(super) prior: f64,
    /// Whether some axis is categorical.
    pub(super) names: bool,
}

impl Kernel {
    /// Kernels along axis `i` for a sample.
    pub(super) fn fit(space: &Space, i: usize, axis: Axis, sample: &Sample) -> Kernel {
        match axis.levels {
            Some(levels) if axis.kind == Kind::Categorical => {
                let (k, share) = (levels as f64, sample.prior / sample.n.max(1.0));
                let other = share / (1.0 + k * share);
                Kernel::Named { levels, own: other + 1.0 / (1.0 + k * share), other }
            }
            Some(levels) if levels <= FEW => {
                Kernel::Levels(Table::new(space, i, levels, sample.sigma(axis)))
            }
            _ => Kernel::Normal { sigma: sample.sigma(axis) },
        }
    }

    /// A place on the axis in the kernels' own terms; NaN stays NaN.
    pub(super) fn mark(&self, x: f64) -> f64 {
        match self {
            Kernel::Normal { sigma } => x * (FRAC_1_SQRT_2 / sigma),
            Kernel::Levels(table) if !x.is_nan() => table.level(x) as f64,
            _ => x,
        }
    }

    /// What the kernel at `mu` must be divided by; 1 where it is inactive.
    pub(super) fn norm(&self, mu: f64) -> f64 {
        match self {
            Kernel::Normal { sigma } if !mu.is_nan() => {
                let inside = quick::cdf((1.0 - mu) / sigma) - quick::cdf(-mu / sigma);
                inside * sigma * (2.0 * PI).sqrt()
            }
            _ => 1.0,
        }
    }

    /// Adds to each of `sums` minus the log of the density that the kernel at this one of `marks`
    /// has at the mark `x`, but for norms. An inactive kernel's density is even.
    pub(super) fn add(&self, x: f64, marks: &[f64], sums: &mut [f64]) {
        let pairs = sums.iter_mut().zip(marks);
        match self {
            Kernel::Normal { .. } => pairs.for_each(|(sum, mu)| {
                let z = x - mu;
                *sum += if z.is_nan() { 0.0 } else { z * z };
            }),
            Kernel::Levels(table) => {
                let row = table.row(x as usize);
                pairs.for_each(|(sum, mu)| {
                    *sum += if mu.is_nan() { 0.0 } else { row[*mu as usize] };
                });
            }
            Kernel::Named { levels, own, other } => {
                let term = |share: &f64| -(share * *levels as f64).ln();
                let (own, other) = (term(own), term(other));
                pairs.for_each(|(sum, mu)| {
                    let active = if x == *mu { own } else { other };
                    *sum += if mu.is_nan() { 0.0 } else { active };
                });
            }
        }
    }

    /// Minus the log of [`Kernel::norm`] is added too: for axes that some places are without.
    pub(super) fn add_norms(&self, logs: &[f64], sums: &mut [f64]) {
        if matches!(self, Kernel::Normal { .. }) {
            sums.iter_mut().zip(logs).for_each(|(sum, log)| *sum += log);
        }
    }

    /// A coordinate drawn from the kernel at the mark `mu`. Real ones are not yet rounded.
    pub(super) fn draw(
        &self,
        space: &Space,
        i: usize,
        axis: Axis,
        mu: f64,
        stream: &mut Stream,
    ) -> Coordinate {
        let u = stream.unit();
        match self {
            Kernel::Normal { sigma } => {
                let mu = mu * (SQRT_2 * sigma);
                let below = quick::cdf(-mu / sigma);
                let inside = quick::cdf((1.0 - mu) / sigma) - below;
                let z = normal::rough_quantile(below + u * inside);
                let x = (mu + sigma * z).clamp(0.0, 1.0);
                if axis.levels.is_none() { Coordinate::Real(x) } else { space.coordinate(i, x) }
            }
            Kernel::Levels(table) => Coordinate::Level(table.draw(mu as usize, u)),
            // An even share for all levels, and what its own level has beyond that.
            Kernel::Named { own, other, .. } if u < own - other => Coordinate::Level(mu as u64),
            Kernel::Named { levels, .. } => Coordinate::Level(stream.below(*levels)),
        }
    }
}

impl Sample {
    /// The width of kernels: c s n^(−1/(d+4)) with the sample's deviation s (Scott's rule), yet
    /// never so narrow that neighbours are out of reach: (n+1)^−p of the axis with n + 1 between 5
    /// and 100 (as the "magic clipping" of Bergstra et al.; Watanabe 2023, §3.3), or half a level.
    ///
    /// Numbers alone want c = 0.3 and p = 1.3: where trials gather is not normal, and what was
    /// tried should count against its near neighbours only. Among names c is the 1.06 that fits a
    /// normal best, and p is 1: were kernels narrow along the other axes, a trial would say nothing
    /// of its name, and one name could hold the search for ever.
    fn sigma(&self, axis: Axis) -> f64 {
        let (c, p) = if self.names { (1.06, 1.0) } else { (0.3, 1.3) };
        let scott = self.n.max(1.0).powf(-1.0 / (self.dimensions + 4.0));
        let narrowest = (1.0 + self.n).clamp(5.0, 100.0).powf(-p);
        let level = axis.levels.map_or(0.0, |levels| 0.5 / levels as f64);
        ((c * self.deviation).min(WIDEST) * scott).max(narrowest).max(level)
    }
}

impl Table {
    fn new(space: &Space, i: usize, levels: u64, sigma: f64) -> Table {
        let cells = (0..levels).map(|level| space.cell(i, Coordinate::Level(level)));
        let cells: Vec<(f64, f64)> = cells.collect();
        let n = cells.len();
        let middles: Vec<f64> = cells.iter().map(|(lo, hi)| lo / 2.0 + hi / 2.0).collect();
        let (mut shares, mut terms) = (vec![0.0; n * n], vec![0.0; n * n]);
        for (center, mu) in middles.iter().enumerate() {
            let below = |x: f64| quick::cdf((x - mu) / sigma);
            let inside = below(1.0) - below(0.0);
            for (level, (lo, hi)) in cells.iter().enumerate() {
                let share = (below(*hi) - below(*lo)) / inside;
                shares[level * n + center] = share;
                // No level is ever out of a kernel's reach.
                terms[level * n + center] = -(share / (hi - lo)).max(1e-9).ln();
            }
        }
        Table { middles, shares, terms }
    }

    /// The level whose middle is at `x`.
    fn level(&self, x: f64) -> usize {
        self.middles.partition_point(|middle| *middle < x).min(self.middles.len() - 1)
    }

    fn row(&self, level: usize) -> &[f64] {
        let n = self.middles.len();
        &self.terms[level * n..][..n]
    }

    /// The level at share `u` of the kernel of level `center`.
    fn draw(&self, center: usize, mut u: f64) -> u64 {
        let n = self.middles.len();
        let beyond = |level: &usize| {
            u -= self.shares[level * n + center];
            u < 0.0
        };
        (0..n - 1).find(beyond).unwrap_or(n - 1) as u64
    }
}
