//! `sobol`: a scrambled Sobol sequence, which fills the space evenly from the first point on.
//!
//! Direction numbers: Joe and Kuo, *Constructing Sobol sequences with better two-dimensional
//! projections* (SIAM J. Sci. Comput. 30, 2008), file new-joe-kuo-6. Scrambling: Matoušek's random
//! linear matrix with a digital shift, *On the L2-discrepancy for anchored boxes* (J. Complexity
//! 14, 1998), which keeps the net's evenness and makes each point uniform.

use proto::FieldError;

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
    /// One column of direction numbers and a shift for each dimension.
    dimensions: Vec<Dimension>,
}

struct Dimension {
    /// Scrambled direction numbers, the highest of [`BITS`] bits first.
    columns: [u64; BITS],
    /// The digital shift.
    shift: u64,
}

impl Sobol {
    /// The sequence of `n` dimensions that `seed` scrambles; dimensions beyond the table's are
    /// those of the table again under another scrambling.
    pub(crate) fn new(n: usize, seed: Seed) -> Sobol {
        let mut stream = seed.stream(SCRAMBLE);
        let lines: Vec<&str> = JOE_KUO.lines().collect();
        let dimension = |i: usize| {
            let plain = match i % DIMENSIONS_MAX {
                0 => std::array::from_fn(|bit| 1 << (BITS - 1 - bit)),
                i => directions(lines[i - 1]),
            };
            scrambled(&plain, &mut stream)
        };
        Sobol { dimensions: (0..n).map(dimension).collect() }
    }

    /// Point number `index`, each number in [0, 1).
    pub(crate) fn point(&self, index: u64) -> Vec<f64> {
        let unit = |dimension: &Dimension| {
            let set = (0..BITS).filter(|bit| index >> bit & 1 == 1);
            let bits = set.fold(dimension.shift, |sum, bit| sum ^ dimension.columns[bit]);
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

/// Multiplies by a random lower triangular matrix of ones on its diagonal, and draws the shift.
fn scrambled(plain: &[u64; BITS], stream: &mut Stream) -> Dimension {
    // Row r mixes bit r (from the top) with random higher bits.
    let rows: [u64; BITS] = std::array::from_fn(|r| {
        let own = 1 << (BITS - 1 - r);
        let higher = !((own << 1) - 1) & ((1 << BITS) - 1);
        stream.bits() & higher | own
    });
    let mix = |column: u64| {
        let bit = |r: usize| u64::from((rows[r] & column).count_ones() & 1) << (BITS - 1 - r);
        (0..BITS).map(bit).sum()
    };
    Dimension { columns: plain.map(mix), shift: stream.bits() >> (64 - BITS) }
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

    #[test]
    fn seeds_give_other_points() {
        assert_ne!(Sobol::new(4, Seed(1)).point(0), Sobol::new(4, Seed(2)).point(0));
    }
}
