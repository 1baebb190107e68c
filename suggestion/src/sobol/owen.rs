//! Nested uniform scrambling by hashing.
//!
//! Owen, *Randomly Permuted (t,m,s)-Nets and (t,s)-Sequences* (1995): each bit of a coordinate is
//! turned over or not by a coin of its own for each value of the bits above it. So the points of a
//! net stay a net, and each of them is uniform. The coins come from a hash in which a bit reaches
//! only higher ones (Laine and Karras, *Stratified Sampling for Stochastic Transparency*, Comput.
//! Graph. Forum 30, 2011; Burley, *Practical Hash-based Owen Scrambling*, JCGT 9, 2020), of the
//! coordinate written backwards.

/// A scrambling of one dimension.
pub(super) struct Owen {
    /// Where the hash begins.
    start: u64,
    /// Three even factors and an odd one, drawn for each dimension.
    factors: [u64; 4],
}

impl Owen {
    /// The scrambling that a source of random bits gives.
    pub(super) fn drawn(mut bits: impl FnMut() -> u64) -> Owen {
        let start = bits();
        let mut factors = std::array::from_fn(|_| bits() & !1);
        factors[0] |= 1;
        Owen { start, factors }
    }

    /// Scrambles a number of 64 bits, of which the highest count most.
    pub(super) fn scrambled(&self, x: u64) -> u64 {
        let [odd, a, b, c] = self.factors;
        let mut x = x.reverse_bits().wrapping_add(self.start);
        // To add, to multiply and to fold in an even multiple: each takes a bit only upwards.
        x ^= x.wrapping_mul(a);
        x = x.wrapping_mul(odd);
        x ^= x.wrapping_mul(b);
        x = x.wrapping_add(self.start.rotate_left(32));
        x ^= x.wrapping_mul(c);
        x.reverse_bits()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Seed;

    fn some(n: u64) -> impl Iterator<Item = Owen> {
        (0..n).map(|i| {
            let mut stream = Seed(7).stream(i);
            Owen::drawn(|| stream.bits())
        })
    }

    #[test]
    fn a_bit_changes_none_above_it() {
        for owen in some(20) {
            for bit in 0..64 {
                let changed = owen.scrambled(0x0123_4567_89ab_cdef)
                    ^ owen.scrambled(0x0123_4567_89ab_cdef ^ 1 << bit);
                assert_eq!(changed.leading_zeros(), 63 - bit, "bit {bit}");
            }
        }
    }

    /// Whether a bit is turned over is even, and differs with the bits above it: of 4,000
    /// scramblings half, within six standard errors.
    #[test]
    fn coins_are_fair_and_apart() {
        let all: Vec<Owen> = some(4_000).collect();
        let half = |what: &str, is: &dyn Fn(&Owen) -> bool| {
            let count = all.iter().filter(|owen| is(owen)).count();
            assert!((1_810..2_190).contains(&count), "{what}: {count} of 4000");
        };
        for depth in 0..12 {
            let bit = 63 - depth;
            let turned = move |owen: &Owen, above: u64| {
                let x = above.checked_shl(bit + 1).unwrap_or(0);
                (owen.scrambled(x) >> bit) & 1 == 1
            };
            half(&format!("bit {bit}"), &|owen| turned(owen, 0));
            for above in 1..(1 << depth.min(4)) {
                half(&format!("bit {bit} below 0 and {above}"), &|owen| {
                    turned(owen, 0) != turned(owen, above)
                });
            }
        }
    }
}
