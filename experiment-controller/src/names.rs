//! Names of trials: a keyed permutation of the suggestion's index, so that no two collide.
//!
//! A repeated step computes the same name again, so creating a trial twice is seen as what it is.
//! Method: a balanced Feistel network over 40 bits, walked along its cycle until the result falls
//! below 27^8 (Black and Rogaway, *Ciphers with Arbitrary Finite Domains*, CT-RSA 2002, §3 and §4).

use platform::cluster::letters::letter;
use sha2::{Digest, Sha256};

/// Letters in the suffix.
const LENGTH: u32 = 8;
/// How many suffixes there are: 27^8, between 2^38 and 2^39.
const SUFFIXES: u64 = 27_u64.pow(LENGTH);
/// Half of the network's block; 2 × 20 bits is the smallest even block that holds [`SUFFIXES`].
const HALF_BITS: u32 = 20;

/// Name of the `index`-th trial of an experiment: `<experiment>-<8 letters>`.
///
/// Two indices below 27^8 of one experiment (told apart by `uid`) never share a name.
pub fn trial_name(experiment: &str, uid: &str, index: u64) -> String {
    let mut rest = permuted(&keys(uid), index % SUFFIXES);
    let mut suffix = String::new();
    for _ in 0..LENGTH {
        suffix.push(letter(rest));
        rest /= 27;
    }
    format!("{experiment}-{suffix}")
}

/// One key for each of the four rounds.
fn keys(uid: &str) -> [u64; 4] {
    let digest: [u8; 32] = Sha256::digest(uid.as_bytes()).into();
    std::array::from_fn(|round| {
        let bytes = std::array::from_fn(|byte| digest[round * 8 + byte]);
        u64::from_le_bytes(bytes)
    })
}

/// A permutation of `0..SUFFIXES`: a cycle of the network that starts inside comes back inside.
fn permuted(keys: &[u64; 4], index: u64) -> u64 {
    let mut block = feistel(keys, index);
    while SUFFIXES <= block {
        block = feistel(keys, block);
    }
    block
}

/// A permutation of the 40-bit numbers.
fn feistel(keys: &[u64; 4], block: u64) -> u64 {
    let mask = (1 << HALF_BITS) - 1;
    let (mut left, mut right) = (block >> HALF_BITS, block & mask);
    for key in keys {
        (left, right) = (right, left ^ (mixed(key ^ right) & mask));
    }
    (left << HALF_BITS) | right
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use platform::cluster::letters::LETTERS;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_the_experiment_and_eight_letters() {
        let name = trial_name("random-search", "6b1c", 0);
        let suffix = name.strip_prefix("random-search-").unwrap();
        assert_eq!(suffix.len(), 8);
        assert!(suffix.bytes().all(|letter| LETTERS.contains(&letter)), "{suffix}");
        assert_eq!(name, trial_name("random-search", "6b1c", 0));
        assert_ne!(name, trial_name("random-search", "6b1d", 0));
    }

    #[test]
    fn the_first_hundred_thousand_names_differ() {
        let names: BTreeSet<String> = (0..100_000).map(|it| trial_name("e", "u", it)).collect();
        assert_eq!(names.len(), 100_000);
    }

    proptest! {
        #[test]
        fn any_range_of_indices_gives_distinct_suffixes(
            uid in ".{0,40}",
            start in 0..SUFFIXES - 500,
        ) {
            let keys = keys(&uid);
            let suffixes: BTreeSet<u64> = (start..start + 500).map(|it| permuted(&keys, it)).collect();
            prop_assert_eq!(suffixes.len(), 500);
            prop_assert!(suffixes.iter().all(|it| *it < SUFFIXES));
        }

        #[test]
        fn the_network_is_a_permutation(uid in ".{0,40}", block in 0..1_u64 << 40) {
            let keys = keys(&uid);
            let mask = (1 << HALF_BITS) - 1;
            let after = feistel(&keys, block);
            let (mut left, mut right) = (after >> HALF_BITS, after & mask);
            for key in keys.iter().rev() {
                (left, right) = (right ^ (mixed(key ^ left) & mask), left);
            }
            prop_assert_eq!((left << HALF_BITS) | right, block);
        }
    }
}
