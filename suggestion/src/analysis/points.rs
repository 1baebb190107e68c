//! Points for tests, which other languages can make too: a linear congruential sequence.

/// `n` points of `m` numbers in [0, 1): Knuth's MMIX generator begun at 1, its upper 53 bits.
pub(crate) fn points(n: usize, m: usize) -> Vec<Vec<f64>> {
    let mut state = 1u64;
    let mut unit = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 * 0.5f64.powi(53)
    };
    (0..n).map(|_| (0..m).map(|_| unit()).collect()).collect()
}
