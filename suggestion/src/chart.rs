//! The space in numbers, for algorithms that look at thousands of places for one suggestion: the
//! same places as [`Space::place`] has, without texts or bounds in between.

use crate::normal;
use crate::seed::Stream;
use crate::space::{Coordinate, Kind, Point, Space};

/// Axes with more levels than this are treated as if they had all numbers between.
const LEVELS_MAX: u64 = 4096;

/// A space, and what its axes look like.
pub(crate) struct Chart<'a> {
    space: &'a Space,
    axes: Vec<Line>,
    /// Those with more than one value.
    movable: Vec<usize>,
}

/// One axis.
enum Line {
    /// Every number in [0, 1].
    Real,
    /// The middles of the cells, ascending, and where each cell ends.
    Levels { middles: Vec<f64>, ends: Vec<f64> },
    /// So many names.
    Categorical(u64),
}

impl<'a> Chart<'a> {
    /// The chart of a space.
    pub(crate) fn new(space: &'a Space) -> Chart<'a> {
        let line = |(i, axis): (usize, crate::space::Axis)| match (axis.kind, axis.levels) {
            (Kind::Categorical, levels) => Line::Categorical(levels.unwrap_or(1)),
            (_, Some(levels)) if levels <= LEVELS_MAX => {
                let cell = |level| space.cell(i, Coordinate::Level(level));
                let cells: Vec<(f64, f64)> = (0..levels).map(cell).collect();
                Line::Levels {
                    middles: cells.iter().map(|(lo, hi)| lo / 2.0 + hi / 2.0).collect(),
                    ends: cells.iter().map(|(_, hi)| *hi).collect(),
                }
            }
            _ => Line::Real,
        };
        let axes: Vec<Line> = space.axes().enumerate().map(line).collect();
        let movable = (0..axes.len()).filter(|i| axes[*i].is_movable()).collect();
        Chart { space, axes, movable }
    }

    /// How many axes there are.
    pub(crate) fn axes(&self) -> usize {
        self.axes.len()
    }

    /// The point at a place.
    pub(crate) fn point(&self, place: &[f64]) -> Point {
        let coordinate = |(i, x): (usize, &f64)| match self.axes[i] {
            _ if x.is_nan() => Coordinate::Inactive,
            Line::Categorical(_) => Coordinate::Level(*x as u64),
            _ => self.space.coordinate(i, *x),
        };
        self.space.settled(Point(place.iter().enumerate().map(coordinate).collect()))
    }

    /// A place anywhere.
    pub(crate) fn anywhere(&self, stream: &mut Stream) -> Vec<f64> {
        let units: Vec<f64> = self.axes.iter().map(|_| stream.unit()).collect();
        self.at(&units)
    }

    /// The place at `units`, one number in [0, 1] for each parameter.
    pub(crate) fn at(&self, units: &[f64]) -> Vec<f64> {
        let one = |(line, u): (&Line, &f64)| match line {
            Line::Categorical(levels) => ((u * *levels as f64) as u64).min(levels - 1) as f64,
            line => line.snapped(*u),
        };
        self.settled(self.axes.iter().zip(units).map(one).collect())
    }

    /// A place near `center`: each axis is moved with probability `share`, and at least one is, if
    /// any can be;
    /// `step` is the standard deviation of a move along an axis with an order.
    pub(crate) fn near(
        &self,
        center: &[f64],
        share: f64,
        step: f64,
        stream: &mut Stream,
    ) -> Vec<f64> {
        let mut place = center.to_vec();
        let surely = stream.below(self.movable.len() as u64) as usize;
        let surely = self.movable.get(surely).copied();
        for (i, line) in self.axes.iter().enumerate() {
            if Some(i) != surely && share <= stream.unit() {
                continue;
            }
            let x = if place[i].is_nan() { 0.5 } else { place[i] };
            place[i] = line.moved(x, step, stream);
        }
        self.settled(place)
    }

    /// A place that has each axis from one of two.
    pub(crate) fn crossed(&self, one: &[f64], other: &[f64], stream: &mut Stream) -> Vec<f64> {
        let pick = |(a, b): (&f64, &f64)| if stream.unit() < 0.5 { *a } else { *b };
        self.settled(one.iter().zip(other).map(pick).collect())
    }

    /// With its conditions kept.
    fn settled(&self, place: Vec<f64>) -> Vec<f64> {
        if self.space.is_plain() {
            return place;
        }
        self.space.place(&self.point(&place))
    }
}

impl Line {
    /// Whether there is more than one value.
    fn is_movable(&self) -> bool {
        match self {
            Line::Real => true,
            Line::Levels { middles, .. } => 1 < middles.len(),
            Line::Categorical(levels) => 1 < *levels,
        }
    }

    /// The nearest number that the axis has.
    fn snapped(&self, u: f64) -> f64 {
        match self {
            Line::Levels { middles, ends } => {
                let level = ends.partition_point(|end| *end <= u);
                middles[level.min(middles.len() - 1)]
            }
            _ => u,
        }
    }

    /// Another number near `x`, if there is one.
    fn moved(&self, x: f64, step: f64, stream: &mut Stream) -> f64 {
        match self {
            Line::Categorical(levels) => {
                let other = stream.below(levels.saturating_sub(1).max(1));
                let other = other + u64::from(*levels > 1 && x as u64 <= other);
                other as f64
            }
            Line::Real => reflected(x + step * normal::quantile(stream.unit())),
            Line::Levels { middles, .. } => {
                let to = self.snapped(reflected(x + step * normal::quantile(stream.unit())));
                if to != x || middles.len() == 1 {
                    return to;
                }
                // Too small a step: to a neighbour.
                let here = middles.partition_point(|middle| *middle < x).min(middles.len() - 1);
                let up = stream.unit() < 0.5;
                let next =
                    if up && here + 1 < middles.len() || here == 0 { here + 1 } else { here - 1 };
                middles[next]
            }
        }
    }
}

/// Thrown back into [0, 1] from its ends.
fn reflected(x: f64) -> f64 {
    if !x.is_finite() {
        return 0.5;
    }
    let folded = x.rem_euclid(2.0);
    if folded <= 1.0 { folded } else { 2.0 - folded }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Seed;
    use crate::fixture::{int, names, real, space};

    #[test]
    fn places_are_those_of_their_points() {
        let space = space(&[real("x", 1.0, 9.0), int("n", 1, 7), names("c", 3), int("one", 4, 4)]);
        let chart = Chart::new(&space);
        let mut stream = Seed(1).stream(0);
        let mut place = chart.anywhere(&mut stream);
        for i in 0..500 {
            let again = space.place(&chart.point(&place));
            let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-9;
            assert!(place.iter().zip(&again).all(near), "{place:?} {again:?}");
            let next = chart.near(&place, 0.3, 0.3 / f64::from(1 + i % 100), &mut stream);
            assert_ne!(next, place, "a move goes somewhere");
            place = next;
        }
    }
}
