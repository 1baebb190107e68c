//! `sobol`: a scrambled Sobol sequence, which fills the space evenly from the first point on.
//!
//! Direction numbers: Joe and Kuo, *Constructing Sobol sequences with better two-dimensional
//! projections* (SIAM J. Sci. Comput. 30, 2008), file new-joe-kuo-6. Scrambling: Owen's (`owen.rs`),
//! which keeps the net's evenness, makes each point uniform, and depends on the seed.

mod owen;

use proto::FieldError;

use owen::Owen;

use crate::registry::{Algorithm, Draft};
use crate::seed::{Seed, Stream};
use crate::settings::RANDOM_STATE;
use crate::suggester::{Asked, Proposal, Suggester, Turn};

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "sobol",
    about: "Fills the space evenly from the first point on; looks at no results.",
    settings: &[RANDOM_STATE],
    check,
    make: |problem| Box::new(Sobol::new(problem.space.dimensions(), problem.seed)),
};

/// For each dimension after the first, a line: the primitive polynomial over GF(2) as a number,
/// then the initial direction numbers m₁ … m_s.
const JOE_KUO: &str = include_str!("sobol/joe_kuo.txt");

/// The dimensions of the table, and the first, which needs no line.
const DIMENSIONS_MAX: usize = 300;

/// Bits of a coordinate: as many as indexes can have before points repeat.
const BITS: usize = 52;

/// The stream for scrambling: an index that no suggestion reaches.
const SCRAMBLE: u64 = u64::MAX;

fn check(draft: &Draft) -> Vec<FieldError> {
    let n = draft.space.dimensions();
    let text = format!("are {n}, more than the {DIMENSIONS_MAX} that sobol takes; use random");
    (DIMENSIONS_MAX < n).then(|| FieldError::new("parameters", text)).into_iter().collect()
}

/// A scrambled Sobol sequence.
pub(crate) struct Sobol {
    dimensions: Vec<Dimension>,
}

struct Dimension {
    /// Direction numbers, the highest of [`BITS`] bits first.
    columns: [u64; BITS],
    scrambling: Owen,
}

impl Sobol {
    /// The sequence of `n` dimensions that `seed` scrambles; dimensions beyond the table's are
    /// those of the table again under another scrambling.
    pub(crate) fn new(n: usize, seed: Seed) -> Sobol {
        let mut stream = seed.stream(SCRAMBLE);
        let lines: Vec<&str> = JOE_KUO.lines().collect();
        let dimension = |i: usize| {
            let columns = match i % DIMENSIONS_MAX {
                0 => std::array::from_fn(|bit| 1 << (BITS - 1 - bit)),
                i => directions(lines[i - 1]),
            };
            Dimension { columns, scrambling: Owen::drawn(|| stream.bits()) }
        };
        Sobol { dimensions: (0..n).map(dimension).collect() }
    }

    /// Point number `index`, each number in [0, 1).
    pub(crate) fn point(&self, index: u64) -> Vec<f64> {
        let unit = |dimension: &Dimension| {
            let set = (0..BITS).filter(|bit| index >> bit & 1 == 1);
            let plain = set.fold(0, |sum, bit| sum ^ dimension.columns[bit]);
            let bits = dimension.scrambling.scrambled(plain << (64 - BITS)) >> (64 - BITS);
            // The middle of the smallest cell: never 0, so that no point is on an edge.
            (bits as f64 + 0.5) * 0.5f64.powi(BITS as i32)
        };
        self.dimensions.iter().map(unit).collect()
    }
}

/// The direction numbers of one dimension (Joe and Kuo, equations 2 and 3).
fn directions(line: &str) -> [u64; BITS] {
    let mut numbers = line.split(' ').map(|text| text.parse::<u64>());
    let mut next = || numbers.next().and_then(Result::ok);
    let polynomial = next().expect("the table has a polynomial on each line");
    let degree = polynomial.ilog2() as usize;
    let mut v = [0; BITS];
    for (i, v) in v.iter_mut().enumerate().take(degree) {
        let m = next().expect("the table has as many numbers as the polynomial's degree");
        *v = m << (BITS - 1 - i);
    }
    for i in degree..BITS {
        v[i] = v[i - degree] ^ (v[i - degree] >> degree);
        for k in 1..degree {
            if polynomial >> (degree - k) & 1 == 1 {
                v[i] ^= v[i - k];
            }
        }
    }
    v
}

impl Suggester for Sobol {
    fn ask(&mut self, turn: &Turn, _: &mut Stream) -> Asked {
        let point = turn.space.believed(&self.point(turn.index));
        Asked::Candidates(vec![Proposal::at(point)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_dimension() {
        assert_eq!(JOE_KUO.lines().count() + 1, DIMENSIONS_MAX);
        for line in JOE_KUO.lines() {
            for (i, v) in directions(line).into_iter().enumerate() {
                // m_i is odd and below 2^i.
                let m = v >> (BITS - 1 - i);
                assert!(m % 2 == 1 && m < 2 << i && m << (BITS - 1 - i) == v, "{line}: {i}");
            }
        }
    }

    #[test]
    fn unscrambled_points_are_the_published_ones() {
        // Joe and Kuo's notes, and scipy 1.17.1 Sobol(d=3, scramble=False), in Gray-code order
        // there: the points 1, 2 and 3 of the plain order are its points 1, 3 and 2.
        let point = |index: u64| {
            let first: [u64; BITS] = std::array::from_fn(|bit| 1 << (BITS - 1 - bit));
            let lines: Vec<_> = JOE_KUO.lines().take(2).collect();
            let all = [first, directions(lines[0]), directions(lines[1])];
            all.map(|v| {
                let set = (0..BITS).filter(|bit| index >> bit & 1 == 1);
                set.fold(0, |sum, bit| sum ^ v[bit]) as f64 * 0.5f64.powi(BITS as i32)
            })
        };
        assert_eq!(point(1), [0.5, 0.5, 0.5]);
        assert_eq!(point(2), [0.25, 0.75, 0.75]);
        assert_eq!(point(3), [0.75, 0.25, 0.25]);
    }

    #[test]
    fn every_dimension_is_stratified_after_scrambling() {
        let sobol = Sobol::new(DIMENSIONS_MAX, Seed(3));
        let points: Vec<_> = (0..64).map(|index| sobol.point(index)).collect();
        for dimension in 0..DIMENSIONS_MAX {
            let mut cells: Vec<_> =
                points.iter().map(|point| (point[dimension] * 64.0) as u64).collect();
            cells.sort_unstable();
            assert_eq!(cells, (0..64).collect::<Vec<_>>(), "dimension {dimension}");
        }
    }

    /// Every elementary interval of area 1/64 in the first two dimensions has one point of each 64.
    #[test]
    fn two_dimensions_are_a_net_after_scrambling() {
        let sobol = Sobol::new(2, Seed(5));
        for first in [0, 64, 1024] {
            let points: Vec<_> = (first..first + 64).map(|index| sobol.point(index)).collect();
            for cut in 0..=6 {
                let cell = |point: &Vec<f64>| {
                    let (x, y) = (point[0] * f64::from(1 << cut), point[1] * f64::from(64 >> cut));
                    (x as u64, y as u64)
                };
                let cells: std::collections::BTreeSet<_> = points.iter().map(cell).collect();
                assert_eq!(cells.len(), 64, "from {first}, 2^{cut} columns");
            }
        }
    }

    #[test]
    fn seeds_give_other_points() {
        assert_ne!(Sobol::new(4, Seed(1)).point(0), Sobol::new(4, Seed(2)).point(0));
    }
}
