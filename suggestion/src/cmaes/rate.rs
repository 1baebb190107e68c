//! Learning rates that fit the noise: steps are taken only as far as they agree with each other.
//!
//! LRA-CMA-ES of Nomura, Akimoto and Ono, *CMA-ES with Learning Rate Adaptation: Can CMA-ES with
//! Default Population Size Solve Multimodal and Noisy Problems?* (GECCO 2023, arXiv:2304.03473),
//! §3: the signal-to-noise ratio of the last updates is kept near α η, for the mean and for the
//! covariance Σ = σ² C each.

use ndarray::{Array1, Array2};

use super::covariance::Covariance;
use super::gaussian::Gaussian;

/// The constants of the paper's table 1.
const ALPHA: f64 = 1.4;
const BETA_MEAN: f64 = 0.1;
const BETA_SIGMA: f64 = 0.03;
const GAMMA: f64 = 0.1;

/// The learning rates, and the moving averages they follow from.
#[derive(Clone, Debug)]
pub(super) struct Rate {
    mean: Part,
    sigma: Part,
}

/// η, and for the updates it is for: the average update, and the average squared length.
#[derive(Clone, Debug)]
struct Part {
    eta: f64,
    beta: f64,
    average: Array1<f64>,
    square: f64,
}

impl Part {
    fn new(n: usize, beta: f64) -> Part {
        Part { eta: 1.0, beta, average: Array1::zeros(n), square: 0.0 }
    }

    /// Learns of one update, in the coordinates in which the distribution is a unit ball.
    fn learn(&mut self, delta: &Array1<f64>) {
        let Part { beta, eta, .. } = *self;
        self.average = &self.average * (1.0 - beta) + delta * beta;
        self.square = self.square * (1.0 - beta) + delta.dot(delta) * beta;
        let length = self.average.dot(&self.average);
        let noise = self.square - length;
        if noise <= 0.0 {
            return;
        }
        let snr = (length - beta / (2.0 - beta) * self.square) / noise;
        let relative = (snr / (ALPHA * eta) - 1.0).clamp(-1.0, 1.0);
        self.eta = (eta * ((GAMMA * eta).min(beta) * relative).exp()).min(1.0);
    }
}

impl Rate {
    /// Full learning rates, over `n` axes.
    pub(super) fn new(n: usize) -> Rate {
        Rate { mean: Part::new(n, BETA_MEAN), sigma: Part::new(n * n, BETA_SIGMA) }
    }

    /// Takes back what the update from `before` to `after` went too far.
    pub(super) fn temper(&mut self, before: &Gaussian, after: &mut Gaussian) {
        let (old, moved) = (&before.covariance, &after.mean - &before.mean);
        let old_sigma = old.matrix() * before.sigma.powi(2);
        let changed = after.covariance.matrix() * after.sigma.powi(2) - &old_sigma;

        // Σ^(−1/2) Δm, and Σ^(−1/2) ΔΣ Σ^(−1/2) / √2 as a vector.
        let whitened = |columns: &Array2<f64>| {
            let mut all = Array2::zeros(columns.raw_dim());
            for (column, mut to) in columns.columns().into_iter().zip(all.columns_mut()) {
                to.assign(&(old.whitened(&column.to_owned()) / before.sigma));
            }
            all
        };
        let eta_before = self.mean.eta;
        self.mean.learn(&(old.whitened(&(&moved / &before.stretch)) / before.sigma));
        let both = whitened(&whitened(&changed).t().to_owned()) / 2.0f64.sqrt();
        self.sigma.learn(&both.iter().copied().collect());

        after.mean = &before.mean + &(moved * self.mean.eta);
        let sigma = old_sigma + changed * self.sigma.eta;
        // Σ = σ² C with det C = 1; then the step size is corrected for the rate of the mean.
        let root = Covariance::of(sigma.clone(), false).log_deviation().exp();
        after.covariance = Covariance::of(sigma / root.powi(2), false);
        after.sigma = root * eta_before / self.mean.eta;
    }
}
