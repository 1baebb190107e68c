//! Where randomness comes from: a seed for the experiment, and from it one stream for each
//! suggestion.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng};
use sha2::{Digest, Sha256};

/// Seed of an experiment; shown to its owner, and settable as `random_state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed(pub u64);

impl Seed {
    /// The seed of an experiment that sets none: a hash of its uid.
    pub fn of_uid(uid: &str) -> Seed {
        let hash = Sha256::digest(uid.as_bytes());
        Seed(hash.iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte)))
    }

    /// The randomness of suggestion `index`; no two indexes share any of it.
    pub fn stream(self, index: u64) -> Stream {
        let mut generator = ChaCha8Rng::seed_from_u64(self.0);
        generator.set_stream(index);
        Stream(generator)
    }
}

/// A stream of randomness that is the same on every machine and build.
#[derive(Clone, Debug)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (0.5f64).powi(53)
    }

    /// Uniform in 0 … n − 1; 0 when n is 0. (Multiply-shift: its bias is below n / 2^64.)
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_fixed_for_ever() {
        let first = |seed: Seed, index| seed.stream(index).bits();
        assert_eq!(first(Seed(1), 7), first(Seed(1), 7));
        assert_ne!(first(Seed(1), 7), first(Seed(1), 8));
        assert_ne!(first(Seed(1), 7), first(Seed(2), 7));
        // SHA-256 of "abc" begins with ba7816bf8f01cfea (FIPS 180-4).
        assert_eq!(Seed::of_uid("abc"), Seed(0xba78_16bf_8f01_cfea));
    }

    #[test]
    fn numbers_stay_in_range() {
        let mut stream = Seed(0).stream(0);
        for n in 1..1000 {
            assert!(stream.below(n) < n);
            assert!((0.0..1.0).contains(&stream.unit()));
        }
        assert_eq!(stream.below(0), 0);
    }
}
