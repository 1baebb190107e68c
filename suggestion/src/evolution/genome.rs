//! Points as genes: crossover and mutation on axes of every kind.
//!
//! Axes with an order are bred by their places in [0, 1]: simulated binary crossover (Deb and
//! Agrawal, *Simulated Binary Crossover for Continuous Search Space*, Complex Systems 9, 1995) and
//! polynomial mutation (Deb and Goyal, *A Combined Genetic Adaptive Search for Engineering Design*,
//! Computer Science and Informatics 26, 1996), both in the bounded form. Names are swapped, or drawn
//! anew.

use crate::seed::Stream;
use crate::space::{Axis, Coordinate, Kind, Point, Space};

/// How genes are bred.
pub(super) struct Genome {
    space: Space,
    axes: Vec<Axis>,
    /// How close a crossed child stays to a parent: Deb's η_c.
    pub(super) crossing: f64,
    /// How close a mutant stays to its origin: Deb's η_m.
    pub(super) mutation: f64,
    /// The probability that a gene comes from the second parent, or is crossed.
    pub(super) swap: f64,
    /// The probability that a gene mutates; none for one of all the genes on average.
    pub(super) rate: Option<f64>,
}

impl Genome {
    pub(super) fn new(space: &Space) -> Genome {
        let axes = space.axes().collect();
        Genome { space: space.clone(), axes, crossing: 20.0, mutation: 5.0, swap: 0.5, rate: None }
    }

    /// Where a coordinate is on its axis: the middle of its cell.
    pub(super) fn unit(&self, axis: usize, coordinate: Coordinate) -> f64 {
        let (lo, hi) = self.space.cell(axis, coordinate);
        lo / 2.0 + hi / 2.0
    }

    /// The coordinate at a place of an axis.
    pub(super) fn coordinate(&self, axis: usize, unit: f64) -> Coordinate {
        self.space.coordinate(axis, unit)
    }

    /// The axes, in the order of parameters.
    pub(super) fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// A point with its conditions kept; what begins to count is drawn evenly.
    pub(super) fn settled(&self, mut point: Point, stream: &mut Stream) -> Point {
        for (axis, coordinate) in point.0.iter_mut().enumerate() {
            if *coordinate == Coordinate::Inactive {
                *coordinate = self.space.coordinate(axis, stream.unit());
            }
        }
        self.space.settled(point)
    }

    /// A child of two parents.
    pub(super) fn crossed(&self, one: &Point, other: &Point, stream: &mut Stream) -> Point {
        let mut child = one.clone();
        for (axis, gene) in child.0.iter_mut().enumerate() {
            let theirs = other.0[axis];
            let crosses = stream.unit() < self.swap;
            *gene = match (*gene, theirs) {
                (own, Coordinate::Inactive) => own,
                (Coordinate::Inactive, theirs) => theirs,
                (own, theirs) if own == theirs || !crosses => own,
                (_, theirs) if self.axes[axis].kind == Kind::Categorical => theirs,
                (own, theirs) => {
                    let (own, theirs) = (self.unit(axis, own), self.unit(axis, theirs));
                    self.coordinate(axis, simulated_binary(own, theirs, self.crossing, stream))
                }
            };
        }
        self.settled(child, stream)
    }

    /// A mutant: at least one gene that counts is another, where one can be.
    pub(super) fn mutated(&self, point: &Point, stream: &mut Stream) -> Point {
        let open = self.open(point);
        let rate = self.rate.unwrap_or(1.0 / open.len().max(1) as f64);
        let mut mutant = point.clone();
        for axis in &open {
            if stream.unit() < rate {
                mutant.0[*axis] = self.other(*axis, mutant.0[*axis], stream);
            }
        }
        if mutant == *point {
            return self.step(point, stream);
        }
        self.settled(mutant, stream)
    }

    /// The same point with another value on one axis.
    pub(super) fn step(&self, point: &Point, stream: &mut Stream) -> Point {
        let open = self.open(point);
        let mut mutant = point.clone();
        let pick = usize::try_from(stream.below(open.len() as u64)).unwrap_or(0);
        if let Some(axis) = open.get(pick) {
            mutant.0[*axis] = self.other(*axis, mutant.0[*axis], stream);
        }
        self.settled(mutant, stream)
    }

    /// The axes that count at a point and have more than one value.
    fn open(&self, point: &Point) -> Vec<usize> {
        let open = |axis: &usize| {
            point.0[*axis] != Coordinate::Inactive && self.axes[*axis].levels != Some(1)
        };
        (0..self.axes.len()).filter(open).collect()
    }

    /// Another value on an axis that has more than one.
    pub(super) fn other(&self, axis: usize, own: Coordinate, stream: &mut Stream) -> Coordinate {
        let Axis { kind, levels } = self.axes[axis];
        if let (Kind::Categorical, Coordinate::Level(level), Some(levels)) = (kind, own, levels) {
            let drawn = stream.below(levels.saturating_sub(1));
            return Coordinate::Level(drawn + u64::from(level <= drawn));
        }
        let from = self.unit(axis, own);
        let to = polynomial(from, self.mutation, stream);
        match (self.coordinate(axis, to), levels) {
            // Too short a step to leave the cell goes to the next one.
            (Coordinate::Level(level), Some(levels)) if Coordinate::Level(level) == own => {
                let up = (from <= to && level + 1 < levels) || level == 0;
                Coordinate::Level(if up { level + 1 } else { level - 1 })
            }
            (coordinate, _) => coordinate,
        }
    }
}

/// Simulated binary crossover of two numbers in [0, 1], one of the two children.
fn simulated_binary(a: f64, b: f64, eta: f64, stream: &mut Stream) -> f64 {
    let (lo, hi) = (a.min(b), a.max(b));
    let (chance, upper) = (stream.unit(), stream.unit() < 0.5);
    if (hi - lo).abs() < f64::EPSILON {
        return lo;
    }
    // The way from the nearer parent to the bound on this child's side.
    let room = if upper { 1.0 - hi } else { lo };
    let beta = 1.0 + 2.0 * room / (hi - lo);
    let alpha = 2.0 - beta.powf(-(eta + 1.0));
    let spread = if chance <= 1.0 / alpha {
        (chance * alpha).powf(1.0 / (eta + 1.0))
    } else {
        (1.0 / (2.0 - chance * alpha)).powf(1.0 / (eta + 1.0))
    };
    let half = spread * (hi - lo) / 2.0;
    let middle = lo / 2.0 + hi / 2.0;
    (if upper { middle + half } else { middle - half }).clamp(0.0, 1.0)
}

/// Polynomial mutation of a number in [0, 1].
fn polynomial(x: f64, eta: f64, stream: &mut Stream) -> f64 {
    let chance = stream.unit();
    let power = eta + 1.0;
    let step = if chance < 0.5 {
        let edge = (1.0 - x).powf(power);
        (2.0 * chance + (1.0 - 2.0 * chance) * edge).powf(1.0 / power) - 1.0
    } else {
        let edge = x.powf(power);
        1.0 - (2.0 * (1.0 - chance) + (2.0 * chance - 1.0) * edge).powf(1.0 / power)
    };
    (x + step).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Seed;
    use crate::fixture::{int, names, real, space};

    #[test]
    fn crossed_numbers_lie_around_their_parents() {
        let mut stream = Seed(1).stream(0);
        let all: Vec<f64> =
            (0..4000).map(|_| simulated_binary(0.3, 0.5, 20.0, &mut stream)).collect();
        let mean = all.iter().sum::<f64>() / 4000.0;
        // The two children lie symmetrically; six standard errors.
        assert!((mean - 0.4).abs() < 0.01, "{mean}");
        let near = all.iter().filter(|x| (*x - 0.3).abs().min((*x - 0.5).abs()) < 0.02).count();
        assert!(3000 < near && near < 4000, "{near}");
        assert!(all.iter().all(|x| (0.0..=1.0).contains(x)));
    }

    #[test]
    fn mutants_stay_inside_and_go_both_ways() {
        let mut stream = Seed(1).stream(0);
        for x in [0.0, 0.02, 0.5, 1.0] {
            let all: Vec<f64> = (0..1000).map(|_| polynomial(x, 20.0, &mut stream)).collect();
            assert!(all.iter().all(|y| (0.0..=1.0).contains(y)));
            let up = all.iter().filter(|y| x < **y).count();
            let (lo, hi) = if x == 0.0 {
                (450, 550)
            } else if x == 1.0 {
                (0, 0)
            } else {
                (420, 580)
            };
            assert!(lo <= up && up <= hi, "{x}: {up} of 1000");
        }
    }

    #[test]
    fn a_mutant_is_another_point() {
        let space = space(&[int("n", 1, 3), names("c", 2), real("x", 0.0, 1.0), int("one", 7, 7)]);
        let genome = Genome::new(&space);
        let mut stream = Seed(3).stream(0);
        for _ in 0..200 {
            let point = space.point(&std::array::from_fn::<f64, 4, _>(|_| stream.unit()));
            let mutant = genome.mutated(&point, &mut stream);
            assert_ne!(mutant, point);
            assert_eq!(mutant.0[3], Coordinate::Level(0));
            let step = genome.step(&point, &mut stream);
            assert_eq!(point.0.iter().zip(&step.0).filter(|(a, b)| a != b).count(), 1);
        }
    }
}
