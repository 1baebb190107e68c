//! The strategy parameters of CMA-ES: what follows from the number of axes and of points alone.
//!
//! Equation numbers are those of Hansen, *The CMA Evolution Strategy: A Tutorial*
//! (arXiv:1604.00772). Shapes: n axes, λ points in a generation, of which μ are parents.

/// What the update of a distribution is made with.
#[derive(Clone, Debug)]
pub(super) struct Strategy {
    /// λ, the points of a generation.
    pub(super) lambda: usize,
    /// wᵢ, the best point's first: those of the μ parents have the sum 1, the others are negative.
    pub(super) weights: Vec<f64>,
    /// μ_eff, the variance-effective number of parents.
    pub(super) mu_eff: f64,
    /// Learning rate and damping of the step size.
    pub(super) c_sigma: f64,
    pub(super) d_sigma: f64,
    /// Learning rate of the path that the mean takes.
    pub(super) c_c: f64,
    /// Learning rates of the covariance: from the path, and from the points.
    pub(super) c_1: f64,
    pub(super) c_mu: f64,
    /// E‖N(0, I)‖.
    pub(super) chi: f64,
}

/// The default number of points in a generation, for a search over `n` parameters.
pub(super) fn population(n: usize) -> usize {
    4 + (3.0 * (n.max(1) as f64).ln()).floor() as usize // (48)
}

impl Strategy {
    /// The parameters for `axes` axes and `lambda` points, at least 2. A `separable` covariance,
    /// which has but n numbers to learn, learns them faster: Ros and Hansen, *A simple
    /// modification in CMA-ES achieving linear time and space complexity* (PPSN 2008), §3.
    pub(super) fn new(axes: usize, lambda: usize, separable: bool) -> Strategy {
        let n = axes.max(1) as f64;
        let mu = lambda / 2;
        let middle = (lambda as f64 + 1.0) / 2.0;
        let raw: Vec<f64> = (1..=lambda).map(|i| middle.ln() - (i as f64).ln()).collect(); // (49)
        let effective = |w: &[f64]| {
            let square: f64 = w.iter().map(|w| w * w).sum();
            if square == 0.0 { 0.0 } else { w.iter().sum::<f64>().powi(2) / square }
        };
        let (mu_eff, mu_eff_minus) = (effective(&raw[..mu]), effective(&raw[mu..]));

        let faster = if separable { (n + 2.0) / 3.0 } else { 1.0 };
        let c_1 = (faster * 2.0 / ((n + 1.3).powi(2) + mu_eff)).min(0.5); // (57)
        let c_mu = faster * 2.0 * (mu_eff - 2.0 + 1.0 / mu_eff) / ((n + 2.0).powi(2) + mu_eff);
        // Two points have μ_eff = 1 and nothing to learn a shape from; many leave room for c₁.
        let c_mu = c_mu.clamp(1e-8, 1.0 - c_1 - 1e-8); // (58)

        let alpha = (1.0 + c_1 / c_mu) // (50)
            .min(1.0 + 2.0 * mu_eff_minus / (mu_eff + 2.0)) // (51)
            .min((1.0 - c_1 - c_mu) / (n * c_mu)); // (52)
        let plus: f64 = raw.iter().filter(|w| 0.0 < **w).sum();
        let minus: f64 = -raw.iter().filter(|w| **w < 0.0).sum::<f64>();
        let weight = |w: &f64| if 0.0 <= *w { w / plus } else { alpha * w / minus };

        let c_sigma = (mu_eff + 2.0) / (n + mu_eff + 5.0); // (55)
        let excess = ((mu_eff - 1.0) / (n + 1.0)).sqrt() - 1.0;
        Strategy {
            lambda,
            weights: raw.iter().map(weight).collect(), // (53)
            mu_eff,
            c_sigma,
            d_sigma: 1.0 + 2.0 * excess.max(0.0) + c_sigma,
            c_c: (4.0 + mu_eff / n) / (n + 4.0 + 2.0 * mu_eff / n), // (56)
            c_1,
            c_mu,
            chi: n.sqrt() * (1.0 - 1.0 / (4.0 * n) + 1.0 / (21.0 * n * n)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_the_published_ones() {
        // Python cmaes 0.13.1, `CMA(mean=np.zeros(10), sigma=1.0)`; μ_eff, c₁ and c_c are those of
        // cma 4 too, which takes other c_μ and c_σ than the tutorial.
        let got = Strategy::new(10, population(10), false);
        let close = |got: f64, want: f64| assert!((got - want).abs() < 1e-14, "{got} {want}");
        assert_eq!(got.lambda, 10);
        close(got.mu_eff, 3.167_299_281_410_702_6);
        close(got.c_1, 0.015_283_824_524_751_714);
        close(got.c_mu, 0.020_154_282_761_208_38);
        close(got.c_sigma, 0.284_428_587_946_367_5);
        close(got.d_sigma, 1.284_428_587_946_367_5);
        close(got.c_c, 0.294_990_383_035_622_25);
        close(got.chi, 3.084_726_565_169_012_3);
        let weights = [
            0.456_272_646_903_405_97,
            0.270_753_097_001_785_2,
            0.162_231_117_158_669_8,
            0.085_233_547_100_164_48,
            0.025_509_591_835_974_78,
            -0.085_320_862_507_598_53,
            -0.236_476_601_148_097,
            -0.367_413_657_711_664_57,
            -0.482_908_326_784_234_4,
            -0.586_221_828_778_835_3,
        ];
        got.weights.iter().zip(weights).for_each(|(got, want)| close(*got, want));
    }

    #[test]
    fn any_size_has_sound_rates() {
        for n in [0, 1, 2, 3, 7, 40, 100, 1000] {
            for lambda in [2, 3, 4, 5, 16, 333, 65_536] {
                for separable in [false, true] {
                    let got = Strategy::new(n, lambda, separable);
                    let rates = [got.c_1, got.c_mu, got.c_sigma, got.c_c];
                    assert!(rates.iter().all(|c| 0.0 < *c && *c < 1.0), "{n} {lambda}: {got:?}");
                    assert!(got.c_1 + got.c_mu <= 1.0, "{n} {lambda}: {got:?}");
                    assert!(got.weights.iter().all(|w| w.is_finite()), "{n} {lambda}: {got:?}");
                    // Even if all bad points' weight falls on one axis, it keeps some variance.
                    let minus: f64 = got.weights.iter().filter(|w| **w < 0.0).sum();
                    let axes = n.max(1) as f64;
                    assert!(
                        -1e-9 < 1.0 - got.c_1 - got.c_mu + got.c_mu * axes * minus,
                        "{n} {lambda}"
                    );
                }
            }
        }
    }
}
