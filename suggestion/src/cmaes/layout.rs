//! Which axes of a space are searched in which way: ordered ones as numbers, names as shares.

use ndarray::Array1;

use crate::history::Trial;
use crate::normal;
use crate::space::{Coordinate, Kind, Point, Space};

use super::categories::Categories;
use super::gaussian::Gaussian;
use super::margin::{self, Cell};

/// The axes of a space by how they are searched; an axis of one level is not.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// Axes with an order and more than two levels, each with its number of levels if it has any.
    ordered: Vec<(usize, Option<u64>)>,
    /// Axes without an order, or with two levels, each with its number of levels.
    named: Vec<(usize, usize)>,
}

impl Layout {
    pub(super) fn new(space: &Space) -> Layout {
        let mut layout = Layout { ordered: Vec::new(), named: Vec::new() };
        for (i, axis) in space.axes().enumerate() {
            match (axis.kind, axis.levels) {
                (_, Some(1)) => {}
                (Kind::Categorical, Some(k)) | (_, Some(k @ 2)) => {
                    layout.named.push((i, usize::try_from(k).unwrap_or(usize::MAX)));
                }
                (_, levels) => layout.ordered.push((i, levels)),
            }
        }
        layout
    }

    /// How many axes are searched as numbers.
    pub(super) fn ordered(&self) -> usize {
        self.ordered.len()
    }

    /// How many axes are searched.
    pub(super) fn len(&self) -> usize {
        self.ordered.len() + self.named.len()
    }

    /// How many axes keep a margin.
    fn discrete(&self) -> usize {
        self.named.len() + self.ordered.iter().filter(|(_, levels)| levels.is_some()).count()
    }

    /// Even shares on the axes that are searched as names.
    pub(super) fn even(&self) -> Categories {
        let levels: Vec<_> = self.named.iter().map(|(_, levels)| *levels).collect();
        Categories::even(&levels, self.discrete())
    }

    /// The numbers of a place on the ordered axes; in the middle of an axis where it is inactive.
    pub(super) fn numbers(&self, place: &[f64]) -> Array1<f64> {
        let number =
            |(axis, _): &(usize, _)| if place[*axis].is_nan() { 0.5 } else { place[*axis] };
        self.ordered.iter().map(number).collect()
    }

    /// The level of a point on each axis that is searched as names, where it is active.
    pub(super) fn levels(&self, point: &Point) -> Vec<Option<usize>> {
        let level = |(axis, _): &(usize, _)| match point.0[*axis] {
            Coordinate::Level(level) => usize::try_from(level).ok(),
            _ => None,
        };
        self.named.iter().map(level).collect()
    }

    /// Normal numbers for the ordered axes from even ones, one for each parameter.
    pub(super) fn normals(&self, units: &[f64]) -> Array1<f64> {
        self.ordered.iter().map(|(axis, _)| normal::quantile(units[*axis])).collect()
    }

    /// The point at `x` on the ordered axes, and at the shares `units` of the others.
    pub(super) fn point(
        &self,
        space: &Space,
        x: &Array1<f64>,
        categories: &Categories,
        units: &[f64],
    ) -> Point {
        let mut at = vec![0.5; space.dimensions()];
        self.ordered.iter().zip(x).for_each(|((axis, _), x)| at[*axis] = *x);
        for (i, (axis, levels)) in self.named.iter().enumerate() {
            let level = categories.level(i, units[*axis]);
            at[*axis] = (level as f64 + 0.5) / *levels as f64;
        }
        space.point(&at)
    }

    /// Where a trial stands on the ordered axes, as exactly as can be told: on an axis with levels
    /// and on one that is inactive, what `drawn` has there if that may have led to the trial.
    pub(super) fn placed(
        &self,
        space: &Space,
        trial: &Trial,
        drawn: Option<&Array1<f64>>,
        mean: &Array1<f64>,
    ) -> Array1<f64> {
        let number = |(i, (axis, levels)): (usize, &(usize, Option<u64>))| {
            let coordinate = trial.point.0[*axis];
            match (drawn, levels) {
                (None, _) if coordinate == Coordinate::Inactive => mean[i],
                (Some(x), _) if coordinate == Coordinate::Inactive => x[i],
                (Some(x), Some(_)) if space.coordinate(*axis, x[i]) == coordinate => x[i],
                _ => trial.place[*axis],
            }
        };
        self.ordered.iter().enumerate().map(number).collect()
    }

    /// Keeps the margin of every axis with levels.
    pub(super) fn keep_margin(&self, space: &Space, gaussian: &mut Gaussian) {
        let alpha = margin::alpha(self.discrete());
        let deviations = gaussian.deviations();
        for (i, (axis, levels)) in self.ordered.iter().enumerate() {
            let Some(levels) = levels else { continue };
            let coordinate = space.coordinate(*axis, gaussian.mean[i]);
            let (lo, hi) = space.cell(*axis, coordinate);
            let first = coordinate == Coordinate::Level(0);
            let last = coordinate == Coordinate::Level(levels - 1);
            let cell = Cell { lo: (!first).then_some(lo), hi: (!last).then_some(hi) };
            let (mean, deviation) = margin::kept(cell, gaussian.mean[i], deviations[i], alpha);
            gaussian.mean[i] = mean;
            gaussian.stretch[i] *= deviation / deviations[i];
        }
    }
}
