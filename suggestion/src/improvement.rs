//! How promising a prediction is: expected improvement, probability of improvement and the lower
//! confidence bound of a loss that is normal, in logs where a plain number would vanish.
//!
//! Ament et al., *Unexpected Improvements to Expected Improvement for Bayesian Optimization*
//! (NeurIPS 2023), §4.1: far from the best, EI is too small for a number and all places look alike;
//! its logarithm still tells them apart. With z = (best − mean) / deviation, h(z) = φ(z) + z Φ(z),
//! EI = deviation · h(z) (their equation 2) and PI = Φ(z). Instead of their equation 9 the tail is
//! a continued fraction, in which nothing cancels.

use std::f64::consts::PI;

use crate::normal::cdf;

/// Below this z the tail takes over; above it, differences lose at most five bits.
const TAIL: f64 = -5.0;

/// Terms of the continued fraction: at the tail's beginning enough for every digit.
const TERMS: u32 = 24;

/// ln E max(best − Y, 0), where Y is normal: larger is better.
pub(crate) fn log_ei(mean: f64, deviation: f64, best: f64) -> f64 {
    if deviation <= 0.0 {
        return (best - mean).max(0.0).ln();
    }
    log_h((best - mean) / deviation) + deviation.ln()
}

/// ln P(Y < best), where Y is normal: larger is better.
pub(crate) fn log_pi(mean: f64, deviation: f64, best: f64) -> f64 {
    if deviation <= 0.0 {
        return if mean < best { 0.0 } else { f64::NEG_INFINITY };
    }
    log_cdf((best - mean) / deviation)
}

/// The loss that is undercut only by good luck of `kappa` deviations: smaller is better.
pub(crate) fn lcb(mean: f64, deviation: f64, kappa: f64) -> f64 {
    mean - kappa * deviation
}

/// ln h(z) = ln(φ(z) + z Φ(z)).
pub(crate) fn log_h(z: f64) -> f64 {
    if z < TAIL {
        let k = fraction(-z);
        return log_density(z) + (k / (k - z)).ln();
    }
    (log_density(z).exp() + z * cdf(z)).ln()
}

/// ln Φ(z).
pub(crate) fn log_cdf(z: f64) -> f64 {
    if z < TAIL {
        log_density(z) - (fraction(-z) - z).ln()
    } else if z < 0.0 {
        cdf(z).ln()
    } else {
        (-cdf(-z)).ln_1p()
    }
}

/// ln φ(z).
fn log_density(z: f64) -> f64 {
    -0.5 * z * z - 0.5 * (2.0 * PI).ln()
}

/// K in Mills' ratio (1 − Φ(t)) / φ(t) = 1 / (t + K), for t > 0: the continued fraction
/// 1 / (t + 2 / (t + 3 / (t + …))) (Laplace; Abramowitz and Stegun, 26.2.14). So 1 − t / (t + K),
/// which is h(−t) / φ(t), is K / (t + K).
fn fraction(t: f64) -> f64 {
    (1..=TERMS).rev().fold(0.0, |k, i| f64::from(i) / (t + k))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, want: f64, what: &str) {
        assert!((got - want).abs() <= 2e-14 * want.abs().max(1.0), "{what}: {got}, not {want}");
    }

    /// Golden values: mpmath 1.3.0 with 80 digits, `log(npdf(z) + z * Phi)` and `log(Phi)` with
    /// `Phi = erfc(-z / sqrt(2)) / 2`.
    #[test]
    fn logs_are_right_from_bright_to_hopeless() {
        #[rustfmt::skip]
        let golden = [
            (10.0, std::f64::consts::LN_10, -7.619_853_024_160_526e-24),
            (1.0, 0.080_026_218_849_306_94, -0.172_753_779_023_449_9),
            (0.0, -0.918_938_533_204_672_7, -std::f64::consts::LN_2),
            (-1.0, -2.485_121_025_712_641_3, -1.841_021_645_009_263_5),
            (-2.0, -4.768_783_523_917_114, -3.783_184_333_682_032),
            (-4.9, -16.212_816_407_897_736, -14.551_182_689_355_313),
            (-5.0, -16.744_301_162_660_99, -15.064_998_393_988_726),
            (-5.1, -17.285_185_774_704_835, -15.588_487_091_871_466),
            (-10.0, -55.553_122_036_122_36, -53.231_285_150_512_47),
            (-40.0, -808.298_568_356_619_9, -804.608_442_013_753_8),
            (-1e3, -500_014.734_452_091_16, -500_007.826_694_812_2),
            (-1e6, -500_000_000_028.55, -500_000_000_014.734_4),
        ];
        for (z, log_h_of_z, log_cdf_of_z) in golden {
            close(log_h(z), log_h_of_z, &format!("ln h({z})"));
            close(log_cdf(z), log_cdf_of_z, &format!("ln Phi({z})"));
        }
        // Near 1 the logarithm keeps its own digits, not those of 1.
        assert!((log_cdf(10.0) / -7.619_853_024_160_526e-24 - 1.0).abs() < 1e-13);
    }

    #[test]
    fn improvement_scales_with_the_loss() {
        for (mean, deviation, best) in [(1.0, 0.5, 0.2), (-3.0, 2.0, 1.0), (40.0, 0.1, 1.0)] {
            let (shift, scale) = (7.0, 16.0);
            let moved = log_ei(shift + scale * mean, scale * deviation, shift + scale * best);
            assert!((moved - log_ei(mean, deviation, best) - scale.ln()).abs() < 1e-9);
            let moved = log_pi(shift + scale * mean, scale * deviation, shift + scale * best);
            assert!((moved - log_pi(mean, deviation, best)).abs() < 1e-9);
        }
        assert_eq!(lcb(3.0, 0.5, 2.0), 2.0);
    }

    #[test]
    fn certainty_is_the_limit() {
        for best in [1.0, 3.0] {
            assert!((log_ei(2.0, 1e-9, best).exp() - log_ei(2.0, 0.0, best).exp()).abs() < 1e-12);
            assert!((log_pi(2.0, 1e-9, best).exp() - log_pi(2.0, 0.0, best).exp()).abs() < 1e-12);
        }
        assert_eq!(log_ei(2.0, 0.0, 2.0), f64::NEG_INFINITY);
    }

    #[test]
    fn hopeless_places_still_have_an_order() {
        let eis: Vec<f64> = (0..2000).map(|i| log_ei(f64::from(i), 1.0, 0.0)).collect();
        assert!(eis.windows(2).all(|pair| pair[1] < pair[0]));
        assert!(eis.iter().all(|ei| ei.is_finite()));
    }
}
