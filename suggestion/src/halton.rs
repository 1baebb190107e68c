//! `halton`: a scrambled Halton sequence, which fills spaces of any number of parameters evenly.
//!
//! Halton, *On the efficiency of certain quasi-random sequences of points* (Numer. Math. 2, 1960):
//! coordinate j of point i is i written in the j-th prime, mirrored at the point. Plain, the
//! coordinates of large primes rise together for long; so each digit d becomes (a d + c) modulo the
//! prime, with another a and c for each place (random linear digit scrambling; Matoušek, *On the
//! L2-discrepancy for anchored boxes*, J. Complexity 14, 1998).

use crate::registry::{Algorithm, fits};
use crate::seed::{Seed, Stream};
use crate::settings::RANDOM_STATE;
use crate::suggester::{Asked, Proposal, Suggester, Turn};

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "halton",
    about: "Fills spaces of any number of parameters evenly; looks at no results.",
    settings: &[RANDOM_STATE],
    check: fits,
    make: |problem| Box::new(Halton::new(problem.space.dimensions(), problem.seed)),
};

/// The stream for scrambling: an index that no suggestion reaches, and that sobol does not use.
const SCRAMBLE: u64 = u64::MAX - 1;

/// Digits that are worth less than this change no number in [0, 1).
const SMALLEST: f64 = 1.0 / (1u64 << 53) as f64;

/// A scrambled Halton sequence.
struct Halton(Vec<Dimension>);

struct Dimension {
    prime: u64,
    /// For each place after the point: a, from 1, and c.
    places: Vec<(u64, u64)>,
}

impl Halton {
    fn new(n: usize, seed: Seed) -> Halton {
        let mut stream = seed.stream(SCRAMBLE);
        let dimension = |prime: u64| {
            let digits = (53.0 / (prime as f64).log2()).ceil() as usize;
            let place = |_| (1 + stream.below(prime - 1), stream.below(prime));
            Dimension { prime, places: (0..digits).map(place).collect() }
        };
        Halton(primes(n).into_iter().map(dimension).collect())
    }

    /// Point number `index`, each number in [0, 1).
    fn point(&self, index: u64) -> Vec<f64> {
        let unit = |dimension: &Dimension| {
            let Dimension { prime, places } = dimension;
            let (mut left, mut worth, mut sum) = (index, 1.0, 0.0);
            for (a, c) in places {
                worth /= *prime as f64;
                sum += ((a * (left % prime) + c) % prime) as f64 * worth;
                left /= prime;
            }
            // Sums of all the largest digits may round up to 1.
            f64::min(sum, 1.0 - SMALLEST)
        };
        self.0.iter().map(unit).collect()
    }
}

/// The first `n` primes.
fn primes(n: usize) -> Vec<u64> {
    let mut primes: Vec<u64> = Vec::with_capacity(n);
    let mut number = 2;
    while primes.len() < n {
        let divides = |prime: &u64| number % prime == 0;
        if !primes.iter().take_while(|prime| *prime * *prime <= number).any(divides) {
            primes.push(number);
        }
        number += 1;
    }
    primes
}

impl Suggester for Halton {
    fn ask(&mut self, turn: &Turn, _: &mut Stream) -> Asked {
        let point = turn.space.believed(&self.point(turn.index));
        Asked::Candidates(vec![Proposal::at(point)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn primes_are_primes() {
        assert_eq!(primes(8), [2, 3, 5, 7, 11, 13, 17, 19]);
        assert_eq!(primes(200)[199], 1223);
    }

    #[test]
    fn unscrambled_points_are_the_published_ones() {
        let mut halton = Halton::new(3, Seed(1));
        halton.0.iter_mut().for_each(|it| it.places.fill((1, 0)));
        // Halton 1960: 1/2, 1/4, 3/4; 1/3, 2/3, 1/9; 1/5, 2/5, 3/5.
        let close = |got: Vec<f64>, want: [f64; 3]| {
            got.iter().zip(want).all(|(got, want)| (got - want).abs() < 1e-15)
        };
        assert!(close(halton.point(1), [0.5, 1.0 / 3.0, 0.2]));
        assert!(close(halton.point(2), [0.25, 2.0 / 3.0, 0.4]));
        assert!(close(halton.point(3), [0.75, 1.0 / 9.0, 0.6]));
    }

    #[test]
    fn each_dimension_is_stratified() {
        let halton = Halton::new(30, Seed(3));
        for (k, dimension) in halton.0.iter().enumerate() {
            let prime = dimension.prime;
            let cell = |i: u64| (halton.point(i)[k] * prime as f64) as u64;
            let mut cells: Vec<u64> = (prime * 4..prime * 5).map(cell).collect();
            cells.sort_unstable();
            assert_eq!(cells, (0..prime).collect::<Vec<_>>(), "base {prime}");
        }
    }

    #[test]
    fn numbers_are_below_one_and_seeds_matter() {
        let halton = Halton::new(4, Seed(1));
        for index in [0, 1, 1_000_000, u64::MAX] {
            assert!(halton.point(index).iter().all(|x| (0.0..1.0).contains(x)));
        }
        assert_ne!(halton.point(0), Halton::new(4, Seed(2)).point(0));
    }
}
