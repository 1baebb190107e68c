//! The normal distribution: Φ, its inverse, and draws from it between bounds.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// Φ(z): the share of a standard normal below `z`.
pub(crate) fn cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z * FRAC_1_SQRT_2)
}

/// Φ⁻¹(p), for p in [0, 1]; accurate to about 1e-15.
///
/// [`rough_quantile`], then one step of Halley's method. In the upper half it answers by symmetry.
pub(crate) fn quantile(p: f64) -> f64 {
    if p <= 0.0 || 1.0 <= p {
        return rough_quantile(p);
    }
    if 0.5 < p {
        return -quantile(1.0 - p);
    }
    let z = rough_quantile(p);
    let error = (cdf(z) - p) * (2.0 * PI).sqrt() * (0.5 * z * z).exp();
    let refined = z - error / (1.0 + 0.5 * z * error);
    if refined.is_finite() { refined } else { z }
}

/// Φ⁻¹(p), for p in [0, 1]: Acklam's rational approximation (2003; relative error 1.15e-9).
pub(crate) fn rough_quantile(p: f64) -> f64 {
    if p <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if 1.0 <= p {
        return f64::INFINITY;
    }
    if 0.5 < p {
        return -rough_quantile(1.0 - p);
    }
    const A: [f64; 6] = [
        -3.969683028665376e+01,
        2.209460984245205e+02,
        -2.759285104469687e+02,
        1.38357751867269e+02,
        -3.066479806614716e+01,
        2.506628277459239e+00,
    ];
    const B: [f64; 6] = [
        -5.447609879822406e+01,
        1.615858368580409e+02,
        -1.556989798598866e+02,
        6.680131188771972e+01,
        -1.328068155288572e+01,
        1.0,
    ];
    const C: [f64; 6] = [
        -7.784894002430293e-03,
        -3.223964580411365e-01,
        -2.400758277161838e+00,
        -2.549732539343734e+00,
        4.374664141464968e+00,
        2.938163982698783e+00,
    ];
    const D: [f64; 5] = [
        7.784695709041462e-03,
        3.224671290700398e-01,
        2.445134137142996e+00,
        3.754408661907416e+00,
        1.0,
    ];
    let polynomial = |c: &[f64], x: f64| c.iter().fold(0.0, |sum, c| sum * x + c);
    if p < 0.02425 {
        let q = (-2.0 * p.ln()).sqrt();
        polynomial(&C, q) / polynomial(&D, q)
    } else {
        let q = p - 0.5;
        q * polynomial(&A, q * q) / polynomial(&B, q * q)
    }
}

/// The value at share `u` of a normal (`mu`, `sigma`) that is cut off outside [lo, hi].
pub(crate) fn truncated(mu: f64, sigma: f64, lo: f64, hi: f64, u: f64) -> f64 {
    // In the upper tail 1 − Φ keeps the digits that Φ loses.
    let (a, b) = ((lo - mu) / sigma, (hi - mu) / sigma);
    let z = if 0.0 < a {
        let (p, q) = (cdf(-a), cdf(-b));
        -quantile(p + u * (q - p))
    } else {
        let (p, q) = (cdf(a), cdf(b));
        quantile(p + u * (q - p))
    };
    (mu + sigma * z).clamp(lo, hi)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        // Abramowitz and Stegun, table 26.1 and 26.5.
        assert!((cdf(1.0) - 0.841_344_746_068_543).abs() < 1e-15);
        assert!((quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-14);
        assert!((quantile(0.01) + 2.326_347_874_040_841).abs() < 1e-14);
    }

    #[test]
    fn quantile_inverts_cdf() {
        for i in -60..=60 {
            let z = f64::from(i) / 8.0;
            if z <= 5.0 {
                assert!((quantile(cdf(z)) - z).abs() < 1e-9, "{z}");
            }
        }
        assert_eq!(quantile(0.0), f64::NEG_INFINITY);
        assert_eq!(quantile(1.0), f64::INFINITY);
    }

    #[test]
    fn truncated_draws_stay_between_bounds() {
        for u in [0.0, 1e-9, 0.3, 0.999_999, 1.0] {
            for mu in [-40.0, -1.0, 0.5, 2.0, 40.0] {
                let x = truncated(mu, 0.1, 0.0, 1.0, u);
                assert!((0.0..=1.0).contains(&x), "mu {mu}, u {u}: {x}");
            }
        }
    }
}
