//! A density over the unit cube: one kernel for each trial, and the prior, which is even or what
//! the owner believes, so that no place is ever ruled out.
//!
//! A kernel over all axes is the product of those along each (`kernel.rs`). Where a parameter does
//! not apply to a kernel's trial, the kernel is even along that axis; where it does not apply to a
//! place, the axis does not count. So one density covers all branches of a conditional space:
//! trials of every branch teach what the branches share, and only those of a branch what is its
//! own.
//!
//! Columns hold the kernels' places axis by axis, so that the loops over kernels are vector code;
//! each kernel costs one exponential a place.

use super::kernel::{Kernel, Sample};
use super::quick;
use crate::seed::Stream;
use crate::space::{Axis, Kind, Point, Space};

/// A kernel for a trial: where it is, and how many trials it stands for.
pub(super) type Weighted<'a> = (&'a [f64], f64);

/// See the file's head.
pub(super) struct Density<'a> {
    space: &'a Space,
    columns: Vec<Column>,
    /// Each kernel's weight.
    weights: Vec<f64>,
    /// The same over the norms of all columns that have no own.
    scaled: Vec<f64>,
    /// The weight of the prior.
    prior: f64,
    /// Whether the prior is what the owner believes.
    believes: bool,
}

/// The kernels along one axis.
struct Column {
    axis: Axis,
    kernel: Kernel,
    marks: Vec<f64>,
    /// The logs of norms, where some places are without the axis.
    norms: Option<Vec<f64>>,
}

impl<'a> Density<'a> {
    /// One kernel for each trial, and a prior of the weight `prior`.
    pub(super) fn fit(
        space: &'a Space,
        trials: &[Weighted],
        prior: f64,
        believes: bool,
    ) -> Density<'a> {
        let weights: Vec<f64> = trials.iter().map(|(_, weight)| *weight).collect();
        let mut scaled = weights.clone();
        let mut columns = Vec::with_capacity(space.dimensions());
        let names = space.axes().any(|axis| axis.kind == Kind::Categorical);
        for (i, axis) in space.axes().enumerate() {
            let mut marks: Vec<f64> = trials.iter().map(|(place, _)| place[i]).collect();
            let (n, deviation) = spread(&marks);
            let dimensions = space.dimensions() as f64;
            let kernel =
                Kernel::fit(space, i, axis, &Sample { n, deviation, dimensions, prior, names });
            let mut norms = (!space.is_plain()).then(Vec::new);
            for (mark, scaled) in marks.iter_mut().zip(&mut scaled) {
                let norm = kernel.norm(*mark);
                match &mut norms {
                    Some(norms) => norms.push(norm.ln()),
                    None => *scaled /= norm,
                }
                *mark = kernel.mark(*mark);
            }
            columns.push(Column { axis, kernel, marks, norms });
        }
        Density { space, columns, weights, scaled, prior, believes }
    }

    /// The log of the density at a place, but for its total weight, which all places share.
    /// `sums` is scratch.
    pub(super) fn log(&self, place: &[f64], sums: &mut Vec<f64>) -> f64 {
        sums.clear();
        sums.resize(self.scaled.len(), 0.0);
        for (column, x) in self.columns.iter().zip(place).filter(|(_, x)| !x.is_nan()) {
            column.kernel.add(column.kernel.mark(*x), &column.marks, sums);
            column.norms.iter().for_each(|norms| column.kernel.add_norms(norms, sums));
        }
        let prior = if self.believes { -self.space.log_belief(place) } else { 0.0 };
        let least = sums.iter().copied().fold(prior, f64::min);
        let kernels = sum_of_exponentials(sums, &self.scaled, least);
        (kernels + self.prior * quick::exp_minus(prior - least)).ln() - least
    }

    /// A point drawn from the density. Real coordinates are not yet rounded.
    pub(super) fn draw(&self, stream: &mut Stream) -> Point {
        let total: f64 = self.weights.iter().sum::<f64>() + self.prior;
        let mut left = stream.unit() * total;
        let reached = |weight: &f64| {
            left -= weight;
            left < 0.0
        };
        let Some(kernel) = self.weights.iter().position(reached) else {
            let units: Vec<f64> = self.columns.iter().map(|_| stream.unit()).collect();
            let space = self.space;
            return if self.believes { space.believed(&units) } else { space.point(&units) };
        };
        let coordinate = |(i, column): (usize, &Column)| match column.marks[kernel] {
            mark if mark.is_nan() => self.space.coordinate(i, stream.unit()),
            mark => column.kernel.draw(self.space, i, column.axis, mark, stream),
        };
        self.space.settled(Point(self.columns.iter().enumerate().map(coordinate).collect()))
    }
}

/// How many of the numbers are not NaN, and the standard deviation of these; of nothing, 0.
fn spread(column: &[f64]) -> (f64, f64) {
    let active = column.iter().filter(|x| !x.is_nan());
    let (n, sum) = active.clone().fold((0.0, 0.0), |(n, sum), x| (n + 1.0, sum + x));
    let mean = sum / f64::max(n, 1.0);
    let square: f64 = active.map(|x| (x - mean) * (x - mean)).sum();
    (n, (square / f64::max(n, 1.0)).sqrt())
}

/// Σ w e^(least − sum), in an order that vector code can keep.
fn sum_of_exponentials(sums: &[f64], weights: &[f64], least: f64) -> f64 {
    let mut lanes = [0.0; LANES];
    let (sums, weights) = (sums.chunks_exact(LANES), weights.chunks_exact(LANES));
    let rest = sums.remainder().iter().zip(weights.remainder());
    let rest: f64 = rest.map(|(sum, weight)| weight * quick::exp_minus(sum - least)).sum();
    for (sums, weights) in sums.zip(weights) {
        for ((lane, sum), weight) in lanes.iter_mut().zip(sums).zip(weights) {
            *lane += weight * quick::exp_minus(sum - least);
        }
    }
    lanes.iter().sum::<f64>() + rest
}

/// How many sums run side by side.
const LANES: usize = 4;

#[cfg(test)]
mod tests;
